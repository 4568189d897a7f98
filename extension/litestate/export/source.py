"""The source of an export: one consistent state of a database, a connection or a bundle."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..bundle import Reader
from ..bundle.manifest import Member
from ..errors import ExportError
from ..platform import IN_BROWSER
from ..sqlite import NotADatabaseError, is_database, safe_connections
from ..sqlite.column_types import quoted
from ..sqlite.safe_connections import ERRORS, busy, code_of, connect, reading
from ..state.bundle_files import AnySource, expanded
from ..state.load import open_bundle, verify

AnyDatabase = AnySource | sqlite3.Connection

Row = tuple[Any, ...]

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_QUERY = "litestate_query"
"""The temporary view of the user's query."""

_PAGES = 1024
"""Pages to copy between two checks of the clock."""

_COLUMNS = 100
"""Columns in one query of aggregates; SQLite gives at most 2,000 results (SQLITE_MAX_COLUMN)."""


class Rows(Protocol):
    """A table of any source; see `Table`."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def columns(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def types(self) -> tuple[str, ...]: ...  # noqa: D102

    def rows(self, connection: sqlite3.Connection) -> Iterator[Row]:
        """Yield the rows, one at a time."""
        ...


@dataclass(frozen=True)
class Table:
    """One table, view or query.

    Attributes
    ----------
    name : str
        Its name.
    query : str
        The SELECT that returns its rows.
    columns : tuple of str
        Names, no two the same.
    types : tuple of str
        The declared type of each column, in capitals; empty where there is none.
    is_query : bool
        Whether the user wrote it.
    """

    name: str
    query: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    is_query: bool = False

    @property
    def relation(self) -> str:
        """Its name in the FROM clause of a query."""
        return _QUERY if self.is_query else quoted(self.name)

    def rows(self, connection: sqlite3.Connection) -> Iterator[Row]:
        """Yield the rows, one at a time.

        Raises
        ------
        ExportError
            If SQLite cannot read them.
        """
        return self.read(connection, self.query)

    def read(self, connection: sqlite3.Connection, query: str) -> Iterator[Row]:
        """Yield the rows of a query about this table.

        Raises
        ------
        ExportError
            If SQLite cannot read it, for example because a text is not UTF-8.
        """
        try:
            # Not yield from: it would close the cursor, perhaps after its connection.
            for row in connection.execute(query):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            raise _unreadable(self.name, error, is_query=self.is_query) from None

    def aggregates(
        self, connection: sqlite3.Connection, expressions: Callable[[str], str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the results of aggregate functions for each column.

        Parameters
        ----------
        connection : sqlite3.Connection
            Open on the database.
        expressions : callable
            Takes the name of a column as SQL; returns aggregates, with commas between them.

        Raises
        ------
        ExportError
            If SQLite cannot read the table.
        """
        for start in range(0, len(self.columns), _COLUMNS):
            names = self.columns[start : start + _COLUMNS]
            results = ", ".join(expressions(quoted(name)) for name in names)
            (row,) = self.read(connection, f"SELECT {results} FROM {self.relation}")
            each = len(row) // len(names)
            yield from (row[at : at + each] for at in range(0, len(row), each))


@contextmanager
def open_tables(
    source: AnyDatabase, tables: Sequence[str] | str | None, query: str | None, database: str | None
) -> Iterator[tuple[sqlite3.Connection, list[Table]]]:
    """Open a source, and find the tables in it.

    Yields
    ------
    (connection, tables)
        A read-only connection in a read transaction, and at least one table.
    """
    if tables is not None and query is not None:
        raise ExportError("Give tables= or query=, not both.")
    with _opened(source, database) as path, _reading(path) as connection:
        if query is not None:
            yield connection, [_query_table(connection, query)]
        else:
            yield connection, _tables(connection, tables)


@contextmanager
def _opened(source: AnyDatabase, database: str | None) -> Iterator[Path]:
    """Yield the path of a database file: the source itself, or a private copy."""
    own = _database_path(source)
    if database is not None and (own or isinstance(source, sqlite3.Connection)):
        raise ExportError(
            "database= chooses a database of a bundle, and this is not a bundle: leave it out."
        )
    if own:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copy = Path(folder, "database")
        if isinstance(source, sqlite3.Connection):
            _copy(source, copy)
        else:
            with open_bundle(source) as (reader, label):
                verify(reader, label)
                member = _choose(reader, label, database)
                with copy.open("wb") as file:
                    file.writelines(reader.chunks(member))
        yield copy


def _database_path(source: AnyDatabase) -> Path | None:
    if not isinstance(source, str | os.PathLike):
        return None
    path = expanded(source)
    return path if path.is_file() and is_database(path, path.stat().st_size) else None


def _copy(source: sqlite3.Connection, copy: Path) -> None:
    """Copy the state that a connection sees, without a change to its settings and cursors."""
    if source.in_transaction:
        # A backup never begins while the connection writes. This takes memory instead.
        copy.write_bytes(source.serialize())
        return
    deadline = time.monotonic() + (0 if IN_BROWSER else safe_connections.PATIENCE)
    cursor = source.cursor()
    cursor.row_factory = None
    file = cursor.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0]
    path = Path(os.fsdecode(file or ":memory:"))

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Connection.backup() itself never stops trying.
        if status in _LOCKED and time.monotonic() >= deadline:
            raise busy(path)

    with closing(sqlite3.connect(copy)) as target:
        try:
            source.backup(target, pages=_PAGES, progress=give_up, sleep=0.05)
        except ERRORS as error:
            raise _explained(error, path) from None


def _choose(reader: Reader, label: str, database: str | None) -> Member:
    members = [member for member in reader.manifest.members if member.kind == "database"]
    if database is None:
        found = members
    else:
        wanted = database.removeprefix("~/")
        found = [m for m in members if wanted in (m.place, m.relative)] or [
            m for m in members if wanted == m.relative.rpartition("/")[2]
        ]
    if len(found) == 1:
        return found[0]
    if not members:
        raise ExportError(f"{label} holds no database. Nothing was written.")
    places = ", ".join(member.place for member in members)
    raise ExportError(f"Which database of {label}? Choose one with database=: {places}.")


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(reading(path, patience=safe_connections.PATIENCE))
            _begin(connection)
        except ERRORS as error:
            # A WAL database without its index can only be read by a connection that may write.
            if code_of(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise _explained(error, path) from None
            connection = stack.enter_context(closing(_writing(path)))
        yield connection


def _writing(path: Path) -> sqlite3.Connection:
    connection = connect(path, "rw", patience=safe_connections.PATIENCE)
    try:
        _begin(connection)
    except ERRORS as error:
        connection.close()
        raise _explained(error, path) from None
    return connection


def _begin(connection: sqlite3.Connection) -> None:
    # The first read takes the lock, and fixes the state that is read.
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _explained(error: Exception, path: Path) -> Exception:
    if code_of(error) in _LOCKED:
        return busy(path)
    return NotADatabaseError(f"{path} cannot be read. SQLite says: {error}.")


def _tables(connection: sqlite3.Connection, names: Sequence[str] | str | None) -> list[Table]:
    listed = connection.execute(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main'"
        " AND type IN ('table', 'virtual', 'view')"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    if names is None:
        chosen = [name for name, kind in listed if kind != "view"]
    else:
        known = {name.lower(): name for name, _ in listed}
        wanted = dict.fromkeys([names] if isinstance(names, str) else names)
        if missing := [name for name in wanted if name.lower() not in known]:
            raise ExportError(
                f"There is no table {missing[0]!r}. Nothing was written. The database has: "
                f"{', '.join(name for name, _ in listed) or 'no tables'}."
            )
        chosen = list(dict.fromkeys(known[name.lower()] for name in wanted))
    if not chosen:
        raise ExportError("The database has no tables. Nothing was written.")
    return [_table(connection, name) for name in chosen]


def _table(connection: sqlite3.Connection, name: str) -> Table:
    try:
        return Table(name, f"SELECT * FROM {quoted(name)}", *_columns(connection, name))
    except sqlite3.Error as error:
        # A view of a table that is gone, or a virtual table whose module is not here.
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: sqlite3.Error, *, is_query: bool = False) -> ExportError:
    advice = "" if is_query else " To export the others, name them with tables=."
    return ExportError(f"Nothing was written: {name} cannot be read. SQLite says: {error}.{advice}")


def _query_table(connection: sqlite3.Connection, query: str) -> Table:
    try:
        # A view has the declared types of its columns, and gives each another name.
        connection.execute(f"CREATE TEMP VIEW {_QUERY} AS {query}")
        return Table("query", query, *_columns(connection, _QUERY), is_query=True)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise ExportError(
            f"The query failed: {error}. Nothing was written. It must be one SELECT."
        ) from None


def _columns(connection: sqlite3.Connection, table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # 1 is a hidden column of a virtual table, which SELECT * leaves out.
    found: Iterable[tuple[str, str]] = connection.execute(
        "SELECT name, upper(type) FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,)
    ).fetchall()
    return tuple(name for name, _ in found), tuple(declared for _, declared in found)
