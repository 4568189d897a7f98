"""Export of all tables of a notebook into one file: DataFrames and databases."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..bundle import CHUNK
from ..bundle.manifest import Skipped
from ..errors import ExportError, LitestateError
from ..files.survey_items import Survey
from ..report import Line, Section
from ..sqlite import NotADatabaseError
from .data_frames import FrameTable, frames_in
from .excel_writer import check_shape, check_table, import_openpyxl, write_workbook
from .source import Rows, Table, open_tables
from .text_writers import file_names, names_for, write_csv

FORMATS = ("csv", "xlsx")
"""A ZIP archive with a CSV file for each table, or an Excel workbook with a sheet for each."""

_ERRORS = (LitestateError, NotADatabaseError, sqlite3.Error)


@dataclass(frozen=True)
class Source:
    """A DataFrame or a database.

    Attributes
    ----------
    label : str
        Name of the variable, or path of the file as users write it.
    content : pandas.DataFrame, Path or sqlite3.Connection
        The DataFrame, the file, or the open database in memory.
    is_frame : bool
        Whether it is a DataFrame.
    """

    label: str
    content: Any
    is_frame: bool = False


def sources_in(found: Survey, names: Mapping[str, Any]) -> list[Source]:
    """Return the DataFrames, the databases in memory and the database files of a state."""
    frames = [Source(name, frame, True) for name, frame in frames_in(names).items()]
    connections = [
        Source(name, value)
        for name, value in names.items()
        if type(value) is sqlite3.Connection and not name.startswith("_") and _is_in_memory(value)
    ]
    return frames + connections + [Source(it.label, it.path) for it in found.of("database")]


def _is_in_memory(connection: sqlite3.Connection) -> bool:
    try:
        cursor = connection.cursor()
        cursor.row_factory = None
        rows = cursor.execute(
            "SELECT file FROM pragma_database_list WHERE name = 'main'"
        ).fetchall()
    except sqlite3.Error:
        # It is closed, or belongs to another thread.
        return False
    return not rows[0][0]


def write_tables(sources: Sequence[Source], file: IO[bytes], form: str) -> Section:
    """Write all tables of some sources into one file.

    A source or table that cannot be written does not stop the others.

    Parameters
    ----------
    sources : sequence of Source
        From `sources_in`.
    file : binary file
        Open for writing, empty, and able to seek.
    form : {"csv", "xlsx"}
        One of `FORMATS`.

    Returns
    -------
    Section
        A line for each table, and what was left out.

    Raises
    ------
    ExportError
        If there is no table that can be written.
    """
    section = Section("exported")
    with _opened(sources, section) as tables:
        (_write_archive if form == "csv" else _write_workbook)(tables, file, section)
    for each in tables:
        if isinstance(each.table, FrameTable):
            section.warnings += each.table.warnings()
    if not section.lines:
        reasons = "; ".join(f"{it.path}: {it.reason}" for it in section.skipped[:5])
        raise ExportError(f"There is no table to export. {reasons}".rstrip())
    return section


@dataclass(frozen=True)
class _Open:
    """A table that can be read now."""

    source: Source
    table: Rows
    connection: sqlite3.Connection

    @property
    def label(self) -> str:
        source = self.source
        return source.label if source.is_frame else f"{self.table.name} of {source.label}"


@contextmanager
def _opened(sources: Iterable[Source], section: Section) -> Iterator[list[_Open]]:
    found: list[_Open] = []
    with ExitStack() as stack:
        nothing = stack.enter_context(closing(sqlite3.connect(":memory:")))
        for source in sources:
            try:
                if source.is_frame:
                    found.append(_Open(source, FrameTable(source.label, source.content), nothing))
                    continue
                connection, tables = stack.enter_context(
                    open_tables(source.content, None, None, None)
                )
                found += [_Open(source, table, connection) for table in tables]
            except _ERRORS as error:
                _skip(section, source.label, error)
        yield found


def _skip(section: Section, label: str, error: Exception) -> None:
    reason = str(error).replace(" Nothing was written.", "").replace("Nothing was written: ", "")
    section.skipped.append(Skipped(label, reason.rstrip(".")))


def _write_archive(tables: Sequence[_Open], file: IO[bytes], section: Section) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="litestate-") as folder,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        path = Path(folder, "table.csv")
        for each, name in zip(tables, _members(tables), strict=True):
            try:
                written = write_csv(each.connection, [each.table], path, escape=True)
            except _ERRORS as error:
                _skip(section, each.label, error)
                continue
            archive.write(path, name)
            size, rows = path.stat().st_size, written.rows[each.table.name]
            section.lines.append(Line(name, "file", size, detail=_rows_text(rows)))
            section.warnings += written.warnings


def _members(tables: Sequence[_Open]) -> list[str]:
    """Return the names in the archive: a database is a folder."""
    frames = names_for((it.table.name for it in tables if it.source.is_frame), ".csv")
    labels = {it.source.label for it in tables if not it.source.is_frame}
    folders = names_for(sorted(_short(label, labels) for label in labels))
    inner = {
        label: file_names(it.table for it in tables if it.source.label == label) for label in labels
    }

    def member(each: _Open) -> str:
        if each.source.is_frame:
            return frames[each.table.name]
        label = each.source.label
        return f"{folders[_short(label, labels)]}/{inner[label][each.table.name]}"

    return [member(each) for each in tables]


def _short(label: str, labels: Container[str]) -> str:
    """Leave out the home folder of a label, unless another one is the same without it."""
    short = label.removeprefix("~/")
    return label if short in labels else short


def _write_workbook(tables: Sequence[_Open], file: IO[bytes], section: Section) -> None:
    openpyxl = import_openpyxl()
    fitting: list[_Open] = []
    for each in tables:
        try:
            if isinstance(each.table, Table):
                check_table(each.connection, each.table)
            elif isinstance(each.table, FrameTable):
                check_shape(each.table, len(each.table))
        except _ERRORS as error:
            _skip(section, each.label, error)
        else:
            fitting.append(each)
    if not fitting:
        return
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        path = Path(folder, "tables.xlsx")
        named = dict(zip(_sheets(fitting), fitting, strict=True))
        written = write_workbook(
            openpyxl, {name: (it.connection, it.table) for name, it in named.items()}, path
        )
        section.lines += [
            Line(name, "file", 0, detail=_rows_text(rows)) for name, rows in written.rows.items()
        ]
        section.warnings += written.warnings
        with path.open("rb") as source:
            shutil.copyfileobj(source, file, CHUNK)


def _sheets(tables: Sequence[_Open]) -> list[str]:
    """Return a name for each sheet: that of the table, unless another one has it, too."""
    count = Counter(it.table.name for it in tables)
    labels = {it.source.label for it in tables}
    names: list[str] = []
    for each in tables:
        is_alone = each.source.is_frame or count[each.table.name] == 1
        name = each.table.name
        if not is_alone:
            name = f"{_short(each.source.label, labels)}.{name}"
        names.append(f"{name} ({len(names)})" if name in names else name)
    return names


def _rows_text(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
