"""Rows of a CSV file: its encoding, its lines, and the fields of each row."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import ImportTableError

Row = list[Any]

_DELIMITER_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*\Z', re.IGNORECASE)
"""A first line that names the delimiter for Excel."""

_FIELD = r'(?:"((?:[^"]|"")*)"|([^"{d}\r\n][^{d}\r\n]*|))({d}|\r\n|\n|\r|\Z)'
"""One field and what ends it; ``{d}`` is the delimiter."""


@dataclass(frozen=True)
class Layout:
    """The form of a table in a file; None where the file itself has to show it.

    Attributes
    ----------
    delimiter : str or None
        One character between two values.
    encoding : str or None
        A codec of Python.
    skip : int
        Lines, or rows of a sheet, above the one that names the columns.

    Raises
    ------
    ImportTableError
        If a value is not possible.
    """

    delimiter: str | None = None
    encoding: str | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or self.delimiter.isalnum() or self.delimiter in '"\r\n'
        ):
            raise ImportTableError(
                f"delimiter={self.delimiter!r} cannot separate columns. Give one character that "
                'is not a letter, digit, quote or line break, such as delimiter=";".'
            )
        if isinstance(self.skip, bool) or not isinstance(self.skip, int) or self.skip < 0:
            raise ImportTableError(f"skip={self.skip!r} is not a number of lines. Give 0 or more.")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ImportTableError(
                    f'Python has no encoding {self.encoding!r}. Examples: "utf-8", "cp1252".'
                ) from None


def csv_rows(path: Path, layout: Layout, delimiter: str) -> Iterator[tuple[int, Row]]:
    """Yield the number and the values of each row.

    Raises
    ------
    ImportTableError
        If a quote is in the wrong place, or the file is not text in its encoding.
    """
    columns = 0
    for number, record in records(path, layout):
        # In a file with one column, a blank line is a row with NULL.
        if is_blank(record) and columns != 1:
            continue
        row = fields(record, delimiter)
        if row is None:
            raise ImportTableError(
                f'Row {number}: a quote (") is in the wrong place. Put a field that contains '
                "quotes in quotes, and double each quote in it. Nothing was imported."
            )
        if not columns:
            columns = len(row)
        elif len(row) == columns + 1 and row[-1] is None:
            # Some programs end each row, but not the header, with a delimiter.
            row.pop()
        yield number, row


def fields(record: str, delimiter: str) -> Row | None:
    """Return the values of a record; None if a quote is in the wrong place.

    A quoted field is text, even if it is empty; an empty field is None.

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


def records(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line of each record, and its text with the line break.

    A record is a line, or several if a quoted value contains line breaks. The lines that the layout
    skips are left out, and so is a first line for Excel (``sep=;``).

    Raises
    ------
    ImportTableError
        If a quote is not closed, or the file is not text in the encoding.
    """
    for number, record in _records(path, layout):
        if number == layout.skip + 1 and _DELIMITER_LINE.match(record):
            continue
        yield number, record


def named_delimiter(path: Path, layout: Layout) -> str | None:
    """Return the delimiter that the first line names, such as Excel's ``sep=;``."""
    for _, record in _records(path, layout):
        found = _DELIMITER_LINE.match(record)
        return found[1] if found else None
    return None


def is_blank(record: str) -> bool:
    """Tell whether a record has only spaces."""
    return not record.strip(" \r\n")


def _records(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    encoding = layout.encoding or _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        lines: list[str] = []
        number, start, is_open = 0, layout.skip + 1, False
        try:
            for line in file:
                number += 1
                if number <= layout.skip:
                    continue
                if number == layout.skip + 1 and "\0" in line:
                    # UTF-16 without a byte order mark reads as UTF-8 that is full of NULs.
                    raise _wrong_encoding(path, layout, number - 1)
                lines.append(line)
                is_open ^= bool(line.count('"') % 2)
                if is_open:
                    # The line break is in quotes: the record continues.
                    continue
                yield start, "".join(lines)
                lines, start = [], number + 1
        except UnicodeError:
            raise _wrong_encoding(path, layout, number) from None
    if lines:
        raise ImportTableError(
            f'{path.name}, row {start}: a quote (") is opened and never closed. Nothing was '
            "imported."
        )


def _encoding(path: Path) -> str:
    """Return UTF-16 if the file begins with its mark, as Excel's Unicode text does; else UTF-8."""
    with path.open("rb") as file:
        mark = file.read(2)
    return "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _wrong_encoding(path: Path, layout: Layout, rows: int) -> ImportTableError:
    return ImportTableError(
        f"{path.name} is not {layout.encoding or 'UTF-8'} text (after row {rows}). Save it as CSV "
        'UTF-8, or name its encoding: encoding="cp1252" is what Excel writes as plain CSV in '
        "Western Europe and America. Nothing was imported."
    )


@lru_cache(maxsize=16)
def _pattern(delimiter: str) -> re.Pattern[str]:
    return re.compile(_FIELD.replace("{d}", re.escape(delimiter)))
