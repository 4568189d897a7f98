"""Codecs for NumPy arrays; this module also registers all other codecs for NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import numpy_values
from .buffers import NAN, UNMAPPED, attach, pack, store, unpack
from .dtypes import describe, dtype_from
from .payload_checks import FAR, flag, guarded, listed, whole
from .registry import Codec, Get, OpaqueError, Put

_Array = np.ndarray[Any, Any]
_MOST_TIMES, _FEW = 64, 100_000
"""How often a view may repeat the objects of an array, and a size up to which it always may."""


def _is_plain(array: _Array) -> bool:
    dtype = array.dtype
    if dtype.hasobject:
        return dtype.num == np.dtype(object).num or isinstance(dtype, np.dtypes.StringDType)
    return bool(dtype.itemsize)


def _encode(array: _Array, put: Put) -> dict[str, Any]:
    payload = _encode_objects(array, put) if array.dtype.hasobject else store(array, put)
    if not array.flags.writeable:
        payload["readonly"] = True
    return payload


def _encode_objects(array: _Array, put: Put) -> dict[str, Any]:
    dtype = array.dtype
    if dtype.num != np.dtype(object).num and not isinstance(dtype, np.dtypes.StringDType):
        raise OpaqueError
    described = describe(dtype)
    put.copied(array, "objects")
    if array.base is not None and dtype.num == np.dtype(object).num:
        window = _window(array, put)
        if window is not None:
            return {"dtype": described, **window}
    if array.base is not None:
        put.approximate("it no longer shares its memory with the array that it is a view of")
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    objects = array.ravel("F" if fortran else "C").tolist()
    return {
        "dtype": described,
        "shape": list(array.shape),
        "fortran": fortran,
        "items": pack(objects, put.value, put),
    }


def _window(array: _Array, put: Put) -> dict[str, Any] | None:
    """Return the location of a view of objects in its base, or None."""
    base: Any = array.base
    if type(base) is not np.ndarray or base.dtype.num != array.dtype.num or base.base is not None:
        return None
    if not (base.flags.c_contiguous or base.flags.f_contiguous):
        return None
    offset = array.ctypes.data - base.ctypes.data if array.size else 0
    return {
        "base": put.plain(base),
        "offset": offset // array.itemsize,
        "shape": list(array.shape),
        "strides": [step // array.itemsize for step in array.strides],
    }


def _decode(payload: Any, get: Get) -> _Array:
    if "memory" in payload:
        array = attach(payload, get)
        return _with_flag(array, payload, get)
    dtype = dtype_from(payload["dtype"], get, objects=True)
    if not dtype.hasobject:
        raise get.fail("it has no memory")
    if "base" in payload:
        return _with_flag(_view(payload, get), payload, get)
    shape = tuple(whole(size, 0, FAR, get) for size in listed(payload["shape"], get))
    items = payload["items"]
    count = math.prod(shape)
    if type(items) is dict:
        size = get.buffer(items["buffer"]).nbytes // 4
        limit = whole(items["numbers"] or items["texts"], 0, size, get)
    else:
        limit = len(listed(items, get))
    if count != limit:
        raise get.fail("its items are too many or too few for its shape")
    if 0 in shape:
        return np.ndarray(shape, dtype)
    return np.empty(shape, dtype, order="F" if flag(payload["fortran"], get) else "C")


def _with_flag(array: _Array, payload: Any, get: Get) -> _Array:
    if flag(payload.get("readonly", False), get):
        array.flags.writeable = False
    return array


def _view(payload: Any, get: Get) -> _Array:
    base = get.value(payload["base"])
    if type(base) is not np.ndarray or base.dtype != object:
        raise get.fail("the array that it is a view of is something else")
    shape = [whole(size, 0, FAR, get) for size in listed(payload["shape"], get)]
    strides = [whole(step, -FAR, FAR, get) for step in listed(payload["strides"], get, len(shape))]
    offset = whole(payload["offset"], 0, FAR, get)
    if not (base.flags.c_contiguous or base.flags.f_contiguous):
        raise get.fail("the array that it is a view of is scattered")
    flat = base.ravel("K")
    if 0 in shape:
        return flat[:0].reshape(shape)
    reach = [(size - 1) * step for size, step in zip(shape, strides, strict=True)]
    first = offset + sum(step for step in reach if step < 0)
    last = offset + sum(step for step in reach if step > 0)
    if first < 0 or last >= flat.size:
        raise get.fail("it is outside the array that it is a view of")
    # Every scan of the variables visits each of its objects.
    if math.prod(shape) > max(_FEW, _MOST_TIMES * flat.size):
        raise get.missing("a view repeats the objects of an array too often")
    used = [
        step * base.itemsize if size > 1 else 0 for size, step in zip(shape, strides, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, used)


def _fill(array: _Array, payload: Any, get: Get) -> None:
    if "items" in payload:
        _fill_items(array, payload, get)


def _fill_items(array: _Array, payload: Any, get: Get) -> None:
    objects = unpack(payload["items"], array.size, get)
    order: Any = "F" if flag(payload["fortran"], get) else "C"
    array[...] = objects.reshape(array.shape, order=order)
    _with_flag(array, payload, get)


def _encode_view(array: _Array, put: Put) -> dict[str, Any]:
    payload = store(array.view(np.ndarray), put)
    if not array.flags.writeable:
        payload["readonly"] = True
    return payload


def _decode_record_array(payload: Any, get: Get) -> _Array:
    array = attach(payload, get)
    records: _Array = array.view(np.recarray)
    return _with_flag(records, payload, get)


def _decode_matrix(payload: Any, get: Get) -> _Array:
    array = attach(payload, get)
    if array.ndim != 2:
        raise get.fail("a matrix has two dimensions")
    # Some versions of NumPy warn when the class is called, not about a view.
    matrix: _Array = array.view(np.matrix)
    return _with_flag(matrix, payload, get)


def _encode_matrix(array: _Array, put: Put) -> dict[str, Any]:
    if array.ndim != 2:
        raise OpaqueError
    return _encode_view(array, put)


def _encode_memmap(array: _Array, put: Put) -> dict[str, Any]:
    put.approximate(UNMAPPED)
    return _encode_view(array, put)


def _decode_memmap(payload: Any, get: Get) -> _Array:
    return _with_flag(attach(payload, get), payload, get)


def _encode_masked(array: Any, put: Put) -> dict[str, Any]:
    if array._baseclass is not np.ndarray or array._optinfo:
        raise OpaqueError
    payload: dict[str, Any] = {
        "data": store(array.data, put),
        "mask": None if array.mask is np.ma.nomask else store(array.mask, put),
        "fill": None if array._fill_value is None else store(np.asarray(array._fill_value), put),
        "hard": bool(array.hardmask),
    }
    if not array.data.flags.writeable:
        payload["readonly"] = True
    return payload


def _decode_masked(payload: Any, get: Get) -> Any:
    data = _with_flag(attach(payload["data"], get), payload, get)
    mask: Any = np.ma.nomask
    if payload["mask"] is not None:
        mask = attach(payload["mask"], get)
        if mask.shape != data.shape or mask.dtype != np.ma.make_mask_descr(data.dtype):
            raise get.fail("its mask does not fit")
    array: Any = np.ma.MaskedArray(data, mask, copy=False, hard_mask=flag(payload["hard"], get))
    if payload["fill"] is not None:
        array.set_fill_value(attach(payload["fill"], get)[()])
    return array


def _encode_masked_constant(_constant: object, _put: Put) -> None:
    return None


def _encode_dtype(dtype: np.dtype[Any], _put: Put) -> Any:
    return describe(dtype)


@guarded
def _decode_dtype(payload: Any, get: Get) -> np.dtype[Any]:
    return dtype_from(payload, get, objects=True)


_DTYPES = tuple({getattr(np.dtypes, name) for name in np.dtypes.__all__})

CODECS = (
    Codec(
        "numpy.ndarray",
        (np.ndarray,),
        _encode,
        guarded(_decode),
        guarded(_fill),
        accepts=_is_plain,
    ),
    Codec("numpy.recarray", (np.recarray,), _encode_view, guarded(_decode_record_array)),
    Codec("numpy.matrix", (np.matrix,), _encode_matrix, guarded(_decode_matrix)),
    Codec("numpy.memmap", (np.memmap,), _encode_memmap, guarded(_decode_memmap)),
    Codec("numpy.MaskedArray", (np.ma.MaskedArray,), _encode_masked, guarded(_decode_masked)),
    Codec(
        "numpy.masked",
        (type(np.ma.masked),),
        _encode_masked_constant,
        lambda _payload, _get: np.ma.masked,
        atom=True,
    ),
    Codec("numpy.dtype", _DTYPES, _encode_dtype, _decode_dtype, atom=True),
    NAN,
    *numpy_values.CODECS,
)
