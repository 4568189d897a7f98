"""DataFrames of the notebook as tables.

Only values of types that are known are written, so that no code of the notebook runs.
"""

from __future__ import annotations

import datetime
import decimal
import json
import sqlite3
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import ExportError
from ..variables.namespace import user_names
from .source import Row

_PIECE = 10_000
"""Rows that are converted at a time."""

_PLAIN = (str, int, float, bool, bytes)

_TIMES = (datetime.date, datetime.time)

_AS_TEXT = (decimal.Decimal, uuid.UUID, datetime.timedelta)
"""Types of Python whose text has the whole value."""

_OF_PANDAS = ("Timedelta", "Period", "Interval")

_CONTAINERS = (list, dict, tuple)

# Bypasses attributes that a metaclass defines.
_NAME_OF = type.__dict__["__qualname__"].__get__


def frames_in(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that are DataFrames of pandas, by name."""
    kind = getattr(sys.modules.get("pandas"), "DataFrame", None)
    if not isinstance(kind, type):
        return {}
    return {name: names[name] for name in user_names(names) if issubclass(type(names[name]), kind)}


@dataclass
class FrameTable:
    """A DataFrame as a table; see `litestate.export.source.Rows`.

    Attributes
    ----------
    name : str
        Name of the variable.
    frame : pandas.DataFrame
        The DataFrame; the class raises an `ExportError` if it cannot be read.
    columns : tuple of str
        Names of the columns. The index is in front, unless it only counts the rows.
    types : tuple of str
        SQL types of the columns, as far as they matter: ``"TIMESTAMP"`` or empty.
    """

    name: str
    frame: Any
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    _series: list[Any] = field(default_factory=list)
    _left_out: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self._explaining():
            self._read_columns()

    def _read_columns(self) -> None:
        pandas: Any = sys.modules["pandas"]
        frame = self.frame if type(self.frame) is pandas.DataFrame else pandas.DataFrame(self.frame)
        index = frame.index
        counts = type(index) is pandas.RangeIndex and (index.start, index.step) == (0, 1)
        levels = [] if counts else [index.get_level_values(at) for at in range(index.nlevels)]
        labels = [level.name for level in levels]
        texts = ["index" if label is None else _label(label, "index") for label in labels]
        for at, label in enumerate(frame.columns, 1):
            texts.append(_label(label, f"column {at}"))
        self._series = [*levels, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
        self.columns = tuple(texts)
        self.types = tuple("TIMESTAMP" if each.dtype.kind == "M" else "" for each in self._series)

    def __len__(self) -> int:
        return len(self.frame)

    def rows(self, connection: sqlite3.Connection | None = None) -> Iterator[Row]:
        """Yield the rows, one at a time.

        Raises
        ------
        ExportError
            If a column cannot be read.
        """
        for start in range(0, len(self), _PIECE):
            with self._explaining():
                pieces = [
                    self._values(name, series[start : start + _PIECE])
                    for name, series in zip(self.columns, self._series, strict=True)
                ]
            yield from zip(*pieces, strict=True)

    def warnings(self) -> list[str]:
        """Return a sentence for each column with values that a table cannot hold."""
        return [
            f"{self.name}: {count:,} value{'s' * (count > 1)} of {column} cannot be in a table "
            f"({kind}). The cell{'s are' if count > 1 else ' is'} empty."
            for column, kinds in self._left_out.items()
            for kind, count in kinds.items()
        ]

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The arrays of a column can be of any library.
            raise ExportError(
                f"Nothing was written: the DataFrame {self.name} cannot be read "
                f"({type(error).__name__}). To export the others, choose them."
            ) from error

    def _values(self, column: str, series: Any) -> list[Any]:
        if series.dtype.kind == "f" and series.dtype.itemsize < 8:
            # As a 64-bit number, 0.1 of a shorter type has 17 digits.
            values = [float(str(value)) for value in series.to_numpy()]
        else:
            values = series.tolist()
        return [self._plain(column, value) for value in values]

    def _plain(self, column: str, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return None if value != value else value  # noqa: PLR0124 - only NaN differs from itself
        if value is None:
            return None
        found = _converted(value, kind)
        if found is NotImplemented:
            self._left_out.setdefault(column, Counter())[_NAME_OF(kind)[:100]] += 1
            return None
        return found


def _converted(value: Any, kind: type) -> Any:
    """Return a value as one that a table holds, or NotImplemented."""
    pandas: Any = sys.modules["pandas"]
    if value is pandas.NaT or value is pandas.NA:
        return None
    if kind is datetime.datetime or kind is pandas.Timestamp:
        return value.isoformat(" ")
    if kind in _TIMES:
        return value.isoformat()
    if kind in _AS_TEXT or any(kind is getattr(pandas, name) for name in _OF_PANDAS):
        return str(value)
    if kind is complex:
        return repr(value)
    if kind in _CONTAINERS:
        return _as_json(value)
    numpy: Any = sys.modules["numpy"]
    if issubclass(kind, numpy.generic) and kind.__module__ == "numpy":
        inner = value.item()
        return inner if type(inner) in _PLAIN else NotImplemented
    return NotImplemented


def _as_json(value: Any) -> Any:
    if not _is_plain(value, 0):
        return NotImplemented
    return json.dumps(value, ensure_ascii=False)


def _is_plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind in _CONTAINERS and depth < 20:
        inner = [*value, *value.values()] if kind is dict else value
        return all(_is_plain(each, depth + 1) for each in inner)
    return value is None or kind in (str, int, float, bool)


def _label(label: Any, otherwise: str) -> str:
    """Return the label of a column as text."""
    if type(label) is tuple:
        return " / ".join(filter(None, (_label(each, otherwise) for each in label)))
    if type(label) in _PLAIN[:4]:
        return str(label)
    text = _converted(label, type(label))
    return text if type(text) is str else otherwise
