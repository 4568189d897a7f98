"""Rows of an Excel sheet."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from ..errors import ImportTableError
from ..host.optional_packages import import_optional

_SHOWS_TIME = re.compile(r"[hs]", re.IGNORECASE)
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9a-fA-F]{4})_")
"""A character that XML cannot hold (ST_Xstring); half of a surrogate pair is left as it is."""

_FORMULA = re.compile(rb"<f[ >/]")


def excel_rows(path: Path, sheet: str | None, skip: int = 0) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number and the values of each row that is not empty.

    The value of a formula is its result. The first `skip` rows of the sheet are left out.

    Raises
    ------
    ImportTableError
        If openpyxl is not installed or cannot read the file, if there is no such sheet, or if a
        formula has no result: Excel stores it in the file, most other programs do not.
    """
    with _workbook(path) as book, _formulas(path) as formulas:
        names = [each.title for each in book.worksheets]
        if sheet is None and len(names) != 1:
            raise ImportTableError(
                f"Which sheet of {path.name}? Choose one with sheet=: {', '.join(names)}."
            )
        if sheet is not None and sheet not in names:
            raise ImportTableError(
                f"{path.name} has no sheet {sheet!r}. Its sheets are: {', '.join(names)}."
            )
        title = sheet or names[0]
        checked = None if formulas is None else _rows(formulas, title)
        for number, row in enumerate(_rows(book, title), 1):
            if number <= skip:
                if checked is not None:
                    next(checked)
                continue
            values = [_plain(cell) for cell in row]
            if checked is not None:
                _check_results(path, row, next(checked))
            while values and values[-1] is None:
                values.pop()
            if values:
                yield number, values


def _rows(book: Any, title: str) -> Iterator[Any]:
    sheet = book[title]
    # The size that other programs store is often wrong.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


def _check_results(path: Path, results: Any, formulas: Any) -> None:
    for result, cell in zip(results, formulas, strict=True):
        # An empty text as a result has the type of text.
        if cell.data_type == "f" and result.value is None and result.data_type == "n":
            raise ImportTableError(
                f"{path.name}, cell {cell.coordinate}: the formula {cell.value} has no result in "
                "the file. Open the file in Excel or LibreOffice and save it there. Nothing was "
                "imported."
            )


@contextmanager
def _formulas(path: Path) -> Iterator[Any]:
    """Yield the workbook with formulas instead of results; None if it has no formulas."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        has_formulas = any(
            _FORMULA.search(line) for name in names for line in _pieces(archive, name)
        )
    if not has_formulas:
        yield None
        return
    with _workbook(path, results=False) as book:
        yield book


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    end = b""
    with archive.open(name) as file:
        while piece := file.read(1 << 20):
            # A match may lie across two pieces.
            yield end + piece
            end = piece[-2:]


@contextmanager
def _workbook(path: Path, *, results: bool = True) -> Iterator[Any]:
    openpyxl: Any = import_optional("openpyxl", "Excel", ImportTableError, "Nothing was imported.")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=results)
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
        # Excel stores a date as a time at midnight; only the number format tells them apart.
        is_midnight = value.time() == time()
        if is_midnight and not _SHOWS_TIME.search(cell.number_format):
            return value.date().isoformat()
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, time | timedelta):
        return str(value)
    return int(value) if isinstance(value, bool) else value
