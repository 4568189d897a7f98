"""The stat cache: unchanged files are not read again, changed files always."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from checkpoint_kernels import CLOCK, IN_KERNEL, Kernel, changed, connected
from litestate.bundle.manifest import Scope
from litestate.files.stat_cache import StatCache
from litestate.files.walk import Walk
from litestate.host import roots
from sessions import Session, make_database

Found = dict[str, object]


def items(session: Session, memory: StatCache) -> Found:
    where = roots.detect()
    found = Walk(where, Scope(), memory).run([(root, "") for root in where.roots], named=False)
    assert all(item.path.is_relative_to(session.folder) for item in found.items)
    return {item.label: item for item in found.items if item.kind != "directory"}


def test_an_unchanged_file_is_the_same_object(session: Session, kernel: Kernel) -> None:
    del kernel
    memory = StatCache()
    (session.home / "a").write_text("a")
    (session.home / "link").symlink_to("a")
    make_database(session.home / "rollback.db")
    make_database(session.home / "wal.db", pragma="journal_mode = wal")
    time.sleep(2 * CLOCK)
    first = items(session, memory)
    second = items(session, memory)
    assert len(first) == 4
    assert all(first[label] is second[label] for label in first)


def test_a_recent_file_is_read_again(session: Session) -> None:
    memory = StatCache()
    (session.home / "a").write_text("a")
    first = items(session, memory)["~/a"]
    assert items(session, memory)["~/a"] is not first


def test_a_time_in_the_future_is_never_trusted(session: Session, kernel: Kernel) -> None:
    del kernel
    memory = StatCache()
    (session.home / "a").write_text("a")
    later = time.time_ns() + 3600_000_000_000
    os.utime(session.home / "a", ns=(later, later))
    time.sleep(2 * CLOCK)
    first = items(session, memory)["~/a"]
    assert items(session, memory)["~/a"] is not first


def test_a_commit_in_the_log_only_is_noticed(session: Session, kernel: Kernel) -> None:
    del kernel
    memory, path = StatCache(), session.home / "app.db"
    make_database(path, pragma="journal_mode = wal")
    with connected(path, "PRAGMA wal_autocheckpoint = 0", "DELETE FROM runs WHERE id = 1") as db:
        time.sleep(2 * CLOCK)
        first = items(session, memory)["~/app.db"]
        # Of root's files SQLite sets the owner whenever it opens the log: that changes its ctime.
        assert IN_KERNEL or os.geteuid() == 0 or items(session, memory)["~/app.db"] is first
        before = path.stat()
        db.execute("DELETE FROM runs WHERE id = 2")
        if path.with_name("app.db-wal").exists():
            assert path.stat().st_mtime_ns == before.st_mtime_ns
        assert items(session, memory)["~/app.db"] is not first


def rewrite(path: Path) -> None:
    path.write_bytes(b"B" * 100)


def swap(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"B" * 100)
    other.replace(path)


def shrink_and_grow(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(50)
        file.truncate(100)


def in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(50)
        file.write(b"B")


CHANGES = [
    rewrite,
    swap,
    in_place,
    pytest.param(
        shrink_and_grow,
        marks=pytest.mark.skipif(IN_KERNEL, reason="truncating sets no time at all in the kernel"),
    ),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_old", [True, False])
def test_every_change_of_the_same_size_and_time(
    kernel: Kernel, change: Callable[[Path], None], *, is_old: bool
) -> None:
    path = kernel.state.home / "a"
    path.write_bytes(b"A" * 100)
    if is_old:
        kernel.settle()
        kernel.settle()
    else:
        kernel.checkpoint()
    times = path.stat()
    change(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (times.st_size, times.st_mtime_ns)
    content = path.read_bytes()
    assert changed(kernel.checkpoint()) == {"~/a": "changed"}
    path.unlink()
    kernel.restore(2)
    assert path.read_bytes() == content


def test_written_right_before_and_right_after_each_scan(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    contents = [bytes([65 + n]) * 100 for n in range(20)]
    for content in contents:
        path.write_bytes(content)
        kernel.checkpointed()
    found = [kernel.session.entries(each)["home/a"] for each in kernel.session.history.checkpoints]
    assert [b"".join(kernel.session.history.read(it.content)) for it in found] == contents


def test_an_unchanged_file_is_not_read(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    (kernel.state.home / "a").write_text("a")
    make_database(kernel.state.home / "app.db")
    kernel.settle()
    kernel.settle()

    def put(*_: object, **__: object) -> None:
        raise AssertionError("something was read again")

    monkeypatch.setattr(kernel.session.history, "put", put)
    kernel.same()
    (kernel.state.home / "a").write_text("b")
    with pytest.raises(AssertionError, match="read again"):
        kernel.checkpoint()


def test_a_database_that_was_only_read_has_not_changed(kernel: Kernel) -> None:
    path = kernel.state.home / "app.db"
    make_database(path, pragma="journal_mode = wal")
    kernel.settle()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        kernel.same()
    kernel.same()
