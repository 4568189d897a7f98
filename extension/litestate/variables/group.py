"""A set of names whose values share objects, as it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview


class Memory(bytearray):
    """Memory loaded for arrays; only they refer to it."""


VALUES = "values"
"""Key of the group of all names whose values are numbers, short texts and imports."""

GRAPH = "graph.json"


@dataclass(frozen=True)
class Group:
    """What some names stand for.

    Attributes
    ----------
    key : str
        Names its folder in a bundle.
    names : tuple of str
        The names, sorted.
    document : bytes
        The graph: JSON in UTF-8.
    buffers : sequence of bytes-like
        Memory of arrays and long bytes. Of a group that was taken from a running session these are
        views of what lives there: use them before anything else runs.
    pickles : sequence of bytes
        What is not plain.
    about : dict of str to dict
        For each name, for people: ``type``, ``text`` and ``size`` (bytes).
    """

    key: str
    names: tuple[str, ...]
    document: bytes
    buffers: Sequence[Bytes] = ()
    pickles: Sequence[bytes] = ()
    about: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(len(content) for _, content in self.members())

    def members(self) -> Iterator[tuple[str, Bytes]]:
        """Yield what it is stored as: a name below its key, and bytes."""
        yield GRAPH, self.document
        for number, data in enumerate(self.buffers):
            yield f"{number}.bin", memoryview(data).cast("B")
        for number, data in enumerate(self.pickles):
            yield f"{number}.pickle", data


def value_texts(document: bytes) -> dict[str, str]:
    """Return for each name of a graph of values what says which value it has.

    Parameters
    ----------
    document : bytes
        Of a group with the key `VALUES`; one that is no graph has no names.
    """
    try:
        graph = json.loads(document)
        nodes = graph["nodes"]
        return {name: json.dumps(_in_place(value, nodes)) for name, value in graph["names"].items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _in_place(value: Any, nodes: list[Any]) -> Any:
    """Return a value with its node: empty tuples have one, and the like."""
    is_node = isinstance(value, list) and len(value) == 1
    return ["node", nodes[value[0]]] if is_node else value


def only(document: bytes, names: Iterable[str]) -> bytes:
    """Return a graph that has only some of its names; its nodes are the same.

    Raises
    ------
    ValueError
        If it is no graph, or has no such name.
    """
    try:
        graph = json.loads(document)
        graph["names"] = {name: graph["names"][name] for name in sorted(names)}
    except (TypeError, LookupError, RecursionError):
        raise ValueError("it is no graph with these names") from None
    return json.dumps(graph, separators=(",", ":")).encode()


def key_of(names: Sequence[str]) -> str:
    """Return a folder's name for a group: portable, and another one for other names.

    Examples
    --------
    >>> key_of(["df", "other"])
    'v-df'
    >>> key_of(["X"])
    'v-x-4b68ab38'
    """
    name = min(names)
    plain = "".join(each if each.isalnum() else "_" for each in name.lower() if each.isascii())
    if plain == name and len(name) <= 60:
        return f"v-{name}"
    # Names that differ in case only, or in letters that some systems take for the same.
    return f"v-{plain[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
