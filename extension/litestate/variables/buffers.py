"""NumPy arrays over the buffers of a bundle."""

from __future__ import annotations

import array as array_module
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .checking import flag, listed, whole
from .codecs import Get, OpaqueError, Put
from .dtypes import describe, dtype_from
from .group import Memory

_FAR = 2**62
_WIDE = 2**31 - 1
_MOST_COPIES = 64
_copied: WeakKeyDictionary[Get, dict[int, int]] = WeakKeyDictionary()
_MOST_DIMENSIONS = 64
"""Of a NumPy array since NumPy 2."""


class InTable:
    """A `Put` for one column of a table.

    Parameters
    ----------
    put : Put
        The one for the table.
    holder : {"shared", "own", "array", "index"}
        Kind of object that holds the memory: a table that can share it with an array again, a
        table that gets its own, an extension array, or an index, which never changes.
    """

    def __init__(self, put: Put, holder: str) -> None:
        self._put = put
        self._holder = holder

    def memory(self, array: Any) -> dict[str, Any]:
        """Return where the memory of an array is."""
        return self._put.memory(array, "own" if array.dtype == bool else self._holder)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._put, name)


def store(array: np.ndarray[Any, Any], put: Put) -> dict[str, Any]:
    """Return where an array without objects is, and of what type.

    Raises
    ------
    OpaqueError
        If its items are objects, or have no bytes.
    """
    if array.dtype.hasobject or not array.dtype.itemsize:
        raise OpaqueError
    return {"dtype": describe(array.dtype), "memory": put.memory(array)}


def attach(payload: Any, get: Get) -> np.ndarray[Any, Any]:
    """Return the array of `store` as a view of its buffer.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer.
    """
    dtype = dtype_from(payload["dtype"], get)
    memory = payload["memory"]
    if not dtype.itemsize or dtype.hasobject:
        raise get.fail("its items have no bytes")
    shape = tuple(whole(size, 0, _FAR, get) for size in listed(memory["shape"], get))
    strides = [whole(step, -_FAR, _FAR, get) for step in listed(memory["strides"], get)]
    if len(strides) != len(shape) or len(shape) > _MOST_DIMENSIONS:
        raise get.fail("its shape and strides do not fit")
    buffer = _owner(memory["owner"], get) if "owner" in memory else get.buffer(memory["buffer"])
    offset = whole(memory["offset"], 0, buffer.nbytes, get)
    if 0 in shape:
        return np.ndarray(shape, dtype, buffer=Memory())
    reach = [(size - 1) * step for size, step in zip(shape, strides, strict=True)]
    first = offset + sum(step for step in reach if step < 0)
    last = offset + sum(step for step in reach if step > 0) + dtype.itemsize
    if first < 0 or last > buffer.nbytes:
        raise get.fail("its memory is outside its buffer")
    # The stride of an axis of one item says nothing, so it may be anything.
    steps = [
        step if size > 1 or abs(step) < _WIDE else 0
        for size, step in zip(shape, strides, strict=True)
    ]
    array: np.ndarray[Any, Any] = np.ndarray(
        shape, dtype, buffer=buffer, offset=offset, strides=steps
    )
    if _has_booleans(dtype):
        _clean_all(array, buffer[first:last], get)
    return array


def _owner(value: Any, get: Get) -> memoryview:
    """Return the bytes of an object that lends its memory to an array."""
    owner = get.value(value)
    if type(owner) is not bytearray and type(owner) is not array_module.array:
        raise get.fail("an array is on the memory of something that has none")
    return memoryview(owner).cast("B")


def is_shared(payload: Any, get: Get) -> bool:
    """Tell whether an array of `store` shall have the memory of other arrays."""
    return flag(payload["memory"].get("shared", False), get)


def column_of(payload: Any, get: Get) -> np.ndarray[Any, Any]:
    """Return the array of `store` for a column: with its own memory, unless it is to share it.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer, or would be larger than it.
    """
    if is_shared(payload, get):
        array = attach(payload, get)
        # Booleans could become something else through another array.
        if array.flags.aligned and array.dtype != bool and array.flags.forc:
            return array
    return copy_of(payload, get)


def copy_of(payload: Any, get: Get) -> np.ndarray[Any, Any]:
    """Return the array of `store` with memory of its own.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer, or would be larger than it.
    """
    return bounded(payload, get).copy("K")


def bounded(payload: Any, get: Get) -> np.ndarray[Any, Any]:
    """Return the array of `store` as a view to be copied.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer, or larger, or if copies of the buffer become too many.
    """
    number = whole(payload["memory"]["buffer"], 0, _FAR, get)
    array = attach(payload, get)
    if array.nbytes > get.buffer(number).nbytes:
        raise get.fail("it is larger than its buffer")
    count_copy(number, array.nbytes, get)
    return array


def count_copy(number: int, size: int, get: Get) -> None:
    """Remember that some bytes of a buffer are copied.

    Raises
    ------
    DamagedBundleError
        If they are copied so often that the bundle was made to fill the memory.
    """
    counts = _copied.setdefault(get, {})
    counts[number] = counts.get(number, 0) + size
    if counts[number] > _MOST_COPIES * get.buffer(number).nbytes:
        raise get.fail("its memory is used too often")


def compact(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array, or a copy of it if it repeats itself in memory."""
    return array.copy() if 0 in array.strides and array.size else array


def _clean_all(array: np.ndarray[Any, Any], span: memoryview, get: Get) -> None:
    """Make every boolean 0 or 1: NumPy counts on it, and would write past its memory."""
    once = array[tuple(slice(None) if step else slice(1) for step in array.strides)]
    if once.nbytes <= span.nbytes:
        _clean(once)
    elif array.dtype.kind == "b":
        _clean(np.ndarray((span.nbytes,), np.bool_, buffer=span))
    else:
        raise get.fail("its records overlap")


def _clean(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.names is not None:
        fields: Any = array.dtype.fields
        for name in array.dtype.names:
            if _has_booleans(fields[name][0]):
                _clean(array[name])
    else:
        bits = array.view(np.uint8)
        if bits.size and bits.max() > 1:
            np.minimum(bits, 1, out=bits)


def _has_booleans(dtype: np.dtype[Any]) -> bool:
    if dtype.subdtype is not None:
        return _has_booleans(dtype.subdtype[0])
    if dtype.names is not None:
        fields: Any = dtype.fields
        return any(_has_booleans(fields[name][0]) for name in dtype.names)
    return dtype.kind == "b"
