"""Python objects in arrays and columns: a list of values, or text in one piece.

Text is what most of them are. It stands in a buffer, with the lengths (in characters) in another;
where values repeat, each is there once, and a third buffer has their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .buffers import count_copy
from .checking import listed
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
            return pack_text(objects, unique, put)
    return [_packed(one, value) for one in objects]


def pack_text(objects: list[Any], unique: dict[Any, None], put: Put) -> dict[str, int]:
    """Return the payload for strings, None and NaN.

    Parameters
    ----------
    objects : list
        What is in the array.
    unique : dict
        The same objects as keys.
    put : Put
        For the buffers.
    """
    repeats = 2 * len(unique) <= len(objects)
    once = list(unique) if repeats else objects
    lengths = np.fromiter(map(_length, once), "<i4", len(once))
    joined = "".join(one for one in once if type(one) is str)
    packed = {
        "text": put.raw(joined.encode("utf-8", "surrogatepass")),
        "lengths": put.raw(lengths.tobytes()),
    }
    if repeats:
        number = dict(zip(once, range(len(once)), strict=True))
        codes = np.fromiter(map(number.__getitem__, objects), "<i4", len(objects))
        packed["codes"] = put.raw(codes.tobytes())
    return packed


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
    return np.fromiter(objects, object, count)


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


def _length(one: Any) -> int:
    if type(one) is str:
        return len(one)
    return _NONE if one is None else _NAN


def _unpack_text(payload: dict[str, Any], count: int, get: Get) -> np.ndarray[Any, Any]:
    for number in payload.values():
        count_copy(number, get.buffer(number).nbytes, get)
    joined = str(get.buffer(payload["text"]), "utf-8", "surrogatepass")
    lengths = np.frombuffer(get.buffer(payload["lengths"]), "<i4").astype(np.int64)
    ends = np.cumsum(np.maximum(lengths, 0))
    if (lengths.size and lengths.min() < _NAN) or (ends[-1] if ends.size else 0) != len(joined):
        raise get.fail("the lengths of its texts do not fit")
    starts = (ends - np.maximum(lengths, 0)).tolist()
    texts = as_objects(map(joined.__getitem__, map(slice, starts, ends.tolist())), ends.size)
    texts[lengths == _NONE] = None
    texts[lengths == _NAN] = np.nan
    if "codes" in payload:
        codes = np.frombuffer(get.buffer(payload["codes"]), "<i4")
        if codes.size and not 0 <= codes.min() <= codes.max() < texts.size:
            raise get.fail("the numbers of its texts do not fit")
        texts = texts[codes]
    if texts.size != count:
        raise get.fail("it has too many texts, or too few")
    return texts


NAN = Codec("numpy.nan", (), lambda _nan, _put: None, lambda _payload, _get: np.nan, atom=True)
"""The NaN that everybody uses: ``is np.nan`` stays true in arrays of objects."""
