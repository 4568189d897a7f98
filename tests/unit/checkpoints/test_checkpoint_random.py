"""Random operations on a folder: each scan finds them, and each checkpoint has the right tree."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from checkpoint_kernels import Kernel, tree
from litestate.checkpoints import Retention

pytest.importorskip("hypothesis", reason="the kernel has no hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ["a", "b", "c", "d/a", "d/b", "d/e/a"]
OPERATIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.binary(max_size=20)),
    st.tuples(st.just("large"), st.sampled_from(NAMES), st.integers(0, 3)),
    st.tuples(st.just("append"), st.sampled_from(NAMES), st.binary(max_size=5)),
    st.tuples(st.just("truncate"), st.sampled_from(NAMES), st.integers(0, 70_000)),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("delete"), st.sampled_from([*NAMES, "d", "d/e"]), st.none()),
    st.tuples(st.just("mkdir"), st.sampled_from([*NAMES, "d", "d/e"]), st.none()),
    st.tuples(st.just("chmod"), st.sampled_from(NAMES), st.sampled_from([0o600, 0o644, 0o755])),
    st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from(["a", "b"])),
    st.tuples(st.just("same"), st.sampled_from(NAMES), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just("sql"), st.sampled_from(["x.db", "d/y.db"]), st.booleans()),
    st.tuples(st.just("checkpoint"), st.none(), st.none()),
    st.tuples(st.just("reopen"), st.none(), st.none()),
    st.tuples(st.just("restore"), st.integers(0, 5), st.none()),
)


class Folder:
    """A folder that executes operations where they are possible."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.home = kernel, kernel.state.home
        self.trees: dict[int, Any] = {}
        self.unsaved: set[str] = set()

    def do(self, verb: str, name: Any, value: Any) -> None:
        if name is None or verb == "restore":
            getattr(self, verb)(name)
            return
        try:
            getattr(self, verb)(self.home / name, value)
        except (OSError, sqlite3.Error, shutil.Error):
            return

    def write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def large(self, path: Path, number: int) -> None:
        self.write(path, random.Random(number).randbytes(150_000))

    def append(self, path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)

    def truncate(self, path: Path, size: int) -> None:
        with path.open("r+b") as file:
            file.truncate(size)

    def rename(self, path: Path, other: str) -> None:
        target = self.home / other
        # A link that goes up leads out of the home folder from there, and is not saved.
        if not (path.is_symlink() and len(target.parts) < len(path.parts)):
            path.rename(target)

    def delete(self, path: Path, _: None) -> None:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def mkdir(self, path: Path, _: None) -> None:
        path.mkdir()

    def chmod(self, path: Path, mode: int) -> None:
        if not path.is_symlink():
            path.chmod(mode | 0o100 * path.is_dir())

    def link(self, path: Path, target: str) -> None:
        path.symlink_to("../" * (len(path.relative_to(self.home).parts) - 1) + target)

    def same(self, path: Path, data: bytes) -> None:
        status = path.stat()
        with path.open("r+b") as file:
            file.write(data[: status.st_size])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def sql(self, path: Path, is_wal: bool) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode = {'wal' if is_wal else 'delete'}")
            connection.execute("CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, note)")
            connection.execute("INSERT INTO runs (note) VALUES (hex(randomblob(100)))")
            connection.commit()

    def checkpoint(self, _: None = None) -> None:
        made = self.kernel.checkpoint()
        now = tree(self.home)
        if made is None and self.trees:
            assert now == self.trees[max(self.trees)]
        elif made is not None:
            self.trees[made.checkpoint.number] = now
        else:
            assert not now

    def reopen(self, _: None) -> None:
        newest = self.kernel.session.newest
        entries = self.kernel.session.entries(newest).values() if newest else ()
        stored = {(entry.relative, entry.kind == "directory"): entry.mtime_ns for entry in entries}
        for path in self.home.rglob("*"):
            name, status = path.relative_to(self.home).as_posix(), path.lstat()
            is_folder = stat.S_ISDIR(status.st_mode)
            time = stored.get((name, is_folder))
            if time is None or not (is_folder or time == status.st_mtime_ns):
                self.unsaved.add(name)
        self.kernel.reopen()

    def restore(self, back: int) -> None:
        self.checkpoint()
        if not self.trees:
            return
        number = sorted(self.trees)[-1 - back % len(self.trees)]
        before, wanted = tree(self.home), self.trees[number]
        self.kernel.restore(number)
        now = tree(self.home)
        for name in now.keys() | wanted.keys():
            if now.get(name) != wanted.get(name):
                assert now.get(name) == before.get(name)
                assert self.may_stay(name), name
        self.kernel.same()
        newest = self.kernel.session.newest
        assert newest is not None
        self.trees[newest.number] = now

    def may_stay(self, name: str) -> bool:
        """Whether the next process could not know who wrote it, or what is above or below it.

        A restore removes only what this notebook wrote; see `litestate.checkpoints.protect`.
        """
        return any(
            f"{name}/".startswith(f"{it}/") or it.startswith(f"{name}/") for it in self.unsaved
        )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(OPERATIONS, min_size=5, max_size=30))
def test_any_operations(kernel: Kernel, operations: list[tuple[str, Any, Any]]) -> None:
    kernel.session.close()
    shutil.rmtree(kernel.history, ignore_errors=True)
    shutil.rmtree(kernel.state.home)
    kernel.state.home.mkdir()
    kernel.retention = Retention(last=10_000)
    kernel.reopen()
    folder = Folder(kernel)
    for operation in operations:
        folder.do(*operation)
    folder.checkpoint()
    for number, expected in folder.trees.items():
        shutil.rmtree(kernel.state.home)
        kernel.state.home.mkdir()
        kernel.restore(number)
        assert tree(kernel.state.home) == expected
