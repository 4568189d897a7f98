"""Connections to files that others have open.

Everywhere but in the browser, a file that may be a database is opened by nobody but SQLite. On
POSIX systems closing any file descriptor drops every lock that the process holds on the file, so
reading it with `open` would take away the locks of the user's own connections ("How To Corrupt An
SQLite Database File", 2.2).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from ..errors import DatabaseBusyError, LitestateError

HEADER = b"SQLite format 3\0"
"""How a database file starts (https://www.sqlite.org/fileformat2.html, 1.3)."""

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is in use."""

PATIENCE = 2.0
"""Seconds to wait for a lock."""

IN_BROWSER = sys.platform == "emscripten"

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a database can raise: the second where an error quotes a name that is no UTF-8."""

_MIN_PAGE = 512

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
    """
    if size < _MIN_PAGE or size % _MIN_PAGE:
        return False
    if IN_BROWSER:
        return _has_header(path)
    try:
        with closing(connect(path, "ro")) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except UNREADABLE as error:
        if code_of(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN):
            # No connection can use it, so that none loses a lock.
            return _has_header(path)
        # Locked, corrupt, or to be recovered first: only a database can be that.
    return True


def _has_header(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


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


def code_of(error: Exception) -> int:
    """Return the primary result code; 0 for an error that Python raised itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def copy_aside(path: Path, copy: Path) -> None:
    """Copy a database file byte by byte without dropping this process's locks on it."""
    if IN_BROWSER or os.name == "nt":
        shutil.copyfile(path, copy)
        return
    # The locks are per process: a child that opens and closes the file takes none of ours away.
    script = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
    subprocess.run(
        [sys.executable, "-I", "-c", script, str(path), str(copy)], check=True, timeout=600
    )
