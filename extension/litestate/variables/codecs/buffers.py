"""Arrays in the buffers of a graph: their memory, or the Python objects that they hold.

Objects are a list of values, or text in one piece, which is what most of them are. The buffer of
text has the lengths (in characters), and then all texts in UTF-8. Where values repeat, each is
there once, and their numbers stand between the two. Lengths and numbers are signed integers of
32 bits, little-endian.
"""

from __future__ import annotations

import array as array_module
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..group import Memory
from .dtypes import clean_booleans, describe, dtype_from, has_booleans
from .payload_checks import FAR, flag, listed, whole
from .registry import Codec, Get, OpaqueError, Put, Value

PARTED = "an array in it no longer shares its memory with another one"

UNMAPPED = "it comes back in memory, no longer connected with its file"

_WIDE = 2**31 - 1
_MOST_COPIES = 64
_copied: WeakKeyDictionary[Get, dict[int, int]] = WeakKeyDictionary()
_MOST_DIMENSIONS = 64
"""Dimensions of a NumPy array since NumPy 2."""

_SHORT = 64
"""Number of objects up to which a list is shorter, and easier to read."""
_NONE, _NAN = -1, -2
_THE_NAN: Any = np.nan
_PLAIN_NAN = ["numpy.nan", None]
_SMALL = 2**63
"""Integers from this on need an encoding: other readers of JSON would round them."""


class InTable:
    """A `Put` for one column of a table.

    Parameters
    ----------
    put : Put
        The `Put` for the table.
    holder : {"shared", "own", "array", "index"}
        Kind of object that holds the memory: a table that can share it with an array again, a
        table that gets its own, an extension array, or an index, which never changes.
    """

    def __init__(self, put: Put, holder: str) -> None:
        self._put = put
        self._holder = holder

    def memory(self, array: Any) -> dict[str, Any]:
        """Return the location of the memory of an array."""
        return self._put.memory(array, "own" if array.dtype == bool else self._holder)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._put, name)


def store(array: np.ndarray[Any, Any], put: Put) -> dict[str, Any]:
    """Return the data type and the location of an array without objects.

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
    shape = tuple(whole(size, 0, FAR, get) for size in listed(memory["shape"], get))
    strides = [whole(step, -FAR, FAR, get) for step in listed(memory["strides"], get)]
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
    # The stride of an axis of one item does not matter, so it may be any number.
    steps = [
        step if size > 1 or abs(step) < _WIDE else 0
        for size, step in zip(shape, strides, strict=True)
    ]
    array: np.ndarray[Any, Any] = np.ndarray(
        shape, dtype, buffer=buffer, offset=offset, strides=steps
    )
    if has_booleans(dtype):
        clean_booleans(array, buffer[first:last], get)
    return array


def _owner(value: Any, get: Get) -> memoryview:
    """Return the bytes of the object that owns the memory of an array."""
    owner = get.value(value)
    if type(owner) is not bytearray and type(owner) is not array_module.array:
        raise get.fail("an array is on the memory of an object that has none")
    return memoryview(owner).cast("B")


def is_shared(payload: Any, get: Get) -> bool:
    """Tell whether an array of `store` shares the memory of other arrays."""
    return flag(payload["memory"].get("shared", False), get)


def column_of(payload: Any, get: Get) -> np.ndarray[Any, Any]:
    """Return the array of `store` for a column, with its own memory unless it shares it.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer, or would be larger than it.
    """
    if is_shared(payload, get):
        array = attach(payload, get)
        # Booleans could get other values through another array.
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
    """Return the array of `store` as a view that may be copied.

    Raises
    ------
    DamagedBundleError
        If it is not inside the buffer, or larger, or if the buffer is copied too often.
    """
    number = whole(payload["memory"]["buffer"], 0, FAR, get)
    array = attach(payload, get)
    if array.nbytes > get.buffer(number).nbytes:
        raise get.fail("it is larger than its buffer")
    count_copy(number, array.nbytes, get)
    return array


def count_copy(number: int, size: int, get: Get) -> None:
    """Count bytes of a buffer that are copied.

    Raises
    ------
    DamagedBundleError
        If they are copied so often that the copies would fill the memory.
    """
    counts = _copied.setdefault(get, {})
    counts[number] = counts.get(number, 0) + size
    if counts[number] > _MOST_COPIES * get.buffer(number).nbytes:
        raise get.fail("its memory is used too often")


def compact(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array, or a copy of it if it repeats itself in memory."""
    return array.copy() if 0 in array.strides and array.size else array


def pack(objects: list[Any], value: Callable[[Any], Value], put: Put) -> Any:
    """Return the payload for objects.

    Parameters
    ----------
    objects : list
        The items of the array.
    value : callable
        ``put.value`` or ``put.plain``.
    put : Put
        Stores the buffers.
    """
    kinds = set(map(type, objects))
    if len(objects) > _SHORT and str in kinds and kinds <= {str, type(None), float}:
        unique = dict.fromkeys(objects)
        if all(one is _THE_NAN for one in unique if type(one) is float):
            return _pack_text(objects, unique, put)
    return [_packed(one, value) for one in objects]


def _pack_text(objects: list[Any], unique: dict[Any, None], put: Put) -> dict[str, int]:
    repeats = 2 * len(unique) <= len(objects)
    once = list(unique) if repeats else objects
    texts = [one for one in once if one is not None and one is not _THE_NAN]
    lengths = [_NONE if one is None else _NAN if one is _THE_NAN else len(one) for one in once]
    pieces = [np.array(lengths, "<i4").tobytes()]
    if repeats:
        number = dict(zip(once, range(len(once)), strict=True))
        pieces.append(np.fromiter(map(number.__getitem__, objects), "<i4", len(objects)).tobytes())
    pieces.append("".join(texts).encode("utf-8", "surrogatepass"))
    return {
        "buffer": put.raw(b"".join(pieces)),
        "texts": len(once),
        "numbers": len(objects) if repeats else 0,
    }


def unpack(payload: Any, count: int, get: Get) -> np.ndarray[Any, Any]:
    """Return objects as an array of one dimension.

    Raises
    ------
    DamagedBundleError
        If there are more or fewer than `count`, or a buffer does not fit.
    """
    if type(payload) is dict:
        return _unpack_text(payload, count, get)
    return as_objects((_unpacked(one, get) for one in listed(payload, get, count)), count)


def as_objects(objects: Iterable[Any], count: int) -> np.ndarray[Any, Any]:
    """Return an array of objects of any type."""
    found: np.ndarray[Any, Any] = np.fromiter(objects, object, count)
    return found


def _packed(one: Any, value: Callable[[Any], Value]) -> Value:
    kind = type(one)
    if (
        one is None
        or kind is bool
        or (kind is str and one.isascii())
        or (kind is int and -_SMALL <= one < _SMALL)
        or (kind is float and one - one == 0)
    ):
        return one
    return _PLAIN_NAN if one is _THE_NAN else value(one)


def _unpacked(value: Value, get: Get) -> Any:
    if type(value) is not list:
        return value
    return np.nan if value == _PLAIN_NAN else get.value(value)


def _unpack_text(payload: dict[str, Any], count: int, get: Get) -> np.ndarray[Any, Any]:
    data = get.buffer(payload["buffer"])
    count_copy(payload["buffer"], data.nbytes, get)
    sizes = [whole(payload[key], 0, data.nbytes // 4, get) for key in ("texts", "numbers")]
    middle, end = 4 * sizes[0], 4 * sum(sizes)
    if end > data.nbytes or count != (sizes[1] or sizes[0]):
        raise get.fail("it has too many texts, or too few")
    lengths = np.frombuffer(data[:middle], "<i4").astype(np.int64)
    texts = _cut(lengths, str(data[end:], "utf-8", "surrogatepass"), get)
    if not sizes[1]:
        return texts
    numbers = np.frombuffer(data[middle:end], "<i4")
    if not 0 <= numbers.min() <= numbers.max() < texts.size:
        raise get.fail("the numbers of its texts do not fit")
    found: np.ndarray[Any, Any] = texts[numbers]
    return found


def _cut(lengths: np.ndarray[Any, Any], joined: str, get: Get) -> np.ndarray[Any, Any]:
    ends = np.cumsum(np.maximum(lengths, 0))
    if (lengths.size and lengths.min() < _NAN) or (ends[-1] if ends.size else 0) != len(joined):
        raise get.fail("the lengths of its texts do not fit")
    starts = (ends - np.maximum(lengths, 0)).tolist()
    texts = as_objects(map(joined.__getitem__, map(slice, starts, ends.tolist())), ends.size)
    texts[lengths == _NONE] = None
    texts[lengths == _NAN] = np.nan
    return texts


NAN = Codec("numpy.nan", (), lambda _nan, _put: None, lambda _payload, _get: np.nan, atom=True)
"""NumPy's own NaN object: ``is np.nan`` stays true in arrays of objects."""
