"""Import of a file into a table of a SQLite database, in one transaction."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from ..errors import ImportTableError
from ..files.survey import StrPath
from ..parts.databases import tables_text
from ..report import Line, Report, Section, show
from ..sqlite import is_database
from ..sqlite.column_types import affinity, quoted
from ..sqlite.safe_connections import PATIENCE, busy, code_of, connect
from .column_values import TYPES, UNTYPED, Column, convert
from .delimited_reader import Layout, Row
from .source_file import read_columns, source_of

IfExists = Literal["fail", "replace", "append"]

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def import_table(  # noqa: PLR0913 -- the last five describe the file
    source: StrPath,
    database: StrPath,
    table: str,
    *,
    if_exists: IfExists = "fail",
    types: Mapping[str, str] | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    decimal: Literal[".", ","] = ".",
    encoding: str | None = None,
    skip: int = 0,
) -> Report:
    """Import a CSV file or an Excel sheet into a table.

    The first row names the columns. A column gets the type that keeps every value as it is:
    ``007`` and ``+41`` stay text, dates stay ISO text, whole numbers stay exact. Two texts that
    would become one number, as ``1.1`` and ``1.10``, keep the column text.

    Parameters
    ----------
    source : path
        A ``.csv``, ``.tsv`` or ``.txt`` file, or an ``.xlsx`` file. An empty field is NULL, and
        ``""`` is empty text.
    database : path
        A SQLite database; a new one if it does not exist. Connections to it may be open.
    table : str
        Name of the table.
    if_exists : {"fail", "replace", "append"}, optional
        What to do if it exists. ``"replace"`` drops it with its indexes and triggers.
        ``"append"`` finds the columns by name.
    types : mapping of str to str, optional
        Declared types of columns, instead of those found.
    sheet : str, optional
        Which sheet, if an Excel file has several.
    delimiter : str, optional
        The character between the values of a CSV file. By default it is the one of tab, semicolon,
        bar and comma under which all rows have as many values as the header. If that is true of
        two, the report names the other one.
    decimal : {".", ","}, optional
        The character before the fraction of a number. Numbers with the other one are text.
    encoding : str, optional
        Encoding of a CSV file, by default UTF-8, or UTF-16 if it begins with its mark. Excel's
        plain CSV is ``"cp1252"`` in Western Europe and America.
    skip : int, optional
        How many lines, or rows of a sheet, are above the one that names the columns.

    Returns
    -------
    Report
        The number of rows. A notebook also displays it.

    Raises
    ------
    ImportTableError
        If the file cannot be read, or a value does not fit: with row and column. The database is
        unchanged.
    DatabaseBusyError
        If another connection writes to the database.
    """
    path, target = Path(source).expanduser(), Path(database).expanduser()
    if if_exists not in ("fail", "replace", "append"):
        raise ImportTableError(
            f'if_exists={if_exists!r} is not possible. Use "fail", "replace" or "append".'
        )
    if not path.is_file():
        raise ImportTableError(f"There is no file {path} (looked in {Path.cwd()}).")
    size = target.stat().st_size if target.exists() else 0
    if target.is_dir() or (size and not is_database(target, size)):
        raise ImportTableError(f"{target} is not a SQLite database. Choose another path.")
    if decimal not in (".", ","):
        raise ImportTableError(f'decimal={decimal!r} is not possible. Use "." or ",".')
    file = source_of(path, sheet, Layout(delimiter, encoding, skip))
    columns, warnings = read_columns(path, file, decimal)
    wanted = _with_types(columns, types or {})
    with _transaction(target) as connection:
        affinities = _prepare(connection, table, wanted, if_exists)
        count = _insert(connection, table, affinities, file.data(), decimal)
    asked = {name.lower() for name in types or {}}
    for name, column in columns.items():
        if name.lower() not in asked or affinities[name] not in ("TEXT", "BLOB"):
            warnings += column.notes(name, affinities[name])
    detail = tables_text({table: count})
    section = Section("imported", [Line(target.name, "database", target.stat().st_size, detail)])
    section.warnings += warnings
    report = Report(f"Imported {path.name} into {target}", [section], path=str(target))
    return show(report)


def _with_types(columns: Mapping[str, Column], types: Mapping[str, str]) -> dict[str, str]:
    """Return the declared type of each column."""
    known = {name.lower(): name for name in columns}
    chosen = {name: column.type for name, column in columns.items()}
    for name, declared in types.items():
        if name.lower() not in known:
            raise ImportTableError(
                f"types= names the column {name!r}, which does not exist. The columns are: "
                f"{', '.join(columns)}."
            )
        if declared.upper() not in TYPES:
            raise ImportTableError(
                f"types= gives {name!r} the type {declared!r}. Use one of {', '.join(TYPES)}."
            )
        chosen[known[name.lower()]] = declared.upper()
    return chosen


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    is_new = not path.exists()
    try:
        with closing(connect(path, "rwc", patience=PATIENCE)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Closing without COMMIT undoes everything.
            yield connection
            connection.execute("COMMIT")
    except BaseException as error:
        if is_new:
            path.unlink(missing_ok=True)
        if not isinstance(error, sqlite3.Error):
            raise
        if code_of(error) in _LOCKED:
            raise busy(path) from None
        raise ImportTableError(f"Nothing was imported into {path}: SQLite says: {error}.") from None


def _prepare(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, str],
    if_exists: IfExists,
) -> dict[str, str]:
    """Make the table; return the affinity of each column."""
    existing = connection.execute(
        "SELECT name, type FROM sqlite_schema WHERE lower(name) = lower(?)", (table,)
    ).fetchone()
    if existing and (if_exists == "fail" or existing[1] != "table"):
        advice = "Choose another name"
        if existing[1] == "table":
            advice += ', or add if_exists="append" or if_exists="replace"'
        raise ImportTableError(
            f"The {existing[1]} {existing[0]} already exists. Nothing was imported. {advice}."
        )
    if existing and if_exists == "append":
        return _existing(connection, existing[0], columns)
    if existing:
        connection.execute(f"DROP TABLE {quoted(existing[0])}")
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE TABLE {quoted(table)} ({declared})")
    return {name: affinity(kind) if kind else UNTYPED for name, kind in columns.items()}


def _existing(
    connection: sqlite3.Connection, table: str, columns: dict[str, str]
) -> dict[str, str]:
    listed = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    declared = {row[1].lower(): row[2] for row in listed}
    if missing := [name for name in columns if name.lower() not in declared]:
        raise ImportTableError(
            f"The table {table} has no column {missing[0]!r}. Nothing was imported. Its columns "
            f"are: {', '.join(row[1] for row in listed)}."
        )
    return {name: _affinity(declared[name.lower()], kind) for name, kind in columns.items()}


def _affinity(declared: str, found: str) -> str:
    """Return the affinity of an existing column; without a declared type it keeps numbers."""
    is_number = found in ("INTEGER", "REAL", UNTYPED)
    return UNTYPED if is_number and not declared else affinity(declared)


def _insert(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, str],
    data: Iterator[tuple[int, Row]],
    decimal: str,
) -> int:
    names = ", ".join(map(quoted, columns))
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})"
    count, number = 0, 0
    try:
        for number, row in data:
            connection.execute(statement, _converted(row, columns, number, decimal))
            count += 1
    except sqlite3.IntegrityError as error:
        raise ImportTableError(f"Row {number}: {error}. Nothing was imported.") from None
    return count


def _converted(row: Row, columns: dict[str, str], number: int, decimal: str) -> list[Any]:
    values = []
    padded = itertools.chain(row, itertools.repeat(None))
    for (name, kind), value in zip(columns.items(), padded, strict=False):
        try:
            values.append(convert(value, kind, decimal))
        except ValueError as error:
            raise ImportTableError(
                f"Row {number}, column {name}: {error}. Nothing was imported."
            ) from None
    return values
