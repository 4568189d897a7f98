"""Strict comparison of arrays and data frames: memory, order, flags, missing values, indexes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Compare = Callable[[Any, Any, Any, Any], None]


def how(kind: type) -> Compare | None:
    """Return the comparison for a type, without loading pandas for arrays."""
    return (_numpy if kind.__module__.startswith("numpy") else _pandas)(kind)


def _numpy(kind: type) -> Compare | None:
    if kind is np.ma.MaskedArray:
        return _masked
    if issubclass(kind, np.dtype):
        return _dtype
    return {np.ndarray: _array, np.generic: _scalar}.get(kind)


def _dtype(each: Any, one: Any, other: Any, path: Any) -> None:
    same = (
        one == other and repr(one) == repr(other) and one.isalignedstruct == other.isalignedstruct
    )
    each.must(same, path, f"{other!r} for {one!r}")
    each.later(*(dict(dtype.metadata or {}) for dtype in (one, other)), path, ".metadata")


def _scalar(each: Any, one: Any, other: Any, path: Any) -> None:
    each.later(one.dtype, other.dtype, path, ".dtype")
    if one.dtype.hasobject:
        each.later(one.tolist(), other.tolist(), path)
    else:
        each.must(one.tobytes() == other.tobytes(), path, f"{other!r} for {one!r}")


def _array(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("shape", "dtype"), one, other, path)
    each.later(one.flags.writeable, other.flags.writeable, path, ".flags.writeable")
    # Arrays in neither order may be restored in another order.
    if one.size > 1 and one.flags.forc:
        each.all(("strides",), one, other, path)
    if one.dtype.hasobject or one.dtype.kind == "T":
        each.later(np.asarray(one).tolist(), np.asarray(other).tolist(), path, "<items>")
    else:
        each.must(one.tobytes() == other.tobytes(), path, "other content")
    each.later(getattr(one, "__dict__", None), getattr(other, "__dict__", None), path, ".__dict__")


def _masked(each: Any, one: Any, other: Any, path: Any) -> None:
    each.later(one.data, other.data, path, ".data")
    each.all(("hardmask", "fill_value"), one, other, path)
    each.later(*(np.ma.getmaskarray(array) for array in (one, other)), path, ".mask")
    each.must((one.mask is np.ma.nomask) == (other.mask is np.ma.nomask), path, "nomask")


def _pandas(kind: type) -> Compare | None:
    import pandas as pd

    compare: dict[type, Compare] = {
        pd.DataFrame: _frame,
        pd.Series: _series,
        pd.MultiIndex: _multi_index,
        pd.RangeIndex: _range_index,
        pd.Index: _index,
        pd.Categorical: _categorical,
        pd.api.extensions.ExtensionArray: _extension,
        pd.api.extensions.ExtensionDtype: _extension_dtype,
    }
    return compare.get(kind)


def _frame(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("columns", "index"), one, other, path)
    _labelled(each, one, other, path)
    each.must(one.shape == other.shape, path, f"{other.shape} for {one.shape}")
    for number in range(one.shape[1]):
        mine, its = (frame.iloc[:, number].array for frame in (one, other))
        each.later(mine, its, path, f".iloc[:, {number}]")


def _series(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("index", "name", "array"), one, other, path)
    _labelled(each, one, other, path)


def _labelled(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("attrs",), one, other, path)
    each.later(
        *(labelled.flags.allows_duplicate_labels for labelled in (one, other)), path, ".flags"
    )


def _index(each: Any, one: Any, other: Any, path: Any) -> None:
    each.later([*one.names], [*other.names], path, ".names")
    each.later(one.array, other.array, path, ".array")
    each.later(getattr(one, "freq", None), getattr(other, "freq", None), path, ".freq")


def _range_index(each: Any, one: Any, other: Any, path: Any) -> None:
    each.later([*one.names], [*other.names], path, ".names")
    each.all(("start", "stop", "step"), one, other, path)


def _multi_index(each: Any, one: Any, other: Any, path: Any) -> None:
    for name in ("names", "levels", "codes"):
        each.later([*getattr(one, name)], [*getattr(other, name)], path, f".{name}")


def _categorical(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("codes", "categories", "ordered"), one, other, path)


def _extension_dtype(each: Any, one: Any, other: Any, path: Any) -> None:
    each.must(one == other and repr(one) == repr(other), path, f"{other!r} for {one!r}")


def _extension(each: Any, one: Any, other: Any, path: Any) -> None:
    each.all(("dtype",), one, other, path)
    for name in ("_data", "_mask"):
        # The data behind a missing value is undefined.
        kinds = [type(getattr(array, name, None)) for array in (one, other)]
        each.must(kinds[0] is kinds[1], path, f"{name} of {kinds[1]} for {kinds[0]}")
    each.later([*one], [*other], path, "<items>")
