"""Copies of databases: images at a commit, and copies of the files themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..platform import IN_BROWSER
from . import safe_connections
from .safe_connections import JournalMode, beside, busy

_CHUNK = 1 << 20

_CONTENT = ("", "-wal", "-journal")
"""The files of a database; SQLite makes the index of the log (``-shm``) from these."""

_TIMEOUT = 600
"""Seconds for copying one file."""

_SCRIPT = """
import shutil, sys
try:
    shutil.copyfile(*sys.argv[1:])
except OSError as error:
    sys.exit(error.errno)
"""


@dataclass(frozen=True)
class Image:
    """A database at its last commit.

    Attributes
    ----------
    content : bytes or pathlib.Path or None
        A complete database file: its bytes, or the path of a copy that no connection uses. None
        if only the other attributes were asked for.
    size : int
        Bytes of that file.
    journal_mode : {"delete", "wal"}
        The mode that is set in the database itself.
    tables : dict of str to int or None
        Rows of each table; None if counting took too long or was not possible.
    open_transaction : bool or None
        Whether a connection was in a write transaction; those rows are not in ``content``. None
        if this is unknown because of an exclusive lock.
    damage : str or None
        Damage that SQLite finds in the pages of the file.
    alone : bool
        Whether the file holds all of it, and no log or journal does.
    """

    content: bytes | Path | None
    size: int
    journal_mode: JournalMode
    tables: dict[str, int | None]
    open_transaction: bool | None = False
    damage: str | None = None
    alone: bool = True

    def chunks(self) -> Iterator[bytes]:
        """Yield the file in pieces, with fixed values in header fields that are not content.

        The change counter (24), its copy (92), the schema cookie (40) and the version of the last
        writer (96) differ between databases of equal content, and a restore raises them. With the
        WAL marks (18, 19), the file could not be opened in memory. The offsets are those of
        https://www.sqlite.org/fileformat2.html, 1.3.
        """
        pieces = self._pieces()
        first = next(pieces, b"")
        if not first:
            return
        header = bytearray(first[:100])
        header[18:20] = b"\1\1"
        header[24:28] = header[40:44] = header[92:96] = b"\0\0\0\1"
        header[96:100] = b"\0\0\0\0"
        yield bytes(header) + first[100:]
        yield from pieces

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self.content, Path):
            with self.content.open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        elif self.content:
            for start in range(0, len(self.content), _CHUNK):
                yield self.content[start : start + _CHUNK]


EMPTY = Image(b"", 0, "delete", {})
"""A database that was opened and never written: an empty file."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Create a folder for copies, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        yield Path(folder)


def copy_aside(path: Path, copy: Path) -> None:
    """Copy a database file byte by byte without dropping this process's locks on it.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if IN_BROWSER or os.name == "nt":
        shutil.copyfile(path, copy)
        return
    # Locks belong to a process: when a child closes the file, this process keeps its locks.
    child = subprocess.run(
        [sys.executable, "-I", "-c", _SCRIPT, str(path), str(copy)],
        capture_output=True,
        check=False,
        timeout=_TIMEOUT,
    )
    if child.returncode:
        raise OSError(child.returncode, os.strerror(child.returncode), str(path))


def copy_together(path: Path, copy: Path) -> None:
    """Copy a database with its log and its journal, all from the same moment.

    Raises
    ------
    DatabaseBusyError
        If no pause between writes is long enough.
    OSError
        If a file cannot be read.
    """
    deadline = time.monotonic() + safe_connections.PATIENCE
    while True:
        before = _versions(path)
        try:
            _copy_all(path, copy)
        except FileNotFoundError:
            if not path.exists():
                raise
        else:
            if _versions(path) == before:
                return
        if time.monotonic() > deadline:
            raise busy(path)


def sidecars(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield suffix and path of the log and of the journal of a database, unless they are empty."""
    for suffix in _CONTENT[1:]:
        other = beside(path, suffix)
        if safe_connections.size_of(other):
            yield suffix, other


def _copy_all(path: Path, copy: Path) -> None:
    for suffix in _CONTENT:
        # From an earlier attempt: SQLite must not roll back a journal that is finished by now.
        beside(copy, suffix).unlink(missing_ok=True)
        if beside(path, suffix).exists():
            copy_aside(beside(path, suffix), beside(copy, suffix))


def _versions(path: Path) -> list[tuple[int, int] | None]:
    return [_version(beside(path, suffix)) for suffix in _CONTENT]


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
