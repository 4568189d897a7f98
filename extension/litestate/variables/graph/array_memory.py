"""Storage of array memory that keeps views shared."""

from __future__ import annotations

import array as array_module
from collections.abc import Iterator, Set
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..codecs.buffers import PARTED, UNMAPPED
from ..group import Bytes, Memory

_ALIKE = (("objects", "objects"), ("own", "own"))
"""Pairs of holders that are restored as views, or that pandas copies on the first write."""

_TEXTS = ("u", "w")

_MADE_IN_PYTHON = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``."""

_LENDERS = {
    ("_ctypes", "_CData"),
    ("_io", "_BytesIOBuffer"),
    ("array", "array"),
    ("builtins", "bytearray"),
}

_Window: Any = type(np.lib.stride_tricks.as_strided(np.empty(1)).base)
"""Type of the object between an array and a window into it."""


def owner_of(array: Any) -> Any:
    """Return the object whose memory an array shows."""
    while True:
        if isinstance(array, np.ndarray | _Window):
            owner = array.base
        elif type(array) is memoryview:
            owner = array.obj
        else:
            return array
        if owner is None:
            return array
        array = owner


def lost(owner: Any) -> str | None:
    """Return the note for an object whose memory an array no longer shares, or None.

    None stands for objects that the notebook cannot reach otherwise: most belong to libraries.
    """
    kind = type(owner)
    if issubclass(kind, np.ndarray | Memory):
        return None
    if kind.__name__ == "mmap":
        return UNMAPPED
    name = kind.__name__.lstrip("_")
    if kind.__name__ == "PyCapsule":
        if "dltensor" not in repr(owner):
            return None
        name = "other array"
    elif not kind.__flags__ & _MADE_IN_PYTHON and not any(
        (each.__module__, each.__name__) in _LENDERS for each in kind.__mro__
    ):
        return None
    return f"it no longer shares its memory with the {name} that it is a view of"


class Spans:
    """The memory of all arrays of a group."""

    def __init__(self) -> None:
        self._by_owner: dict[int, list[tuple[dict[str, Any], Any]]] = {}
        self._holders: dict[int, str] = {}
        self._owners: dict[int, Any] = {}
        self._copied: list[tuple[Any, str, frozenset[int]]] = []
        self._builders: dict[int, frozenset[int]] = {}
        self._parted: set[int] = set()

    @property
    def ids(self) -> set[int]:
        """Ids of the objects that own the memory."""
        return set(self._owners)

    def lender(self, array: Any) -> Any:
        """Return the object on whose memory an array can be made again, or None."""
        owner = owner_of(array)
        kind = type(owner)
        if kind is bytearray or (kind is array_module.array and owner.typecode not in _TEXTS):
            return owner if array.size else None
        return None

    def place_in(self, owner: Any, array: Any) -> dict[str, Any]:
        """Return the location of an array in the memory of its owner."""
        start = np.frombuffer(owner, np.uint8).__array_interface__["data"][0]
        return {
            "offset": array.__array_interface__["data"][0] - start,
            "shape": list(map(int, array.shape)),
            "strides": list(map(int, array.strides)),
        }

    def add(
        self, array: Any, holder: str | None = None, builders: frozenset[int] = frozenset()
    ) -> dict[str, Any]:
        """Return the location of an array, which `finish` completes.

        The builders are the ids of the objects that are being built from the array.
        """
        owner = owner_of(array)
        where: dict[str, Any] = {}
        self._builders[id(where)] = builders
        if holder is not None:
            self._holders[id(where)] = holder
        self._owners[id(owner)] = owner
        self._by_owner.setdefault(id(owner), []).append((where, array))
        return where

    def copy(self, array: Any, holder: str, builders: frozenset[int]) -> None:
        """Register an array of which the items are stored, and not the memory."""
        owner = owner_of(array)
        self._owners[id(owner)] = owner
        self._copied.append((array, holder, builders))

    def notes(self) -> Iterator[tuple[str, int]]:
        """Yield notes on memory that is no longer shared, each with the id of its owner.

        Call `finish` first.
        """
        for key, owner in self._owners.items():
            if (note := lost(owner)) is not None:
                yield note, key
        for key in self._parted:
            yield PARTED, key

    def _find_parted(self, opaque: Set[int]) -> set[int]:
        """Return the ids of owners whose memory an array shares although its items are stored."""
        copied: dict[int, list[tuple[str, Any]]] = {}
        for array, holder, builders in self._copied:
            if builders.isdisjoint(opaque):
                copied.setdefault(id(owner_of(array)), []).append((holder, array))
        return {
            key
            for key, some in copied.items()
            for number, (holder, one) in enumerate(some)
            for also, other in (*self._stored(key, opaque), *some[:number])
            if one is not other
            and holder != "index" != also
            and (holder, also) not in _ALIKE
            and np.may_share_memory(one, other)
        }

    def _stored(self, key: int, opaque: Set[int]) -> Iterator[tuple[str, Any]]:
        for where, array in self._by_owner.get(key, ()):
            if self._builders[id(where)].isdisjoint(opaque):
                yield "memory", array

    def finish(self, buffers: list[Bytes], opaque: Set[int]) -> None:
        """Append the memory to the buffers, and complete the locations.

        Objects with an `opaque` id were pickled instead of built.
        """
        self._parted = self._find_parted(opaque)
        for key, arrays in self._by_owner.items():
            for together in _overlapping(arrays):
                if len(together) == 1:
                    _alone(*together[0], buffers)
                else:
                    self._share(key, together, opaque)
                    _together(self._owners[key], together, buffers)

    def _share(self, key: int, arrays: list[tuple[dict[str, Any], Any]], opaque: Set[int]) -> None:
        """Let a table share the memory of arrays, if it is the only table there."""
        held: dict[str | None, list[dict[str, Any]]] = {}
        for where, _ in arrays:
            if not self._builders[id(where)].isdisjoint(opaque):
                continue
            held.setdefault(self._holders.get(id(where)), []).append(where)
        tables = [*held.get("shared", ()), *held.get("own", ())]
        others, single = held.get(None, []), held.get("array", [])
        if len(tables) == 1:
            # With several tables, arrays inside of pickles are mostly private to a library.
            others = others + held.get("inner", [])
        if len(held.get("shared", ())) == 1 and others and len(tables) == 1 and not single:
            tables[0]["shared"] = True
        elif (tables and (others or single)) or (single and len(others) + len(single) > 1):
            self._parted.add(key)


def _overlapping(
    arrays: list[tuple[dict[str, Any], Any]],
) -> list[list[tuple[dict[str, Any], Any]]]:
    """Return lists of the arrays that have bytes in common."""
    if len(arrays) == 1:
        return [arrays]
    bounds = [byte_bounds(array) for _, array in arrays]
    order = sorted(range(len(arrays)), key=lambda n: (bounds[n], n))
    sets: list[list[tuple[dict[str, Any], Any]]] = []
    end = -1
    for n in order:
        low, high = bounds[n]
        if low < end and arrays[n][1].size:
            sets[-1].append(arrays[n])
        else:
            sets.append([arrays[n]])
        end = max(end, high) if arrays[n][1].size else end
    return sets


def _alone(where: dict[str, Any], array: Any, buffers: list[Bytes]) -> None:
    shape = array.shape
    # A broadcast array stores its elements once.
    once = tuple(slice(0, 1) if not step else slice(None) for step in array.strides)
    flat = array[(*once, ...)] if array.size else array
    if not (flat.flags.c_contiguous or flat.flags.f_contiguous):
        flat = flat.copy(order="K")
        if not (flat.flags.c_contiguous or flat.flags.f_contiguous):
            flat = np.ascontiguousarray(flat)
    strides = [
        0 if not old and length > 1 else new
        for old, new, length in zip(array.strides, flat.strides, shape, strict=True)
    ]
    _fill(where, len(buffers), 0, shape, strides)
    buffers.append(_bytes_of(flat))


def _together(owner: Any, arrays: list[tuple[dict[str, Any], Any]], buffers: list[Bytes]) -> None:
    whole = _flat(owner)
    bounds = [byte_bounds(array) for _, array in arrays]
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    start = 0 if whole is None else whole.__array_interface__["data"][0]
    if whole is None or low < start or high > start + whole.size:
        # The owner does not expose all of its memory: store each array separately.
        for where, array in arrays:
            _alone(where, array, buffers)
        return
    for where, array in arrays:
        first = array.__array_interface__["data"][0]
        _fill(where, len(buffers), first - low, array.shape, array.strides)
    buffers.append(memoryview(whole[low - start : high - start]))


def _fill(where: dict[str, Any], buffer: int, offset: int, shape: Any, strides: Any) -> None:
    where |= {
        "buffer": buffer,
        "offset": int(offset),
        "shape": list(map(int, shape)),
        "strides": list(map(int, strides)),
    }


def _flat(owner: Any) -> Any:
    """Return all bytes of an owner without a copy, or None."""
    if isinstance(owner, np.ndarray):
        owner = owner if type(owner) is np.ndarray else owner.view(np.ndarray)
        if owner.dtype.hasobject or not (owner.flags.c_contiguous or owner.flags.f_contiguous):
            return None
        return np.frombuffer(_bytes_of(owner), np.uint8)
    try:
        return np.frombuffer(owner, np.uint8)
    except (TypeError, ValueError, BufferError):
        return None


def _bytes_of(array: Any) -> memoryview:
    """Return the memory of a contiguous array; some dtypes do not support buffers."""
    if not array.size or not array.dtype.itemsize:
        return memoryview(b"")
    ordered = array if array.flags.c_contiguous else array.T
    return memoryview(ordered.reshape(-1).view(np.uint8))
