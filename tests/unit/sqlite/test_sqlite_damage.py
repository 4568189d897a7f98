"""Damaged databases and files that resemble databases: saved unchanged, and reported."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from litestate import show_state
from sessions import Session, count, make_database
from sqlite_databases import crash_needs_processes, files, leave_a_log

HEADER = b"SQLite format 3\0"


def noise(length: int) -> bytes:
    return random.Random(7).randbytes(length)


def good() -> bytes:
    """Return a database of 4 KiB pages: a table, an index, and a row that overflows."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT)")
        connection.execute("CREATE INDEX by_note ON runs (note)")
        connection.executemany(
            "INSERT INTO runs (note) VALUES (?)", [(f"run {n} " * 9,) for n in range(3000)]
        )
        connection.commit()
        return connection.serialize()


def overwritten(start: int, data: bytes) -> bytes:
    damaged = bytearray(good())
    damaged[start : start + len(data)] = data
    return bytes(damaged)


def words(number: int) -> bytes:
    return number.to_bytes(4, "big")


NO_DATABASES: dict[str, Callable[[], bytes]] = {
    "the header and noise": lambda: HEADER + noise(8192 - 16),
    "the header and noise, no whole page": lambda: HEADER + noise(5000),
    "the header and text": lambda: HEADER + b"is how such a file starts.\n",
    "the header alone": lambda: HEADER,
    "the header and zeros": lambda: HEADER + bytes(4096 - 16),
    "an invalid page size": lambda: overwritten(16, b"\3\7"),
    "an unknown version": lambda: overwritten(18, b"\7\7"),
    "an unknown schema format": lambda: overwritten(44, words(99)),
    "encrypted but for the header": lambda: good()[:16] + noise(len(good()) - 16),
    "the page of the schema overwritten": lambda: overwritten(100, noise(3900)),
    "a schema that is not text": lambda: good().replace(b"TABLE runs", b"TABL\xae \xffuns"),
    "a schema that is not SQL": lambda: good().replace(b"CREATE TABLE runs", b"CREATE TALBE runs"),
    "cut off at a page": lambda: good()[: 4096 * 3],
    "cut off in a page": lambda: good()[: 4096 * 3 + 700],
    "cut off in the header": lambda: good()[:60],
    "a page count that is too high": lambda: overwritten(28, words(100_000)),
}
"""Files that SQLite cannot read."""

DAMAGED: dict[str, Callable[[], bytes]] = {
    "a page in the middle overwritten": lambda: overwritten(4096 * 20, noise(4096)),
    "a page in the middle of zeros": lambda: overwritten(4096 * 20, bytes(4096)),
    "the root of a table overwritten": lambda: overwritten(4096, noise(4096)),
    "a page count that is too low": lambda: overwritten(28, words(4)),
    "a record that cannot be read": lambda: overwritten(39857, b"\x7f"),
    "a freelist that leads nowhere": lambda: overwritten(32, words(90_000) + words(3)),
}
"""Databases with a readable schema and damaged pages."""


def finds(data: bytes) -> bool:
    """Return whether this SQLite reports the damage; older ones do not check records."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data)
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))


def saves_as_a_file(session: Session, data: bytes) -> str:
    """Save and load an invalid database as a file; return the warning."""
    path = session.home / "app.db"
    path.write_bytes(data)
    shown = show_state()
    bundle, report = session.save()
    assert [(line.label, line.kind, line.size) for line in report.lines()] == [
        ("~/app.db", "file", len(data))
    ]
    assert not report.skipped
    assert (shown.lines(), shown.warnings) == (report.lines(), report.warnings)
    session.clear()
    session.load(bundle)
    assert path.read_bytes() == data
    assert session.save()[1].digest == report.digest
    (warning,) = report.warnings
    assert "~/app.db" in warning
    assert "plain file" in warning
    assert "SQLite" in warning
    return warning


@pytest.mark.parametrize("name", NO_DATABASES)
def test_a_file_that_is_no_database(session: Session, name: str) -> None:
    assert "encrypted or damaged" in saves_as_a_file(session, NO_DATABASES[name]())


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_database(session: Session, name: str) -> None:
    if not finds(DAMAGED[name]()):
        pytest.skip("this SQLite does not detect it")
    warning = saves_as_a_file(session, DAMAGED[name]())
    assert "is a damaged database" in warning
    assert "older bundle" in warning


def test_a_database_with_an_encrypted_header_is_a_file(session: Session) -> None:
    data = noise(8192)
    (session.home / "app.db").write_bytes(data)
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "file")]
    session.clear()
    session.load(bundle)
    assert (session.home / "app.db").read_bytes() == data


@pytest.mark.parametrize("name", [*NO_DATABASES, *DAMAGED])
def test_a_good_database_replaces_it(session: Session, name: str) -> None:
    path = session.home / "app.db"
    make_database(path)
    bundle, _ = session.save()
    path.write_bytes((NO_DATABASES | DAMAGED)[name]())
    session.load(bundle, dry_run=True)
    report = session.load(bundle)
    assert [line.verdict for line in report.lines()] == ["changed"]
    assert count(path) == 10


@pytest.mark.parametrize("name", [*NO_DATABASES, *DAMAGED])
def test_it_replaces_a_good_one(session: Session, name: str) -> None:
    path, data = session.home / "app.db", (NO_DATABASES | DAMAGED)[name]()
    if name in DAMAGED and not finds(data):
        pytest.skip("this SQLite does not detect it")
    path.write_bytes(data)
    bundle, _ = session.save()
    path.unlink()
    make_database(path)
    session.load(bundle)
    assert path.read_bytes() == data


def test_a_connection_survives_the_repair(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    bundle, _ = session.save()
    path.write_bytes(DAMAGED["a page in the middle overwritten"]())
    with closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            connection.execute("SELECT count(note || 'x') FROM runs").fetchone()
        session.load(bundle)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)


def test_values_that_a_constraint_forbids_are_no_damage(session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE old (x)")
        connection.execute("INSERT INTO old VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = on")
        connection.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE old (x NOT NULL)'")
    with closing(sqlite3.connect(path)) as connection:
        assert "NULL value" in connection.execute("PRAGMA quick_check").fetchone()[0]
    _, report = session.save()
    assert [line.kind for line in report.lines()] == ["database"]
    assert not report.warnings


def test_a_name_that_python_cannot_decode_is_no_damage(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    data = path.read_bytes().replace(b"tablerunsruns", b"tabler\xffnsr\xffns")
    path.write_bytes(data.replace(b"CREATE TABLE runs", b"CREATE TABLE r\xffns"))
    bundle, report = session.save()
    assert [(line.kind, line.detail) for line in report.lines()] == [
        ("database", "r\ufffdns: not counted")
    ]
    session.clear()
    session.load(bundle)
    assert b"CREATE TABLE r\xffns" in path.read_bytes()


def test_an_undefined_function_is_no_damage(session: Session) -> None:
    with closing(sqlite3.connect(session.home / "app.db")) as connection:
        connection.create_function("mine", 1, lambda value: value, deterministic=True)
        connection.create_collation("mine", lambda a, b: (a > b) - (a < b))
        connection.execute("CREATE TABLE t (x CHECK (mine(x)), y COLLATE mine UNIQUE, z NOT NULL)")
        connection.execute("INSERT INTO t VALUES (1, 'a', 2)")
        connection.commit()
    _, report = session.save()
    assert [line.kind for line in report.lines()] == ["database"]
    assert not report.warnings


@crash_needs_processes
def test_the_log_of_a_damaged_database_is_saved(session: Session) -> None:
    path = session.home / "app.db"
    path.write_bytes(good())
    leave_a_log(path, "INSERT INTO runs VALUES (9000, 'in the log')")
    with path.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(noise(4096))
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [("~/app.db", "database")]
    assert "is saved with its damage" in str(report.warnings)
    session.clear()
    session.load(bundle)
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT note FROM runs WHERE id = 9000").fetchone()
        assert row == ("in the log",)
    assert "is a damaged database" in str(show_state().warnings)


@crash_needs_processes
def test_the_log_of_an_unreadable_database_is_saved_beside_it(session: Session) -> None:
    path = session.home / "app.db"
    path.write_bytes(good())
    leave_a_log(path, "INSERT INTO runs VALUES (9000, 'in the log')")
    (session.home / "app.db-shm").unlink()
    with path.open("r+b") as file:
        file.write(HEADER + noise(4096 - 16))
    before = files(session.home)
    bundle, report = session.save()
    assert [(line.label, line.kind) for line in report.lines()] == [
        ("~/app.db", "file"),
        ("~/app.db-wal", "file"),
    ]
    session.clear()
    session.load(bundle)
    assert files(session.home) == before


def test_a_database_without_read_permission_is_reported(session: Session) -> None:
    path = session.home / "app.db"
    make_database(path)
    (session.home / "a.txt").write_text("saved")
    path.chmod(0)
    if _is_readable(path):
        pytest.skip("this user may read everything")
    _, report = session.save()
    assert [skipped.path for skipped in report.skipped] == ["~/app.db"]
    assert "permissions" in report.skipped[0].advice
    assert [line.label for line in report.lines()] == ["~/a.txt"]


def _is_readable(path: Path) -> bool:
    try:
        path.open("rb").close()
    except PermissionError:
        return False
    return True
