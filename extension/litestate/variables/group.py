"""A group of names whose values share objects, as stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview


class Memory(bytearray):
    """Memory loaded for arrays, to which nothing else refers."""


VALUES = "values"
"""Key of the group of all numbers, short texts and imports."""

GRAPH = "graph.json"


@dataclass(frozen=True)
class Group:
    """The values of some names.

    Attributes
    ----------
    key : str
        Name of its folder in a bundle.
    names : tuple of str
        The names, sorted.
    document : bytes
        The graph: JSON in UTF-8.
    buffers : sequence of bytes-like
        Memory of arrays and long bytes. In a group of a running session these are views of live
        memory: use them before anything else runs.
    pickles : sequence of bytes
        Objects without a codec.
    about : dict of str to dict
        For each name, for users: ``type``, ``text`` and ``size`` (bytes).
    """

    key: str
    names: tuple[str, ...]
    document: bytes
    buffers: Sequence[Bytes] = ()
    pickles: Sequence[bytes] = ()
    about: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Total number of bytes."""
        return sum(len(content) for _, content in self.members())

    def members(self) -> Iterator[tuple[str, Bytes]]:
        """Yield the members of its folder: name and content."""
        yield GRAPH, self.document
        for number, data in enumerate(self.buffers):
            yield f"{number}.bin", memoryview(data).cast("B")
        for number, data in enumerate(self.pickles):
            yield f"{number}.pickle", data


def value_texts(document: bytes) -> dict[str, str]:
    """Return for each name in a graph of values a text that is equal if the value is.

    Parameters
    ----------
    document : bytes
        Of a group with the key `VALUES`. A malformed one has no names.
    """
    try:
        graph = json.loads(document)
        nodes = graph["nodes"]
        return {name: json.dumps(_in_place(value, nodes)) for name, value in graph["names"].items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _in_place(value: Any, nodes: list[Any]) -> Any:
    """Return a value, or its node if it has one, as empty tuples have."""
    is_node = isinstance(value, list) and len(value) == 1
    return ["node", nodes[value[0]]] if is_node else value


def only(document: bytes, names: Iterable[str]) -> bytes:
    """Return a graph with only some of its names and the same nodes.

    Raises
    ------
    ValueError
        If it is not a graph or lacks a name.
    """
    try:
        graph = json.loads(document)
        graph["names"] = {name: graph["names"][name] for name in sorted(names)}
    except (TypeError, LookupError, RecursionError):
        raise ValueError("it is no graph with these names") from None
    return json.dumps(graph, separators=(",", ":")).encode()


def key_of(names: Sequence[str]) -> str:
    """Return the name of the folder of a group: portable, and different for different names.

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
    # Some file systems confuse names that differ in case only, or in similar letters.
    return f"v-{plain[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
