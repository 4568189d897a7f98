"""Operating-system wrappers: locks, positioned I/O, durability."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
"""Errors for a lock that is taken; the first one is that of Windows."""

_held: dict[int, tuple[int, int]] = {}
"""Device and inode, by descriptor, of the locks that this process holds. Linux and Windows refuse a
second lock of one process, but Emscripten has no locks."""


def try_lock(path: Path) -> int | None:
    """Take the lock of a file; it is released at the latest when the process ends.

    Returns
    -------
    int or None
        A file descriptor for `unlock`, or None if the lock is taken.

    Raises
    ------
    OSError
        If the file cannot be opened, or its file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino)
        if identity not in _held.values() and _lock(descriptor):
            _held[descriptor] = identity
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def unlock(descriptor: int) -> None:
    """Release a lock."""
    del _held[descriptor]
    os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            return False
        return True

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        """Read at an offset."""
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, min(length, 1 << 30))

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        """Write at an offset; return how many bytes were written."""
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data[: 1 << 30])

    def sync_folder(path: Path) -> None:
        """Do nothing: on Windows folders are durable, and cannot be opened."""

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        if not hasattr(fcntl, "flock"):
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            return False
        return True

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        """Read at an offset."""
        # A larger read is an error on macOS, and cut short on Linux.
        return os.pread(descriptor, min(length, 1 << 30), offset)

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        """Write at an offset; return how many bytes were written."""
        return os.pwrite(descriptor, data[: 1 << 30], offset)

    def sync_folder(path: Path) -> None:
        """Make the names in a folder durable."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
