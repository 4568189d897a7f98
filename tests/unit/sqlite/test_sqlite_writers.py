"""Databases that are written or locked while they are saved."""

from __future__ import annotations

import io
import sqlite3
import time
import tracemalloc
import zipfile
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from litestate import load_state, save_state, show_state, sqlite
from litestate.errors import DatabaseBusyError
from sessions import Session, count, make_database
from sqlite_databases import CAPTURE, content, crash_needs_processes, other_process

ASIDE = import_module("litestate.sqlite.copies")

SPILL = "PRAGMA cache_size = 2; BEGIN; UPDATE runs SET note = 'uncommitted' || hex(zeroblob(200))"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(sqlite.safe_connections, "PATIENCE", 0.3)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow more time: a separate process makes copies, and this machine may be busy."""
    monkeypatch.setattr(sqlite.safe_connections, "PATIENCE", 20)


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=5)


def saved_rows(bundle: bytes, folder: Path) -> int:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        (folder / "copy.db").write_bytes(archive.read("databases/home/app.db"))
    return count(folder / "copy.db")


def test_counted_rows_are_the_saved_rows(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer commits at every call of the clock: before, during and after the count."""
    path = session.home / "app.db"
    make_database(path, rows=50, pragma="journal_mode = wal")
    ticks = []

    def tick() -> float:
        writer.execute("INSERT INTO runs (note) VALUES ('meanwhile')")
        ticks.append(time.monotonic())
        return ticks[-1]

    with closing(connect(path)) as writer:
        monkeypatch.setattr(CAPTURE, "time", SimpleNamespace(monotonic=tick))
        bundle, report = session.save()
        assert ticks
        assert count(path) == 50 + len(ticks)
    counted = int(report.lines()[0].detail.split()[1])
    assert counted == saved_rows(bundle, session.folder) == 50


def test_a_writer_that_continues_during_the_copy(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database and journal must be of one transaction."""
    path = session.home / "app.db"
    make_database(path, rows=1000)
    copied = []
    copy = ASIDE.copy_aside

    def copy_and_go_on(source: Path, target: Path) -> None:
        copy(source, target)
        copied.append(source.name)
        if len(copied) == 1:
            writer.execute("COMMIT")
            writer.execute("UPDATE runs SET note = 'second'")
            writer.executescript(SPILL)

    monkeypatch.setattr(ASIDE, "copy_aside", copy_and_go_on)
    with closing(connect(path)) as writer:
        writer.executescript(SPILL)
        bundle, report = session.save()
        assert copied == ["app.db", "app.db-journal"] * 2
        assert "open transaction" in str(report.warnings)
        writer.execute("ROLLBACK")
        expected = content(path)
    session.clear()
    session.load(bundle)
    assert content(path) == expected


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_writer_that_finishes_while_its_files_are_copied(
    session: Session, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    copy = ASIDE.copy_aside

    def finish_and_copy(source: Path, target: Path) -> None:
        if source.name.endswith("-journal") and when == "after":
            copy(source, target)
        if source.name.endswith("-journal") and writer.in_transaction:
            writer.execute("COMMIT")
        if when == "before" or not source.name.endswith("-journal"):
            copy(source, target)

    monkeypatch.setattr(ASIDE, "copy_aside", finish_and_copy)
    with closing(connect(path)) as writer:
        writer.executescript(SPILL)
        bundle, report = session.save()
    assert not report.skipped
    expected = content(path)
    session.clear()
    session.load(bundle)
    assert content(path) == expected


@pytest.mark.usefixtures("impatient")
def test_a_writer_that_never_pauses_is_reported(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    copy = ASIDE.copy_aside

    def copy_and_go_on(source: Path, target: Path) -> None:
        copy(source, target)
        if writer.in_transaction:
            writer.execute("COMMIT")
        writer.executescript(SPILL.replace("'uncommitted'", f"'{time.monotonic()}'"))

    monkeypatch.setattr(ASIDE, "copy_aside", copy_and_go_on)
    with closing(connect(path)) as writer:
        writer.executescript(SPILL)
        started = time.monotonic()
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
        assert time.monotonic() - started < 30
        writer.execute("ROLLBACK")


def test_a_failed_copy_is_an_error(session: Session) -> None:
    """In CPython another process copies, and its error must come through."""
    with pytest.raises(FileNotFoundError, match=r"none\.db"):
        sqlite.copy_aside(session.home / "none.db", session.folder / "copy.db")
    (session.home / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        sqlite.copy_aside(session.home / "folder", session.folder / "copy.db")


@crash_needs_processes
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_process_writes_all_the_time(session: Session, mode: str) -> None:
    """Two tables have equally many rows after every commit, and so in every bundle."""
    path = session.home / "app.db"
    make_database(path, rows=50, pragma=f"journal_mode = {mode}")
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE twins AS SELECT * FROM runs")
    statements = (
        "PRAGMA busy_timeout = 5000; PRAGMA synchronous = off;"
        + "BEGIN IMMEDIATE; INSERT INTO runs (note) VALUES (hex(zeroblob(2000)));"
        "INSERT INTO twins (note) VALUES (hex(zeroblob(2000))); COMMIT;" * 3000
    )
    with other_process(path, statements, wait=False):
        for _ in range(10):
            bundle, report = session.save()
            if report.skipped:
                continue
            detail = report.lines()[0].detail
            rows = saved_rows(bundle, session.folder)
            assert detail == f"runs: {rows:,} rows, twins: {rows:,} rows"
            content(session.folder / "copy.db")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("statement", ["BEGIN EXCLUSIVE", "PRAGMA locking_mode = exclusive"])
def test_a_lock_without_a_journal_is_reported(session: Session, statement: str) -> None:
    """Rows in the memory of another connection cannot be detected."""
    path = session.home / "app.db"
    make_database(path)
    bundle, _ = session.save()
    with closing(connect(path)) as connection:
        connection.execute(statement)
        connection.execute("INSERT INTO runs (note) VALUES ('x')")
        (session.home / "app.db-journal").unlink(missing_ok=True)
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
        assert "commit()" in report.skipped[0].advice
        assert "close the connection" in report.skipped[0].advice
        assert show_state().skipped == report.skipped
        with pytest.raises(DatabaseBusyError, match=r"app\.db"):
            session.load(bundle)


@pytest.mark.usefixtures("impatient")
def test_a_file_called_like_a_log_beside_a_locked_one(session: Session) -> None:
    """Only in WAL mode does it contain commits."""
    path = session.home / "app.db"
    make_database(path, rows=1000)
    with closing(connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = memory;" + SPILL)
        (session.home / "app.db-wal").write_bytes(bytes(4096))
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
        connection.rollback()


def test_a_file_in_the_place_of_a_database_in_use(session: Session) -> None:
    """The log of a connection that is open must not meet the next database of that name."""
    path = session.home / "app.db"
    path.write_text("text")
    bundle, _ = session.save()
    path.unlink()
    make_database(path, pragma="journal_mode = wal")
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO runs (note) VALUES ('in the log')")
        session.load(bundle)
        assert [item.name for item in session.home.iterdir()] == ["app.db"]
        assert path.read_text() == "text"


def test_an_exclusive_lock_with_a_journal(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    before = content(path)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = exclusive")
        connection.executescript(SPILL)
        bundle, report = session.save()
        assert "open transaction" in str(report.warnings)
        connection.rollback()
    session.clear()
    session.load(bundle)
    assert content(path) == before


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("more", ["", SPILL], ids=["idle", "writing"])
def test_an_exclusive_lock_in_wal_mode(session: Session, more: str) -> None:
    """Committed rows are in the log; uncommitted ones have no commit mark there."""
    path = session.home / "app.db"
    make_database(path, rows=1000)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = exclusive")
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("DELETE FROM runs WHERE id > 900")
        connection.executescript(more)
        with closing(connect(path)) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("PRAGMA busy_timeout = 0")
            other.execute("SELECT count(*) FROM runs").fetchone()
        bundle, report = session.save()
        assert [line.kind for line in report.lines()] == ["database"]
        assert "is locked by a connection" in str(report.warnings)
        with pytest.raises(DatabaseBusyError, match=r"app\.db"):
            session.load(bundle)
    expected = content(path)
    session.clear()
    session.load(bundle)
    assert content(path) == expected
    assert count(path) == 900


@pytest.mark.usefixtures("impatient")
@crash_needs_processes
@pytest.mark.parametrize("script", ["PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE", SPILL])
def test_a_lock_of_another_process(session: Session, script: str) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    before = content(path)
    with other_process(path, script):
        bundle, report = session.save()
        if script != SPILL:
            assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
            return
        assert "open transaction" in str(report.warnings)
    session.clear()
    session.load(bundle)
    assert content(path) == before


def test_a_large_database_is_not_held_in_memory(session: Session) -> None:
    """Saving, comparing and loading never hold it whole; ``serialize`` would hold it twice."""
    path = session.home / "app.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE runs (note)")
        connection.executemany("INSERT INTO runs VALUES (zeroblob(?))", [(1 << 20,)] * 48)
    size = path.stat().st_size
    assert size > CAPTURE.IN_MEMORY
    bundle = session.notebook / "large.litestate.zip"
    tracemalloc.start()
    try:
        save_state(bundle, paths=path)
        with closing(connect(path)) as connection:
            connection.execute("UPDATE runs SET note = zeroblob(1 << 20) WHERE rowid = 1")
            connection.execute("DELETE FROM runs WHERE rowid = 2")
        load_state(bundle)
        load_state(bundle)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    assert count(path) == 48
