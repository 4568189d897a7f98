"""NumPy's scalars in a graph: the data type and the number, or the bytes where it is more."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checking import guarded, listed, text
from .codecs import Codec, Get, Put
from .dtypes import describe, dtype_from
from .group import Memory

_Array = np.ndarray[Any, Any]
_NATIVE = tuple(
    {np.dtype(char).type for char in "?bhilqBHILQefdgFDGMm"}  # all that are numbers
)


def _encode(scalar: Any, _put: Put) -> list[Any]:
    dtype = scalar.dtype
    return [describe(dtype), _readable(scalar, dtype)]


def _readable(scalar: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "biu":
        return scalar.item()
    if dtype.kind == "f" and dtype.char != "g" and np.isfinite(scalar):
        return scalar.item()
    return np.asarray(scalar).tobytes().hex()


@guarded
def _decode(payload: Any, get: Get) -> Any:
    described, value = listed(payload, get, 2)
    dtype = dtype_from(described, get)
    if dtype.type not in _NATIVE:
        raise get.fail("it is not of the type of a number")
    if type(value) is str:
        return _from_bytes(value, dtype, get)
    if (type(value) is bool) != (dtype.kind == "b") or type(value) not in (bool, int, float):
        raise get.fail("its value is no number")
    if dtype.kind not in "biuf" or (type(value) is float and dtype.kind != "f"):
        raise get.fail("its value does not fit its type")
    return dtype.type(value)


def _from_bytes(value: str, dtype: np.dtype[Any], get: Get) -> Any:
    data = bytes.fromhex(value)
    if len(data) != dtype.itemsize or dtype.kind == "b":
        raise get.fail("its bytes do not fit its type")
    return np.frombuffer(data, dtype)[0]


def _encode_text(scalar: np.str_, put: Put) -> Any:
    return put.plain(str.__str__(scalar))


@guarded
def _decode_text(payload: Any, get: Get) -> np.str_:
    return np.str_(text(get.value(payload), get))


def _encode_bytes(scalar: np.bytes_, put: Put) -> Any:
    return put.plain(bytes(scalar))


@guarded
def _decode_bytes(payload: Any, get: Get) -> np.bytes_:
    data = get.value(payload)
    if type(data) is not bytes:
        raise get.fail("its bytes are missing")
    return np.bytes_(data)


def _encode_record(scalar: Any, put: Put) -> dict[str, Any]:
    if scalar.base is not None:
        put.approximate("it is no longer a part of the array that it was taken from")
    return {"type": describe(scalar.dtype), "bytes": put.plain(_bytes_of(scalar))}


def _bytes_of(scalar: Any) -> bytes:
    array: _Array = np.empty((), scalar.dtype)
    array[()] = scalar
    return array.tobytes()


@guarded
def _decode_record(payload: Any, get: Get) -> Any:
    dtype = dtype_from(payload["type"], get)
    data = get.value(payload["bytes"])
    if type(data) is not bytes or len(data) != dtype.itemsize or not dtype.itemsize:
        raise get.fail("its bytes do not fit its type")
    if dtype.type not in (np.void, np.record):
        raise get.fail("it is no record")
    array: _Array = np.frombuffer(Memory(data), dtype)
    return array[0]


CODECS = (
    Codec("numpy.scalar", _NATIVE, _encode, _decode, atom=True),
    Codec("numpy.str_", (np.str_,), _encode_text, _decode_text),
    Codec("numpy.bytes_", (np.bytes_,), _encode_bytes, _decode_bytes),
    Codec("numpy.void", (np.void, np.record), _encode_record, _decode_record),
)
