"""Overwrite databases under the connections that others have to them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from . import connections
from .connections import UNREADABLE, JournalMode, NotADatabaseError, busy, code_of, connect

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
    deadline = time.monotonic() + (0 if connections.IN_BROWSER else connections.PATIENCE)

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Connection.backup() itself would try again for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= deadline:
            raise busy(target)

    with (
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
        except UNREADABLE as error:
            raise NotADatabaseError(f"SQLite says: {error}") from None


def check_replaceable(path: Path) -> None:
    """Make sure that nobody holds a lock that `restore` would meet.

    Raises
    ------
    DatabaseBusyError
        If somebody does.
    """
    with closing(connect(path, "rw", patience=connections.PATIENCE)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise busy(path) from None
            raise


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
