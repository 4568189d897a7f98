"""Comparison of databases that are hostile or damaged."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from command_line_bundles import bundle_of, database
from litestate.compare import compare, opened, render
from litestate.compare.results import Comparison


def comparison(folder: Path, before: bytes, after: bytes) -> Comparison:
    paths = [
        bundle_of({"app.db": data}, folder / f"{n}.zip") for n, data in enumerate((before, after))
    ]
    with opened(str(paths[0])) as first, opened(str(paths[1])) as second:
        return compare(first, second)


GOOD = "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 2)"


def test_generated_columns_are_not_run(tmp_path: Path) -> None:
    # Reading this column would take a gigabyte for each row; reading its index, too.
    bomb = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, big AS (hex(zeroblob(400000000))));"
        "INSERT INTO t (id, v) VALUES (1, 2), (2, 2); {}"
        "CREATE VIEW w AS SELECT * FROM t, t AS u, t AS x;"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT hex(zeroblob(400000000)); END;"
    )
    path = tmp_path / "made.db"
    found = comparison(
        tmp_path,
        database(path, bomb.format("")),
        database(path, bomb.format("UPDATE t SET v = 3 WHERE id = 2;")),
    )
    (table,) = found.databases[0].tables
    assert (table.rows_changed, table.problem) == (1, "")


def test_a_schema_that_is_not_sql(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    broken = database(
        path,
        f"{GOOD}; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (' WHERE name = 't'",
    )
    found = comparison(tmp_path, database(path, GOOD), broken)
    assert not found.is_equal
    assert "malformed database schema" in found.databases[0].problem
    assert any("not compared: SQLite says" in line for line in render(found))


def test_two_files_that_are_not_databases(tmp_path: Path) -> None:
    found = comparison(tmp_path, database(tmp_path / "made.db", GOOD), b"no database" * 100)
    assert "not a database" in found.databases[0].problem
    assert not found.is_equal


def test_another_text_encoding(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    other = database(path, f"PRAGMA encoding = 'UTF-16le'; {GOOD}")
    found = comparison(tmp_path, database(path, GOOD), other)
    assert "encoding" in found.databases[0].problem
    assert not found.is_equal


def test_a_virtual_table_without_its_module(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    sql = (
        f"{GOOD}; PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES"
        " ('table', 'far', 'far', 0, 'CREATE VIRTUAL TABLE far USING nowhere(x)')"
    )
    found = comparison(tmp_path, database(path, sql), database(path, f"{sql}; UPDATE t SET v = 3"))
    problems = {table.name: table.problem for table in found.databases[0].tables}
    assert problems == {"far": "SQLite says: no such module: nowhere", "t": ""}
    assert not found.is_equal


def test_a_key_that_is_not_unique(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    sql = "CREATE TABLE t (k PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('aaa')"
    one = database(path, sql)
    three = database(path, f"{sql}, ('aab'), ('aac')")
    three = three.replace(b"aab", b"aaa").replace(b"aac", b"aaa")
    (table,) = comparison(tmp_path, three, one).databases[0].tables
    # With this key, the number of added rows would be negative.
    assert (table.rows_added, table.rows_removed, table.matched_by) == (0, 2, "content")


def test_a_database_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    data = bytearray(database(path, f"{GOOD}; UPDATE t SET v = 5"))
    data[18:20] = b"\2\2"
    found = comparison(tmp_path, database(path, GOOD), bytes(data))
    assert found.databases[0].tables[0].rows_changed == 1


def test_random_damage(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    rows = ", ".join(f"({n}, 'text {n}')" for n in range(200))
    sql = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE INDEX i ON t (v);"
        f"CREATE TABLE k (a PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES {rows};"
        f"INSERT INTO k VALUES {rows}"
    )
    good = database(path, sql)
    chance = random.Random(11)
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(chance.choice((1, 5, 50))):
            bad[chance.randrange(16, len(bad))] = chance.randrange(256)
        first, second = (good, bytes(bad)) if chance.random() < 0.5 else (bytes(bad), good)
        found = comparison(tmp_path, first, second)
        assert all("\x1b" not in line for line in render(found))


def test_no_change_and_no_temporary_files(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(GOOD)
    data = path.read_bytes()
    path.unlink()
    comparison(tmp_path, data, data.replace(b"t", b"u"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.zip", "1.zip"]
