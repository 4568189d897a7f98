"""Sources of an export: databases, connections, bundles."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables, save_state
from litestate.cli import main
from litestate.errors import DamagedBundleError, DatabaseBusyError, ExportError, SourceError
from litestate.sqlite import safe_connections
from sessions import Session, dump, make_database
from table_files import needs_fts5, needs_openpyxl, sheet


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_connections, "PATIENCE", 0.1)


def test_a_view_and_a_query(database: Path) -> None:
    export_tables(database, "v.csv", tables=["NOTES"])
    assert Path("v.csv").read_text().startswith("id,note\n")
    report = export_tables(
        database, "q.json", query="SELECT id, id, day FROM things WHERE id < 3 ORDER BY id DESC;"
    )
    rows = json.loads(Path("q.json").read_text())["query"]
    assert [list(row.values())[:2] for row in rows] == [[2, 2], [1, 1]]
    assert "the query" in report.headline


@needs_openpyxl
def test_a_query_preserves_the_type_of_dates(database: Path) -> None:
    export_tables(database, "q.xlsx", query="SELECT day FROM things -- all")
    assert sheet("q.xlsx")[1][0].value == datetime(2026, 1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": "nothing"}, "no table 'nothing'.*The database has: a/b, notes, things"),
        ({"tables": "things", "query": "SELECT 1"}, "not both"),
        ({"query": "DROP TABLE things"}, "must be one SELECT"),
        ({"query": "SELECT 1; DROP TABLE things"}, "must be one SELECT"),
        ({"query": "SELECT absent"}, "no such column"),
        ({"query": ""}, "must be one SELECT"),
        ({"database": "app.db"}, "leave it out"),
        ({"tables": []}, "no tables"),
        ({}, "a CSV file holds one table, and there are 2"),
    ],
)
def test_wrong_choices(database: Path, options: dict[str, Any], message: str) -> None:
    before = dump(database)
    with pytest.raises(ExportError, match=message):
        export_tables(database, "out.csv", **options)
    assert [path.name for path in Path().iterdir()] == ["app.db"]
    assert dump(database) == before


def test_a_connection_exports_its_own_state(database: Path) -> None:
    with closing(sqlite3.connect(database, detect_types=sqlite3.PARSE_DECLTYPES)) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = bytes
        connection.execute('INSERT INTO "a/b" VALUES (1)')
        cursor = connection.execute("SELECT id FROM things")
        cursor.fetchone()
        export_tables(connection, "out.json")
        assert cursor.fetchone()[0] == 2
        assert connection.in_transaction
        connection.rollback()
    found = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert found["a/b"] == [{"x": 1}]
    assert found["things"][0]["day"] == "2026-01-02"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_uncommitted_rows_are_not_read(database: Path, mode: str) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("DELETE FROM things")
        export_tables(database, "out.csv", tables="things")
        writer.rollback()
    assert len(Path("out.csv").read_text(encoding="utf-8").splitlines()) > 5


def test_a_locked_database(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusyError, match=r"app\.db is in use"):
            export_tables(database, "out.json")
    assert not Path("out.json").exists()


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one thread")
def test_all_tables_are_from_one_state(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = wal; CREATE TABLE a (x); CREATE TABLE b (x);"
        )
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path)) as connection:
            while not stop.is_set():
                with connection:
                    connection.execute("INSERT INTO a VALUES (1)")
                    connection.execute("INSERT INTO b VALUES (1)")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(20):
            export_tables(path, tmp_path / "out.json", overwrite=True)
            found = json.loads((tmp_path / "out.json").read_text())
            assert len(found["a"]) == len(found["b"])
    finally:
        stop.set()
        thread.join()


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        export_tables(tmp_path / "missing.db", tmp_path / "out.json")
    with pytest.raises(ExportError, match="has no tables"):
        export_tables(sqlite3.connect(":memory:"), tmp_path / "out.json")


@pytest.fixture
def bundle(session: Session) -> Iterator[bytes]:
    make_database(session.home / "app.db", 3)
    make_database(session.notebook / "other.db", 4)
    yield session.save()[0]


@pytest.mark.parametrize(
    ("name", "rows"),
    [("app.db", 3), ("other.db", 4), ("home/app.db", 3), ("~/app.db", 3)],
)
def test_a_database_of_a_bundle(tmp_path: Path, bundle: bytes, name: str, rows: int) -> None:
    export_tables(bundle, tmp_path / "out.json", database=name)
    assert len(json.loads((tmp_path / "out.json").read_text())["runs"]) == rows


@pytest.mark.parametrize("name", [None, "nothing.db"])
def test_which_database(tmp_path: Path, bundle: bytes, name: str | None) -> None:
    with pytest.raises(ExportError, match=r"Choose one.*home/app\.db, notebook/other\.db"):
        export_tables(bundle, tmp_path / "out.json", database=name)


def test_a_bundle_without_databases(session: Session) -> None:
    with pytest.raises(ExportError, match="holds no database"):
        export_tables(session.save()[0], "out.json")


def test_a_damaged_bundle(tmp_path: Path, bundle: bytes) -> None:
    bad = bytearray(bundle)
    bad[bad.index(b"databases/home/app.db") + 60] ^= 1
    with pytest.raises(DamagedBundleError):
        export_tables(bytes(bad), tmp_path / "out.json", database="app.db")
    assert not (tmp_path / "out.json").exists()


def test_export_on_the_command_line(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_database(session.home / "app.db", 3)
    save_state(tmp_path / "work.litestate.zip")
    source, target = str(tmp_path / "work.litestate.zip"), str(tmp_path / "out.csv")
    assert main(["export", source, target, "--table", "runs"]) == 0
    assert "runs: 3 rows" in capsys.readouterr().out
    assert main(["export", source, target, "--database", "app.db"]) == 1
    assert "overwrite" in capsys.readouterr().err
    command = ["export", source, target, "--query", "SELECT max(id) AS last FROM runs"]
    assert main([*command, "--overwrite"]) == 0
    assert Path(target).read_bytes() == b"last\r\n3\r\n"
    with pytest.raises(SystemExit):
        main([*command, "--table", "runs"])


@needs_fts5
def test_virtual_tables_and_names_with_quotes(tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE VIRTUAL TABLE docs USING fts5(title, body);"
        "INSERT INTO docs VALUES ('one', NULL);"
        'CREATE TABLE "it""s \'x\'" ("a""b");'
    )
    export_tables(connection, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "docs": [{"title": "one", "body": None}],
        "it\"s 'x'": [],
    }


def test_tables_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        connection.executescript(
            "CREATE TABLE t (x); CREATE VIEW lost AS SELECT * FROM gone;"
            "PRAGMA writable_schema = ON;"
            "INSERT INTO sqlite_schema VALUES"
            " ('table', 'strange', 'strange', 0, 'CREATE VIRTUAL TABLE strange USING absent(a)');"
        )
    for options, name in (({"tables": "lost"}, "lost"), ({}, "strange")):
        with pytest.raises(ExportError, match=rf"{name} cannot be read.*no such.*with tables="):
            export_tables(tmp_path / "app.db", tmp_path / "out.json", **options)
    export_tables(tmp_path / "app.db", tmp_path / "out.json", tables="t")


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_reading_in_wal_mode_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_database(tmp_path / "wal.db", pragma="journal_mode = wal")
    export_tables("wal.db", "out.csv")
    assert (tmp_path / "out.csv").exists()
    assert not (tmp_path / f"wal.db{suffix}").exists()
