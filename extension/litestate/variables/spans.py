"""Which memory arrays have, so that views of one array are views of one again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .group import Bytes


def owner_of(array: Any) -> Any:
    """Return the object whose memory an array shows."""
    while isinstance(array, np.ndarray | _Window) and array.base is not None:
        array = array.base
    return array


_Window: Any = type(np.lib.stride_tricks.as_strided(np.empty(1)).base)
"""What stands between an array and a window into it."""


class Spans:
    """The memory of all arrays of a group."""

    def __init__(self) -> None:
        self._by_owner: dict[int, list[tuple[dict[str, Any], Any]]] = {}
        self._owners: dict[int, Any] = {}

    @property
    def ids(self) -> set[int]:
        """Of the objects whose memory it is."""
        return set(self._owners)

    def add(self, array: Any) -> dict[str, Any]:
        """Return what says where the array is; `finish` completes it."""
        owner = owner_of(array)
        where: dict[str, Any] = {}
        self._owners[id(owner)] = owner
        self._by_owner.setdefault(id(owner), []).append((where, array))
        return where

    def finish(self, buffers: list[Bytes]) -> None:
        """Append the memory that is needed, and complete what `add` returned."""
        for key, arrays in self._by_owner.items():
            for together in _overlapping(arrays):
                if len(together) == 1:
                    _alone(*together[0], buffers)
                else:
                    _together(self._owners[key], together, buffers)


def _overlapping(
    arrays: list[tuple[dict[str, Any], Any]],
) -> list[list[tuple[dict[str, Any], Any]]]:
    """Return them in sets of those that have bytes in common."""
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
    # What is broadcast has its elements once.
    kept = tuple(slice(0, 1) if not step else slice(None) for step in array.strides)
    flat = array[(*kept, ...)] if array.size else array
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
        # Memory of something that does not show all of it: the content is right, apart.
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
    """Return all bytes of an owner, without a copy, or None."""
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
    """Return the memory of a contiguous array; not every dtype has a buffer of its own."""
    if not array.size or not array.dtype.itemsize:
        return memoryview(b"")
    ordered = array if array.flags.c_contiguous else array.T
    return memoryview(ordered.reshape(-1).view(np.uint8))
