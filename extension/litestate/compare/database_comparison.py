"""Comparison of two databases of bundles, which may come from strangers."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from ..bundle import Reader
from ..bundle.manifest import Member
from ..sqlite.safe_connections import ERRORS
from .results import DatabaseChange, ObjectChange, TableChange, Verdict
from .tables import AFTER, BEFORE, Table, compare_tables, explained, one_sided, tables_of

_STEPS = 500_000
"""Instructions of SQLite's virtual machine between two checks for Ctrl-C, some 20 ms."""

_MARGIN = 1_000_000
"""Bytes of a value beyond the size of the whole database, which SQLite adds for sorting."""

_LONGEST = 2**31 - 1
"""Bytes of the longest value that SQLite can have (https://www.sqlite.org/limits.html)."""


def compare_databases(
    place: str, before: tuple[Reader, Member], after: tuple[Reader, Member]
) -> DatabaseChange:
    """Compare two databases: definitions, and rows table by table.

    Parameters
    ----------
    place : str
        Their root and relative path.
    before, after : (Reader, Member)
        The two databases.

    Returns
    -------
    DatabaseChange
        The differences, and what SQLite cannot read.
    """
    try:
        with _attached(before, after) as connection:
            return DatabaseChange(
                place,
                tuple(_tables(connection)),
                tuple(_objects(connection)),
                tuple(_settings(connection)),
            )
    except ERRORS as error:
        return DatabaseChange(place, problem=explained(error))


@contextmanager
def _attached(
    before: tuple[Reader, Member], after: tuple[Reader, Member]
) -> Iterator[sqlite3.Connection]:
    """Open private copies of both, so that their content can do no harm.

    As in https://www.sqlite.org/security.html: read-only, only harmless functions in the schema, no
    value larger than the file.
    """
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copies = [Path(folder, name) for name in (BEFORE, AFTER)]
        for copy, (reader, member) in zip(copies, (before, after), strict=True):
            with copy.open("xb") as file:
                file.writelines(reader.chunks(member))
        old, new = (f"file:{quote(str(copy))}?mode=ro&immutable=1" for copy in copies)
        with closing(sqlite3.connect(old, uri=True, isolation_level=None)) as connection:
            longest = max(copy.stat().st_size for copy in copies) + _MARGIN
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(longest, _LONGEST))
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA mmap_size = 0")
            connection.execute(f"ATTACH ? AS {AFTER}", (new,))
            connection.execute("PRAGMA query_only = ON")
            # Python handles Ctrl-C only while it runs; what it raises here ends the query.
            connection.set_progress_handler(lambda: 0, _STEPS)
            yield connection


def _tables(connection: sqlite3.Connection) -> Iterator[TableChange]:
    old, new = tables_of(connection, BEFORE), tables_of(connection, AFTER)
    changes = {
        name: change
        for name in sorted(old.keys() | new.keys())
        if (change := _table(connection, old.get(name), new.get(name)))
    }
    shadows = {name for tables in (old, new) for name in tables if tables[name].kind == "shadow"}
    virtual = {name for name in old.keys() & new.keys() if old[name].kind == "virtual"}
    for owner in virtual:
        own = {name for name in shadows & changes.keys() if name.startswith(f"{owner}_")}
        if own and owner not in changes:
            changes[owner] = TableChange(owner, "changed", is_reindexed=True)
        if own and not changes[owner].problem:
            # Their content has just been compared as the rows of the virtual table.
            changes = {name: change for name, change in changes.items() if name not in own}
    yield from (changes[name] for name in sorted(changes))


def _table(
    connection: sqlite3.Connection, before: Table | None, after: Table | None
) -> TableChange | None:
    if before and after:
        return compare_tables(connection, before, after)
    if after:
        return one_sided(connection, after, "added")
    return one_sided(connection, before, "removed") if before else None


def _objects(connection: sqlite3.Connection) -> Iterator[ObjectChange]:
    old, new = _definitions(connection, BEFORE), _definitions(connection, AFTER)
    for kind, name in sorted(old.keys() | new.keys()):
        sql = old.get((kind, name)), new.get((kind, name))
        if sql[0] != sql[1]:
            verdict: Verdict = "changed"
            if None in sql:
                verdict = "added" if sql[0] is None else "removed"
            yield ObjectChange(kind, name, verdict)


def _definitions(connection: sqlite3.Connection, schema: str) -> dict[tuple[str, str], str]:
    # Indexes without SQL belong to PRIMARY KEY and UNIQUE, which are part of the table.
    listed = connection.execute(
        f"SELECT type, name, sql FROM {schema}.sqlite_schema"
        " WHERE type IN ('view', 'index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    return {(kind, name): sql for kind, name, sql in listed}


def _settings(connection: sqlite3.Connection) -> Iterator[str]:
    for name in ("user_version", "application_id"):
        old, new = (
            connection.execute(f"PRAGMA {schema}.{name}").fetchone()[0]
            for schema in (BEFORE, AFTER)
        )
        if old != new:
            yield f"{name} {old} → {new}"
