"""SQL: the statements that make a whole database again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..errors import ExportError
from .documents import Written
from .source import Table, quoted


def write(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write all of a database, as the ``.dump`` of SQLite's own shell does.

    `sqlite3.Connection.iterdump` is no help: what it gives for a full-text table cannot be read
    again, and before Python 3.13 it fails for a table with a ``'`` in its name.
    """
    written = Written({})
    for table in tables:
        _check(connection, table)
        ((count,),) = table.read(connection, f"SELECT count(*) FROM {table.relation}")
        written.rows[table.name] = count
    with path.open("w", encoding="utf-8", newline="\n") as file:
        try:
            for statement in _statements(connection):
                file.write(f"{statement};\n")
        except sqlite3.Error as error:
            raise ExportError(
                f"Nothing was written: the database cannot be dumped. SQLite says: {error}."
            ) from None
    return written


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    schema = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY rowid"
    ).fetchall()
    virtual = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
        )
    }
    # Rows come in the order of the tables, not in that of their references.
    yield "PRAGMA foreign_keys = OFF"
    yield "BEGIN TRANSACTION"
    if virtual:
        yield "PRAGMA writable_schema = ON"
    for kind, name, sql in schema:
        if kind == "table" and not name.lower().startswith("sqlite_"):
            yield from _virtual(name, sql) if name in virtual else _table(connection, name, sql)
    yield from _own_tables(connection, {name for _, name, _ in schema})
    # After the rows: a trigger would add more, and an index is faster to make at the end.
    for kind in ("index", "trigger", "view"):
        yield from (sql for this, _, sql in schema if this == kind)
    for name in ("application_id", "user_version"):
        if value := connection.execute(f"PRAGMA {name}").fetchone()[0]:
            yield f"PRAGMA {name} = {value}"
    yield "COMMIT"
    if virtual:
        # It also makes the connection that reads this see the virtual tables.
        yield "PRAGMA writable_schema = RESET"


def _virtual(name: str, sql: str) -> Iterator[str]:
    """Put a virtual table into the schema; its content is in tables that are dumped as well."""
    yield (
        "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) "
        f"VALUES ('table', {_text(name)}, {_text(name)}, 0, {_text(sql)})"
    )


def _table(connection: sqlite3.Connection, name: str, sql: str) -> Iterator[str]:
    yield sql
    yield from _rows(connection, name)


def _rows(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    # Without generated columns, which nobody may insert.
    columns = connection.execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (name,)
    ).fetchall()
    values = ", ".join(f"quote({quoted(column)})" for (column,) in columns)
    for row in connection.execute(f"SELECT {values} FROM {quoted(name)}"):
        yield f"INSERT INTO {quoted(name)} VALUES ({', '.join(row)})"


def _own_tables(connection: sqlite3.Connection, names: set[str]) -> Iterator[str]:
    """Fill the tables of SQLite itself: the last AUTOINCREMENT numbers, and statistics."""
    if "sqlite_sequence" in names:
        yield "DELETE FROM sqlite_sequence"
        yield from _rows(connection, "sqlite_sequence")
    if "sqlite_stat1" in names:
        # It makes the table, and there is nothing to analyze in the schema itself.
        yield "ANALYZE sqlite_schema"
        yield from _rows(connection, "sqlite_stat1")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _check(connection: sqlite3.Connection, table: Table) -> None:
    """Refuse what SQLite's quote() cuts off at NUL or writes as ``Inf``."""
    for column in table.columns:
        name = quoted(column)
        found = table.read(
            connection,
            f"SELECT typeof({name}) FROM {table.relation} WHERE typeof({name}) = 'text'"
            f" AND instr(CAST({name} AS BLOB), x'00') OR typeof({name}) = 'real'"
            f" AND abs({name}) = 9e999 LIMIT 1",
        )
        for (kind,) in found:
            what = "text with a NUL character" if kind == "text" else "an infinite number"
            raise ExportError(
                f"Nothing was written: {table.name}, column {column}, holds {what}, which a .sql "
                "file cannot. Choose .json."
            )
