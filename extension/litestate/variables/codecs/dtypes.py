"""Data types of NumPy as JSON.

A string is that of ``numpy.dtype.str``. A list begins with a kind: ``["c", char, string]`` for a
second C type of the same size, ``["long", string, digits]`` for the long double of a machine,
``["string", …]`` for `numpy.dtypes.StringDType`, ``["array", base, shape]`` and
``["fields", …]`` for structures.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .payload_checks import flag, listed, text, whole
from .registry import Get, OpaqueError

_UNIT = r"(?:\[[0-9]{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?"
_SIMPLE = re.compile(
    rf"[<>|](?:b1|[iu][1248]|f[248]|c8|c16|[SV][0-9]{{1,10}}|U[0-9]{{1,9}}|[mM]8{_UNIT})"
)
_LONG = re.compile(r"[<>](?:f|c)[0-9]{1,2}")
_CHARS = "lqiLQIgG"
_LAST_BUILTIN = 23
"""``NPY_HALF``: the highest number of a type of NumPy itself."""
_INT_MAX = 2**31 - 1
"""The most bytes that an item of a NumPy array can have."""
_DEEPEST = 32


def describe(dtype: np.dtype[Any], depth: int = 0) -> Any:
    """Return the JSON for a data type.

    Raises
    ------
    OpaqueError
        If it is one of another package, has metadata, or is nested very deeply.
    """
    if dtype.metadata or depth > _DEEPEST:
        raise OpaqueError
    if isinstance(dtype, np.dtypes.StringDType):
        return ["string", *_missing(dtype), bool(getattr(dtype, "coerce"))]  # noqa: B009
    if dtype.num > _LAST_BUILTIN:
        raise OpaqueError
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ["array", describe(base, depth + 1), list(shape)]
    if dtype.names is not None:
        return _fields(dtype, depth)
    if dtype.type not in (np.void, np.dtype(dtype.char).type):
        raise OpaqueError
    if dtype.num in (np.dtype("g").num, np.dtype("G").num) and not _SIMPLE.fullmatch(dtype.str):
        return ["long", dtype.str, _digits()]
    if np.dtype(dtype.str).num != dtype.num:
        return ["c", dtype.char, dtype.str]
    return dtype.str


def dtype_from(described: Any, get: Get, *, objects: bool = False) -> np.dtype[Any]:
    """Return the data type that JSON stands for.

    Parameters
    ----------
    described : object
        The result of `describe`, or anything else.
    get : Get
        Makes the errors.
    objects : bool
        Whether Python objects are allowed.

    Raises
    ------
    DamagedBundleError
        If it is not a data type, or has objects that are not allowed.
    """
    dtype = _parse(described, get, 0)
    if dtype.hasobject and not objects and not isinstance(dtype, np.dtypes.StringDType):
        raise get.fail("its data type holds objects")
    return dtype


def _parse(described: Any, get: Get, depth: int) -> np.dtype[Any]:
    if depth > _DEEPEST:
        raise get.fail("its data type is too deep")
    if type(described) is str:
        if described != "|O" and not _SIMPLE.fullmatch(described):
            raise get.fail(f"{described!r:.40} is not a data type")
        return np.dtype(described)
    kind, *rest = listed(described, get)
    if kind == "array":
        base, shape = rest
        sizes = tuple(whole(size, 0, _INT_MAX, get) for size in listed(shape, get))
        return np.dtype((_parse(base, get, depth + 1), sizes))
    if kind == "fields":
        return _structure(rest, get, depth)
    if kind == "string":
        return _string(rest, get)
    return _c_type(kind, rest, get)


def _c_type(kind: Any, rest: list[Any], get: Get) -> np.dtype[Any]:
    if kind == "c":
        char, name = text(rest[0], get), text(rest[1], get)
        if len(char) != 1 or char not in _CHARS or not _SIMPLE.fullmatch(name):
            raise get.fail("its data type is malformed")
        dtype = _ordered(char, name)
        # If the C type has another size here, take the type of the right size.
        return dtype if dtype.str == name else np.dtype(name)
    if kind != "long" or not _LONG.fullmatch(text(rest[0], get)):
        raise get.fail("its data type is malformed")
    name = rest[0]
    dtype = _ordered("G" if name[1] == "c" else "g", name)
    if dtype.str != name or rest[1] != _digits():
        raise get.missing("its long doubles are of another format than those of this computer")
    return dtype


def _ordered(char: str, name: str) -> np.dtype[Any]:
    order: Any = name[0]
    dtype = np.dtype(char)
    # With its native byte order made explicit, it would be another data type.
    return dtype if dtype.str == name else dtype.newbyteorder(order)


def _digits() -> int:
    return int(np.finfo(np.longdouble).nmant)


def _fields(dtype: np.dtype[Any], depth: int) -> list[Any]:
    fields: Any = dtype.fields
    parts = [
        [name, describe(fields[name][0], depth + 1), fields[name][1], *fields[name][2:]]
        for name in dtype.names or ()
    ]
    if any(type(part[3]) is not str for part in parts if len(part) > 3):
        raise OpaqueError
    record = dtype.type is np.record
    described = ["fields", parts, dtype.itemsize, dtype.isalignedstruct, record]
    if not record and dtype.type is not np.void:
        raise OpaqueError
    return described


def _structure(rest: list[Any], get: Get, depth: int) -> np.dtype[Any]:
    fields, size, aligned, record = rest
    parts = [listed(part, get) for part in listed(fields, get)]
    spec: dict[str, Any] = {
        "names": [text(part[0], get) for part in parts],
        "formats": [_parse(part[1], get, depth + 1) for part in parts],
        "offsets": [whole(part[2], 0, _INT_MAX, get) for part in parts],
        "itemsize": whole(size, 0, _INT_MAX, get),
    }
    if any(len(part) > 3 for part in parts):
        spec["titles"] = [text(part[3], get) if len(part) > 3 else None for part in parts]
    make: Any = np.dtype
    dtype: np.dtype[Any] = make(spec, align=flag(aligned, get))
    return make((np.record, dtype)) if flag(record, get) else dtype


def _missing(dtype: Any) -> tuple[str, Any]:
    if not hasattr(dtype, "na_object"):
        return "nothing", None
    na = dtype.na_object
    if na is None or type(na) is str:
        return "value", na
    if type(na) is float and na != na:  # noqa: PLR0124
        return "nan", None
    raise OpaqueError


def _string(rest: list[Any], get: Get) -> np.dtype[Any]:
    how, value, coerce = rest
    given: dict[str, Any] = {"coerce": flag(coerce, get)}
    if how == "nan":
        given["na_object"] = np.nan
    elif how == "value":
        given["na_object"] = None if value is None else text(value, get)
    elif how != "nothing":
        raise get.fail("its data type is malformed")
    return np.dtypes.StringDType(**given)


def clean_booleans(array: np.ndarray[Any, Any], span: memoryview, get: Get) -> None:
    """Make every boolean 0 or 1: NumPy relies on it, and would write past its memory."""
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
            if has_booleans(fields[name][0]):
                _clean(array[name])
    else:
        bits = array.view(np.uint8)
        if bits.size and bits.max() > 1:
            np.minimum(bits, 1, out=bits)


def has_booleans(dtype: np.dtype[Any]) -> bool:
    """Tell whether a data type is boolean, or has boolean fields."""
    if dtype.subdtype is not None:
        return has_booleans(dtype.subdtype[0])
    if dtype.names is not None:
        fields: Any = dtype.fields
        return any(has_booleans(fields[name][0]) for name in dtype.names)
    return dtype.kind == "b"
