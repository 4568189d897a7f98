"""Python objects in arrays and columns: a list of values, or text in one piece.

Text is what most of them are. Its buffer has the lengths (in characters), and then all texts in
UTF-8. Where values repeat, each is there once, and their numbers stand between the two. Lengths and
numbers are signed integers of 32 bits, little-endian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .buffers import count_copy
from .checking import listed, whole
from .codecs import Codec, Get, Put, Value

_FEW = 64
"""Up to so many objects a list is shorter, and easier to read."""
_NONE, _NAN = -1, -2
_THE_NAN: Any = np.nan
_PLAIN_NAN = ["numpy.nan", None]
_SMALL = 2**63
"""Integers beyond this take care that JSON does not."""


def pack(objects: list[Any], value: Callable[[Any], Value], put: Put) -> Any:
    """Return the payload for objects.

    Parameters
    ----------
    objects : list
        What is in the array.
    value : callable
        ``put.value`` or ``put.plain``.
    put : Put
        For the buffers.
    """
    kinds = set(map(type, objects))
    if len(objects) > _FEW and str in kinds and kinds <= {str, type(None), float}:
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
    """Return an array of objects, whatever they are."""
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
"""The NaN that everybody uses: ``is np.nan`` stays true in arrays of objects."""
