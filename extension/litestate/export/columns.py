"""What a column holds: by its declared type, and by its values."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from .source import Table, quoted

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)

_AT_ONCE = 100
"""Columns to ask about in one query; SQLite gives at most 2,000 results (SQLITE_MAX_COLUMN)."""


def is_dated(declared: str) -> bool:
    """Tell whether a declared type says that the values are dates or times.

    Examples
    --------
    >>> is_dated("TIMESTAMP WITH TIME ZONE"), is_dated("DATETIME(6)"), is_dated("UPDATE")
    (True, True, False)
    """
    return _first_word(declared) in ("DATE", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ")


def is_boolean(declared: str) -> bool:
    """Tell whether a declared type says that the values are true or false."""
    return _first_word(declared) in ("BOOL", "BOOLEAN")


def _first_word(declared: str) -> str:
    return (declared.upper().split("(")[0].split() or [""])[0]


def parse(text: str) -> date | datetime | None:
    """Return the date, or the date and time, that a text is; None for any other text.

    Only ISO 8601 as SQLite and Python write it, and nothing finer than microseconds.

    Examples
    --------
    >>> parse("2026-01-02"), parse("2026-02-30"), parse("20260102")
    (datetime.date(2026, 1, 2), None, None)
    >>> parse("2026-01-02 10:11:12.500000")
    datetime.datetime(2026, 1, 2, 10, 11, 12, 500000)
    """
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text) if _TIME.match(text) else None
    except ValueError:
        return None


def affinity(declared: str) -> str:
    """Return what SQLite makes of a declared type (https://www.sqlite.org/datatype3.html, 3.1)."""
    name = declared.upper()
    rules = (
        ("INTEGER", ("INT",)),
        ("TEXT", ("CHAR", "CLOB", "TEXT")),
        ("BLOB", ("BLOB",)),
        ("REAL", ("REAL", "FLOA", "DOUB")),
    )
    for found, parts in rules:
        if any(part in name for part in parts):
            return found
    return "NUMERIC" if name else "BLOB"


def facts(
    connection: sqlite3.Connection, table: Table, aggregates: Callable[[str], str]
) -> Iterator[tuple[Any, ...]]:
    """Yield what aggregate functions say of each column.

    Parameters
    ----------
    aggregates : callable
        Takes the name of a column as SQL, returns aggregates, with commas between them.

    Raises
    ------
    ExportError
        If SQLite cannot read the table.
    """
    for start in range(0, len(table.columns), _AT_ONCE):
        names = table.columns[start : start + _AT_ONCE]
        asked = ", ".join(aggregates(quoted(name)) for name in names)
        (row,) = table.read(connection, f"SELECT {asked} FROM {table.relation}")
        each = len(row) // len(names)
        yield from (row[at : at + each] for at in range(0, len(row), each))
