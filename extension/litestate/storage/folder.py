"""Storage of checkpoints in a folder, for CPython."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from pathlib import Path
from typing import NoReturn

from ..errors import StorageError, StorageFullError
from . import system_calls
from .interface import (
    CELLS_NAME,
    FILE_NAMES,
    HEAD,
    TRIES,
    File,
    Snapshot,
    Usage,
    folder_name,
    rewritten,
)

FOLDER = ".litestate"
"""Name of the folder for the notebooks of one folder."""

POLL = 0.05
"""Seconds between two attempts to get the lock."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors for a full disk, a full quota, or the largest file of this file system."""


def open_directory(
    name: str, *, folder: Path | None = None, patience: float = 2.0
) -> DirectoryStorage:
    """Open the files of a notebook, for writing if no other process writes them.

    Parameters
    ----------
    name : str
        Name of the notebook.
    folder : Path, optional
        Folder for the files of all notebooks; ``.litestate`` in the current folder by default.
    patience : float
        Most seconds to wait for the lock.

    Raises
    ------
    StorageError
        If the folder cannot be created or used.
    """
    base = Path.cwd() / FOLDER if folder is None else folder
    place = base / folder_name(name)
    try:
        _make(base, place)
        lock = _patient_lock(place, patience)
        return DirectoryStorage(place, lock)
    except OSError as error:
        _fail(place, "used", error)


class DirectoryStorage:
    """Two files and a lock in a folder; see `interface.Storage`.

    Parameters
    ----------
    place : Path
        The folder.
    lock : int or None
        File descriptor of the lock, if this process holds it.
    """

    transient = ""

    def __init__(self, place: Path, lock: int | None) -> None:
        self._place = place
        self._lock = lock
        self.label = str(place)
        self.writable = lock is not None
        self._opened: list[_DirectoryFile] = []
        try:
            self._opened += [_DirectoryFile(place / name, self.writable) for name in FILE_NAMES]
            self.cells = self._open_cells() if self.writable else None
            if self.writable:
                system_calls.sync_folder(place)
            self.files: tuple[File, File] = self._current_files()
        except BaseException:
            self.close()
            raise

    async def usage(self) -> Usage | None:
        """Return how full the disk is."""
        try:
            total, _, free = shutil.disk_usage(self._place)
        except OSError:
            return None
        # Space that is reserved for the system is neither used nor free.
        return Usage(total - free, total)

    def take_over(self) -> DirectoryStorage | None:
        """Return a writable storage once the lock is free, else None."""
        if self.writable:
            return self
        # Raises an error if this storage is closed.
        self._opened[0].size()
        try:
            lock = system_calls.try_lock(self._place / "lock")
            if lock is None:
                return None
            successor = DirectoryStorage(self._place, lock)
        except OSError as error:
            _fail(self._place, "used", error)
        self.close()
        return successor

    async def refresh(self) -> None:
        """Update a reader to the present state of the files."""
        if not self.writable:
            self.files = self._current_files()

    def close(self) -> None:
        """Close the files and release the lock."""
        for file in self._opened:
            file.close()
        if self._lock is not None:
            system_calls.unlock(self._lock)
            self._lock = None

    def _open_cells(self) -> File | None:
        try:
            file = _DirectoryFile(self._place / CELLS_NAME, True)
        except OSError:
            # No checkpoint needs it.
            logging.getLogger(__name__).debug("no file for the cells", exc_info=True)
            return None
        self._opened.append(file)
        return file

    def _current_files(self) -> tuple[File, File]:
        first, second = self._opened[:2]
        if self.writable:
            return first, second
        for _ in range(TRIES):
            files = [Snapshot(f.size(), f.read, self.label) for f in (first, second)]
            # In between, compaction may have moved everything to the first file.
            if first.read(0, HEAD) == files[0].head:
                return files[0], files[1]
        raise rewritten(self.label)


class _DirectoryFile:
    """A file that stays open."""

    def __init__(self, path: Path, writable: bool) -> None:
        self._path = path
        flags = os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY
        self._opened: int | None = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)

    @property
    def _descriptor(self) -> int:
        if self._opened is None:
            raise StorageError(f"The checkpoints in {self._path.parent} have been closed.")
        return self._opened

    def size(self) -> int:
        try:
            return os.fstat(self._descriptor).st_size
        except OSError as error:
            _fail(self._path, "read", error)

    def read(self, offset: int, length: int) -> bytes:
        pieces = []
        try:
            # One call returns at most 2 GiB on Linux.
            while length > 0 and (piece := system_calls.pread(self._descriptor, length, offset)):
                pieces.append(piece)
                offset += len(piece)
                length -= len(piece)
        except OSError as error:
            _fail(self._path, "read", error)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        left = memoryview(data).cast("B")
        try:
            while left:
                count = system_calls.pwrite(self._descriptor, left, offset)
                left = left[count:]
                offset += count
        except OSError as error:
            _fail(self._path, "written", error)

    def truncate(self, size: int) -> None:
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            _fail(self._path, "written", error)

    def flush(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            _fail(self._path, "written", error)

    def close(self) -> None:
        if self._opened is not None:
            os.close(self._opened)
            # The system may give the number to another file.
            self._opened = None


def _make(base: Path, place: Path) -> None:
    base.mkdir(parents=True, exist_ok=True)
    ignore = base / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by litestate: checkpoints are not for version control.\n*\n")
    if not place.exists():
        place.mkdir(exist_ok=True)
        system_calls.sync_folder(base)


def _patient_lock(place: Path, patience: float) -> int | None:
    end = time.monotonic() + patience
    while True:
        lock = system_calls.try_lock(place / "lock")
        # A writer that has just got the lock may not have created its files yet.
        readable = all((place / name).exists() for name in FILE_NAMES)
        if lock is not None or (readable and time.monotonic() >= end):
            return lock
        if time.monotonic() >= end + 1:
            return None
        time.sleep(POLL)


def _fail(path: Path, verb: str, error: OSError) -> NoReturn:
    if error.errno in _FULL:
        raise StorageFullError(
            f"There is no room left for checkpoints in {path} ({error.strerror}). Free some space "
            "on that disk, and run the cell again. Older checkpoints are unchanged."
        ) from None
    raise StorageError(
        f"The checkpoints in {path} cannot be {verb} ({error.strerror or error}). Start Python in "
        "a folder that you may write to. save_state() works anyway."
    ) from None
