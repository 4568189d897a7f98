"""Export to JSON and SQL."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables
from litestate.errors import ExportError
from sessions import dump
from table_files import ROWS, needs_fts5, of, query


def test_json(database: Path) -> None:
    export_tables(database, "out.json")
    found = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert (list(found), found["a/b"]) == (["a/b", "things"], [])
    rows = [tuple(row.values()) for row in found["things"]]
    assert rows[1:] == [(2, "", *ROWS[1][2:4], {"base64": ""}, *ROWS[1][5:]), *ROWS[2:]]
    assert found["things"][0]["data"] == {"base64": "AP8="}
    export_tables(of(float("inf"), float("-inf")), "inf.json")
    assert [row["x"] for row in json.loads(Path("inf.json").read_text())["t"]] == [
        float("inf"),
        float("-inf"),
    ]


def test_sql(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 7")
    export_tables(database, "out.sql")
    with closing(sqlite3.connect("again.db")) as connection:
        connection.executescript(Path("out.sql").read_text(encoding="utf-8"))
    assert dump(Path("again.db")) == dump(database)
    assert query(Path("again.db"), "PRAGMA user_version") == [(7,)]


@pytest.mark.parametrize(("value", "what"), [("a\0b", "NUL"), (float("-inf"), "infinite")])
def test_values_that_sql_cannot_hold_are_refused(tmp_path: Path, value: Any, what: str) -> None:
    with pytest.raises(ExportError, match=f"t, column x, holds .*{what}"):
        export_tables(of(1, value), tmp_path / "out.sql")
    assert not list(tmp_path.iterdir())


HARD = """
CREATE VIRTUAL TABLE docs USING fts5(title, body);
INSERT INTO docs (rowid, title, body) VALUES (7, 'one', 'it''s'), (9, 'two', NULL);
CREATE TABLE "qu""ote's [x]" ("a""b" TEXT, "c'd" AS ("a""b" || '!'), "e f" REAL);
INSERT INTO "qu""ote's [x]" VALUES ('line' || char(10) || '''two''', 0.30000000000000004);
CREATE TABLE children (id INTEGER REFERENCES parents (id));
CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO parents VALUES (41);
DELETE FROM parents;
INSERT INTO parents VALUES (5);
INSERT INTO children VALUES (5);
CREATE TABLE log (x);
CREATE TRIGGER logging AFTER INSERT ON children BEGIN INSERT INTO log VALUES (new.id); END;
CREATE INDEX by_id ON children (id);
CREATE VIEW seen AS SELECT * FROM parents;
CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pairs VALUES (x'00ff', -9223372036854775808);
ANALYZE;
"""


@needs_fts5
def test_sql_of_difficult_schemas(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "hard.db")) as connection:
        connection.executescript(HARD)
    export_tables(tmp_path / "hard.db", tmp_path / "out.sql")
    text = (tmp_path / "out.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "again.db")) as again:
        again.execute("PRAGMA foreign_keys = ON")
        again.executescript(text)
        found = again.execute("SELECT rowid, * FROM docs WHERE docs MATCH 'it'").fetchall()
        assert found == [(7, "one", "it's")]
        assert again.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        again.execute("INSERT INTO parents DEFAULT VALUES")
        assert again.execute("SELECT max(id) FROM parents").fetchone() == (42,)
        again.rollback()
    for table in ("docs", '"qu""ote\'s [x]"', "children", "log", "seen", "pairs", "sqlite_stat1"):
        rows = query(tmp_path / "hard.db", f"SELECT * FROM {table} ORDER BY 1")
        assert query(tmp_path / "again.db", f"SELECT * FROM {table} ORDER BY 1") == rows
    names = "SELECT type, name FROM sqlite_schema ORDER BY 1, 2"
    assert query(tmp_path / "again.db", names) == query(tmp_path / "hard.db", names)
