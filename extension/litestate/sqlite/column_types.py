"""Names, declared types and dates of columns in SQLite."""

from __future__ import annotations

import re
from datetime import date, datetime

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL.

    Examples
    --------
    >>> print(quoted("two words"))
    "two words"
    """
    return '"' + name.replace('"', '""') + '"'


def is_dated(declared: str) -> bool:
    """Tell whether a declared type is one of dates or times.

    Examples
    --------
    >>> is_dated("TIMESTAMP WITH TIME ZONE"), is_dated("DATETIME(6)"), is_dated("UPDATE")
    (True, True, False)
    """
    return _first_word(declared) in ("DATE", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ")


def is_boolean(declared: str) -> bool:
    """Tell whether a declared type is that of true and false."""
    return _first_word(declared) in ("BOOL", "BOOLEAN")


def _first_word(declared: str) -> str:
    return (declared.upper().split("(")[0].split() or [""])[0]


def parse_date(text: str) -> date | datetime | None:
    """Return the date, or the date and time, that a text stands for; None for any other text.

    It reads ISO 8601 as SQLite and Python write it, down to microseconds.

    Examples
    --------
    >>> parse_date("2026-01-02"), parse_date("2026-02-30"), parse_date("20260102")
    (datetime.date(2026, 1, 2), None, None)
    >>> parse_date("2026-01-02 10:11:12.500000")
    datetime.datetime(2026, 1, 2, 10, 11, 12, 500000)
    """
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text) if _TIME.match(text) else None
    except ValueError:
        return None


def affinity(declared: str) -> str:
    """Return the affinity of a declared type (https://www.sqlite.org/datatype3.html, 3.1)."""
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
