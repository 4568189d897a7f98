"""Indexes of pandas in a graph."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .buffers import InTable, compact, copy_of, store
from .checking import guarded, listed, whole
from .codecs import Codec, Get, OpaqueError, Put
from .columns import column, column_from, level, level_from
from .frequencies import offset_from, offset_text
from .untyped import pandas as pd

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
        raise get.fail("an index has codes that are none")
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
    *(Codec(f"pandas.{name}", (kind,), _index, _read_index(kind)) for name, kind in _KINDS.items()),
    Codec("pandas.RangeIndex", (pd.RangeIndex,), _range, _read_range),
    Codec("pandas.MultiIndex", (pd.MultiIndex,), _levels, _read_levels),
)
