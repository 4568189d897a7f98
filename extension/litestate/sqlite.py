"""SQLite files: recognise, capture and restore them while somebody else has them open.

Everywhere but in the browser, a file that may be a database is opened by nobody but SQLite. On
POSIX systems closing any file descriptor drops every lock that the process holds on the file, so
reading it with
`open` would take away the locks of the user's own connections ("How To Corrupt An SQLite Database
File", 2.2).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from .errors import DatabaseBusyError, LitestateError

HEADER = b"SQLite format 3\0"
"""How a database file starts (https://www.sqlite.org/fileformat2.html, 1.3)."""

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is in use."""

PATIENCE = 2.0
"""Seconds to wait for a lock. In the browser the holder is this very thread, so waiting would
never help."""

COUNT_BUDGET = 1.0
"""Seconds to spend on counting the rows of one database, which is only for the report."""

_IN_BROWSER = sys.platform == "emscripten"
_MIN_PAGE = 512
_CHUNK = 1 << 20
_STEP = 1024
"""Pages to copy between two looks at the clock."""

JournalMode = Literal["delete", "wal"]


class NotADatabaseError(LitestateError):
    """SQLite cannot read the file: encrypted, corrupt, or something else with that header."""


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
        header = bytearray(self.data[:100])
        header[18:20] = b"\1\1"
        header[24:28] = header[40:44] = header[92:96] = b"\0\0\0\1"
        header[96:100] = b"\0\0\0\0"
        yield bytes(header) + self.data[100:_CHUNK]
        for start in range(_CHUNK, len(self.data), _CHUNK):
            yield self.data[start : start + _CHUNK]


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
    if _IN_BROWSER:
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    try:
        with closing(_connect(path, "ro", patience=0)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        # Locked, or to be recovered first: only a database can be that.
        return _code(error) not in (
            sqlite3.SQLITE_NOTADB,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_CORRUPT,
        )
    return True


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
    for mode in ("ro", "rw"):
        try:
            return _serialize(path, mode, open_transaction=open_transaction)
        except sqlite3.DatabaseError as error:
            code = _code(error)
            # A WAL database without its index can only be read by who may make one.
            if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and mode == "ro":
                continue
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise NotADatabaseError(f"SQLite says: {error}") from None
            break
    return _capture_copy(path)


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
    deadline = time.monotonic() + (0 if _IN_BROWSER else PATIENCE)

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Connection.backup() itself would try again for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= deadline:
            raise busy(target)

    with closing(_connect(image, "ro")) as source, closing(_connect(target, "rw")) as destination:
        try:
            _match_page_size(source, destination)
            source.backup(destination, pages=_STEP, progress=give_up, sleep=0.05)
            if journal_mode == "wal":
                destination.execute("PRAGMA journal_mode = wal")
        except sqlite3.OperationalError as error:
            if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise busy(target) from None
            raise


def check_replaceable(path: Path) -> None:
    """Make sure that nobody holds a lock that `restore` would meet.

    Raises
    ------
    DatabaseBusyError
        If somebody does.
    """
    with closing(_connect(path, "rw")) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise busy(path) from None
            raise


def set_journal_mode(path: Path, journal_mode: JournalMode) -> None:
    """Set what a restored image lost: the mark that the database uses a write-ahead log."""
    with closing(_connect(path, "rw")) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")


def busy(path: Path) -> DatabaseBusyError:
    """Return the error for a database that is in use."""
    return DatabaseBusyError(
        f"The database {path} is in use: a connection has an open transaction or a query that "
        "was not read to its end. "
        "Call commit() or rollback() on the connection, close its cursors, and try again."
    )


def _connect(path: Path, mode: str, patience: float | None = None) -> sqlite3.Connection:
    seconds = (0.0 if _IN_BROWSER else PATIENCE) if patience is None else patience
    # Absolute, or SQLite would take the first part of the path for a host.
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; 0 for an error that Python raised itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _serialize(path: Path, mode: str, *, open_transaction: bool = False) -> Image:
    with closing(_connect(path, mode)) as connection:
        # The lock is taken by the first read and kept, so that what is counted is what is copied.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        tables = _count_rows(connection)
        data = connection.serialize()
    wal = data[18:20] == b"\2\2"
    return Image(data, "wal" if wal else "delete", tables, open_transaction)


def count_rows(path: Path) -> dict[str, int | None]:
    """Count the rows of each table as of the last commit.

    Raises
    ------
    DatabaseBusyError, NotADatabaseError
        As `capture`.
    """
    return capture(path).tables


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
        except sqlite3.DatabaseError:
            # Out of time, or a virtual table whose module is not loaded here.
            counts[name] = None
    connection.set_progress_handler(None, 0)
    return counts


def _is_being_written(path: Path) -> bool:
    try:
        with closing(_connect(path, "rw", patience=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False


def _capture_copy(path: Path) -> Image:
    journal = path.with_name(path.name + "-journal")
    if not journal.exists() or journal.stat().st_size == 0:
        raise busy(path)
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copy = Path(folder, "database")
        _copy_both(path, journal, copy)
        try:
            return _serialize(copy, "rw", open_transaction=True)
        except sqlite3.DatabaseError as error:
            raise NotADatabaseError(f"SQLite says: {error}") from None


def _copy_both(path: Path, journal: Path, copy: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        before = _version(path), _version(journal)
        copy_aside(path, copy)
        copy_aside(journal, copy.with_name(copy.name + "-journal"))
        if before == (_version(path), _version(journal)):
            return
        if time.monotonic() > deadline:
            raise busy(path)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def copy_aside(path: Path, copy: Path) -> None:
    """Copy a database file byte by byte without dropping this process's locks on it."""
    if _IN_BROWSER or os.name == "nt":
        shutil.copyfile(path, copy)
        return
    # The locks are per process: a child that opens and closes the file takes none of ours away.
    script = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
    subprocess.run(
        [sys.executable, "-I", "-c", script, str(path), str(copy)], check=True, timeout=600
    )


def _match_page_size(source: sqlite3.Connection, destination: sqlite3.Connection) -> None:
    """Leave WAL mode if the page size has to change: it cannot in that mode.

    sqlite3_backup_step() says SQLITE_READONLY.
    """
    sizes = [
        connection.execute("PRAGMA page_size").fetchone()[0] for connection in (source, destination)
    ]
    if sizes[0] != sizes[1]:
        destination.execute("PRAGMA journal_mode = delete")
