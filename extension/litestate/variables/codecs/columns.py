"""Codec for one-dimensional arrays of pandas, which columns and indexes consist of.

A payload is ``[kind, …]``; see the table of kinds at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import numpy as np

from .buffers import PARTED, InTable, column_of, compact, copy_of, pack, store, unpack
from .pandas_scalars import pd, period_from, period_text, side_from, unit_from
from .payload_checks import flag, guarded, listed, whole
from .registry import Codec, Get, OpaqueError, Put
from .standard_library import zone_from, zone_value

_MASKED = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)
_INT32_MAX = 2**31 - 1
MOST_IN_RANGE = 2**22
"""Items of a range that may become an array of 8 bytes each, however small the bundle is."""


def column(values: Any, put: Put, holder: str = "array") -> list[Any]:
    """Return the payload for a column.

    Parameters
    ----------
    values : numpy.ndarray or pandas extension array
        Of one dimension.
    put : Put
        The encoder.
    holder : str, optional
        Kind of object that holds it; see `InTable`.

    Raises
    ------
    OpaqueError
        If only a pickle can hold it.
    """
    if (objects := _objects_of(values)) is not None:
        put.copied(objects, "own" if holder == "shared" else holder)
    if holder in ("shared", "own") and type(values) is not np.ndarray:
        put.apart(values, PARTED)
    is_plain = type(values) in (np.ndarray, pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray)
    put = cast("Put", InTable(put, "own" if holder == "shared" and not is_plain else holder))
    if type(values) is np.ndarray:
        return _numpy(values, put)
    for kind, (types, write, _) in _KINDS.items():
        if type(values) in types:
            return [kind, *write(values, put)]
    raise OpaqueError


def _objects_of(values: Any) -> Any:
    """Return the array of Python objects that a column consists of, or None."""
    found = getattr(values, "_ndarray", values)
    return found if type(found) is np.ndarray and found.dtype == object else None


def column_from(payload: Any, get: Get) -> Any:
    """Return the column of a payload.

    Raises
    ------
    DamagedBundleError
        If it is malformed.
    """
    kind, *rest = listed(payload, get)
    if kind == "numpy":
        array = column_of(rest[0], get)
        if array.ndim != 1:
            raise get.fail("a column has one dimension")
        return array
    if kind == "objects":
        return unpack(rest[1], whole(rest[0], 0, _INT32_MAX, get), get)
    if kind not in _KINDS:
        raise get.fail("a column is malformed")
    return _KINDS[kind][2](rest, get)


def index_from(value: Any, get: Get) -> Any:
    """Return the index that a value stands for.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    index = get.value(value)
    if not isinstance(index, pd.Index):
        raise get.fail("an index is something else")
    return index


def _numpy(values: np.ndarray[Any, Any], put: Put) -> list[Any]:
    if values.dtype != object:
        return ["numpy", store(compact(values), put)]
    return ["objects", len(values), pack(values.tolist(), put.plain, put)]


def level_from(value: Any, get: Get) -> Any:
    """Return the index that a value stands for, unless it is a range that is too long.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    index = index_from(value, get)
    if type(index) is pd.RangeIndex and len(index) > MOST_IN_RANGE:
        raise get.fail("a range is too long")
    return index


def level(index: Any, put: Put) -> Any:
    """Return the value of an index whose items a reader expands.

    Raises
    ------
    OpaqueError
        If it is a range that is too long.
    """
    if type(index) is pd.RangeIndex and len(index) > MOST_IN_RANGE:
        raise OpaqueError
    return put.plain(index)


def _plain(
    payload: Any,
    kinds: str,
    get: Get,
    make: Callable[[Any, Get], np.ndarray[Any, Any]] = copy_of,
) -> np.ndarray[Any, Any]:
    """Return an array of one dimension that has one of the kinds of types; "q" is int64."""
    array = make(payload, get)
    found = "q" if kinds == "q" and array.dtype == np.int64 else array.dtype.kind
    if array.ndim != 1 or found not in kinds or not array.dtype.isnative:
        raise get.fail("a column is of the wrong type")
    return array


def _dates(values: Any, put: Put) -> list[Any]:
    return [store(compact(values.asi8), put), values.unit, zone_value(values.tz, put)]


def _read_dates(rest: list[Any], get: Get) -> Any:
    numbers, unit, zone = rest
    unit, zone = unit_from(unit, get), zone_from(zone, get)
    array = _plain(numbers, "q", get, column_of).view(f"M8[{unit}]")
    plain = pd.array(array, dtype=f"datetime64[{unit}]", copy=False)
    if zone is None:
        return plain
    return plain.tz_localize("UTC").tz_convert(zone)


def _deltas(values: Any, put: Put) -> list[Any]:
    return [store(compact(values.asi8), put), values.unit]


def _read_deltas(rest: list[Any], get: Get) -> Any:
    numbers, unit = rest
    kind = f"m8[{unit_from(unit, get)}]"
    return pd.array(_plain(numbers, "q", get, column_of).view(kind), dtype=kind, copy=False)


def _periods(values: Any, put: Put) -> list[Any]:
    return [store(compact(values.asi8), put), period_text(values.dtype)]


def _read_periods(rest: list[Any], get: Get) -> Any:
    numbers, written = rest
    return pd.arrays.PeriodArray(_plain(numbers, "q", get), dtype=period_from(written, get))


def _masked(values: Any, put: Put) -> list[Any]:
    return [store(compact(values._data), put), store(compact(values._mask), put)]


def _read_masked(rest: list[Any], get: Get) -> Any:
    data, mask = _plain(rest[0], "biuf", get), _plain(rest[1], "b", get)
    kinds = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
    return kinds.get(data.dtype.kind, pd.arrays.IntegerArray)(data, mask)


def _categories(values: Any, put: Put) -> list[Any]:
    codes = store(compact(values.codes), put)
    return [codes, level(values.categories, put), bool(values.ordered)]


def _read_categories(rest: list[Any], get: Get) -> Any:
    dtype = pd.CategoricalDtype(level_from(rest[1], get), flag(rest[2], get))
    return pd.Categorical.from_codes(_plain(rest[0], "i", get), dtype=dtype)


def _strings(values: Any, put: Put) -> list[Any]:
    dtype = values.dtype
    objects = values.to_numpy(object, na_value=None).tolist()
    if not set(map(type, objects)) <= {str, type(None)}:
        raise OpaqueError
    return [len(objects), pack(objects, put.plain, put), dtype.storage, dtype.na_value is pd.NA]


def _read_strings(rest: list[Any], get: Get) -> Any:
    count, packed, storage, is_na = rest
    na_value = pd.NA if flag(is_na, get) else np.nan
    objects = unpack(packed, whole(count, 0, _INT32_MAX, get), get)
    if storage not in ("python", "pyarrow") or not set(map(type, objects)) <= {str, type(None)}:
        raise get.fail("a column of texts is malformed")
    try:
        dtype = pd.StringDtype(storage, na_value)
    except ImportError:
        # The other storage for the same texts is always available.
        dtype = pd.StringDtype("python", na_value)
    return pd.array(objects, dtype=dtype)


def _intervals(values: Any, put: Put) -> list[Any]:
    return [level(values.left, put), level(values.right, put), values.closed]


def _read_intervals(rest: list[Any], get: Get) -> Any:
    left, right, closed = rest
    return pd.arrays.IntervalArray.from_arrays(
        level_from(left, get), level_from(right, get), side_from(closed, get)
    )


def _sparse(values: Any, put: Put) -> list[Any]:
    if values.sp_values.dtype == object:
        raise OpaqueError
    indices = values.sp_index.to_int_index().indices
    fill = np.asarray(values.fill_value)
    if fill.dtype.hasobject or fill.dtype.kind not in "biufc":
        raise OpaqueError
    return [
        store(compact(values.sp_values), put),
        store(indices, put),
        len(values),
        put.plain(values.fill_value),
        values.kind,
    ]


def _read_sparse(rest: list[Any], get: Get) -> Any:
    values, indices, length, fill, kind = rest
    where = _plain(indices, "i", get)
    if where.dtype != np.int32 or kind not in ("integer", "block"):
        raise get.fail("a sparse column is malformed")
    index = pd._libs.sparse.IntIndex(whole(length, 0, _INT32_MAX, get), where)
    data = _plain(values, "biufc", get)
    value = get.value(fill)
    if not isinstance(value, bool | int | float | complex | np.number | np.bool_):
        raise get.fail("a sparse column has an invalid fill value")
    # The constructor deprecates an index as an argument, and offers no replacement yet.
    return pd.arrays.SparseArray._simple_new(
        data,
        index if kind == "integer" else index.to_block_index(),
        pd.SparseDtype(data.dtype, value),
    )


def _wrapped(values: Any, put: Put) -> list[Any]:
    return _numpy(values.to_numpy(copy=False), put)


def _read_wrapped(rest: list[Any], get: Get) -> Any:
    return pd.arrays.NumpyExtensionArray(column_from(rest, get))


def _text_arrays() -> tuple[type, ...]:
    """Return the array classes for text that this pandas has, with the packages installed here."""
    found = {pd.arrays.StringArray, pd.arrays.ArrowStringArray}
    for storage in ("python", "pyarrow"):
        for na_value in (np.nan, pd.NA):
            with suppress(ImportError):
                dtype = pd.StringDtype(storage, na_value)
                found.add(type(pd.array([], dtype=dtype)))
    return tuple(found)


_Kind = tuple[tuple[type, ...], Callable[[Any, Put], list[Any]], Callable[[list[Any], Get], Any]]
_KINDS: dict[str, _Kind] = {
    "dates": ((pd.arrays.DatetimeArray,), _dates, _read_dates),
    "deltas": ((pd.arrays.TimedeltaArray,), _deltas, _read_deltas),
    "periods": ((pd.arrays.PeriodArray,), _periods, _read_periods),
    "masked": (_MASKED, _masked, _read_masked),
    "categories": ((pd.Categorical,), _categories, _read_categories),
    "strings": (_text_arrays(), _strings, _read_strings),
    "intervals": ((pd.arrays.IntervalArray,), _intervals, _read_intervals),
    "sparse": ((pd.arrays.SparseArray,), _sparse, _read_sparse),
    "wrapped": ((pd.arrays.NumpyExtensionArray,), _wrapped, _read_wrapped),
}
_ARRAYS = tuple(kind for types, _, _ in _KINDS.values() for kind in types)

CODECS = (Codec("pandas.array", _ARRAYS, column, guarded(column_from)),)
