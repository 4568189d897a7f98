"""Rows of a CSV file, each with the number of its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import ImportTableError
from .layout import Layout
from .records import is_blank, records

Row = list[Any]

_FIELD = r'(?:"((?:[^"]|"")*)"|([^"{d}\r\n][^{d}\r\n]*|))({d}|\r\n|\n|\r|\Z)'
"""One field and what ends it; ``{d}`` is the delimiter."""


def csv_rows(path: Path, layout: Layout, delimiter: str) -> Iterator[tuple[int, Row]]:
    """Yield the number and the values of each row.

    Raises
    ------
    ImportTableError
        If a quote is not where it can be, or the file is not text in its encoding.
    """
    columns = 0
    for number, record in records(path, layout):
        # In a file with one column a blank line is a row that is NULL.
        if is_blank(record) and columns != 1:
            continue
        row = fields(record, delimiter)
        if row is None:
            raise ImportTableError(
                f'Row {number}: a quote (") is not where it can be: a field with quotes in it '
                "must stand in quotes, each of them doubled. The database is as it was."
            )
        if not columns:
            columns = len(row)
        elif len(row) == columns + 1 and row[-1] is None:
            # Some programs end each row, but not the header, with a delimiter.
            row.pop()
        yield number, row


def fields(record: str, delimiter: str) -> Row | None:
    """Return the values of a record; None if a quote is not where it can be.

    What is quoted is text, also if it is empty; an empty field is None.

    Examples
    --------
    >>> fields('1;"a;b";', ";")
    ['1', 'a;b', None]
    """
    if '"' not in record:
        return [value or None for value in record.rstrip("\r\n").split(delimiter)]
    pattern = _pattern(delimiter)
    found: Row = []
    position = 0
    while True:
        match = pattern.match(record, position)
        if match is None or (match[3] != delimiter and match.end() < len(record)):
            return None
        inside, plain, end = match.groups()
        found.append(inside.replace('""', '"') if inside is not None else plain or None)
        position = match.end()
        if position == len(record) and end != delimiter:
            return found


@lru_cache(maxsize=16)
def _pattern(delimiter: str) -> re.Pattern[str]:
    return re.compile(_FIELD.replace("{d}", re.escape(delimiter)))
