"""Files that are read row by row, as often as needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from ..errors import ImportTableError
from .delimited import csv_rows
from .excel import excel_rows

Row = list[Any]


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
        return lambda: csv_rows(path)
    if suffix in (".xlsx", ".xlsm"):
        return lambda: excel_rows(path, sheet)
    if sheet is not None:
        raise ImportTableError(f"sheet= is for Excel files; {path.name} is none.")
    raise ImportTableError(f"{path.name} is neither .csv nor .xlsx; save it as one of these.")
