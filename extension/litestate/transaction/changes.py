"""Changes to the file system that can be undone, and batches of them."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .. import sqlite


class Change(Protocol):
    """One step of a load."""

    def commit(self) -> None:
        """Make the change."""

    def revert(self) -> None:
        """Undo it after it was made."""


class NotUndoneError(Exception):
    """A change failed, and some of the changes before it could not be undone.

    Attributes
    ----------
    failed : list of (Change, BaseException)
        The changes that were not undone, with the errors.
    """

    def __init__(self, failed: list[tuple[Change, BaseException]]) -> None:
        super().__init__(f"{len(failed)} changes could not be undone")
        self.failed = failed


class Batch:
    """Changes that are committed together or not at all.

    Attributes
    ----------
    settled : bool
        Whether all changes are made, or none. Until then, the files put aside are the only copy.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self.settled = True

    def commit(self) -> None:
        """Make all changes.

        Raises
        ------
        NotUndoneError
            If a change failed, and not all of the others could be undone.
        BaseException
            The error of a failed change; all others are undone.
        """
        done: list[Change] = []
        self.settled = False
        try:
            for change in self._changes:
                # Recorded first: it may be interrupted in the middle.
                done.append(change)
                change.commit()
        except BaseException as error:
            with uninterrupted():
                failed = _revert(done)
                self.settled = not failed
            if failed:
                raise NotUndoneError(failed) from error
            raise
        self.settled = True


def _revert(done: list[Change]) -> list[tuple[Change, BaseException]]:
    failed: list[tuple[Change, BaseException]] = []
    for change in reversed(done):
        try:
            change.revert()
        except BaseException as error:  # No error may stop the undoing of the others.
            failed.append((change, error))
    return failed


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C, so that the undoing of changes is complete."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass
class Replace:
    """Replace or remove the file at a path; the previous file is moved aside.

    Attributes
    ----------
    target : pathlib.Path
        The path to change.
    staged : pathlib.Path or None
        The new file; None only removes.
    aside : pathlib.Path
        A free path for the previous file.
    """

    target: Path
    staged: Path | None
    aside: Path

    def commit(self) -> None:
        if os.path.lexists(self.target):
            move(self.target, self.aside)
        if self.staged is not None:
            move(self.staged, self.target)

    def revert(self) -> None:
        # The existing paths show how far it came: it may have been interrupted anywhere.
        if os.path.lexists(self.aside):
            if os.path.lexists(self.target):
                self.target.unlink()
            move(self.aside, self.target)
        elif self.staged is not None and not os.path.lexists(self.staged):
            self.target.unlink(missing_ok=True)


@dataclass
class Overwrite:
    """Replace or remove a file without renaming, as for the drive.

    The old file is copied aside and then overwritten. If the tab is killed in between, the old or
    the new content is in the browser's storage.

    Attributes
    ----------
    target, staged, aside
        As for `Replace`.
    attributes : bool
        Whether the file system has permissions and times.
    """

    target: Path
    staged: Path | None
    aside: Path
    attributes: bool = False
    _had_old: bool = field(default=True, init=False)

    def commit(self) -> None:
        self._had_old = self.target.exists()
        if self._had_old:
            _copy(self.target, self.aside)
        if self.staged is None:
            self.target.unlink()
        else:
            self._write(self.staged)

    def _write(self, source: Path) -> None:
        if not self.attributes:
            shutil.copyfile(source, self.target)
            return
        mode = stat.S_IMODE(self.target.stat().st_mode) if self.target.exists() else stat.S_IWUSR
        if not mode & stat.S_IWUSR:
            # `Replace` replaces read-only files too.
            self.target.chmod(mode | stat.S_IWUSR)
        shutil.copy2(source, self.target)

    def revert(self) -> None:
        if self.aside.exists():
            self._write(self.aside)
        elif not self._had_old:
            self.target.unlink(missing_ok=True)


@dataclass
class MakeFolder:
    """Create a folder; its parent exists."""

    target: Path
    _is_new: bool = field(default=False, init=False)

    def commit(self) -> None:
        self._is_new = not os.path.lexists(self.target)
        self.target.mkdir()

    def revert(self) -> None:
        if self._is_new and self.target.is_dir():
            self.target.rmdir()


@dataclass
class RemoveFolder:
    """Remove an empty folder."""

    target: Path
    _old: os.stat_result | None = field(default=None, init=False)

    def commit(self) -> None:
        self._old = self.target.stat()
        self.target.rmdir()

    def revert(self) -> None:
        if self._old and not self.target.is_dir():
            self.target.mkdir()
            _set_back(self.target, self._old)


@dataclass
class RestoreDatabase:
    """Give a database new content; open connections to it stay valid.

    Attributes
    ----------
    target : pathlib.Path
        The database.
    new, old : pathlib.Path
        Images of the new and of the present content.
    new_mode, old_mode : {"delete", "wal"}
        Their journal modes.
    """

    target: Path
    new: Path
    new_mode: sqlite.JournalMode
    old: Path
    old_mode: sqlite.JournalMode
    _seen: object = field(init=False)
    _before: os.stat_result | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._seen = self._version()

    def commit(self) -> None:
        if self._version() != self._seen:
            # Undoing would lose later commits.
            raise OSError(f"{self.target} was changed during the load. Load again")
        self._before = self.target.stat()
        try:
            sqlite.restore(self.new, self.target, self.new_mode)
        except Exception:
            # SQLite has rolled back. After an interrupt (no Exception), that is uncertain.
            self._before = None
            raise

    def revert(self) -> None:
        if self._before:
            sqlite.restore(self.old, self.target, self.old_mode)
            _set_back(self.target, self._before)

    def _version(self) -> object:
        status, log = self.target.stat(), self.target.with_name(self.target.name + "-wal")
        return status.st_size, status.st_mtime_ns, log.stat().st_size if log.exists() else 0


@dataclass
class SetAttributes:
    """Set permissions and modification time."""

    target: Path
    mode: int
    mtime_ns: int
    _old: os.stat_result | None = field(default=None, init=False)

    def commit(self) -> None:
        self._old = self.target.stat()
        set_attributes(self.target, self.mode, self.mtime_ns)

    def revert(self) -> None:
        if self._old:
            _set_back(self.target, self._old)


def set_attributes(path: Path, mode: int, mtime_ns: int) -> None:
    """Set permissions and modification time (nanoseconds since 1970) of a file or folder."""
    # Without set-user-ID, set-group-ID and sticky bits: a bundle must not grant rights.
    path.chmod(mode & 0o777)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def _set_back(path: Path, old: os.stat_result) -> None:
    path.chmod(stat.S_IMODE(old.st_mode))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


def move(source: Path, target: Path) -> None:
    """Rename a file; between file systems, copy and remove it."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(source, target)


def _copy_over(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
    else:
        _copy(source, target)
    source.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy a file atomically: the target is complete or missing."""
    part = target.with_name(f".litestate-{target.name}.part")
    shutil.copy2(source, part)
    part.rename(target)
