"""Files that are read row by row, as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..errors import ImportTableError
from . import delimiters
from .delimited import csv_rows
from .excel import excel_rows
from .layout import Layout

Row = list[Any]


class Rows(Protocol):
    """A file that can be read more than once."""

    def __call__(self) -> Iterator[tuple[int, Row]]:
        """Yield the number of each row, from 1, and its values; None where there is none."""


@dataclass(frozen=True)
class Source:
    """A file, and how it is read.

    Attributes
    ----------
    rows : Rows
        The header, then the data.
    notes : list of str
        What to report about the way it is read.
    advice : callable
        Returns what to do if a row has another length than the header.
    is_sheet : bool
        Whether it is an Excel sheet, where empty cells at the end of a row are not stored.
    """

    rows: Rows
    notes: list[str] = field(default_factory=list)
    advice: Callable[[], str] = str
    is_sheet: bool = False


def source_of(path: Path, sheet: str | None, layout: Layout) -> Source:
    """Return a file by its suffix.

    Raises
    ------
    ImportTableError
        If the format is not known, or does not fit the arguments.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt") and sheet is None:
        choice = delimiters.choose(path, layout)
        return Source(
            lambda: csv_rows(path, layout, choice.delimiter),
            choice.notes,
            lambda: delimiters.advice(path, layout, choice.delimiter),
        )
    if suffix in (".xlsx", ".xlsm"):
        if layout.delimiter or layout.encoding:
            raise ImportTableError(
                f"delimiter= and encoding= are for CSV files; {path.name} is none."
            )
        return Source(lambda: excel_rows(path, sheet, layout.skip), is_sheet=True)
    if sheet is not None:
        raise ImportTableError(f"sheet= is for Excel files; {path.name} is none.")
    raise ImportTableError(f"{path.name} is neither .csv nor .xlsx; save it as one of these.")
