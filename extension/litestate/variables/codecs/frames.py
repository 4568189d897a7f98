"""Codecs for frames, series and indexes of pandas.

Columns that pandas holds in one array are stored as one array, too.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from . import columns, pandas_scalars
from .buffers import InTable, bounded, column_of, compact, copy_of, is_shared, store
from .columns import column, column_from, index_from, level, level_from
from .pandas_scalars import offset_from, offset_text, pd
from .payload_checks import flag, guarded, listed, whole
from .registry import Codec, Get, OpaqueError, Put

_Array = np.ndarray[Any, Any]
_INT32_MAX = 2**31 - 1
_MANY = 8
"""Number of blocks of one type from which on they are stored as one: each would be a file."""
_LIMIT = 2**63

_KINDS = {
    kind.__name__: kind
    for kind in (
        pd.Index,
        pd.CategoricalIndex,
        pd.DatetimeIndex,
        pd.IntervalIndex,
        pd.PeriodIndex,
        pd.TimedeltaIndex,
    )
}


def _common(obj: Any, put: Put) -> dict[str, Any]:
    """Return the part of the payload that frames and series have in common."""
    own = [name for name in vars(obj) if not name.startswith("_") and name not in obj._accessors]
    if own:
        put.approximate(f"attributes that were set on it are not saved: {', '.join(sorted(own))}")
    payload: dict[str, Any] = {"index": put.plain(obj.index)}
    if obj.attrs:
        payload["attrs"] = [[put.plain(key), put.plain(each)] for key, each in obj.attrs.items()]
    if not obj.flags.allows_duplicate_labels:
        payload["unique"] = True
    return payload


def _with_common(obj: Any, payload: Any, get: Get) -> Any:
    for pair in listed(payload.get("attrs", []), get):
        key, value = listed(pair, get, 2)
        obj.attrs[get.value(key)] = get.value(value)
    if flag(payload.get("unique", False), get):
        obj.flags.allows_duplicate_labels = False
    return obj


def _series(series: Any, put: Put) -> dict[str, Any]:
    return {
        **_common(series, put),
        "name": put.plain(series.name),
        "values": column(series._values, put, "shared"),
    }


@guarded
def _read_series(payload: Any, get: Get) -> Any:
    index = index_from(payload["index"], get)
    values = column_from(payload["values"], get)
    if len(values) != len(index):
        raise get.fail("a series and its index are of different lengths")
    series = pd.Series(values, index, dtype=values.dtype, copy=False)
    series.name = get.value(payload["name"])
    return _with_common(series, payload, get)


def _frame(frame: Any, put: Put) -> dict[str, Any]:
    blocks = _blocks(frame)
    holder = "shared" if len(blocks) == 1 else "own"
    return {
        **_common(frame, put),
        "columns": put.plain(frame.columns),
        "parts": [part for block in blocks for part in _parts(*block, holder, put)],
    }


def _blocks(frame: Any) -> list[tuple[list[int], Any]]:
    """Return positions and values of the columns that pandas holds in one array."""
    blocks = [(block.mgr_locs.as_array.tolist(), block.values) for block in frame._mgr.blocks]
    by_type: dict[Any, list[tuple[list[int], Any]]] = {}
    for block in blocks:
        if type(block[1]) is np.ndarray and block[1].dtype != object:
            by_type.setdefault(block[1].dtype, []).append(block)
    joined = {dtype: some for dtype, some in by_type.items() if len(some) >= _MANY}
    separate = [
        block
        for block in blocks
        if type(block[1]) is not np.ndarray or block[1].dtype not in joined
    ]
    for some in joined.values():
        places = [place for where, _ in some for place in where]
        separate.append((places, np.concatenate([values for _, values in some])))
    return separate


def _parts(places: list[int], values: Any, holder: str, put: Put) -> list[list[Any]]:
    if values.ndim == 1:
        return [[places, ["column", column(values, put, "own")]]]
    if type(values) is np.ndarray and values.dtype != object:
        if places != sorted(places):
            holder = "own"
        return [[places, ["block", store(compact(values), cast("Put", InTable(put, holder)))]]]
    return [
        [[place], ["column", column(values[row], put, "own")]] for row, place in enumerate(places)
    ]


@guarded
def _read_frame(payload: Any, get: Get) -> Any:
    index, labels = index_from(payload["index"], get), index_from(payload["columns"], get)
    parts = [_read_part(part, get) for part in listed(payload["parts"], get)]
    places = [place for where, _ in parts for place in where]
    if len(labels) != len(places) or sorted(places) != list(range(len(labels))):
        raise get.fail("a frame has more columns than names, or fewer")
    if any(values.shape[-1] != len(index) for _, values in parts):
        raise get.fail("a frame has columns of different lengths")
    if len(parts) == 1 and parts[0][1].ndim == 2:
        where, values = parts[0]
        is_sorted = where == sorted(where)
        if is_sorted and _is_shared(payload["parts"][0], get):
            ordered = values
        else:
            ordered = values.copy("K") if is_sorted else values[np.argsort(where)]
        frame = pd.DataFrame(ordered.T, index, labels, copy=False)
    else:
        found = dict(_single(where, values, index) for where, values in _rows(parts))
        frame = pd.DataFrame({place: found[place] for place in range(len(labels))}, index)
        frame.columns = labels
    return _with_common(frame, payload, get)


def _read_part(part: Any, get: Get) -> tuple[list[int], Any]:
    where, (kind, content) = listed(part, get, 2)
    places = [whole(place, 0, _INT32_MAX, get) for place in listed(where, get)]
    if kind == "column":
        values = column_from(content, get)
        if len(places) != 1:
            raise get.fail("a column has one position")
        return places, values
    array = column_of(content, get) if is_shared(content, get) else bounded(content, get)
    if kind != "block" or array.ndim != 2 or len(array) != len(places):
        raise get.fail("a block has one position for each of its columns")
    return places, array


def _is_shared(part: Any, get: Get) -> bool:
    _, (kind, content) = part
    return kind == "block" and is_shared(content, get)


def _rows(parts: list[tuple[list[int], Any]]) -> list[tuple[int, Any]]:
    return [
        (place, values[row] if values.ndim == 2 else values)
        for places, values in parts
        for row, place in enumerate(places)
    ]


def _single(place: int, values: Any, index: Any) -> tuple[int, Any]:
    if values.dtype == object:
        # Only in a series does pandas leave objects unconverted.
        return place, pd.Series(values, index, dtype=object, copy=False)
    return place, values


def _category_type(dtype: Any, put: Put) -> list[Any]:
    if dtype.categories is None:
        return [None, dtype.ordered]
    return [columns.level(dtype.categories, put), dtype.ordered]


@guarded
def _read_category_type(payload: Any, get: Get) -> Any:
    categories, ordered = listed(payload, get, 2)
    found = None if categories is None else columns.level_from(categories, get)
    return pd.CategoricalDtype(found, None if ordered is None else flag(ordered, get))


def _index(index: Any, put: Put) -> dict[str, Any]:
    payload = {"values": column(index._values, put, "index"), "name": put.plain(index.name)}
    freq = getattr(index, "freq", None)
    if freq is not None and type(index) is not pd.PeriodIndex:
        payload["freq"] = offset_text(freq)
    return payload


def _read_index(kind: Any) -> Any:
    def decode(payload: Any, get: Get) -> Any:
        values = column_from(payload["values"], get)
        index: Any = pd.Index(values, dtype=values.dtype, copy=False, tupleize_cols=False)
        if type(index) is not kind or index.dtype != values.dtype:
            raise get.fail("an index is of another kind than it says")
        index.name = get.value(payload["name"])
        if "freq" in payload:
            index.freq = offset_from(payload["freq"], get)
        return index

    return guarded(decode)


def _range(index: Any, put: Put) -> list[Any]:
    return [index.start, index.stop, index.step, put.plain(index.name)]


@guarded
def _read_range(payload: Any, get: Get) -> Any:
    *numbers, name = listed(payload, get, 4)
    start, stop, step = (whole(number, -_LIMIT, _LIMIT - 1, get) for number in numbers)
    return pd.RangeIndex(start, stop, step, name=get.value(name))


def _levels(index: Any, put: Put) -> dict[str, Any]:
    if index.sortorder is not None and type(index.sortorder) is not int:
        raise OpaqueError
    return {
        "levels": [level(each, put) for each in index.levels],
        "codes": [
            store(compact(np.asarray(codes)), cast("Put", InTable(put, "index")))
            for codes in index.codes
        ],
        "names": [put.plain(name) for name in index.names],
        "sortorder": index.sortorder,
    }


@guarded
def _read_levels(payload: Any, get: Get) -> Any:
    levels = [level_from(each, get) for each in listed(payload["levels"], get)]
    codes = [copy_of(each, get) for each in listed(payload["codes"], get, len(levels))]
    if any(each.ndim != 1 or each.dtype.kind != "i" for each in codes):
        raise get.fail("an index has codes that are not integers")
    if any(type(each) is pd.MultiIndex for each in levels):
        raise get.fail("an index has levels that have levels")
    names = [get.value(name) for name in listed(payload["names"], get, len(levels))]
    order = payload["sortorder"]
    return pd.MultiIndex(
        levels,
        codes,
        sortorder=None if order is None else whole(order, 0, len(levels), get),
        names=names,
    )


CODECS = (
    Codec("pandas.DataFrame", (pd.DataFrame,), _frame, _read_frame),
    Codec("pandas.Series", (pd.Series,), _series, _read_series),
    Codec("pandas.CategoricalDtype", (pd.CategoricalDtype,), _category_type, _read_category_type),
    *columns.CODECS,
    *(Codec(f"pandas.{name}", (kind,), _index, _read_index(kind)) for name, kind in _KINDS.items()),
    Codec("pandas.RangeIndex", (pd.RangeIndex,), _range, _read_range),
    Codec("pandas.MultiIndex", (pd.MultiIndex,), _levels, _read_levels),
    *pandas_scalars.CODECS,
)
