"""Which tables two attached databases have, and how SQLite sees them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from ..sqlite.connections import ERRORS, code_of

BEFORE, AFTER = "main", "other"
"""The schemas in which the two databases are attached."""

Kind = Literal["table", "virtual", "shadow"]

_ROWIDS = ("rowid", "_rowid_", "oid")
"""The names of a rowid, unless a column has that name (https://www.sqlite.org/lang_createtable.html)."""

_HIDDEN, _VIRTUAL_GENERATED = 1, 2
"""Values of ``hidden`` (https://www.sqlite.org/pragma.html#pragma_table_xinfo)."""


@dataclass(frozen=True)
class Column:
    """A column whose values are stored.

    Attributes
    ----------
    name : str
        Its name.
    key : int
        Its position in the primary key, from 1; 0 if it is no part of it.
    """

    name: str
    key: int


@dataclass(frozen=True)
class Table:
    """A table of one of the two databases.

    Attributes
    ----------
    name : str
        Its name.
    kind : {"table", "virtual", "shadow"}
        A shadow table belongs to a virtual one.
    has_rowid : bool
        Whether it was made without ``WITHOUT ROWID``.
    rowid : str or None
        A name for the rowid that no column has taken.
    columns : tuple of Column
        Those that are stored.
    sql : str
        How it was made; only to be compared.
    problem : str
        Why SQLite cannot read it; empty if it can.
    """

    name: str
    kind: Kind
    has_rowid: bool
    rowid: str | None
    columns: tuple[Column, ...]
    sql: str
    problem: str = ""

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the primary key, in its order."""
        return tuple(sorted((c for c in self.columns if c.key), key=lambda column: column.key))


def tables_of(connection: sqlite3.Connection, schema: str) -> dict[str, Table]:
    """Return the tables of one of the two databases by name."""
    made = dict(
        connection.execute(
            f"SELECT name, coalesce(sql, '') FROM {schema}.sqlite_schema WHERE type = 'table'"
        ).fetchall()
    )
    listed = connection.execute(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = ?"
        " AND type IN ('table', 'virtual', 'shadow')"
        " AND name NOT IN ('sqlite_schema', 'sqlite_temp_schema') ORDER BY name",
        (schema,),
    ).fetchall()
    return {
        name: _table(connection, schema, name, kind, has_rowid=not wr, sql=made.get(name, ""))
        for name, kind, wr in listed
    }


def _table(
    connection: sqlite3.Connection, schema: str, name: str, kind: Kind, *, has_rowid: bool, sql: str
) -> Table:
    try:
        listed = connection.execute(
            "SELECT name, pk, hidden FROM pragma_table_xinfo(?, ?)", (name, schema)
        ).fetchall()
    except ERRORS as error:
        # A virtual table whose module is not here, for example: the others can be read.
        return Table(name, kind, has_rowid, None, (), sql, explained(error))
    taken = {column.lower() for column, _, _ in listed}
    rowid = next((rowid for rowid in _ROWIDS if has_rowid and rowid not in taken), None)
    # To read what is computed from other columns would run expressions of the database.
    columns = tuple(
        Column(column, key)
        for column, key, hidden in listed
        if hidden not in (_HIDDEN, _VIRTUAL_GENERATED)
    )
    return Table(name, kind, has_rowid, rowid, columns, sql)


def explained(error: Exception) -> str:
    """Return what to say of an error of SQLite.

    Raises
    ------
    KeyboardInterrupt
        If somebody pressed Ctrl-C: SQLite only says that it was interrupted.
    """
    if not isinstance(error, sqlite3.Error):
        return "it is damaged, and what SQLite says of it is no text"
    if code_of(error) == sqlite3.SQLITE_INTERRUPT:
        raise KeyboardInterrupt from None
    return f"SQLite says: {error}"
