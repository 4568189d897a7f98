"""Rows of a CSV file, each with the number of its line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ImportTableError

Row = list[Any]

_FIELD = r'(?:"((?:[^"]|"")*)"|([^"{d}\r\n][^{d}\r\n]*|))({d}|\r\n|\n|\r|\Z)'
"""One field and what ends it; ``{d}`` is the delimiter."""

_DELIMITERS = (",", ";", "\t")
_TOLD = re.compile(r"sep=([,;\t])\s*\Z")
"""A first line that tells Excel the delimiter."""


def csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the number and the values of each row.

    Raises
    ------
    ImportTableError
        If a quote is not where it can be, or the file is not UTF-8 (or UTF-16 with its mark).
    """
    pattern, delimiter, is_one_column = None, "", False
    for number, record in _records(path):
        if not record.strip("\r\n") and not is_one_column:
            continue
        if number == 1 and (told := _TOLD.match(record)):
            delimiter = told[1]
            continue
        is_header = pattern is None
        if is_header and "\0" in record:
            # UTF-16 without a mark reads as UTF-8 that is full of them.
            raise _not_utf8(path, number - 1)
        pattern = pattern or _pattern(record, delimiter)
        row = _fields(record, pattern, number)
        if is_header:
            # In such a file a blank line is a row that is NULL.
            is_one_column = len(row) == 1
        yield number, row


def _records(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line of each record, and its text."""
    with path.open(encoding=_encoding(path), newline="") as file:
        lines: list[str] = []
        number, start, is_open = 0, 1, False
        try:
            for line in file:
                number += 1
                lines.append(line)
                is_open ^= bool(line.count('"') % 2)
                if is_open:
                    # A line break inside of quotes: the record goes on.
                    continue
                yield start, "".join(lines)
                lines, start = [], number + 1
        except UnicodeError:
            raise _not_utf8(path, number) from None
    if lines:
        raise ImportTableError(
            f'{path.name}, row {start}: a quote (") is opened and never closed. The database is '
            "as it was."
        )


def _encoding(path: Path) -> str:
    """Return UTF-16 if the file says so, as what Excel calls Unicode text does."""
    with path.open("rb") as file:
        mark = file.read(2)
    return "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _not_utf8(path: Path, rows: int) -> ImportTableError:
    return ImportTableError(
        f"{path.name} is not UTF-8 text (after row {rows}). Save it as CSV UTF-8. "
        "The database is as it was."
    )


def _pattern(header: str, told: str) -> re.Pattern[str]:
    unquoted = re.sub(r'"[^"]*"', "", header)
    delimiter = told or max(_DELIMITERS, key=unquoted.count)
    return re.compile(_FIELD.replace("{d}", delimiter))


def _fields(record: str, pattern: re.Pattern[str], number: int) -> Row:
    fields: Row = []
    position = 0
    while True:
        match = pattern.match(record, position)
        if match is None or (match[3].strip("\r\n") == "" and match.end() < len(record)):
            raise ImportTableError(
                f'Row {number}: a quote (") is not where it can be: a field with quotes in it '
                "must stand in quotes, each of them doubled. The database is as it was."
            )
        inside, plain, end = match.groups()
        # What is quoted is text, also if it is empty; an empty field is NULL.
        fields.append(inside.replace('""', '"') if inside is not None else plain or None)
        position = match.end()
        if position == len(record) and end not in _DELIMITERS:
            return fields
