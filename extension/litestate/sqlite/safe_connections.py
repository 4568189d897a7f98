"""Safe connections to database files that other connections use.

Except in the browser, only SQLite may open a file that may be a database. On POSIX systems, closing
any file descriptor drops every lock of the process on the file, so reading it with `open` would
drop the locks of the user's own connections ("How To Corrupt An SQLite Database File", 2.2).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from ..errors import DatabaseBusyError, LitestateError
from ..platform import IN_BROWSER

HEADER = b"SQLite format 3\0"
"""First bytes of a database file (https://www.sqlite.org/fileformat2.html, 1.3)."""

JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""First bytes of a rollback journal in use (https://www.sqlite.org/fileformat2.html, 3)."""

SIDECARS = ("-wal", "-shm", "-journal")
"""Suffixes of the files beside a database in use."""

PATIENCE = 2.0
"""Seconds to wait for a lock."""

ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""Exceptions for errors of SQLite. The second one is for a message that quotes a damaged schema."""

MIN_PAGE = 512
"""Bytes of the smallest page (https://www.sqlite.org/fileformat2.html, 1.3.2)."""

JournalMode = Literal["delete", "wal"]


class NotADatabaseError(LitestateError):
    """SQLite cannot read the file: it is encrypted, corrupt, or another kind of file."""


def is_database(path: Path, size: int) -> bool:
    """Tell whether a file is a SQLite database.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.
    size : int
        Its size in bytes; a database is a whole number of pages of at least 512 bytes.

    Returns
    -------
    bool
        True also for an encrypted or damaged file with an intact header; `capture` reports it.
    """
    if size < len(HEADER):
        return False
    # `open` is safe for these. A size that is no whole number of pages: SQLite leaves no such file,
    # so no connection uses it. A read-only file: no writer can lose a lock, and SQLite would leave
    # a log and an index beside it that cannot be removed.
    is_plain = IN_BROWSER or size % MIN_PAGE or not os.access(path, os.W_OK)
    # The first transaction of a database may write other pages before the header, which is zeros
    # then. The journal is checked last: it costs a request on JupyterLite's drive.
    if is_plain and ((head := _head(path)) == HEADER or any(head) or not has_hot_journal(path)):
        return head == HEADER
    try:
        with reading(path) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except ERRORS as error:
        if code_of(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN):
            # No connection can use it, so no lock is lost.
            return _has_header(path)
        # Only a database can be locked, corrupt or in need of recovery.
    return True


def is_sidecar(path: Path) -> bool:
    """Tell whether a file is one of `SIDECARS` of a database, which is captured with it."""
    suffix = next((suffix for suffix in SIDECARS if path.name.endswith(suffix)), "")
    owner = path.with_name(path.name.removesuffix(suffix) or path.name)
    if owner == path:
        return False
    try:
        return is_database(owner, owner.stat().st_size)
    except OSError:
        return False


def _has_header(path: Path) -> bool:
    return _head(path) == HEADER


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(HEADER))


def busy(path: Path) -> DatabaseBusyError:
    """Return the error for a database that is in use."""
    return DatabaseBusyError(
        f"The database {path} is in use: a connection has an open transaction or a query that "
        "was not read to its end. "
        "Call commit() or rollback() on the connection and close its cursors, or close the "
        "connection itself, and try again."
    )


def connect(path: Path, mode: str, *, patience: float = 0) -> sqlite3.Connection:
    """Open a database for one job; `patience` is how many seconds to wait for a lock."""
    # In the browser this thread holds the lock: waiting never helps.
    seconds = 0 if IN_BROWSER else patience
    # Absolute: SQLite would read the first part of a relative path as a host.
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)


@contextmanager
def reading(path: Path, *, patience: float = 0) -> Iterator[sqlite3.Connection]:
    """Open a database for reading, without files left beside it.

    For a database in WAL mode, SQLite creates a log and its index even for reading, and only a
    connection that may write removes them.
    """
    log = beside(path, "-wal")
    # A log with content may be from a crash: closing would write it into the database.
    at_rest = not size_of(log)
    try:
        with closing(connect(path, "ro", patience=patience)) as connection:
            yield connection
    finally:
        if at_rest and log.exists():
            # A user without write permission cannot have created them.
            with suppress(sqlite3.Error), closing(connect(path, "rw")) as connection:
                connection.execute("PRAGMA schema_version").fetchone()


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file beside a database; the suffix is one of `SIDECARS`."""
    return path.with_name(path.name + suffix)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it is missing."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def has_hot_journal(path: Path) -> bool:
    """Tell whether the journal beside a database can roll it back.

    A journal that starts with zeros is finished (journal_mode=persist). It tells nothing about a
    writer with its journal in memory.
    """
    try:
        with beside(path, "-journal").open("rb") as file:
            return file.read(len(JOURNAL_MAGIC)) == JOURNAL_MAGIC
    except FileNotFoundError:
        return False


def text_of(error: Exception) -> str:
    """Return the message of SQLite."""
    if isinstance(error, UnicodeDecodeError):
        return bytes(error.object).decode(errors="backslashreplace")
    return str(error)


def code_of(error: Exception) -> int:
    """Return the primary result code; 0 for an error that Python raised itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
