"""The file of an import: its rows, read as often as needed, and its columns."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ImportTableError
from . import delimiters
from .column_values import Column
from .delimited_reader import Layout, Row, csv_rows
from .excel_reader import excel_rows


@dataclass(frozen=True)
class Source:
    """A file and the way to read it.

    Attributes
    ----------
    rows : callable
        Reads the file, and yields the number of each row, from 1, and its values: first the header,
        then the data. An empty value is None.
    notes : list of str
        Notes for the report about the way it is read.
    advice : callable
        Returns advice for a row whose length is not that of the header.
    is_sheet : bool
        Whether it is an Excel sheet, where empty cells at the end of a row are not stored.
    """

    rows: Callable[[], Iterator[tuple[int, Row]]]
    notes: list[str] = field(default_factory=list)
    advice: Callable[[], str] = str
    is_sheet: bool = False

    def data(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows below the header."""
        return itertools.islice(self.rows(), 1, None)


def source_of(path: Path, sheet: str | None, layout: Layout) -> Source:
    """Return the source for a file, by its suffix.

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
                f"{path.name} is an Excel file; delimiter= and encoding= are for CSV files. Leave "
                "them out."
            )
        return Source(lambda: excel_rows(path, sheet, layout.skip), is_sheet=True)
    if sheet is not None:
        raise ImportTableError(f"{path.name} is not an Excel file. Leave out sheet=.")
    raise ImportTableError(f"{path.name} is neither .csv nor .xlsx. Save it as one of these.")


def read_columns(path: Path, source: Source, decimal: str) -> tuple[dict[str, Column], list[str]]:
    """Read the whole file to find its columns; read it twice if their types require it.

    Returns
    -------
    (columns, warnings)
        The columns by name, and warnings for the report.

    Raises
    ------
    ImportTableError
        If it has no header, or if a row has another length.
    """
    reading = source.rows()
    first, header = next(reading, (0, []))
    if not header:
        raise ImportTableError(f"{path.name} is empty: its first row must name the columns.")
    try:
        columns = {name: Column(decimal) for name in _column_names(header)}
    except ValueError as error:
        raise ImportTableError(f"{path.name}: {error}. Rename one of them.") from None
    number, count = first, 0
    for number, row in reading:
        count += 1
        if len(row) > len(columns) or (len(row) < len(columns) and not source.is_sheet):
            raise ImportTableError(
                f"{path.name}, row {number}: it has {len(row)} values and the header has "
                f"{len(columns)}.{source.advice()} Nothing was imported."
            )
        for column, value in zip(columns.values(), row, strict=False):
            column.see(value)
    unsure = [(at, column) for at, column in enumerate(columns.values()) if column.is_unsure]
    for _, row in source.data() if unsure else ():
        for at, column in unsure:
            column.compare(row[at] if at < len(row) else None)
    warnings = list(source.notes)
    if source.is_sheet and (empty := number - first - count):
        rows = "1 empty row" if empty == 1 else f"{empty:,} empty rows"
        verb = "was" if empty == 1 else "were"
        warnings.append(f"{rows} of the sheet {verb} left out.")
    return columns, warnings


def _column_names(names: Iterable[Any]) -> list[str]:
    """Return the names of the columns; a column without a name gets its number.

    Raises
    ------
    ValueError
        If two are the same.
    """
    found: dict[str, str] = {}
    for position, name in enumerate(names, 1):
        text = str(name).strip() if name is not None else ""
        text = text or f"column_{position}"
        if text.lower() in found:
            raise ValueError(f"two columns are called {text!r}")
        found[text.lower()] = text
    return list(found.values())
