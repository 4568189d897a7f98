"""Tables of two attached databases, and the comparison of their rows inside SQLite.

No row is copied to Python. The SQL is written here, with quoted and qualified names: no SQL of the
databases is run. Values are compared with their types, without affinities and collations.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from ..sqlite.column_types import quoted
from ..sqlite.safe_connections import ERRORS, code_of
from .results import Matching, TableChange

Counts = tuple[int, int, int]
"""Rows added, removed and changed."""

BEFORE, AFTER = "main", "other"
"""The schemas in which the two databases are attached."""

TableKind = Literal["table", "virtual", "shadow"]

_ROWIDS = ("rowid", "_rowid_", "oid")
"""Names of a rowid, unless a column has that name (https://www.sqlite.org/lang_createtable.html)."""

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
        Its position in the primary key, from 1; 0 if it is not part of it.
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
        A name for the rowid that no column has; None if columns have all of them.
    columns : tuple of Column
        Those that are stored.
    sql : str
        Its CREATE TABLE statement, only to be compared.
    problem : str
        Why SQLite cannot read it; empty if it can.
    """

    name: str
    kind: TableKind
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
    connection: sqlite3.Connection,
    schema: str,
    name: str,
    kind: TableKind,
    *,
    has_rowid: bool,
    sql: str,
) -> Table:
    try:
        listed = connection.execute(
            "SELECT name, pk, hidden FROM pragma_table_xinfo(?, ?)", (name, schema)
        ).fetchall()
    except ERRORS as error:
        # For example a virtual table without its module. The other tables can be read.
        return Table(name, kind, has_rowid, None, (), sql, explained(error))
    taken = {column.lower() for column, _, _ in listed}
    rowid = next((rowid for rowid in _ROWIDS if has_rowid and rowid not in taken), None)
    # Reading a generated column would run expressions of the database.
    columns = tuple(
        Column(column, key)
        for column, key, hidden in listed
        if hidden not in (_HIDDEN, _VIRTUAL_GENERATED)
    )
    return Table(name, kind, has_rowid, rowid, columns, sql)


def explained(error: Exception) -> str:
    """Return the text for an error of SQLite.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C was pressed: SQLite only reports an interrupt.
    """
    if not isinstance(error, sqlite3.Error):
        return "it is damaged, and the error message of SQLite is not text"
    if code_of(error) == sqlite3.SQLITE_INTERRUPT:
        raise KeyboardInterrupt from None
    return f"SQLite says: {error}"


def one_sided(
    connection: sqlite3.Connection, table: Table, verdict: Literal["added", "removed"]
) -> TableChange:
    """Return the change for a table that only one of the two databases has."""
    rows, problem = 0, table.problem
    try:
        if not problem:
            rows = _count(connection, AFTER if verdict == "added" else BEFORE, table)
    except ERRORS as error:
        problem = explained(error)
    if verdict == "added":
        return TableChange(table.name, verdict, rows_added=rows, problem=problem)
    return TableChange(table.name, verdict, rows_removed=rows, problem=problem)


def compare_tables(
    connection: sqlite3.Connection, before: Table, after: Table
) -> TableChange | None:
    """Compare a table that both databases have; return None if nothing differs."""
    old, new = ([column.name for column in table.columns] for table in (before, after))
    common = [name for name in old if name in new]
    counts: Counts = (0, 0, 0)
    matching: Matching | None = None
    problem = before.problem or after.problem
    try:
        if not problem:
            matching, counts = _compare_rows(connection, before, after, common)
    except ERRORS as error:
        problem = explained(error)
    is_redefined = before.sql != after.sql
    if not any(counts) and not is_redefined and not problem:
        return None
    return TableChange(
        before.name,
        "changed",
        *counts,
        matched_by=matching,
        columns_added=tuple(name for name in new if name not in old),
        columns_removed=tuple(name for name in old if name not in new),
        is_redefined=is_redefined,
        problem=problem,
    )


def _count(connection: sqlite3.Connection, schema: str, table: Table) -> int:
    query = f"SELECT count(*) FROM {schema}.{quoted(table.name)}"
    return int(connection.execute(query).fetchone()[0])


def _compare_rows(
    connection: sqlite3.Connection, before: Table, after: Table, common: list[str]
) -> tuple[Matching, Counts]:
    """Return how rows were paired, and how many were added, removed and changed."""
    key = [column.name for column in before.key]
    if key and key == [column.name for column in after.key]:
        counts = _by_key(connection, before.name, key, key, common)
        if counts and not _has_null_keys(connection, (before, after), key):
            return "primary key", counts
    counts = _by_rowid(connection, before, after, common)
    if counts:
        return "rowid", counts
    return "content", _by_content(connection, before.name, common)


def _has_null_keys(
    connection: sqlite3.Connection, tables: tuple[Table, Table], key: list[str]
) -> bool:
    """Tell whether a primary key holds NULL, which SQLite allows: NULL pairs with no row."""
    is_null = " OR ".join(f"t.{quoted(name)} IS NULL" for name in key)
    return any(
        connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM {schema}.{quoted(table.name)} AS t WHERE {is_null})"
        ).fetchone()[0]
        for schema, table in zip((BEFORE, AFTER), tables, strict=True)
        if table.has_rowid
    )


def _by_rowid(
    connection: sqlite3.Connection, before: Table, after: Table, common: list[str]
) -> Counts | None:
    if before.rowid is None or after.rowid is None:
        return None
    try:
        return _by_key(connection, before.name, [before.rowid], [after.rowid], common)
    except sqlite3.OperationalError as error:
        # Some virtual tables have no rowid. Another error will occur again.
        if before.kind == after.kind == "table" or code_of(error) != sqlite3.SQLITE_ERROR:
            raise
    return None


def _by_key(
    connection: sqlite3.Connection,
    table: str,
    old_key: list[str],
    new_key: list[str],
    common: list[str],
) -> Counts | None:
    """Pair rows by a key; return None if damage makes the counts impossible."""
    name = quoted(table)
    # The first comparison uses an index, and may convert between numbers and text. The second one
    # compares exactly.
    on = " AND ".join(
        f"+a.{quoted(old)} = b.{quoted(new)} COLLATE BINARY"
        f" AND +a.{quoted(old)} IS +b.{quoted(new)} COLLATE BINARY"
        for old, new in zip(old_key, new_key, strict=True)
    )
    found = f"b.{quoted(new_key[0])}"
    differs = f"{found} IS NOT NULL AND ({_differs(common)})" if common else "0"
    rows, matched, changed = connection.execute(
        # LIMIT keeps the two apart: an aggregate over 4,000 columns would be too much for SQLite.
        f"SELECT count(*), count(found), total(differs) FROM (SELECT {found} AS found,"
        f" {differs} AS differs"
        f" FROM {BEFORE}.{name} AS a LEFT JOIN {AFTER}.{name} AS b ON {on} LIMIT -1)"
    ).fetchone()
    (rows_after,) = connection.execute(f"SELECT count(*) FROM {AFTER}.{name}").fetchone()
    (rows_before,) = connection.execute(f"SELECT count(*) FROM {BEFORE}.{name}").fetchone()
    if rows != rows_before or matched > rows_after:
        return None
    return rows_after - matched, rows - matched, int(changed)


def _differs(columns: list[str]) -> str:
    # Row values, because a chain of OR over 2,000 columns would be too deep for SQLite.
    old = ", ".join(f"+a.{quoted(name)} COLLATE BINARY" for name in columns)
    new = ", ".join(f"+b.{quoted(name)}" for name in columns)
    old_types = ", ".join(f"typeof(a.{quoted(name)})" for name in columns)
    new_types = ", ".join(f"typeof(b.{quoted(name)})" for name in columns)
    return f"({old}) IS NOT ({new}) OR ({old_types}) IS NOT ({new_types})"


def _by_content(connection: sqlite3.Connection, table: str, columns: list[str]) -> Counts:
    """Count the copies of each distinct row on both sides: for tables without a usable key."""
    name = quoted(table)
    values = "".join(f", t.{quoted(column)} AS c{n}" for n, column in enumerate(columns))
    group = ", ".join(f"c{n} COLLATE BINARY, typeof(c{n})" for n in range(len(columns)))
    surplus = (
        f"SELECT sum(side) AS n FROM (SELECT 1 AS side{values} FROM {AFTER}.{name} AS t"
        f" UNION ALL SELECT -1{values} FROM {BEFORE}.{name} AS t) GROUP BY {group or '1 = 1'}"
    )
    added, removed = connection.execute(
        f"SELECT total(max(n, 0)), total(max(-n, 0)) FROM ({surplus})"
    ).fetchone()
    return int(added), int(removed), 0
