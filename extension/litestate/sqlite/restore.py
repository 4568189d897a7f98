"""Overwrite databases under the connections that others have to them."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..errors import ApplyError
from ..platform import IN_BROWSER
from . import connections
from .connections import ERRORS, JournalMode, NotADatabaseError, busy, code_of, connect, text_of

_STEP = 1024
"""Pages to copy between two looks at the clock."""


def restore(image: Path, target: Path, journal_mode: JournalMode) -> None:
    """Give an existing database the content of another one; open connections to it stay valid.

    Parameters
    ----------
    image : pathlib.Path
        A database file that nobody else uses.
    target : pathlib.Path
        The database to overwrite.
    journal_mode : {"delete", "wal"}
        Mode to set where nobody stands in the way.

    Raises
    ------
    DatabaseBusyError
        If a lock is not given back in `PATIENCE` seconds; the target is unchanged.
    """
    deadline = time.monotonic() + (0 if IN_BROWSER else connections.PATIENCE)

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Connection.backup() itself would try again for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= deadline:
            raise busy(target)

    with (
        _writable(target),
        closing(connect(image, "ro")) as source,
        closing(connect(target, "rw", patience=connections.PATIENCE)) as destination,
    ):
        try:
            _match_page_size(source, destination)
            source.backup(destination, pages=_STEP, progress=give_up, sleep=0.05)
        except sqlite3.OperationalError as error:
            if code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise busy(target) from None
            raise
        # The content is in place; whoever keeps the mode from being changed decides about it.
        with suppress(sqlite3.OperationalError):
            destination.execute(f"PRAGMA journal_mode = {journal_mode}")


def check_readable(path: Path) -> None:
    """Make sure that a file nobody else uses is a database.

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
    """Make sure that nobody holds a lock that `restore` would meet.

    Only a connection that may write can tell, and it rolls back what a crash left behind: the
    content is the same after that, and any other connection would do it, too.

    Raises
    ------
    DatabaseBusyError
        If somebody does.
    ApplyError
        If nobody may write to it.
    """
    try:
        with (
            _writable(path),
            closing(connect(path, "rw", patience=connections.PATIENCE)) as connection,
        ):
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except ERRORS as error:
        code = code_of(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise busy(path) from None
        # What SQLite cannot read has no locks either.
        if code not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise ApplyError(
                f"The database {path} cannot be written to: SQLite says {text_of(error)!r}. "
                "Nothing was changed. Check the permissions of the file and of its folder."
            ) from None


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Take the protection from a read-only file meanwhile, as replacing it would."""
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
    """Set what a restored image lost: the mark that the database uses a write-ahead log."""
    with closing(connect(path, "rw")) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")


def _match_page_size(source: sqlite3.Connection, destination: sqlite3.Connection) -> None:
    """Leave WAL mode if the page size has to change: it cannot in that mode.

    sqlite3_backup_step() says SQLITE_READONLY.
    """
    sizes = [
        connection.execute("PRAGMA page_size").fetchone()[0] for connection in (source, destination)
    ]
    if sizes[0] != sizes[1]:
        destination.execute("PRAGMA journal_mode = delete")
