"""Writer of Parquet: one table, with a type for each column, in row groups."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ExportError
from ..host.installed_modules import only_installed
from ..host.optional_packages import import_optional
from ..sqlite.column_types import affinity, is_boolean, is_dated, parse_date, quoted
from .source import Row, Table
from .target import Written

ROWS, BYTES = 65_536, 64 << 20
"""Limits of a row group: rows, and bytes of text and blobs. So much is in memory at once."""

_EXACT = 2**53
"""Above this, a double does not keep every whole number."""

_WORDS = {
    "integer": "whole numbers",
    "real": "numbers with a fraction",
    "text": "text",
    "blob": "blobs",
}
_BY_KIND = {"integer": "int64", "real": "float64", "text": "string", "blob": "binary"}
_KINDS = tuple(_BY_KIND)

_BY_AFFINITY = {
    "INTEGER": "int64",
    "REAL": "float64",
    "NUMERIC": "float64",
    "TEXT": "string",
    "BLOB": "binary",
}


@dataclass(frozen=True)
class _Column:
    """The form of one column in the file.

    Attributes
    ----------
    type : str
        Name of an Arrow type; ``timestamp+02:00`` and the like for times with that offset.
    convert : callable or None
        Turns a value that is not NULL into one of that type; raises ValueError if it cannot.
    warning : str
        How the column differs from its declared type; empty if it does not.
    """

    type: str
    convert: Callable[[Any], Any] | None = None
    warning: str = ""


def write_parquet(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write the only table.

    In SQLite every row may have its own type, so all values are read first. A column without a type
    that keeps all its values is written as text, with a warning.

    Raises
    ------
    ExportError
        If pyarrow is not installed, or the table cannot be read.
    """
    pa: Any = import_optional("pyarrow", "Parquet", ExportError, "Nothing was written.")
    with only_installed():
        from pyarrow import parquet
    (table,) = tables
    columns = _columns(connection, table)
    fields = zip(table.columns, columns, strict=True)
    schema = pa.schema([pa.field(name, _arrow(column.type)) for name, column in fields])
    # Every reader supports it.
    compression = "snappy" if pa.Codec.is_available("snappy") else "none"
    rows = 0
    with parquet.ParquetWriter(str(path), schema, compression=compression) as writer:
        for group in _groups(table.rows(connection)):
            writer.write_table(_arrow_table(table, columns, schema, group))
            rows += len(group)
    return Written({table.name: rows}, [column.warning for column in columns if column.warning])


def _arrow(name: str) -> Any:
    import pyarrow as pa

    if name.startswith("timestamp"):
        return pa.timestamp("us", tz=name.removeprefix("timestamp") or None)
    return pa.type_for_alias(name)


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(group) >= ROWS or size >= BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _arrow_table(table: Table, columns: list[_Column], schema: Any, group: list[Row]) -> Any:
    import pyarrow as pa

    arrays = []
    for column, field, values in zip(columns, schema, zip(*group, strict=True), strict=True):
        try:
            arrays.append(pa.array(_converted(values, column.convert), type=field.type))
        except (ValueError, TypeError, OverflowError) as error:
            raise ExportError(
                f"Nothing was written: {table.name}, column {field.name}, was read twice and held "
                f"other values the second time ({error}). Does the query use random()?"
            ) from error
    return pa.table(arrays, schema=schema)


def _converted(values: tuple[Any, ...], convert: Callable[[Any], Any] | None) -> Any:
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


@dataclass(frozen=True)
class _Found:
    """The types and the range of the values of one column.

    Attributes
    ----------
    name, declared : str
        Its name and declared type.
    counts : dict of str to int
        The number of values of each type of SQLite, without NULL and without zeros.
    least, most : int or None
        The smallest and the largest whole number.
    """

    name: str
    declared: str
    counts: dict[str, int]
    least: int | None
    most: int | None

    def is_within(self, least: int, most: int) -> bool:
        """Tell whether all whole numbers are in a range."""
        return self.least is None or self.most is None or least <= self.least <= self.most <= most


def _columns(connection: sqlite3.Connection, table: Table) -> list[_Column]:
    columns = []
    described = zip(
        table.columns, table.types, table.aggregates(connection, _aggregates), strict=True
    )
    for name, declared, (*counted, least, most) in described:
        counts = {kind: count for kind, count in zip(_KINDS, counted, strict=True) if count}
        found = _Found(name, declared, counts, least, most)
        columns.append(_as_declared(connection, table, found) or _as_stored(table, found))
    return columns


def _aggregates(column: str) -> str:
    counts = [f"count(CASE WHEN typeof({column}) = '{kind}' THEN 1 END)" for kind in _KINDS]
    whole = f"CASE WHEN typeof({column}) = 'integer' THEN {column} END"
    return ", ".join((*counts, f"min({whole})", f"max({whole})"))


def _as_declared(connection: sqlite3.Connection, table: Table, found: _Found) -> _Column | None:
    """Return a column of dates, times or booleans; None if its values are of another kind."""
    kinds = set(found.counts)
    if is_boolean(found.declared):
        return _Column("bool", _bit) if kinds <= {"integer"} and found.is_within(0, 1) else None
    if not is_dated(found.declared) or not kinds <= {"text"}:
        return None
    if not kinds:
        return _Column("timestamp" if "TIME" in found.declared else "date32", _date)
    column = quoted(found.name)
    values = table.read(
        connection, f"SELECT {column} FROM {table.relation} WHERE {column} IS NOT NULL"
    )
    kind = _kind_of_dates(text for (text,) in values)
    return _Column(kind, _date) if kind else None


def _kind_of_dates(texts: Iterator[str]) -> str | None:
    """Return the common type of all dates; None if they have none."""
    kind = None
    for text in texts:
        this = _kind_of_date(text)
        if this is None or (kind and this != kind):
            return None
        kind = this
    return kind


def _kind_of_date(text: str) -> str | None:
    found = parse_date(text)
    if found is None:
        return None
    if not isinstance(found, datetime):
        return "date32"
    if found.tzinfo is None:
        return "timestamp"
    # Arrow keeps one offset for a whole column.
    offset = found.isoformat()[-len("+00:00") :]
    return "timestampUTC" if not found.utcoffset() else f"timestamp{offset}"


def _as_stored(table: Table, found: _Found) -> _Column:
    """Return a column of the type that the values have in SQLite."""
    kinds = set(found.counts)
    if not kinds:
        return _Column(_BY_AFFINITY[affinity(found.declared)] if found.declared else "string")
    label = f"{table.name}, column {found.name},"
    if kinds == {"integer", "real"} and found.is_within(-_EXACT, _EXACT):
        kinds = {"real"}
    if len(kinds) > 1:
        return _Column("string", _text, f"{label} {_mixed(found.counts)}")
    (kind,) = kinds
    warning = ""
    if is_dated(found.declared) or is_boolean(found.declared):
        what = "0 or 1" if is_boolean(found.declared) else "an ISO date or time of the same kind"
        warning = (
            f"{label} is declared {found.declared}, and not every value is {what}. "
            f"In the file it is a column of {_WORDS[kind]}, with all values unchanged."
        )
    return _Column(_BY_KIND[kind], None, warning)


def _mixed(counts: dict[str, int]) -> str:
    what = ", ".join(f"{_WORDS[kind]} ({count:,})" for kind, count in counts.items())
    blobs = ", blobs in base64" if "blob" in counts else ""
    return (
        f"holds {what}, and Parquet has one type for a column. "
        f"In the file, all values are text{blobs}."
    )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str) else repr(value)


def _date(value: Any) -> Any:
    if (found := parse_date(value)) is None:
        raise ValueError(f"{value!r} is not a date")
    return found


def _bit(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{value!r} is neither 0 nor 1")
    return bool(value)
