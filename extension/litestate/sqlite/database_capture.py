"""Capture of databases at their last commit while other connections write to them."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..platform import IN_BROWSER
from . import safe_connections
from .copies import Image, copy_together, scratch
from .safe_connections import (
    ERRORS,
    NotADatabaseError,
    beside,
    busy,
    code_of,
    connect,
    has_hot_journal,
    reading,
    text_of,
)

COUNT_BUDGET = 1.0
"""Seconds for counting the rows of one database, for the report only."""

CHECK_BUDGET = 1.0
"""Seconds for checking the rows of one database. Its pages, which come first, take 0.2 s for
280 MB."""

IN_MEMORY = 32 << 20
"""Bytes of the largest database that is captured in memory. ``serialize`` holds it twice, and
``backup`` into a file does not; in the browser, ``serialize`` is ten times as fast."""

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_NEEDS_WRITING = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
"""Errors of a read-only connection for a hot journal, and for a log without an index."""

_UNREADABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""The last one is for a file format that this SQLite does not know."""

_DAMAGE = ("*** in database", "database disk image is malformed")
"""First words of quick_check about pages. Its other messages are about values and constraints,
which do not make the file unreadable."""


def capture(path: Path, folder: Path | None, *, quick: bool = False) -> Image:
    """Read a database at its last commit, without effects on its other connections.

    Nothing is recovered or rolled back in place, not even after a crash: that happens in a copy of
    the database with its journal and log. A copy is also used if a writer holds an exclusive lock:
    the rollback journal has the pages that it overwrote, or the log has its new pages.

    Parameters
    ----------
    path : pathlib.Path
        A database file.
    folder : pathlib.Path or None
        Folder for the content of a large database, which must exist as long as the image is used.
        None for an image without content.
    quick : bool, optional
        Whether to leave out the row counts and the check for damage, which only reports need. In
        the browser, where nothing else runs in between, the content may then be the path of the
        database file itself, to be read at once.

    Raises
    ------
    DatabaseBusyError
        If a lock is exclusive and no journal or log leads to the last commit.
    NotADatabaseError
        If SQLite cannot read it.
    OSError
        If the operating system cannot read it.
    """
    # Reading it in place would leave a log and an index that cannot be removed.
    is_protected = not os.access(path, os.W_OK) and _has_wal_mark(path)
    take = _Taker(folder, quick)
    if is_protected and (image := _read_copy(path, take, is_locked=False)):
        return image
    for patience in (0, safe_connections.PATIENCE):
        try:
            return _read(path, take, patience)
        except ERRORS as error:
            code = code_of(error)
            if code not in _LOCKED + _NEEDS_WRITING:
                raise _explained(error) from None
        if image := _read_copy(path, take, is_locked=code in _LOCKED):
            return image
        # The second attempt waits for the lock, which is useless if this thread holds it.
    raise busy(path)


def _read(path: Path, take: _Taker, patience: float) -> Image:
    alone = not safe_connections.size_of(beside(path, "-wal"))
    with reading(path, patience=patience) as connection, _one_commit(connection):
        being_written = _is_being_written(path)
        is_all = alone and path.stat().st_size == _size(connection)
        if take.quick and is_all and IN_BROWSER:
            return take.image(connection, being_written, path)
        return take(connection, being_written, alone=alone)


def _read_copy(path: Path, take: _Taker, *, is_locked: bool) -> Image | None:
    """Read a copy of a database with its journal and log.

    Return None for a locked database without a hot journal or a log: its file may hold anything.
    """
    if is_locked and not (has_hot_journal(path) or beside(path, "-wal").exists()):
        return None
    with scratch() as aside:
        copy = aside / "database"
        copy_together(path, copy)
        is_hot = has_hot_journal(copy)
        if is_locked and not is_hot and not _has_wal_mark(copy):
            return None
        alone = not is_hot and not safe_connections.size_of(beside(copy, "-wal"))
        being_written = (is_hot or None) if is_locked else False
        try:
            with closing(connect(copy, "rw")) as connection, _one_commit(connection):
                return take(connection, being_written, alone=alone)
        except ERRORS as error:
            raise _explained(error) from None


def _explained(error: Exception) -> Exception:
    text = f"SQLite says: {text_of(error)}"
    if isinstance(error, UnicodeDecodeError) or code_of(error) in _UNREADABLE:
        return NotADatabaseError(text)
    # The disk, or the space on it: the database may be good.
    return OSError(errno.EIO, text)


@contextmanager
def _one_commit(connection: sqlite3.Connection) -> Iterator[None]:
    # The first read takes the lock and keeps it, so that counts and content agree.
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    yield


@dataclass(frozen=True)
class _Taker:
    """Makes an image through a connection that stays at one commit.

    Attributes
    ----------
    folder : pathlib.Path or None
        Folder for the content of a large database; None for an image without content.
    quick : bool
        Whether to leave out counts and checks, which only reports need.
    """

    folder: Path | None
    quick: bool

    def __call__(
        self, connection: sqlite3.Connection, open_transaction: bool | None, *, alone: bool
    ) -> Image:
        content = _content(connection, _size(connection), self.folder) if self.folder else None
        return self.image(connection, open_transaction, content, alone=alone)

    def image(
        self,
        connection: sqlite3.Connection,
        open_transaction: bool | None,
        content: bytes | Path | None,
        *,
        alone: bool = True,
    ) -> Image:
        """Return the image with this content."""
        # SQLite accepts any bytes as a name.
        connection.text_factory = lambda data: data.decode(errors="replace")
        return Image(
            content,
            _size(connection),
            "wal" if _pragma(connection, "journal_mode") == "wal" else "delete",
            {} if self.quick else _count_rows(connection),
            open_transaction,
            None if self.quick else _damage(connection),
            alone,
        )


def _size(connection: sqlite3.Connection) -> int:
    return int(_pragma(connection, "page_count") * _pragma(connection, "page_size"))


def _content(connection: sqlite3.Connection, size: int, folder: Path) -> bytes | Path:
    if not size:
        return b""
    if size <= IN_MEMORY:
        return connection.serialize()
    copy = Path(tempfile.mkdtemp(dir=folder), "copy")
    with closing(sqlite3.connect(copy, isolation_level=None)) as destination:
        # After a crash this file is not needed.
        destination.execute("PRAGMA journal_mode = off")
        destination.execute("PRAGMA synchronous = off")
        # In one step: the source is locked by us, and no one else uses the destination.
        connection.backup(destination, pages=-1)
    return copy


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA main.{name}").fetchone()[0]


def _count_rows(connection: sqlite3.Connection) -> dict[str, int | None]:
    listed = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    counts: dict[str, int | None] = {}
    with _at_most(connection, COUNT_BUDGET):
        for (name,) in listed:
            quoted = name.replace('"', '""')
            try:
                counts[name] = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
            except ERRORS:
                # Out of time, or a virtual table whose module is not loaded here.
                counts[name] = None
    return counts


def _damage(connection: sqlite3.Connection) -> str | None:
    """Return damage in the pages of a database with a readable schema, or None."""
    with _at_most(connection, CHECK_BUDGET):
        try:
            finding = str(connection.execute("PRAGMA main.quick_check(1)").fetchone()[0])
        except ERRORS as error:
            # Any other error is a timeout or an undefined function. Pages come first, so they are
            # good.
            unreadable = code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            return text_of(error) if unreadable else None
    return finding.rpartition("\n")[2] if finding.startswith(_DAMAGE) else None


@contextmanager
def _at_most(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt the statements after so many seconds in all."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _is_being_written(path: Path) -> bool:
    """Tell whether a connection has an open write transaction.

    Call it only while another connection reads the database. That one has found no journal to roll
    back; and with it, this connection is not the last to close, which would empty the log.
    """
    try:
        with closing(connect(path, "rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except ERRORS as error:
        return code_of(error) in _LOCKED
    return False


def _has_wal_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"
