"""A file becomes a table, in one transaction."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from .. import ui
from ..errors import ImportTableError
from ..export.columns import affinity
from ..export.source import quoted
from ..parts.databases import tables_text
from ..report import Line, Report, Section
from ..sqlite import is_database
from ..sqlite.connections import PATIENCE, busy, code_of, connect
from ..survey import StrPath
from .readers import Row, Rows, rows_of
from .values import TYPES, Column, convert, unique

IfExists = Literal["fail", "replace", "append"]

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def import_table(
    source: StrPath,
    database: StrPath,
    table: str,
    *,
    if_exists: IfExists = "fail",
    types: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> Report:
    """Read a CSV file or an Excel sheet into a table.

    The first row names the columns. A column gets the type that keeps every value as it is:
    ``007`` and ``+41`` stay text, dates stay ISO text, whole numbers stay exact.

    Parameters
    ----------
    source : path
        A ``.csv`` file (UTF-8, or UTF-16 with its mark; comma, semicolon or tab) or an ``.xlsx``
        file. An empty field is NULL, and ``""`` is empty text.
    database : path
        A SQLite database; made if it is not there. Connections to it may be open.
    table : str
        Name of the table.
    if_exists : {"fail", "replace", "append"}, optional
        What to do if it is there. ``"replace"`` drops it with its indexes and triggers.
        ``"append"`` finds the columns by name.
    types : mapping of str to str, optional
        Declared types of columns, instead of those found.
    sheet : str, optional
        Which sheet, if an Excel file has several.

    Returns
    -------
    Report
        How many rows were read. In a notebook it also shows by itself.

    Raises
    ------
    ImportTableError
        If the file cannot be read or does not fit, with row and column; the database is as it was.
    DatabaseBusyError
        If somebody else writes to the database.
    """
    path, target = Path(source).expanduser(), Path(database).expanduser()
    if if_exists not in ("fail", "replace", "append"):
        raise ImportTableError(f"if_exists={if_exists!r} is none of fail, replace and append.")
    if not path.is_file():
        raise ImportTableError(f"There is no file {path} (looked in {Path.cwd()}).")
    size = target.stat().st_size if target.exists() else 0
    if target.is_dir() or (size and not is_database(target, size)):
        raise ImportTableError(f"{target} is not a SQLite database. Choose another path.")
    rows = rows_of(path, sheet)
    columns, found, warnings = _survey(path, rows)
    wanted = _with_types(columns, found, types or {})
    count = _write(target, table, wanted, _data(rows), if_exists)
    detail = tables_text({table: count})
    section = Section("imported", [Line(target.name, "database", target.stat().st_size, detail)])
    section.warnings += warnings
    report = Report(f"Imported {path.name} into {target}", [section], path=str(target))
    return ui.show(report)


def _survey(path: Path, rows: Rows) -> tuple[list[str], list[str], list[str]]:
    """Read all of it once: names and types of the columns, and warnings."""
    reading = rows()
    first, header = next(reading, (0, []))
    if not header:
        raise ImportTableError(f"{path.name} is empty: its first row must name the columns.")
    try:
        names = unique(header)
    except ValueError as error:
        raise ImportTableError(f"{path.name}: {error}. Rename one of them.") from None
    columns = [Column() for _ in names]
    is_sheet = path.suffix.lower() in (".xlsx", ".xlsm")
    number, count = first, 0
    for number, row in reading:
        count += 1
        if len(row) > len(names) or (len(row) < len(names) and not is_sheet):
            raise ImportTableError(
                f"{path.name}, row {number}: it has {len(row)} values and the header has "
                f"{len(names)}. The database is as it was."
            )
        for column, value in zip(columns, row, strict=False):
            column.see(value)
    warnings = []
    if is_sheet and (empty := number - first - count):
        warnings.append(f"{empty:,} empty row{'s' * (empty > 1)} of the sheet became no rows.")
    return names, [column.type for column in columns], warnings


def _data(rows: Rows) -> Iterator[tuple[int, Row]]:
    return itertools.islice(rows(), 1, None)


def _with_types(
    names: list[str], found: list[str], types: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the declared type of each column."""
    known = {name.lower(): name for name in names}
    chosen: dict[str, str | None] = dict(zip(names, found, strict=True))
    for name, declared in types.items():
        if name.lower() not in known:
            raise ImportTableError(
                f"types= names a column {name!r}. There are: {', '.join(names)}."
            )
        if declared.upper() not in TYPES:
            raise ImportTableError(f"types=: {declared!r} is none of {', '.join(TYPES)}.")
        chosen[known[name.lower()]] = declared.upper()
    return chosen


def _write(
    path: Path,
    table: str,
    columns: dict[str, str | None],
    data: Iterator[tuple[int, Row]],
    if_exists: IfExists,
) -> int:
    is_new = not path.exists()
    try:
        with closing(connect(path, "rwc", patience=PATIENCE)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Closing without COMMIT takes everything back.
            declared = _prepare(connection, table, columns, if_exists)
            count = _insert(connection, table, declared, data)
            connection.execute("COMMIT")
    except BaseException as error:
        if is_new:
            path.unlink(missing_ok=True)
        if not isinstance(error, sqlite3.Error):
            raise
        if code_of(error) in _LOCKED:
            raise busy(path) from None
        raise ImportTableError(f"Nothing was imported into {path}: SQLite says: {error}.") from None
    return count


def _prepare(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, str | None],
    if_exists: IfExists,
) -> dict[str, str]:
    """Make the table; return the affinity of each column."""
    there = connection.execute(
        "SELECT name, type FROM sqlite_schema WHERE lower(name) = lower(?)", (table,)
    ).fetchone()
    if there and (if_exists == "fail" or there[1] != "table"):
        advice = "" if there[1] != "table" else ' if_exists="replace" or "append" would use it.'
        raise ImportTableError(
            f"There is a {there[1]} {there[0]} already. Nothing was imported.{advice}"
        )
    if there and if_exists == "append":
        return _existing(connection, there[0], columns)
    if there:
        connection.execute(f"DROP TABLE {quoted(there[0])}")
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE TABLE {quoted(table)} ({declared})")
    return {name: affinity(kind or "") for name, kind in columns.items()}


def _existing(
    connection: sqlite3.Connection, table: str, columns: dict[str, str | None]
) -> dict[str, str]:
    listed = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    known = {row[1].lower(): affinity(row[2]) for row in listed}
    if missing := [name for name in columns if name.lower() not in known]:
        raise ImportTableError(
            f"The table {table} has no column {missing[0]!r}. Nothing was imported. It has: "
            f"{', '.join(row[1] for row in listed)}."
        )
    return {name: known[name.lower()] for name in columns}


def _insert(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, str],
    data: Iterator[tuple[int, Row]],
) -> int:
    names = ", ".join(map(quoted, columns))
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})"
    count, number = 0, 0
    try:
        for number, row in data:
            connection.execute(statement, _converted(row, columns, number))
            count += 1
    except sqlite3.IntegrityError as error:
        raise ImportTableError(
            f"Row {number}: {error}. Nothing was imported; the database is as it was."
        ) from None
    return count


def _converted(row: Row, columns: dict[str, str], number: int) -> list[Any]:
    values = []
    padded = itertools.chain(row, itertools.repeat(None))
    for (name, kind), value in zip(columns.items(), padded, strict=False):
        try:
            values.append(convert(value, kind))
        except ValueError as error:
            raise ImportTableError(
                f"Row {number}, column {name}: {error}. Nothing was imported; the database is "
                "as it was."
            ) from None
    return values
