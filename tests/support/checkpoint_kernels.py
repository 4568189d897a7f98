"""A kernel with checkpoints: a session in temporary folders and a history in another folder."""

from __future__ import annotations

import io
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import litestate.api.kernel_session
import litestate.files.stat_cache
import pytest
from litestate.bundle import Reader
from litestate.checkpoints import Checkpoint, Retention
from litestate.checkpoints import checkpoint_restore as restoring
from litestate.checkpoints.checkpoint_session import NewCheckpoint, Session
from litestate.checkpoints.scan import Scanner
from litestate.report import Report
from litestate.storage.folder import open_directory
from sessions import Session as State

IN_KERNEL = sys.platform == "emscripten"

CLOCK = 0.03
"""Seconds after which the file system's clock has advanced (Linux: jiffies of up to 10 ms)."""


@dataclass
class Kernel:
    """The state of a kernel with autosave, without the cells."""

    state: State
    history: Path
    options: dict[str, Any] = field(default_factory=dict)
    retention: Retention | None = None
    storage: Any = None

    def __post_init__(self) -> None:
        self.storage = self.storage or open_directory("nb", folder=self.history, patience=0)
        scanner = Scanner(**self.options)
        self.session = Session(self.storage, "nb", scanner, self.retention)
        if IN_KERNEL and self.session.newest:
            # The folder of this test outlives the session, as in plain Python.
            self.session.tree = self.session.entries(self.session.newest)

    def checkpoint(self, **about: Any) -> NewCheckpoint | None:
        return self.session.checkpoint("cell", **about)

    def checkpointed(self, **about: Any) -> NewCheckpoint:
        made = self.checkpoint(**about)
        assert made is not None
        return made

    def number(self) -> int:
        """Scan, and return the number of the newest checkpoint."""
        self.checkpoint()
        assert self.session.newest is not None
        return self.session.newest.number

    def same(self) -> None:
        """Scan, and assert that no change was found and no byte written."""
        size, count = self.size, len(self.session.history.checkpoints)
        made = self.checkpoint()
        assert made is None, made.lines
        assert (self.size, len(self.session.history.checkpoints)) == (size, count)

    @property
    def size(self) -> int:
        """Return the total size of the history's files, in bytes."""
        return sum(path.stat().st_size for path in self.history.rglob("*.log"))

    def settle(self) -> None:
        """Wait until the stat cache accepts the files, and make a checkpoint."""
        time.sleep(2 * CLOCK)
        self.checkpoint()

    def restore(self, which: int | str | Checkpoint | None) -> Report:
        return restoring.restore(self.session, self.session.find(which))

    def reopen(self) -> None:
        """Continue as a new process."""
        self.session.close()
        self.storage = None
        self.__post_init__()

    def activate(self) -> None:
        """Make this the session of the public functions."""
        litestate.api.kernel_session._current = litestate.api.kernel_session.Opened(self.session)


def changed(made: NewCheckpoint | Report | None) -> dict[str, str]:
    """Return the change of each path in a report or a checkpoint."""
    assert made is not None
    lines = made.lines if isinstance(made, NewCheckpoint) else made.lines()
    return {line.label: line.verdict for line in lines}


def tree(root: Path) -> dict[str, Any]:
    """Return everything below a folder: kinds, modes and contents, and the rows of databases."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        status = path.lstat()
        if path.is_symlink():
            found[name] = ("link", os.fspath(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", oct(status.st_mode))
        elif path.suffix == ".db" and status.st_size:
            found[name] = ("database", oct(status.st_mode), rows(path))
        elif not name.endswith(("-wal", "-shm", "-journal")):
            found[name] = ("file", oct(status.st_mode), path.read_bytes())
    return found


def rows(path: Path) -> list[Any]:
    """Return all rows of a test's database."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM runs ORDER BY 1").fetchall()


def digest(bundle: bytes) -> str:
    return Reader(io.BytesIO(bundle)).manifest.content_digest


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Make a file unreadable, even for root."""
    real = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return real(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        yield


@contextmanager
def connected(path: Path, *statements: str) -> Iterator[sqlite3.Connection]:
    """Open a connection to a database and run statements on it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection


FILL = (
    "INSERT INTO runs (note) WITH RECURSIVE n(i) AS "
    "(VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT hex(randomblob(500)) FROM n"
)
"""Statement that inserts a number of rows of 1 KB."""
