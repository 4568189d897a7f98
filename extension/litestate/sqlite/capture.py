"""Read databases as of their last commit while others write to them."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..errors import DatabaseBusyError, LitestateError
from . import connections
from .connections import (
    UNREADABLE,
    JournalMode,
    NotADatabaseError,
    busy,
    code_of,
    connect,
    copy_aside,
)

JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""How a rollback journal starts that is in use (https://www.sqlite.org/fileformat2.html, 3)."""

COUNT_BUDGET = 1.0
"""Seconds to spend on counting the rows of one database, which is only for the report."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Image:
    """A database at its last commit.

    Attributes
    ----------
    data : bytes
        A whole database file as SQLite serialized it.
    journal_mode : {"delete", "wal"}
        What the database itself was set to.
    tables : dict of str to int or None
        Rows of each table; None where counting took too long or was not possible.
    open_transaction : bool
        Whether somebody was in the middle of writing; those rows are not in ``data``.
    """

    data: bytes
    journal_mode: JournalMode
    tables: dict[str, int | None]
    open_transaction: bool

    @property
    def size(self) -> int:
        """Bytes of the database file."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """Yield the file in pieces, with what only tells its history set to fixed values.

        The change counter (24), its copy (92), the schema cookie (40) and the version of the last
        writer (96) differ between databases of equal content, and a restore raises them;
        the WAL marks (18, 19) would keep the file from being opened in memory.
        Offsets as in https://www.sqlite.org/fileformat2.html, 1.3.
        """
        if not self.data:
            return
        header = bytearray(self.data[:100])
        header[18:20] = b"\1\1"
        header[24:28] = header[40:44] = header[92:96] = b"\0\0\0\1"
        header[96:100] = b"\0\0\0\0"
        yield bytes(header) + self.data[100:_CHUNK]
        for start in range(_CHUNK, len(self.data), _CHUNK):
            yield self.data[start : start + _CHUNK]


EMPTY = Image(b"", "delete", {}, open_transaction=False)
"""A database that was opened and never written to: a file without a byte."""


def capture(path: Path) -> Image:
    """Read a database as of its last commit, without disturbing who has it open.

    A writer that keeps everybody out has left the pages that it overwrote in the rollback journal
    beside the file; SQLite rolls a copy of the two back to the last commit.

    Parameters
    ----------
    path : pathlib.Path
        A database file.

    Raises
    ------
    DatabaseBusyError
        If a lock keeps everybody out and there is no journal to go back with.
    NotADatabaseError
        If SQLite cannot read it.
    """
    open_transaction = _is_being_written(path)
    try:
        return _read(path, open_transaction=open_transaction, patience=0)
    except DatabaseBusyError:
        if _has_hot_journal(path):
            return _capture_copy(path)
        return _read(path, open_transaction=open_transaction, patience=connections.PATIENCE)


def _read(path: Path, *, open_transaction: bool, patience: float) -> Image:
    try:
        return _serialize(path, "ro", open_transaction=open_transaction, patience=patience)
    except UNREADABLE as error:
        # A WAL database without its index can only be read by somebody who may make one.
        if code_of(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise _explained(error, path) from None
    try:
        return _serialize(path, "rw", open_transaction=open_transaction, patience=patience)
    except UNREADABLE as error:
        raise _explained(error, path) from None


def _explained(error: Exception, path: Path) -> LitestateError:
    damaged = isinstance(error, UnicodeDecodeError)
    if damaged or code_of(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return NotADatabaseError(f"SQLite says: {error}")
    return busy(path)


def _serialize(path: Path, mode: str, *, open_transaction: bool, patience: float) -> Image:
    with closing(connect(path, mode, patience=patience)) as connection:
        # The lock is taken by the first read and kept, so that what is counted is what is copied.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        tables = _count_rows(connection)
        data = connection.serialize()
    wal = data[18:20] == b"\2\2"
    return Image(data, "wal" if wal else "delete", tables, open_transaction)


def _count_rows(connection: sqlite3.Connection) -> dict[str, int | None]:
    deadline = time.monotonic() + COUNT_BUDGET
    listed = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    counts: dict[str, int | None] = {}
    for (name,) in listed:
        quoted = name.replace('"', '""')
        try:
            counts[name] = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
        except UNREADABLE:
            # Out of time, or a virtual table whose module is not loaded here.
            counts[name] = None
    connection.set_progress_handler(None, 0)
    return counts


def _is_being_written(path: Path) -> bool:
    try:
        with closing(connect(path, "rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except UNREADABLE as error:
        return code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False


def _journal(path: Path) -> Path:
    return path.with_name(path.name + "-journal")


def _has_hot_journal(path: Path) -> bool:
    """Tell whether the journal beside a locked database can roll it back.

    One that starts with zeros was finished (journal_mode=persist) and says nothing about a writer
    that keeps its own journal in memory.
    """
    try:
        with _journal(path).open("rb") as file:
            return file.read(len(JOURNAL_MAGIC)) == JOURNAL_MAGIC
    except FileNotFoundError:
        return False


def _capture_copy(path: Path) -> Image:
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copy = Path(folder, "database")
        _copy_both(path, copy)
        try:
            return _serialize(copy, "rw", open_transaction=True, patience=0)
        except UNREADABLE as error:
            raise _explained(error, path) from None


def _copy_both(path: Path, copy: Path) -> None:
    deadline = time.monotonic() + connections.PATIENCE
    while True:
        before = _version(path), _version(_journal(path))
        copy_aside(path, copy)
        copy_aside(_journal(path), _journal(copy))
        if before == (_version(path), _version(_journal(path))) and _has_hot_journal(copy):
            return
        if time.monotonic() > deadline:
            raise busy(path)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
