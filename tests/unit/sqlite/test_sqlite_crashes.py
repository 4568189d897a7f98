"""Databases left by a killed process: saved at their last commit, and not changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from litestate import show_state
from sessions import Session, count, make_database
from sqlite_databases import content, crash, crash_needs_processes, files, leave_a_log, size

pytestmark = crash_needs_processes

SPILL = """
PRAGMA cache_size = 2;
BEGIN;
UPDATE runs SET note = 'uncommitted' || hex(zeroblob(200));
"""
"""More than fits the cache: uncommitted pages are in the file, and the old ones in the journal."""


def leave_a_journal(path: Path) -> None:
    crash(path, SPILL)
    assert size(path, "-journal") > 512


def leave_a_log_of_two(path: Path) -> None:
    leave_a_log(path, "INSERT INTO runs (note) VALUES ('committed'); BEGIN; DELETE FROM runs")


def leave_a_log_without_an_index(path: Path) -> None:
    leave_a_log_of_two(path)
    path.with_name(path.name + "-shm").unlink()


def leave_a_spilled_log(path: Path) -> None:
    leave_a_log(path, "INSERT INTO runs (note) VALUES ('committed');" + SPILL)


CRASHES: dict[str, tuple[Callable[[Path], None], int]] = {
    "hot journal": (leave_a_journal, 1000),
    "log": (leave_a_log_of_two, 1001),
    "log without an index": (leave_a_log_without_an_index, 1001),
    "log with more than was committed": (leave_a_spilled_log, 1001),
}
"""States after a crash, each with the number of committed rows."""


@pytest.fixture(params=CRASHES)
def rows(request: pytest.FixtureRequest, session: Session) -> int:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    leave, committed = CRASHES[request.param]
    leave(path)
    return committed


def uncommitted(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT count(*) FROM runs WHERE note LIKE 'uncommitted%'"
        return int(connection.execute(query).fetchone()[0])


def test_committed_rows_come_back(session: Session, rows: int) -> None:
    path = session.home / "app.db"
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "database")]
    assert report.lines()[0].detail == f"runs: {rows:,} rows"
    assert not report.skipped
    assert not report.warnings
    expected = content(path)
    session.clear()
    session.load(bundle)
    assert content(path) == expected
    assert (count(path), uncommitted(path)) == (rows, 0)
    assert session.save()[1].digest == report.digest


@pytest.mark.usefixtures("rows")
def test_reading_and_saving_recover_nothing(session: Session) -> None:
    """The user may need the files unchanged, to find out what happened."""
    before = files(session.home)
    show_state()
    assert files(session.home) == before
    bundle, _ = session.save()
    assert files(session.home) == before
    assert [line.verdict for line in session.load(bundle).lines()] == ["unchanged"]
    assert files(session.home) == before


def test_another_database_is_loaded_over_it(session: Session, rows: int) -> None:
    path = session.home / "app.db"
    bundle, _ = session.save()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM runs WHERE id > 7")
        connection.commit()
    smaller, _ = session.save()
    session.load(bundle)
    assert count(path) == rows
    leave_a_journal(path) if not _is_wal(path) else leave_a_log(path, "DELETE FROM runs")
    session.load(smaller)
    assert count(path) == 7


def _is_wal(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("there", ["nothing", "a text", "what is damaged"])
def test_the_journal_of_another_database_is_not_replayed(
    session: Session, mode: str, there: str
) -> None:
    path = session.home / "app.db"
    make_database(path, rows=900, pragma=f"journal_mode = {mode}")
    bundle, _ = session.save()
    expected = content(path)
    session.clear()
    make_database(path, rows=1000)
    leave_a_journal(path) if mode == "delete" else leave_a_log_of_two(path)
    path.unlink()
    if there != "nothing":
        path.write_bytes(b"text" if there == "a text" else b"SQLite format 3\0" + b"\7" * 4080)
    session.load(bundle)
    assert content(path) == expected
    assert [item.name for item in session.home.iterdir()] == ["app.db"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_nothing_is_left_beside_a_file_in_the_place_of_one(session: Session, mode: str) -> None:
    """Otherwise the next database of that name would replay it."""
    path = session.home / "app.db"
    path.write_text("text")
    bundle, _ = session.save()
    path.unlink()
    make_database(path, rows=1000)
    leave_a_journal(path) if mode == "delete" else leave_a_log_of_two(path)
    session.load(bundle)
    assert files(session.home) == {"app.db": b"text"}


def test_a_crash_between_attached_databases(session: Session) -> None:
    """Each is at its last commit: the transaction over both is rolled back."""
    one, two = session.home / "one.db", session.home / "two.db"
    for path in (one, two):
        make_database(path, rows=1000)
    before = content(one)
    crash(
        one,
        f"ATTACH '{two}' AS other; PRAGMA main.cache_size = 2; PRAGMA other.cache_size = 2; BEGIN;"
        "UPDATE main.runs SET note = hex(zeroblob(200));"
        "UPDATE other.runs SET note = hex(zeroblob(200));",
    )
    assert size(one, "-journal")
    assert size(two, "-journal")
    bundle, _ = session.save()
    session.clear()
    session.load(bundle)
    assert content(one) == content(two) == before


def test_a_read_only_database_with_a_journal(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    expected = content(path)
    leave_a_journal(path)
    path.chmod(0o444)
    bundle, report = session.save()
    assert not report.skipped
    session.clear()
    session.load(bundle)
    assert content(path) == expected
