"""Copies of database files, taken without disturbing who has them open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..platform import IN_BROWSER
from . import connections
from .connections import beside, busy

_CONTENT = ("", "-wal", "-journal")
"""The files that hold a database; the index of the log (``-shm``) is made from these."""

_TIMEOUT = 600
"""Seconds for copying one file."""

_SCRIPT = """
import shutil, sys
try:
    shutil.copyfile(*sys.argv[1:])
except OSError as error:
    sys.exit(error.errno)
"""


@contextmanager
def scratch() -> Iterator[Path]:
    """Provide a folder for copies, and remove it."""
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
    # The locks are per process: a child that opens and closes the file takes none of ours away.
    child = subprocess.run(
        [sys.executable, "-I", "-c", _SCRIPT, str(path), str(copy)],
        capture_output=True,
        check=False,
        timeout=_TIMEOUT,
    )
    if child.returncode:
        raise OSError(child.returncode, os.strerror(child.returncode), str(path))


def copy_together(path: Path, copy: Path) -> None:
    """Copy a database with its log and its journal, all as of one moment.

    Raises
    ------
    DatabaseBusyError
        If a writer does not pause for long enough.
    OSError
        If one of them cannot be read.
    """
    deadline = time.monotonic() + connections.PATIENCE
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
    """Yield suffix and path of the log and the journal beside a database, where one has content."""
    for suffix in _CONTENT[1:]:
        other = beside(path, suffix)
        if connections.size_of(other):
            yield suffix, other


def _copy_all(path: Path, copy: Path) -> None:
    for suffix in _CONTENT:
        # From an earlier try: a journal that is finished by now must not be rolled back.
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
