"""Codecs for NumPy's scalars and generators of random numbers.

A scalar is its data type and its number, or its bytes. The state of a generator is plain numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import random

from ..group import Memory
from .dtypes import describe, dtype_from
from .payload_checks import guarded, listed, text, whole
from .registry import Codec, Get, OpaqueError, Put

_Array = np.ndarray[Any, Any]
_NATIVE = tuple(
    {np.dtype(char).type for char in "?bhilqBHILQefdgFDGMm"}  # all that are numbers
)

_GENERATORS = {
    kind.__name__: kind
    for kind in (random.PCG64, random.PCG64DXSM, random.MT19937, random.Philox, random.SFC64)
}
_MOST_ENTROPY = 2**16
"""Bits; NumPy's own seeds have 128, and the time to mix more grows with the square."""
_POOL = (4, 256)
_U32, _U64, _U128 = 2**32 - 1, 2**64 - 1, 2**128 - 1
_LIMITS = {
    "has_uint32": 1,
    "uinteger": _U32,
    "pos": 624,
    "buffer_pos": 4,
    "state": _U128,
    "inc": _U128,
}
"""The highest number of each part of a state; NumPy itself reads past its memory beyond `pos`."""
_ARRAYS = {
    ("MT19937", "key"): ("<u4", 624),
    ("Philox", "counter"): ("<u8", 4),
    ("Philox", "key"): ("<u8", 2),
    ("Philox", "buffer"): ("<u8", 4),
    ("SFC64", "state"): ("<u8", 4),
}
"""The type and the length of each part that is an array."""


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
        raise get.fail("its type is not that of a number")
    if type(value) is str:
        return _from_bytes(value, dtype, get)
    if (type(value) is bool) != (dtype.kind == "b") or type(value) not in (bool, int, float):
        raise get.fail("its value is not a number")
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
        raise get.fail("it is not a record")
    array: _Array = np.frombuffer(Memory(data), dtype)
    return array[0]


def _encode_bits(bits: Any, put: Put) -> dict[str, Any]:
    # A generator that was seeded in the way of NumPy before 1.17 has no SeedSequence.
    if type(bits.seed_seq) not in (random.SeedSequence, type(None)):
        raise OpaqueError
    state = bits.state
    return {"state": _flat(state), "seed": put.plain(bits.seed_seq)}


def _flat(state: dict[str, Any]) -> dict[str, Any]:
    return {key: _written(value) for key, value in state.items() if key != "bit_generator"}


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return _flat(value)
    if isinstance(value, np.ndarray):
        return value.astype(value.dtype.newbyteorder("<")).tobytes().hex()
    return hex(value)


def _decode_bits(name: str) -> Any:
    kind = _GENERATORS[name]

    def decode(payload: Any, get: Get) -> Any:
        seed = get.value(payload["seed"])
        if type(seed) not in (random.SeedSequence, type(None)):
            raise get.fail("its seed is malformed")
        bits: Any = kind(0)
        bits.__setstate__((_state(name, bits.state, payload["state"], get), seed))
        return bits

    return guarded(decode)


def _state(name: str, model: dict[str, Any], written: Any, get: Get) -> dict[str, Any]:
    """Return a state with the parts of the model, which is that of a new generator."""
    return {key: _read(name, key, value, written, get) for key, value in model.items()}


def _read(name: str, key: str, value: Any, written: Any, get: Get) -> Any:
    if key == "bit_generator":
        return value
    if isinstance(value, dict):
        return _state(name, value, written[key], get)
    if not isinstance(value, np.ndarray):
        return _integer(written[key], _LIMITS[key], get)
    kind, length = _ARRAYS[name, key]
    array = np.frombuffer(bytes.fromhex(text(written[key], get)), kind)
    if array.size != length:
        raise get.fail("its state is too short or too long")
    return array.astype(value.dtype)


def _integer(written: Any, most: int, get: Get) -> int:
    return whole(int(text(written, get), 16), 0, most, get)


def _encode_seed(seed: random.SeedSequence, _put: Put) -> dict[str, Any]:
    state = seed.state
    entropy: Any = state["entropy"]
    size = state["pool_size"]
    if not _POOL[0] <= size <= _POOL[1] or type(state["spawn_key"]) is not tuple:
        raise OpaqueError
    several = isinstance(entropy, list | tuple)
    numbers = list(entropy) if several else [entropy]
    spawn = list(state["spawn_key"])
    if not all(type(number) is int and number >= 0 for number in [*numbers, *spawn]):
        raise OpaqueError
    if sum(number.bit_length() + 32 for number in [*numbers, *spawn]) > _MOST_ENTROPY:
        raise OpaqueError
    return {
        "entropy": [hex(number) for number in numbers] if several else hex(numbers[0]),
        "spawn_key": [hex(number) for number in spawn],
        "pool_size": size,
        "spawned": state["n_children_spawned"],
    }


@guarded
def _decode_seed(payload: Any, get: Get) -> random.SeedSequence:
    written, spawn = payload["entropy"], listed(payload["spawn_key"], get)
    several = type(written) is list
    numbers = written if several else [written]
    if sum(4 * len(text(one, get)) + 32 for one in [*numbers, *spawn]) > 2 * _MOST_ENTROPY:
        raise get.fail("its seed is too long")
    entropy = [_integer(one, 2**_MOST_ENTROPY, get) for one in numbers]
    return random.SeedSequence(
        entropy if several else entropy[0],
        spawn_key=tuple(_integer(one, 2**_MOST_ENTROPY, get) for one in spawn),
        pool_size=whole(payload["pool_size"], *_POOL, get),
        n_children_spawned=whole(payload["spawned"], 0, _U32, get),
    )


def _encode_generator(generator: random.Generator, put: Put) -> Any:
    return put.plain(generator.bit_generator)


@guarded
def _decode_generator(payload: Any, get: Get) -> random.Generator:
    return random.Generator(_bits(payload, get))


def _bits(value: Any, get: Get) -> Any:
    bits = get.value(value)
    if type(bits) not in _GENERATORS.values():
        raise get.fail("it has no source of random bits")
    return bits


_GLOBAL: Any = np.random.mtrand._rand


def _encode_legacy(legacy: Any, put: Put) -> Any:
    if legacy is _GLOBAL:
        # Its state is saved with the session.
        return None
    state = legacy.get_state(legacy=False)
    return {
        "bits": put.plain(legacy._bit_generator),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]).hex(),
    }


@guarded
def _decode_legacy(payload: Any, get: Get) -> Any:
    if payload is None:
        return _GLOBAL
    bits = _bits(payload["bits"], get)
    legacy: Any = random.RandomState(bits)
    state = dict(legacy.get_state(legacy=False))
    state["has_gauss"] = whole(payload["has_gauss"], 0, 1, get)
    state["gauss"] = float.fromhex(text(payload["gauss"], get))
    legacy.set_state(state)
    return legacy


CODECS = (
    Codec("numpy.scalar", _NATIVE, _encode, _decode, atom=True),
    Codec("numpy.str_", (np.str_,), _encode_text, _decode_text),
    Codec("numpy.bytes_", (np.bytes_,), _encode_bytes, _decode_bytes),
    Codec("numpy.void", (np.void, np.record), _encode_record, _decode_record),
    *(
        Codec(f"numpy.{name}", (kind,), _encode_bits, _decode_bits(name))
        for name, kind in _GENERATORS.items()
    ),
    Codec("numpy.SeedSequence", (random.SeedSequence,), _encode_seed, _decode_seed),
    Codec("numpy.Generator", (random.Generator,), _encode_generator, _decode_generator),
    Codec("numpy.RandomState", (random.RandomState,), _encode_legacy, _decode_legacy),
)
