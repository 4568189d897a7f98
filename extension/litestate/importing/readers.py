"""Rows of CSV files and Excel sheets, one at a time, each with the number of its row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from ..errors import ImportTableError

Row = list[Any]

_FIELD = r'(?:"((?:[^"]|"")*)"|([^"{d}\r\n][^{d}\r\n]*|))({d}|\r\n|\n|\r|\Z)'
"""One field and what ends it; ``{d}`` is the delimiter."""

_SHOWS_TIME = re.compile(r"[hs]", re.IGNORECASE)
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9a-fA-F]{4})_")
"""A character that XML cannot hold (ST_Xstring); half of a surrogate pair is left as it is."""

_DELIMITERS = (",", ";", "\t")


class Rows(Protocol):
    """A file that can be read more than once."""

    def __call__(self) -> Iterator[tuple[int, Row]]:
        """Yield the number of each row, from 1, and its values; None where there is none."""


def rows_of(path: Path, sheet: str | None) -> Rows:
    """Return what reads a file, by its suffix.

    Raises
    ------
    ImportTableError
        If the format is not known.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt") and sheet is None:
        return lambda: _csv_rows(path)
    if suffix in (".xlsx", ".xlsm"):
        return lambda: _excel_rows(path, sheet)
    if sheet is not None:
        raise ImportTableError(f"sheet= is for Excel files; {path.name} is none.")
    raise ImportTableError(f"{path.name} is neither .csv nor .xlsx; save it as one of these.")


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines: list[str] = []
        number, start, pattern, is_open = 0, 1, None, False
        try:
            for line in file:
                number += 1
                lines.append(line)
                is_open ^= bool(line.count('"') % 2)
                if is_open:
                    # A line break inside of quotes: the record goes on.
                    continue
                record = "".join(lines)
                pattern = pattern or _pattern(record)
                if record.strip("\r\n"):
                    yield start, _fields(record, pattern, start)
                lines, start = [], number + 1
        except UnicodeDecodeError:
            raise ImportTableError(
                f"{path.name} is not UTF-8 text (after row {number}). Save it as CSV UTF-8. "
                "The database is as it was."
            ) from None
    if lines:
        raise ImportTableError(
            f'{path.name}, row {start}: a quote (") is opened and never closed. The database is '
            "as it was."
        )


def _pattern(header: str) -> re.Pattern[str]:
    unquoted = re.sub(r'"[^"]*"', "", header)
    delimiter = max(_DELIMITERS, key=unquoted.count)
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


def _excel_rows(path: Path, sheet: str | None) -> Iterator[tuple[int, Row]]:
    with _workbook(path) as book:
        names = [each.title for each in book.worksheets]
        if sheet is None and len(names) != 1:
            raise ImportTableError(
                f"Which sheet of {path.name}? Choose one with sheet=: {', '.join(names)}."
            )
        if sheet is not None and sheet not in names:
            raise ImportTableError(
                f"{path.name} has no sheet {sheet!r}. There are: {', '.join(names)}."
            )
        chosen = book[sheet or names[0]]
        # What other programs say of the size is often wrong.
        chosen.reset_dimensions()
        for number, row in enumerate(chosen.iter_rows(), 1):
            values = [_plain(cell) for cell in row]
            while values and values[-1] is None:
                values.pop()
            if values:
                yield number, values


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError:
        raise ImportTableError(
            "Excel files need the package openpyxl: pip install openpyxl."
        ) from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers do.
        raise ImportTableError(f"{path.name} cannot be read as an Excel file: {error}.") from error
    try:
        yield book
    finally:
        book.close()


def _plain(cell: Any) -> Any:
    value = cell.value
    if isinstance(value, str):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    if isinstance(value, datetime):
        # Excel itself has no dates, only moments and how they are shown.
        if not _SHOWS_TIME.search(cell.number_format):
            return value.date().isoformat()
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, time | timedelta):
        return str(value)
    return int(value) if isinstance(value, bool) else value
