"""Restore of databases: replace the content while other connections stay open."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..errors import ApplyError
from ..platform import IN_BROWSER
from . import safe_connections
from .safe_connections import (
    ERRORS,
    JournalMode,
    NotADatabaseError,
    busy,
    code_of,
    connect,
    text_of,
)

_STEP = 1024
"""Pages to copy between two checks of the time."""


def restore(image: Path, target: Path, journal_mode: JournalMode) -> None:
    """Give a database the content of another one; open connections to it stay valid.

    Parameters
    ----------
    image : pathlib.Path
        A database file without other connections.
    target : pathlib.Path
        The database to overwrite.
    journal_mode : {"delete", "wal"}
        Mode to set, unless another connection prevents it.

    Raises
    ------
    DatabaseBusyError
        If a lock is not released in `PATIENCE` seconds; the target is unchanged.
    """
    deadline = time.monotonic() + (0 if IN_BROWSER else safe_connections.PATIENCE)

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Connection.backup() itself would retry forever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= deadline:
            raise busy(target)

    with (
        _writable(target),
        closing(connect(image, "ro")) as source,
        closing(connect(target, "rw", patience=safe_connections.PATIENCE)) as destination,
    ):
        try:
            _match_page_size(source, destination)
            source.backup(destination, pages=_STEP, progress=give_up, sleep=0.05)
        except sqlite3.OperationalError as error:
            if code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise busy(target) from None
            raise
        # The content is in place. A connection that prevents a change of the mode keeps its own.
        with suppress(sqlite3.OperationalError):
            destination.execute(f"PRAGMA journal_mode = {journal_mode}")


def check_readable(path: Path) -> None:
    """Check that SQLite can read a file without other connections.

    Raises
    ------
    NotADatabaseError
        If SQLite cannot read its schema.
    """
    with closing(connect(path, "ro")) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except ERRORS as error:
            raise NotADatabaseError(f"SQLite says: {text_of(error)}") from None


def check_replaceable(path: Path) -> None:
    """Check that no lock stands in the way of `restore`.

    This needs a connection that may write, which rolls back the rest of a crash. The content stays
    the same, and any other connection would do it too.

    Raises
    ------
    DatabaseBusyError
        If another connection holds a lock.
    ApplyError
        If the database cannot be written.
    """
    try:
        with (
            _writable(path),
            closing(connect(path, "rw", patience=safe_connections.PATIENCE)) as connection,
        ):
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except ERRORS as error:
        code = code_of(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise busy(path) from None
        # A file that SQLite cannot read has no locks.
        if code not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise ApplyError(
                f"The database {path} cannot be written to: SQLite says {text_of(error)!r}. "
                "Nothing was changed. Check the permissions of the file and of its folder."
            ) from None


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Make a read-only file writable for a while; replacing it would be possible as well."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IWUSR:
        yield
        return
    path.chmod(mode | stat.S_IWUSR)
    try:
        yield
    finally:
        path.chmod(mode)


def set_journal_mode(path: Path, journal_mode: JournalMode) -> None:
    """Set the journal mode, which an image does not have."""
    with closing(connect(path, "rw")) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")


def _match_page_size(source: sqlite3.Connection, destination: sqlite3.Connection) -> None:
    """Leave WAL mode if the page size has to change, which that mode does not allow.

    sqlite3_backup_step() would return SQLITE_READONLY.
    """
    sizes = [
        connection.execute("PRAGMA page_size").fetchone()[0] for connection in (source, destination)
    ]
    if sizes[0] != sizes[1]:
        destination.execute("PRAGMA journal_mode = delete")
