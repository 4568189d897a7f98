"""Connections to files that others have open.

Everywhere but in the browser, a file that may be a database is opened by nobody but SQLite. On
POSIX systems closing any file descriptor drops every lock that the process holds on the file, so
reading it with `open` would take away the locks of the user's own connections ("How To Corrupt An
SQLite Database File", 2.2).
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
"""How a database file starts (https://www.sqlite.org/fileformat2.html, 1.3)."""

JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""How a rollback journal starts that is in use (https://www.sqlite.org/fileformat2.html, 3)."""

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is in use."""

PATIENCE = 2.0
"""Seconds to wait for a lock."""

ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What Python raises for an error of SQLite: it cannot decode a message that quotes a damaged
schema."""

MIN_PAGE = 512
"""Bytes of the smallest page (https://www.sqlite.org/fileformat2.html, 1.3.2)."""

JournalMode = Literal["delete", "wal"]


class NotADatabaseError(LitestateError):
    """SQLite cannot read the file: encrypted, corrupt, or something else with that header."""


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
        True also for one that is encrypted or damaged but for its header: `capture` says so.
    """
    if size < len(HEADER):
        return False
    # A size that is no whole number of pages: cut off, or no database. SQLite leaves no such file,
    # so nobody has it open. One that may not be written to has no writer who could lose a lock, and
    # SQLite would leave a log and an index beside it that nobody may remove.
    is_plain = IN_BROWSER or size % MIN_PAGE or not os.access(path, os.W_OK)
    # The first transaction of a database may write other pages before the one with the header;
    # there are zeros then. To ask for a journal costs a request on JupyterLite's drive.
    if is_plain and ((head := _head(path)) == HEADER or any(head) or not has_hot_journal(path)):
        return head == HEADER
    try:
        with reading(path) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except ERRORS as error:
        if code_of(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN):
            # No connection can use it, so that none loses a lock.
            return _has_header(path)
        # Locked, corrupt, or to be recovered first: only a database can be that.
    return True


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
    # In the browser the holder of a lock is this very thread: waiting would never help.
    seconds = 0 if IN_BROWSER else patience
    # Absolute, or SQLite would take the first part of the path for a host.
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)


@contextmanager
def reading(path: Path, *, patience: float = 0) -> Iterator[sqlite3.Connection]:
    """Open a database to read it, and leave nothing behind.

    SQLite makes a log and its index beside a database in WAL mode even to read it, and only a
    connection that may write removes them.
    """
    log = beside(path, "-wal")
    # One with something in it may be from a crash: closing would write that into the database.
    at_rest = not size_of(log)
    try:
        with closing(connect(path, "ro", patience=patience)) as connection:
            yield connection
    finally:
        if at_rest and log.exists():
            # Who may not write cannot have made them.
            with suppress(sqlite3.Error), closing(connect(path, "rw")) as connection:
                connection.execute("PRAGMA schema_version").fetchone()


def beside(path: Path, suffix: str) -> Path:
    """Return the path of what SQLite keeps beside a database; the suffix is of `SIDECARS`."""
    return path.with_name(path.name + suffix)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def has_hot_journal(path: Path) -> bool:
    """Tell whether the journal beside a database can roll it back.

    One that starts with zeros was finished (journal_mode=persist) and says nothing about a writer
    that keeps its own journal in memory.
    """
    try:
        with beside(path, "-journal").open("rb") as file:
            return file.read(len(JOURNAL_MAGIC)) == JOURNAL_MAGIC
    except FileNotFoundError:
        return False


def text_of(error: Exception) -> str:
    """Return what SQLite says."""
    if isinstance(error, UnicodeDecodeError):
        return bytes(error.object).decode(errors="backslashreplace")
    return str(error)


def code_of(error: Exception) -> int:
    """Return the primary result code; 0 for an error that Python raised itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
