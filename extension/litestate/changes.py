"""Single changes to a file system, each with its way back.

`commit` either happens whole or leaves things as they were; `revert` undoes a committed one.
"""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from . import sqlite


class Change(Protocol):
    """One step of a load."""

    def commit(self) -> None:
        """Make the change."""

    def revert(self) -> None:
        """Undo it after it was made."""


@dataclass
class Replace:
    """Put something new at a path, or nothing; what was there is kept aside.

    Attributes
    ----------
    target : pathlib.Path
        The path to change.
    staged : pathlib.Path or None
        What comes there; None removes only.
    aside : pathlib.Path
        A free path for what was there.
    """

    target: Path
    staged: Path | None
    aside: Path
    _had_old: bool = field(default=False, init=False)

    def commit(self) -> None:
        self._had_old = os.path.lexists(self.target)
        if self._had_old:
            move(self.target, self.aside)
        if self.staged is None:
            return
        try:
            move(self.staged, self.target)
        except BaseException:
            self.revert()
            raise

    def revert(self) -> None:
        if self.staged is not None and os.path.lexists(self.target):
            self.target.unlink()
        if self._had_old:
            move(self.aside, self.target)


@dataclass
class MakeFolder:
    """Create a folder; its parent exists."""

    target: Path

    def commit(self) -> None:
        self.target.mkdir()

    def revert(self) -> None:
        self.target.rmdir()


@dataclass
class RemoveFolder:
    """Remove an empty folder."""

    target: Path
    _mode: int = field(default=0o755, init=False)

    def commit(self) -> None:
        self._mode = self.target.stat().st_mode & 0o7777
        self.target.rmdir()

    def revert(self) -> None:
        self.target.mkdir()
        self.target.chmod(self._mode)


@dataclass
class RestoreDatabase:
    """Give a database new content under the connections that are open to it."""

    target: Path
    new: Path
    new_mode: sqlite.JournalMode
    old: Path
    old_mode: sqlite.JournalMode

    def commit(self) -> None:
        sqlite.restore(self.new, self.target, self.new_mode)

    def revert(self) -> None:
        sqlite.restore(self.old, self.target, self.old_mode)


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
            set_attributes(self.target, self._old.st_mode & 0o7777, self._old.st_mtime_ns)


def set_attributes(path: Path, mode: int, mtime_ns: int) -> None:
    """Set permissions and modification time (nanoseconds since 1970) of a file or folder."""
    # Without set-user-ID, set-group-ID and sticky bits: a bundle must not hand out somebody's
    # rights.
    path.chmod(mode & 0o777)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def move(source: Path, target: Path) -> None:
    """Rename; copy and remove between file systems, of which the drive is one."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(source, target)


def _copy_over(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        target.mkdir()
        source.rmdir()
        return
    else:
        shutil.copyfile(source, target)
    source.unlink()
