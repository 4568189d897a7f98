"""Databases in checkpoints: only committed states, whatever the connections do."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from checkpoint_kernels import FILL, IN_KERNEL, Kernel, changed, connected, rows
from litestate.errors import DatabaseBusyError
from litestate.sqlite import safe_connections
from sessions import make_database
from sqlite_databases import CAPTURE, crash, crash_needs_processes, size

INSERT = "INSERT INTO runs (note) VALUES ('newest')"

MODES = ["delete", "truncate", "persist", "memory", "off", "wal"]


@pytest.fixture
def path(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(safe_connections, "PATIENCE", 0.1)
    make_database(kernel.state.home / "app.db")
    return kernel.state.home / "app.db"


def notes(kernel: Kernel, number: int) -> list[str]:
    """Return the rows of a checkpoint's database without restoring it."""
    entry = kernel.session.entries(kernel.session.find(number))["home/app.db"]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(b"".join(kernel.session.history.read(entry.content)))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [note for (note,) in connection.execute("SELECT note FROM runs ORDER BY id")]


@pytest.mark.parametrize("mode", MODES)
def test_rows_of_an_open_transaction_are_in_no_checkpoint(
    kernel: Kernel, path: Path, mode: str
) -> None:
    kernel.checkpointed()
    with connected(path, f"PRAGMA journal_mode = {mode}", INSERT, "BEGIN", INSERT) as db:
        made = kernel.checkpointed()
        assert notes(kernel, made.checkpoint.number)[10:] == ["newest"]
        assert "open transaction" in made.warnings[0]
        kernel.same()
        assert "open transaction" in kernel.session.captured.warnings[0]
        db.execute("COMMIT")
        made = kernel.checkpointed()
        assert notes(kernel, made.checkpoint.number)[10:] == ["newest", "newest"]
        assert not made.warnings
        db.execute("BEGIN")
        db.execute(INSERT)
        kernel.same()
        db.execute("ROLLBACK")
        kernel.same()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_every_commit_is_in_the_next_checkpoint(kernel: Kernel, path: Path, mode: str) -> None:
    with connected(path, f"PRAGMA journal_mode = {mode}", "PRAGMA wal_autocheckpoint = 0") as db:
        kernel.checkpointed()
        for count in range(1, 8):
            db.execute(INSERT)
            made = kernel.checkpointed()
            assert len(notes(kernel, made.checkpoint.number)) == 10 + count
            kernel.same()
        if not IN_KERNEL and mode == "wal":
            assert size(path, "-wal")
    kernel.same()


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist"])
def test_locked_with_a_spilled_cache(kernel: Kernel, path: Path, mode: str) -> None:
    kernel.checkpointed()
    spill = [f"PRAGMA journal_mode = {mode}", "PRAGMA cache_size = 1", INSERT]
    with connected(path, *spill, "BEGIN", FILL.format(500)) as db:
        made = kernel.checkpointed()
        assert notes(kernel, made.checkpoint.number)[10:] == ["newest"]
        assert made.warnings
        db.execute("ROLLBACK")
        kernel.same()


@pytest.mark.parametrize("restarted", [True, False])
def test_an_unreachable_database_keeps_its_last_version(
    kernel: Kernel, path: Path, *, restarted: bool
) -> None:
    kernel.checkpointed()
    if restarted:
        kernel.reopen()
    spill = ["PRAGMA journal_mode = memory", "PRAGMA cache_size = 1", INSERT]
    with connected(path, *spill, "BEGIN", FILL.format(500)) as db:
        kernel.same()
        assert [skipped.path for skipped in kernel.session.captured.skipped] == ["~/app.db"]
        (kernel.state.home / "a").write_text("a")
        made = kernel.checkpointed()
        assert changed(made) == {"~/a": "added"}
        assert [skipped.path for skipped in made.skipped] == ["~/app.db"]
        assert len(notes(kernel, made.checkpoint.number)) == 10
        db.execute("COMMIT")
    made = kernel.checkpointed()
    assert len(notes(kernel, made.checkpoint.number)) == 511


def test_a_database_with_an_exclusive_connection(kernel: Kernel, path: Path) -> None:
    kernel.checkpointed()
    # In WAL mode, which keeps all other connections out.
    with connected(
        path, "PRAGMA locking_mode = exclusive", "PRAGMA journal_mode = wal", INSERT
    ) as db:
        db.execute(INSERT)
        number = kernel.number()
        assert notes(kernel, number)[10:] in ([], ["newest", "newest"])
        state = kernel.session.captured
        assert state.skipped or state.warnings
    kernel.checkpoint()
    assert notes(kernel, kernel.number())[10:] == ["newest", "newest"]


def test_one_row_of_a_large_database(kernel: Kernel, path: Path) -> None:
    with connected(path) as db:
        db.execute("CREATE TABLE many (id INTEGER PRIMARY KEY, text)")
        db.execute(FILL.format(20_000).replace("runs (note)", "many (text)"))
        assert path.stat().st_size > 20_000_000
        kernel.checkpointed()
        for statement in ("UPDATE many SET text = 'x' WHERE id = 10000", INSERT):
            before = kernel.size
            db.execute(statement)
            assert changed(kernel.checkpoint()) == {"~/app.db": "changed"}
            assert kernel.size - before < 100_000


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database any more" * 1000)


def encrypt(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:16] + random.Random(1).randbytes(len(data) - 16))


def damage_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:1000] = bytes(900)
    path.write_bytes(data)


def damage_the_schema(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CREATE TABLE", b"CREATE TABLA"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096])


def cut_within_a_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = [overwrite, encrypt, damage_a_page, damage_the_schema, cut, cut_within_a_page, empty]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_replaced_by_something_else_and_back(
    kernel: Kernel, path: Path, damage: Callable[[Path], None]
) -> None:
    kernel.checkpointed()
    damage(path)
    damaged = path.read_bytes()
    assert changed(kernel.checkpoint()) == {"~/app.db": "changed"}
    kernel.same()
    kernel.restore(1)
    assert len(rows(path)) == 10
    kernel.same()
    kernel.restore(2)
    # It is normalized if SQLite accepts it as a database.
    assert path.read_bytes()[100:] == damaged[100:]
    kernel.same()
    kernel.restore(1)
    assert len(rows(path)) == 10


def test_a_database_renamed_while_open(kernel: Kernel, path: Path) -> None:
    kernel.checkpointed()
    other = path.with_name("other.db")
    with connected(path, "PRAGMA journal_mode = wal", INSERT) as db:
        kernel.checkpointed()
        path.rename(other)
        made = kernel.checkpointed()
        assert changed(made)["~/app.db"] == "removed"
        assert changed(made)["~/other.db"] == "added"
        db.execute("SELECT count(*) FROM runs").fetchone()


def test_attached_databases(kernel: Kernel, path: Path) -> None:
    other = kernel.state.home / "other.db"
    make_database(other)
    kernel.checkpointed()
    with connected(path, f"ATTACH '{other}' AS other") as db:
        db.execute("BEGIN")
        db.execute("DELETE FROM other.runs")
        db.execute("DELETE FROM main.runs")
        kernel.same()
        assert len(kernel.session.captured.warnings) == 2
        db.execute("COMMIT")
        assert changed(kernel.checkpoint()) == {"~/app.db": "changed", "~/other.db": "changed"}


@crash_needs_processes
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_after_a_crash(kernel: Kernel, path: Path, mode: str) -> None:
    kernel.checkpointed()
    script = f"PRAGMA journal_mode = {mode}; PRAGMA cache_size = 1; {INSERT}; BEGIN;"
    crash(path, f"{script} {FILL.format(500)};")
    assert size(path, "-wal" if mode == "wal" else "-journal")
    made = kernel.checkpointed()
    assert notes(kernel, made.checkpoint.number)[10:] == ["newest"]
    kernel.same()
    kernel.restore(1)
    assert len(rows(path)) == 10
    kernel.restore(2)
    assert len(rows(path)) == 11


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_connection_outlives_a_restore(kernel: Kernel, path: Path, mode: str) -> None:
    with connected(path, f"PRAGMA journal_mode = {mode}") as db:
        kernel.checkpointed()
        db.execute("DELETE FROM runs WHERE id > 3")
        kernel.checkpointed()
        kernel.restore(1)
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        db.execute(INSERT)
        made = kernel.checkpointed()
        assert notes(kernel, made.checkpoint.number)[10:] == ["newest"]
        kernel.restore(2)
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        kernel.same()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_restore_while_the_database_is_in_use(kernel: Kernel, path: Path, mode: str) -> None:
    (kernel.state.home / "a").write_text("1")
    kernel.checkpointed()
    (kernel.state.home / "a").write_text("2")
    with connected(path, f"PRAGMA journal_mode = {mode}", INSERT, "BEGIN", INSERT) as db:
        with pytest.raises(DatabaseBusyError, match="commit"):
            kernel.restore(1)
        assert (kernel.state.home / "a").read_text() == "2"
        db.execute("COMMIT")
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (12,)
    kernel.restore(1)
    assert len(rows(path)) == 10


def test_the_journal_mode_comes_back(kernel: Kernel, path: Path) -> None:
    with connected(path) as db:
        if db.execute("PRAGMA journal_mode = wal").fetchone() != ("wal",):
            pytest.skip("this system has no WAL mode")
    kernel.checkpointed()
    with connected(path, "PRAGMA journal_mode = delete"):
        pass
    assert changed(kernel.checkpoint()) == {"~/app.db": "changed"}
    kernel.restore(1)
    with connected(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    path.unlink()
    kernel.restore(1)
    with connected(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_large_databases_are_captured_through_a_file(
    kernel: Kernel, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CAPTURE, "IN_MEMORY", 0)
    kernel.checkpointed()
    monkeypatch.undo()
    kernel.session._capture._known.clear()
    os.utime(path)
    kernel.same()
