"""Groups: names whose values share objects, in the form in which they are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType, ModuleType
from typing import Any, TypeAlias

from .codecs.imported import name_of, place_of
from .codecs.registry import package_of

Bytes: TypeAlias = bytes | bytearray | memoryview


class Memory(bytearray):
    """Memory loaded for arrays, to which nothing else refers."""


VALUES = "values"
"""Key of the group of all numbers, short texts and imports."""

GRAPH = "graph.json"


_SIZED = (list, tuple, dict, set, frozenset, bytes, bytearray)

# Bypasses attributes that a metaclass defines.
_NAME_OF = type.__dict__["__qualname__"].__get__

_LONGEST = 30
"""Characters shown of a number."""


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


def describe(value: Any, size: int) -> dict[str, Any]:
    """Describe a value for users: ``type``, ``text`` (its shape or length) and ``size`` (bytes)."""
    return {"type": _type_of(value), "text": _text(value), "size": size}


def _type_of(value: Any) -> str:
    is_class = issubclass(type(value), type)
    name = _NAME_OF(value if is_class else type(value))
    if type(value) is BuiltinFunctionType:
        name = "function"
    return f"{'class ' if is_class else ''}{name}"[:100]


def _text(value: Any) -> str:
    kind, package = type(value), package_of(type(value))
    if package == "numpy" and hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{_shape(value.shape)} {value.dtype}".strip()
    if package == "pandas" and hasattr(value, "shape"):
        return _shape(value.shape)
    if any(kind is each for each in _SIZED):
        what = "byte" if kind is bytes or kind is bytearray else "item"
        return _counted(len(value), what)
    if kind is str:
        return _counted(len(value), "character")
    if any(kind is each for each in (int, float, bool, complex)):
        return _number(value)
    if kind is ModuleType:
        return name_of(value) or ""
    if kind is BuiltinFunctionType:
        return ".".join(place_of(value) or ())
    return ""


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _number(value: complex) -> str:
    try:
        text = repr(value)
    except ValueError:
        return "a number of very many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{length:,}" for length in shape)
