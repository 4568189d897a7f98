"""Export of tables in the formats of other programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import ExportError, NotABundleError
from ..files.survey import StrPath
from ..host import roots
from ..parts.databases import tables_text
from ..platform import IN_BROWSER
from ..report import Line, Report, Section, show
from ..state.missing_files import unsaved_notes
from ..state.save import link_to
from .excel_writer import write_excel
from .parquet_writer import write_parquet
from .source import AnyDatabase, Table, open_tables
from .target import Written, check_free, new_file, new_files
from .text_writers import file_names, write_csv, write_json, write_sql

_WRITERS: dict[str, Callable[[sqlite3.Connection, list[Table], Path], Written]] = {
    ".json": write_json,
    ".parquet": write_parquet,
    ".sql": write_sql,
    ".xlsx": write_excel,
}

_ONE_TABLE = {".csv": "CSV", ".parquet": "Parquet"}
"""Formats that hold one table in a file."""

_KNOWN = ".xlsx, .csv, .json, .parquet, .sql, or a folder for one CSV file for each table"


def export_tables(
    source: AnyDatabase,
    target: StrPath,
    *,
    tables: Sequence[str] | str | None = None,
    query: str | None = None,
    database: str | None = None,
    overwrite: bool = False,
    escape_formulas: bool = True,
) -> Report:
    """Write tables, or the result of a query, for Excel and other programs.

    The whole export is one consistent state of the database. The file exists when it is complete,
    or not at all.

    Parameters
    ----------
    source : path, sqlite3.Connection, or a bundle as a path, URL, bytes or binary file
        The database. A connection exports the state that it sees, with its uncommitted changes.
    target : path
        The file to write. Its suffix is the format: ``.xlsx`` (a sheet for each table), ``.csv``
        and ``.parquet`` (one table), ``.json``, ``.sql`` (the whole database). Without a suffix it
        is a folder with one CSV file for each table.
    tables : str or sequence of str, optional
        Tables and views to write; by default all tables.
    query : str, optional
        A ``SELECT`` whose result to write instead.
    database : str, optional
        The path or file name of the database, if a bundle holds several.
    overwrite : bool, optional
        Replace existing files.
    escape_formulas : bool, optional
        In CSV, write ``'`` before text that a spreadsheet would run as a formula. The other
        formats need no such mark.

    Returns
    -------
    Report
        The files, with the number of rows of each table. A notebook also displays it.

    Raises
    ------
    ExportError
        If the target exists or cannot be written, if the tables do not fit the format, or if a
        name does not exist.
    DatabaseBusyError
        If a writer has locked the database.
    BundleError, SourceError
        If a bundle is bad or cannot be read.
    """
    path = Path(target).expanduser()
    # A folder may have a dot in its name, but not the suffix of a format.
    is_folder = not path.suffix or (path.is_dir() and path.suffix.lower() not in _WRITERS)
    if not is_folder and path.suffix.lower() not in (*_WRITERS, ".csv"):
        raise ExportError(f"{path} was not written: unknown suffix. Use {_KNOWN}.")
    if path.suffix.lower() == ".sql" and (tables is not None or query is not None):
        raise ExportError(
            f"{path} was not written: a .sql file holds the whole database. Leave out tables= "
            "and query=, or choose another format."
        )
    if not is_folder:
        check_free(path, source, overwrite=overwrite)
    with (
        _naming_databases(),
        open_tables(source, tables, query, database) as (connection, found),
    ):
        if is_folder:
            section = _write_folder(
                connection, found, path, overwrite=overwrite, escape_formulas=escape_formulas
            )
        else:
            section = _write_file(
                connection, found, path, overwrite=overwrite, escape_formulas=escape_formulas
            )
    return show(_report(section, found, path))


@contextmanager
def _naming_databases() -> Iterator[None]:
    """Mention databases, too, in the error about a source that is not a bundle."""
    try:
        yield
    except NotABundleError as error:
        reason = str(error).partition(" Nothing was changed.")[0]
        reason = reason.replace(
            "This is not a litestate bundle", "This is neither a SQLite database nor a bundle", 1
        )
        raise NotABundleError(
            f"{reason} Nothing was written. Choose a database, or a file that save_state() made."
        ) from None


def _write_file(
    connection: sqlite3.Connection,
    tables: list[Table],
    path: Path,
    *,
    overwrite: bool,
    escape_formulas: bool,
) -> Section:
    suffix = path.suffix.lower()
    if suffix in _ONE_TABLE and len(tables) != 1:
        names = ", ".join(table.name for table in tables)
        advice = ", or name a folder" if suffix == ".csv" else ""
        raise ExportError(
            f"{path} was not written: a {_ONE_TABLE[suffix]} file holds one table, and there are "
            f"{len(tables)} ({names}). Choose one with tables={advice}."
        )
    with new_file(path, overwrite=overwrite) as temporary:
        if suffix == ".csv":
            written = write_csv(connection, tables, temporary, escape=escape_formulas)
        else:
            written = _WRITERS[suffix](connection, tables, temporary)
    line = Line(path.name, "file", path.stat().st_size, detail=tables_text({**written.rows}))
    return Section("exported", [line], warnings=written.warnings)


def _write_folder(
    connection: sqlite3.Connection,
    tables: list[Table],
    folder: Path,
    *,
    overwrite: bool,
    escape_formulas: bool,
) -> Section:
    section = Section("exported")
    names = file_names(tables)
    with new_files(folder, list(names.values()), overwrite=overwrite) as scratch:
        for table in tables:
            temporary = scratch / names[table.name]
            written = write_csv(connection, [table], temporary, escape=escape_formulas)
            size, detail = temporary.stat().st_size, tables_text({**written.rows})
            section.lines.append(Line(temporary.name, "file", size, detail=detail))
            section.warnings += written.warnings
    return section


def _report(section: Section, tables: list[Table], path: Path) -> Report:
    what = "1 table" if len(tables) == 1 else f"{len(tables):,} tables"
    if [table.is_query for table in tables] == [True]:
        what = "the query"
    report = Report(f"Exported {what} to {path}", [section], path=str(path), size=section.size)
    made = path.absolute()
    files = {made, *(made / line.label for line in section.lines)}
    report.notes += unsaved_notes(roots.detect(), files)
    if IN_BROWSER and path.is_file():
        report.link = link_to(path)
    return report
