"""Comparison of two databases: every row, exactly, for every kind of table."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from command_line_bundles import bundle_of, database
from litestate.compare import Comparison, DatabaseChange, TableChange, compare, opened, render

Differ = Callable[[str, str], DatabaseChange]


def has(module: str) -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        return bool(
            connection.execute(
                "SELECT count(*) FROM pragma_module_list WHERE name = ?", (module,)
            ).fetchone()[0]
        )


def comparison(before: Path, after: Path) -> Comparison:
    with opened(str(before)) as first, opened(str(after)) as second:
        return compare(first, second)


def of_bytes(folder: Path, before: bytes, after: bytes) -> DatabaseChange:
    bundles = [
        bundle_of({"app.db": data}, folder / f"{n}.zip") for n, data in enumerate((before, after))
    ]
    found = comparison(*bundles)
    assert not found.files
    return found.databases[0]


@pytest.fixture
def differ(tmp_path: Path) -> Differ:
    """Make two databases with SQL, the second from a copy of the first, and compare them."""

    def run(before: str, change: str) -> DatabaseChange:
        path = tmp_path / "made.db"
        old = database(path, before)
        return of_bytes(tmp_path, old, database(path, before + ";" + change))

    return run


def tables(change: DatabaseChange) -> dict[str, tuple[int, int, int]]:
    assert not change.problem
    assert not any(table.problem for table in change.tables)
    return {t.name: (t.rows_added, t.rows_removed, t.rows_changed) for t in change.tables}


def by(change: DatabaseChange) -> str | None:
    return change.tables[0].matched_by


ROWS = "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd')"
CHANGE = (
    "INSERT INTO t VALUES (5, 'e'), (6, 'f'), (7, 'g'); DELETE FROM t WHERE id = 1;"
    "UPDATE t SET v = 'z' WHERE id IN (2, 3)"
)


@pytest.mark.parametrize(
    ("table", "matched_by"),
    [
        ("t (id INTEGER PRIMARY KEY, v)", "primary key"),
        ("t (id INT PRIMARY KEY, v)", "primary key"),
        ("t (id INT PRIMARY KEY, v) WITHOUT ROWID", "primary key"),
        ("t (id, v)", "rowid"),
        ("t (id, v, rowid AS (1), _rowid_ AS (2))", "rowid"),
    ],
)
def test_rows_added_removed_and_changed(differ: Differ, table: str, matched_by: str) -> None:
    change = differ(f"CREATE TABLE {table};{ROWS}", CHANGE)
    assert tables(change) == {"t": (3, 1, 2)}
    assert by(change) == matched_by


def test_a_key_of_several_columns(differ: Differ) -> None:
    made = (
        "CREATE TABLE t (a TEXT, b INT, v, PRIMARY KEY (b, a));"
        "INSERT INTO t VALUES ('x', 1, 1), ('x', 2, 1), ('y', 1, 1)"
    )
    change = differ(made, "UPDATE t SET v = 2 WHERE b = 2; UPDATE t SET a = 'z' WHERE a = 'y'")
    assert tables(change) == {"t": (1, 1, 1)}


def test_rows_without_a_key_are_matched_by_content(differ: Differ) -> None:
    made = (
        "CREATE TABLE t (rowid, oid, _rowid_);"
        "INSERT INTO t VALUES (1, 1, NULL), (1, 1, NULL), (2, 2, 2)"
    )
    change = differ(
        made,
        "INSERT INTO t VALUES (1, 1, NULL), (3, 3, 3);UPDATE t SET oid = 9 WHERE oid = 2",
    )
    assert (tables(change), by(change)) == ({"t": (3, 1, 0)}, "content")


def test_rows_without_a_key_are_compared_exactly(differ: Differ) -> None:
    made = (
        "CREATE TABLE t (rowid COLLATE NOCASE, oid, _rowid_);"
        "INSERT INTO t VALUES ('a', 1, NULL), ('b', 2, x'00')"
    )
    change = differ(
        made, "UPDATE t SET rowid = 'A' WHERE oid = 1; UPDATE t SET oid = 2.0 WHERE oid = 2"
    )
    assert tables(change) == {"t": (2, 2, 0)}


def test_null_in_a_key_matches_no_row(differ: Differ) -> None:
    made = "CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES (NULL, 1), (NULL, 2)"
    change = differ(made, "UPDATE t SET v = 3 WHERE v = 2")
    assert (tables(change), by(change)) == ({"t": (0, 0, 1)}, "rowid")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1", "1.0"),
        ("1", "'1'"),
        ("'a'", "x'61'"),
        ("'a'", "'A'"),
        ("'a'", "'a '"),
        ("NULL", "''"),
        ("NULL", "0"),
        ("x''", "''"),
        ("x'0001'", "x'0002'"),
        ("'a' || char(0) || 'b'", "'a' || char(0) || 'c'"),
        ("9007199254740993", "9007199254740992.0"),
    ],
)
def test_values_are_compared_exactly(differ: Differ, before: str, after: str) -> None:
    # Neither a collation ('a' = 'A') nor an affinity ('1' = 1) must hide the difference.
    made = "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB COLLATE NOCASE);"
    change = differ(f"{made} INSERT INTO t VALUES (1, {before})", f"UPDATE t SET v = {after}")
    assert tables(change) == {"t": (0, 0, 1)}


def test_keys_are_compared_exactly(differ: Differ) -> None:
    made = "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b')"
    assert tables(differ(made, "UPDATE t SET k = 'A' WHERE k = 'a'")) == {"t": (1, 1, 0)}


def test_a_key_whose_type_changed(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    old = database(path, "CREATE TABLE t (k TEXT PRIMARY KEY); INSERT INTO t VALUES ('01'), ('1')")
    new = database(path, "CREATE TABLE t (k INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    change = of_bytes(tmp_path, old, new)
    assert tables(change) == {"t": (1, 2, 0)}
    assert change.tables[0].is_redefined


def test_equal_values_under_other_affinities(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    rows = "INSERT INTO t VALUES (1, 5), (2, 7)"
    old = database(path, f"CREATE TABLE t (id INTEGER PRIMARY KEY, v INT); {rows}")
    new = database(path, f"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); {rows}")
    assert tables(of_bytes(tmp_path, old, new)) == {"t": (0, 0, 2)}


def test_tables_of_one_side_only(differ: Differ) -> None:
    change = differ(
        "CREATE TABLE old (x); INSERT INTO old VALUES (1), (2)",
        "DROP TABLE old; CREATE TABLE new (x); INSERT INTO new VALUES (1)",
    )
    assert change.tables == (
        TableChange("new", "added", rows_added=1),
        TableChange("old", "removed", rows_removed=2),
    )


def test_columns_that_differ(differ: Differ) -> None:
    change = differ(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
        "ALTER TABLE t ADD COLUMN c DEFAULT 5; ALTER TABLE t DROP COLUMN a;"
        "UPDATE t SET b = 9 WHERE id = 2",
    )
    (table,) = change.tables
    assert (table.columns_added, table.columns_removed) == (("c",), ("a",))
    assert (table.rows_added, table.rows_removed, table.rows_changed) == (0, 0, 1)


def test_views_indexes_triggers_and_settings(differ: Differ) -> None:
    change = differ(
        "CREATE TABLE t (x); CREATE INDEX i ON t (x); CREATE VIEW v AS SELECT 1",
        "DROP INDEX i; DROP VIEW v; CREATE VIEW v AS SELECT 2; PRAGMA user_version = 7;"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    )
    assert [(item.kind, item.name, item.verdict) for item in change.objects] == [
        ("index", "i", "removed"),
        ("trigger", "g", "added"),
        ("view", "v", "changed"),
    ]
    assert change.settings == ("user_version 0 → 7",)
    assert not change.tables


def test_the_same_rows_stored_in_another_way_are_equal(differ: Differ) -> None:
    change = differ(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, v); {ROWS}", "CREATE TABLE u (x); DROP TABLE u"
    )
    assert change.is_equal


@pytest.mark.skipif(not has("fts5"), reason="this SQLite has no FTS5")
def test_full_text_search(differ: Differ) -> None:
    made = "CREATE VIRTUAL TABLE docs USING fts5(title); INSERT INTO docs VALUES ('a'), ('b')"
    change = differ(
        made, "INSERT INTO docs VALUES ('c'); UPDATE docs SET title = 'x' WHERE rowid = 1"
    )
    # Its five internal tables are not compared separately.
    assert tables(change) == {"docs": (1, 0, 1)}


@pytest.mark.skipif(not has("fts5"), reason="this SQLite has no FTS5")
def test_full_text_search_without_stored_text(tmp_path: Path) -> None:
    made = "CREATE VIRTUAL TABLE docs USING fts5(t, content=''); INSERT INTO docs VALUES ('{}')"
    data = [database(tmp_path / "made.db", made.format(text)) for text in ("one", "two")]
    change = of_bytes(tmp_path, data[0], data[1])
    assert change.tables == (TableChange("docs", "changed", matched_by=None, is_reindexed=True),)


def test_names_are_quoted(differ: Differ) -> None:
    name = 'odd "name"; DROP TABLE t; --'
    quoted = name.replace('"', '""')
    made = f'CREATE TABLE "{quoted}" ("a ""b" INTEGER PRIMARY KEY, "select", "c;d")'
    change = differ(made, f'INSERT INTO "{quoted}" VALUES (1, 2, 3)')
    assert tables(change) == {name: (1, 0, 0)}


def test_the_largest_number_of_columns(differ: Differ) -> None:
    columns = ", ".join(f"c{n}" for n in range(1999))
    values = ", ".join("1" for _ in range(1999))
    made = f"CREATE TABLE t (id INTEGER PRIMARY KEY, {columns}); INSERT INTO t VALUES (1, {values})"
    assert tables(differ(made, "UPDATE t SET c1998 = 2")) == {"t": (0, 0, 1)}


@pytest.mark.parametrize("seed", range(8))
def test_random_comparisons_agree_with_python(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    values = [None, 1, 1.0, "1", b"1", "a", "A", "", b"", 2**53 + 1, -0.5, "x\0y"]
    sides: list[dict[tuple[object, ...], object]] = []
    data = []
    for _ in range(2):
        side: dict[tuple[object, ...], object] = {}
        for key in chance.sample([(a, b) for a in range(12) for b in "xyz"], 25):
            side[key] = chance.choice(values)
        path = tmp_path / "made.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE t (a, b, v, PRIMARY KEY (a, b)) WITHOUT ROWID")
            connection.executemany(
                "INSERT INTO t VALUES (?, ?, ?)", [(*k, v) for k, v in side.items()]
            )
            connection.commit()
        sides.append(side)
        data.append(path.read_bytes())
        path.unlink()
    old, new = sides
    changed = sum((type(old[k]), old[k]) != (type(new[k]), new[k]) for k in old.keys() & new.keys())
    expected = (len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed)
    assert tables(of_bytes(tmp_path, *data)) == {"t": expected}


def test_text_and_dict_agree(differ: Differ, tmp_path: Path) -> None:
    differ(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v); {ROWS}", CHANGE)
    found = comparison(tmp_path / "0.zip", tmp_path / "1.zip")
    assert "           t: 3 rows added; 1 row removed; 2 rows changed" in render(found)
    document = found.to_dict()
    assert document["equal"] is False
    assert document["databases"][0]["tables"][0]["rows_changed"] == 2
