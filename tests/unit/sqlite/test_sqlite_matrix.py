"""Every kind of database comes back with the same content."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sessions import Session, make_database
from sqlite_databases import CAPTURE, SCRIPTS, build, content, content_of, lacks

NAMES = ["app.db", "a b%20c%.db", "ü#?&=.sqlite3", "-"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=SCRIPTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if lacks(name):
        pytest.skip("this SQLite has no such tables")
    return name


@pytest.mark.parametrize("large", [False, True], ids=["in memory", "by a file"])
def test_it_comes_back(
    session: Session, kind: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(CAPTURE, "IN_MEMORY", 0)
    path = session.home / "app.db"
    build(path, kind)
    before = content(path)
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "database")]
    assert not report.skipped
    assert not report.warnings
    session.clear()
    session.load(bundle)
    assert content(path) == before
    assert names(session.home) == ["app.db"]
    assert session.save()[1].digest == report.digest
    assert [line.verdict for line in session.load(bundle).lines()] == ["unchanged"]


def test_capture_in_memory_and_through_a_file_have_the_same_digest(
    session: Session, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(session.home / "app.db", kind)
    expected = session.save()[1].digest
    monkeypatch.setattr(CAPTURE, "IN_MEMORY", 0)
    assert session.save()[1].digest == expected


def test_it_is_loaded_under_an_open_connection(session: Session, kind: str) -> None:
    path = session.home / "app.db"
    build(path, kind)
    before, (bundle, saved) = content(path), session.save()
    session.clear()
    make_database(path, rows=3000)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT max(id) FROM runs").fetchone() == (3000,)
        report = session.load(bundle)
        assert [line.verdict for line in report.lines()] == ["changed"]
        if kind.startswith("UTF-16"):
            assert "Connect again" in str(report.warnings)
        else:
            assert content_of(connection) == before
    assert content(path) == before
    assert session.save()[1].digest == saved.digest


def test_another_database_is_loaded_over_it(session: Session, kind: str) -> None:
    path = session.home / "app.db"
    make_database(path, rows=20)
    before, (bundle, _) = content(path), session.save()
    session.clear()
    build(path, kind)
    session.load(bundle)
    assert content(path) == before


@pytest.mark.parametrize("name", NAMES)
def test_names(session: Session, name: str) -> None:
    path = session.home / name
    build(path, "nothing special")
    before, (bundle, report) = content(path), session.save()
    assert not report.skipped
    session.clear()
    session.load(bundle)
    assert content(path) == before


def test_an_empty_database_is_an_empty_file(session: Session) -> None:
    path = session.home / "app.db"
    path.touch()
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "file")]
    session.clear()
    session.load(bundle)
    assert path.read_bytes() == b""
    make_database(path)
    session.load(bundle)
    assert path.read_bytes() == b""


def test_a_database_without_any_commit(session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA cache_size = 1; BEGIN; CREATE TABLE runs (note)")
        connection.executemany("INSERT INTO runs VALUES (?)", [("x" * 900,)] * 500)
        assert path.stat().st_size
        bundle, report = session.save()
        assert [(line.label, line.kind, line.size) for line in report.lines()] == [
            ("~/app.db", "file", 0)
        ]
        assert "open transaction" in str(report.warnings)
        connection.rollback()
    session.clear()
    loaded = session.load(bundle)
    assert [(line.label, line.kind) for line in loaded.lines()] == [("~/app.db", "file")]
    assert path.read_bytes() == b""


def test_through_a_link(session: Session) -> None:
    path, link = session.home / "data" / "app.db", session.home / "app.db"
    path.parent.mkdir()
    link.symlink_to("data/app.db")
    with closing(sqlite3.connect(link)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE runs (note)")
        connection.execute("INSERT INTO runs VALUES ('committed')")
        connection.commit()
        before = content(path)
        connection.execute("INSERT INTO runs VALUES ('uncommitted')")
        bundle, report = session.save()
        connection.rollback()
    kinds = {line.label: line.kind for line in report.lines()}
    assert kinds == {"~/app.db": "symlink", "~/data": "directory", "~/data/app.db": "database"}
    session.clear()
    session.load(bundle)
    assert link.is_symlink()
    assert content(link) == before


@pytest.mark.parametrize("spilled", [False, True])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_transaction_over_attached_databases(session: Session, mode: str, spilled: bool) -> None:
    one, two = session.home / "one.db", session.home / "two.db"
    for path in (one, two):
        make_database(path, rows=1000, pragma=f"journal_mode = {mode}")
    before = content(one)
    with closing(sqlite3.connect(one, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS other", (str(two),))
        connection.executescript("PRAGMA main.cache_size = 2; PRAGMA other.cache_size = 2; BEGIN")
        for schema in ("main", "other"):
            where = "1" if spilled else "id = 1"
            connection.execute(
                f"UPDATE {schema}.runs SET note = 'new' || hex(zeroblob(200)) WHERE {where}"
            )
        bundle, report = session.save()
        assert len([text for text in report.warnings if "open transaction" in text]) == 2
        connection.commit()
    after = content(one)
    newer, _ = session.save()
    for saved, expected in ((bundle, before), (newer, after)):
        session.clear()
        session.load(saved)
        assert content(one) == content(two) == expected


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("folder_mode", [0o755, 0o555])
def test_a_read_only_one(session: Session, mode: str, folder_mode: int) -> None:
    folder = session.home / "data"
    path = folder / "app.db"
    folder.mkdir()
    make_database(path, pragma=f"journal_mode = {mode}")
    before = content(path)
    protect(path, folder, folder_mode)
    bundle, report = session.save()
    assert not report.skipped
    assert not report.warnings
    assert names(folder) == ["app.db"]
    folder.chmod(0o755)
    session.clear()
    session.load(bundle)
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o444, folder_mode)
    folder.chmod(0o755)
    assert content_where_writable(path) == before


def content_where_writable(path: Path) -> dict[str, Any]:
    # SQLite may need a log and an index to read it, and would create them read-only, too.
    path.chmod(0o644)
    return content(path)


def protect(path: Path, folder: Path, mode: int) -> None:
    path.chmod(0o444)
    folder.chmod(mode)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_load_into_a_read_only_one(session: Session, mode: str) -> None:
    path = session.home / "app.db"
    make_database(path, pragma=f"journal_mode = {mode}")
    before = content(path)
    path.chmod(0o444)
    bundle, _ = session.save()
    path.chmod(0o644)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM runs")
        connection.commit()
    path.chmod(0o444)
    report = session.load(bundle, dry_run=True)
    assert [line.verdict for line in report.lines()] == ["changed"]
    session.load(bundle)
    assert path.stat().st_mode & 0o777 == 0o444
    assert content_where_writable(path) == before


def test_a_log_in_a_folder_that_is_read_only(session: Session) -> None:
    """SQLite needs an index to read the log, and cannot create it here."""
    folder = session.home / "data"
    folder.mkdir()
    path = session.folder / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE runs (note)")
        connection.execute("INSERT INTO runs VALUES ('in the log')")
        before = content(path)
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            (folder / source.name).write_bytes(source.read_bytes())
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    bundle, report = session.save()
    folder.chmod(0o755)
    assert not report.skipped
    session.clear()
    session.load(bundle)
    folder.chmod(0o755)
    assert content_where_writable(folder / "app.db") == before


def test_nothing_is_left_beside_a_database_in_wal_mode(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, pragma="journal_mode = wal")
    session.save()
    assert names(session.home) == ["app.db"]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM runs").fetchone()
        session.save()
        assert names(session.home) == ["app.db", "app.db-shm", "app.db-wal"]
