"""Frames and series of pandas in a graph.

What pandas holds as one array of several columns stands there as one, too.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from . import columns, indexes, moments
from .buffers import InTable, bounded, column_of, compact, is_shared, store
from .checking import flag, guarded, listed, whole
from .codecs import Codec, Get, Put
from .columns import column, column_from, index_from
from .untyped import pandas as pd

_Array = np.ndarray[Any, Any]
_INT32_MAX = 2**31 - 1
_MANY = 8
"""From so many blocks of one type on, they are stored as one: each would be a file."""


def _common(obj: Any, put: Put) -> dict[str, Any]:
    """Return what frames and series have in common."""
    own = [name for name in vars(obj) if not name.startswith("_") and name not in obj._accessors]
    if own:
        put.approximate(f"attributes that were set on it are not kept: {', '.join(sorted(own))}")
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
    """Return the places and the values of what pandas holds together."""
    blocks = [(block.mgr_locs.as_array.tolist(), block.values) for block in frame._mgr.blocks]
    by_type: dict[Any, list[tuple[list[int], Any]]] = {}
    for block in blocks:
        if type(block[1]) is np.ndarray and block[1].dtype != object:
            by_type.setdefault(block[1].dtype, []).append(block)
    joined = {dtype: some for dtype, some in by_type.items() if len(some) >= _MANY}
    kept = [
        block
        for block in blocks
        if type(block[1]) is not np.ndarray or block[1].dtype not in joined
    ]
    for some in joined.values():
        places = [place for where, _ in some for place in where]
        kept.append((places, np.concatenate([values for _, values in some])))
    return kept


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
            raise get.fail("a column has one place")
        return places, values
    array = column_of(content, get) if is_shared(content, get) else bounded(content, get)
    if kind != "block" or array.ndim != 2 or len(array) != len(places):
        raise get.fail("a block has a place for each of its columns")
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
        # Only in a series pandas leaves objects as they are.
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


CODECS = (
    Codec("pandas.DataFrame", (pd.DataFrame,), _frame, _read_frame),
    Codec("pandas.Series", (pd.Series,), _series, _read_series),
    Codec("pandas.CategoricalDtype", (pd.CategoricalDtype,), _category_type, _read_category_type),
    *columns.CODECS,
    *indexes.CODECS,
    *moments.CODECS,
)
