"""Databases: always a committed state, and open connections stay valid."""

from __future__ import annotations

import io
import random
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from litestate import show_state, sqlite
from litestate.errors import DatabaseBusyError
from sessions import Session, count, dump, make_database

IN_KERNEL = sys.platform == "emscripten"


def restored(session: Session, bundle: bytes, name: str = "app.db") -> Path:
    """Load into an empty session and return the database."""
    session.clear()
    session.load(bundle)
    return session.home / name


def member(bundle: bytes, name: str = "databases/home/app.db") -> bytes:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return archive.read(name)


def test_a_database_comes_back(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    before = dump(path)
    bundle, report = session.save()
    assert [line.detail for line in report.lines("")] == ["runs: 10 rows"]
    assert dump(restored(session, bundle)) == before


def test_databases_are_found_by_their_header(session: Session) -> None:
    make_database(session.home / "notes.txt")
    (session.home / "app.db").write_text("not a database")
    (session.home / "empty.db").touch()
    _, report = session.save()
    kinds = {line.label: line.kind for line in report.lines()}
    assert kinds == {"~/notes.txt": "database", "~/app.db": "file", "~/empty.db": "file"}


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "ü#?.db", "back'quote\"s.db"])
def test_names_that_a_uri_would_change(session: Session, name: str) -> None:
    make_database(session.home / name)
    bundle, report = session.save()
    assert not report.skipped
    assert count(restored(session, bundle, name)) == 10


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal"])
def test_uncommitted_rows_are_not_saved(session: Session, mode: str) -> None:
    path = session.home / "app.db"
    make_database(path, pragma=f"journal_mode = {mode}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("INSERT INTO runs (note) VALUES ('uncommitted')")
        bundle, report = session.save()
        assert "open transaction" in str(report)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (11,)
        connection.commit()
    assert "uncommitted" not in str(member(bundle))
    assert count(restored(session, bundle)) == 10


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist"])
def test_an_exclusive_writer(session: Session, mode: str) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000, pragma=f"journal_mode = {mode}")
    with closing(sqlite3.connect(path)) as connection:
        spill(connection, mode)
        with closing(sqlite3.connect(path, timeout=0)) as other, pytest.raises(sqlite3.Error):
            other.execute("SELECT count(*) FROM runs").fetchone()
        bundle, report = session.save()
        assert "open transaction" in str(report)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1000,)
    assert count(restored(session, bundle)) == 1000


def test_a_writer_without_a_journal_is_reported(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    with closing(sqlite3.connect(path)) as connection:
        spill(connection, "memory")
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
        assert "commit()" in report.skipped[0].advice
        assert not report.lines()
        connection.rollback()


def test_a_finished_journal_beside_a_writer_without_one(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, rows=1000)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = persist")
        connection.execute("DELETE FROM runs WHERE id = 1")
        connection.commit()
        spill(connection, "memory")
        (session.home / "app.db-journal").write_bytes(bytes(4096))
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
        connection.rollback()


def spill(connection: sqlite3.Connection, mode: str) -> None:
    """Write more than fits the cache, so that the file already contains uncommitted pages."""
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA cache_size = 2")
    connection.executemany(
        "INSERT INTO runs (note) VALUES (?)", [("uncommitted" * 50,) for _ in range(2000)]
    )


@pytest.mark.parametrize("seed", range(30))
def test_random_transactions(session: Session, seed: int) -> None:
    """The last commit of a writer is saved, whatever it is doing."""
    chance = random.Random(seed)
    path = session.home / "app.db"
    mode = chance.choice(["delete", "truncate", "persist", "wal"])
    make_database(path, rows=chance.randrange(1, 500), pragma=f"journal_mode = {mode}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"PRAGMA cache_size = {chance.choice([1, 10, 1000])}")
        for _ in range(chance.randrange(1, 8)):
            committed = list(connection.iterdump())
            connection.execute("BEGIN") if not connection.in_transaction else None
            for _ in range(chance.randrange(1, 40)):
                chance.choice([insert, update, delete])(connection, chance)
            bundle, report = session.save()
            assert not report.skipped
            other = session.folder / "copy.db"
            other.write_bytes(member(bundle))
            assert dump(other) == committed
            chance.choice([connection.commit, connection.rollback])()


def insert(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("INSERT INTO runs (note) VALUES (?)", ("x" * chance.randrange(5000),))


def update(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute(
        "UPDATE runs SET note = note || 'u' WHERE id % 7 = ?", (chance.randrange(7),)
    )


def delete(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM runs WHERE id % 5 = ?", (chance.randrange(5),))


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_open_connections_see_the_loaded_content(session: Session, mode: str) -> None:
    path = session.home / "app.db"
    make_database(path, pragma=f"journal_mode = {mode}")
    bundle, _ = session.save()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM runs")
        connection.execute("CREATE TABLE other (x)")
        connection.commit()
        inode = path.stat().st_ino
        report = session.load(bundle)
        assert [line.label for line in report.lines("changed")] == ["~/app.db"]
        assert path.stat().st_ino == inode
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        connection.execute("INSERT INTO runs (note) VALUES ('more')")
        connection.commit()
    assert count(path) == 11


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_journal_mode_comes_back(session: Session, mode: str) -> None:
    make_database(session.home / "app.db", pragma=f"journal_mode = {mode}")
    bundle, _ = session.save()
    path = restored(session, bundle)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    assert sorted(item.name for item in session.home.iterdir()) == ["app.db"]


def test_an_image_opens_anywhere(session: Session) -> None:
    """It opens in memory, too, where there is no write-ahead log; the manifest stores the mode."""
    make_database(session.home / "app.db", pragma="journal_mode = wal")
    bundle, _ = session.save()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(member(bundle))
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)


def test_rows_in_a_wal_are_saved(session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE runs (id)")
        connection.execute("INSERT INTO runs VALUES (1)")
        connection.commit()
        assert (session.home / "app.db-wal").stat().st_size > 0
        bundle, report = session.save()
        assert [line.label for line in report.lines()] == ["~/app.db"]
    assert count(restored(session, bundle)) == 1


@pytest.mark.parametrize(("old", "new"), [(4096, 512), (512, 65536)])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_page_size(session: Session, old: int, new: int, mode: str) -> None:
    path = session.home / "app.db"
    make_database(path, pragma=f"page_size = {new}")
    bundle, _ = session.save()
    path.unlink()
    make_database(path, rows=500, pragma=f"page_size = {old}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    session.load(bundle)
    assert count(path) == 10


@pytest.mark.parametrize(
    "pragma", ["encoding = 'UTF-16'", "auto_vacuum = FULL", "user_version = 7"]
)
def test_pragmas_of_the_database_are_restored(session: Session, pragma: str) -> None:
    name = pragma.partition(" ")[0]
    path = session.home / "app.db"
    make_database(path, pragma=pragma)
    with closing(sqlite3.connect(path)) as connection:
        expected = connection.execute(f"PRAGMA {name}").fetchone()
    bundle, _ = session.save()
    with closing(sqlite3.connect(restored(session, bundle))) as connection:
        assert connection.execute(f"PRAGMA {name}").fetchone() == expected
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    "statement", ["INSERT INTO runs (note) VALUES ('x')", "SELECT * FROM runs"]
)
def test_a_load_into_a_database_in_use_changes_nothing(session: Session, statement: str) -> None:
    path = session.home / "app.db"
    make_database(path)
    (session.home / "a.txt").write_text("saved")
    bundle, _ = session.save()
    (session.home / "a.txt").write_text("newer")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM runs WHERE id = 1")
        connection.commit()
        cursor = connection.execute(statement)
        before = session.snapshot()
        with pytest.raises(DatabaseBusyError, match=r"app\.db.*commit"):
            session.load(bundle)
        assert session.snapshot() == before
        cursor.close()
        connection.rollback()
        session.load(bundle)
    assert count(path) == 10


def test_an_equal_database_is_not_rewritten(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    bundle, _ = session.save()
    before = path.read_bytes()
    report = session.load(bundle)
    assert [line.label for line in report.lines("unchanged")] == ["~/app.db"]
    assert path.read_bytes() == before


def test_restoring_preserves_the_digest(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    bundle, first = session.save()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE runs")
        connection.commit()
    assert session.save()[1].digest != first.digest
    session.load(bundle)
    assert session.save()[1].digest == first.digest


def test_a_stale_journal_is_not_replayed(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, rows=900)
    before = dump(path)
    bundle, _ = session.save()
    path.unlink()
    (session.home / "app.db-journal").write_bytes(hot_journal(session))
    session.load(bundle)
    assert dump(path) == before


def hot_journal(session: Session) -> bytes:
    """Return the journal of a transaction that is not finished and has changed every page."""
    path = session.folder / "other.db"
    make_database(path, rows=1000)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("UPDATE runs SET note = hex(zeroblob(200))")
        journal = (session.folder / "other.db-journal").read_bytes()
    assert journal.startswith(bytes.fromhex("d9d505f920a163d7"))
    return journal


def test_a_file_in_the_place_of_a_database_and_the_other_way_round(session: Session) -> None:
    make_database(session.home / "one")
    (session.home / "two").write_text("text")
    bundle, _ = session.save()
    (session.home / "one").unlink()
    (session.home / "two").unlink()
    (session.home / "one").write_text("text")
    make_database(session.home / "two")
    session.load(bundle)
    assert count(session.home / "one") == 10
    assert (session.home / "two").read_text() == "text"


def test_a_damaged_database_is_saved_as_a_file(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path, rows=5000)
    data = bytearray(path.read_bytes())
    data[100:200] = b"\xff" * 100
    path.write_bytes(data)
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "file")]
    assert "damaged" in str(report.warnings)
    session.clear()
    session.load(bundle)
    assert path.read_bytes() == bytes(data)


def test_a_journal_that_is_named_belongs_to_its_database(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO runs (note) VALUES ('uncommitted')")
        bundle, report = session.save(paths=[path, f"{path}-journal"])
        assert [line.label for line in report.lines()] == ["~/app.db"]
    assert count(restored(session, bundle)) == 10


def test_a_file_beside_an_empty_database_is_no_journal(session: Session) -> None:
    (session.home / "my").touch()
    (session.home / "my-journal").write_text("dear diary")
    _, report = session.save()
    assert [line.label for line in report.lines()] == ["~/my", "~/my-journal"]


def test_tables_are_described(session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "strange "" name" (x)')
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        connection.execute("INSERT INTO words VALUES ('hello')")
        connection.commit()
    report = show_state()
    assert [line.detail for line in report.lines()] == ['strange " name: 0 rows, words: 1 row']


@pytest.mark.skipif(IN_KERNEL, reason="the kernel has one process")
def test_locks_of_this_process_survive_a_save(session: Session) -> None:
    """On POSIX, opening and closing the file would drop them, and another process could write."""
    path = session.home / "app.db"
    make_database(path, rows=1000)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0);"
        "c.execute('BEGIN IMMEDIATE')"
    )
    command = [sys.executable, "-c", script, str(path)]
    with closing(sqlite3.connect(path)) as connection:
        for hold in ("one row", "spill", "wal"):
            connection.execute(f"PRAGMA journal_mode = {'wal' if hold == 'wal' else 'delete'}")
            if hold == "spill":
                spill(connection, "delete")
            else:
                connection.execute("INSERT INTO runs (note) VALUES ('uncommitted')")
            bundle, _ = session.save()
            assert count_in(bundle, session) == 1000
            other = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert "database is locked" in other.stderr, hold
            connection.rollback()


def count_in(bundle: bytes, session: Session) -> int:
    copy = session.folder / "copy.db"
    copy.write_bytes(member(bundle))
    return count(copy)


@pytest.mark.skipif(IN_KERNEL, reason="the kernel has one process")
def test_a_lock_of_another_process_is_not_waited_for_without_bound(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite.safe_connections, "PATIENCE", 0.2)
    path = session.home / "app.db"
    make_database(path)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE');"
        "print('locked', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        _, report = session.save()
        assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
    finally:
        holder.communicate(timeout=30)
