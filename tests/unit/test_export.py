"""Tables to other formats and back."""

from __future__ import annotations

import csv
import importlib.util
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
from litestate import export_tables, import_table, save_state
from litestate.cli import main
from litestate.errors import (
    DamagedBundleError,
    DatabaseBusyError,
    ExportError,
    ImportTableError,
    SourceError,
)
from litestate.export import excel
from litestate.export.delimited import file_names, is_formula
from litestate.export.source import Table
from litestate.importing.values import Column, number
from litestate.sqlite import connections
from states import Session, dump, make_database

needs_openpyxl = pytest.mark.skipif(
    importlib.util.find_spec("openpyxl") is None, reason="openpyxl is not here"
)

SCHEMA = """
CREATE TABLE things (
    id INTEGER PRIMARY KEY, note TEXT, day DATE, at TIMESTAMP, data BLOB, score REAL, big INTEGER
);
CREATE TABLE "a/b" (x);
CREATE VIEW notes AS SELECT id, note FROM things;
CREATE TABLE removed (x);
DROP TABLE removed;
"""
ROWS = [
    (1, "with, \"quotes\"\nand lines", "2026-01-02", "2026-01-02 10:11:12.5", b"\0\xff", 0.5, 7),
    (2, "", "1899-12-31", "2026-01-02T10:11:12", b"", 0.1 + 0.2, 2**53),
    (3, None, None, None, None, None, None),
    (4, "Zürich 😀", "2026-02-30", "2026-01-02T10:11:12Z", None, 1e300, 2**63 - 1),
    (5, "=cmd|' /C calc'!A0", "soon", "2026-01-02 10:11:12.123456", None, -1.5, -(2**63)),
]  # fmt: skip
FORMULAS = ["=1+1", "+cmd", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "+41 79"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.1)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        connection.commit()
    return path


def of(*values: Any, declared: str = "") -> sqlite3.Connection:
    """Return a database in memory with one table of one column."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (x {declared})")
    connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    return connection


def query(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def sheet(path: Path | str, name: str | None = None) -> list[list[Any]]:
    import openpyxl

    book = openpyxl.load_workbook(path)
    return [list(row) for row in (book[name] if name else book.worksheets[0]).iter_rows()]


# CSV


def test_csv(database: Path) -> None:
    report = export_tables(database, "out.csv", tables="things", escape_formulas=False)
    content = Path("out.csv").read_bytes()
    assert content.startswith(b"id,note,day,at,data,score,big\r\n1,")
    assert b'\r\n2,"",1899-12-31' in content
    assert b"\r\n3,,,,,,\r\n" in content
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][1] == ROWS[0][1]
    assert rows[1][4:] == ["AP8=", "0.5", "7"]
    assert (float(rows[2][5]), rows[4][1]) == (0.1 + 0.2, "Zürich 😀")
    assert [int(rows[n][6]) for n in (2, 4, 5)] == [2**53, 2**63 - 1, -(2**63)]
    assert report.lines()[0].detail == "things: 5 rows"
    assert (report.path, report.size) == ("out.csv", len(content))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_csv_is_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "out.csv"
    report = export_tables(of(text), path)
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["x"], ["'" + text]]
    assert "1 text " in report.warnings[0]
    export_tables(of(text), path, escape_formulas=False, overwrite=True)
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["x"], [text]]


@pytest.mark.parametrize("text", ["-5", "+4.5", "-1e-05", "plain", "", "1=1", "'=1"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert not is_formula(text)


def test_a_column_name_can_be_a_formula_too(tmp_path: Path) -> None:
    export_tables(of(1), tmp_path / "o.csv", query='SELECT x AS "=1+1" FROM t')
    assert (tmp_path / "o.csv").read_text().startswith("'=1+1")


def test_a_folder_gets_a_file_for_each_table(database: Path) -> None:
    report = export_tables(database, "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a-b.csv", "things.csv"]
    assert [line.detail for line in report.lines()] == ["a/b: 0 rows", "things: 5 rows"]
    Path("out/mine.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"a-b\.csv is there already"):
        export_tables(database, "out")
    export_tables(database, "out", overwrite=True)
    assert len(list(Path("out").iterdir())) == 3


def test_file_names_are_good_everywhere() -> None:
    names = ["a", "A", "con", "x/../y", " . ", "é" * 200]
    found = file_names([Table(name, "", (), ()) for name in names])
    assert list(found.values())[:5] == ["a.csv", "A-2.csv", "con_.csv", "x-..-y.csv", "table.csv"]
    assert all(len(name.encode()) < 256 for name in found.values())


# Excel


@needs_openpyxl
def test_excel(database: Path) -> None:
    report = export_tables(database, "out.xlsx")
    header, *rows = [[cell.value for cell in row] for row in sheet("out.xlsx", "things")]
    assert header == ["id", "note", "day", "at", "data", "score", "big"]
    assert rows[0][2:4] == [datetime(2026, 1, 2), datetime(2026, 1, 2, 10, 11, 12, 500_000)]
    assert rows[1][1:4] == [None, "1899-12-31", datetime(2026, 1, 2, 10, 11, 12)]
    assert rows[1][5:] == [0.1 + 0.2, 2**53]
    assert rows[2] == [3, *[None] * 6]
    assert rows[3][2:] == ["2026-02-30", "2026-01-02T10:11:12Z", None, 1e300, str(2**63 - 1)]
    assert rows[4][2:4] == ["soon", "2026-01-02 10:11:12.123456"]
    day, at = sheet("out.xlsx", "things")[1][2:4]
    assert (day.is_date, day.number_format) == (True, "yyyy-mm-dd")
    assert (at.is_date, at.number_format) == (True, "yyyy-mm-dd hh:mm:ss.000")
    assert report.lines()[0].detail == "a/b: 0 rows, things: 5 rows"
    assert report.warnings == ["The table a/b is the sheet a_b."]


@needs_openpyxl
@pytest.mark.parametrize("text", [*FORMULAS, "#N/A", "{=1}", "=", "-5"])
def test_text_in_excel_is_never_a_formula(tmp_path: Path, text: str) -> None:
    export_tables(of(text), tmp_path / "out.xlsx")
    (_, (cell,)) = sheet(tmp_path / "out.xlsx")
    assert cell.data_type == "s"
    assert cell.value == text.replace("\r", "_x000D_")
    assert cell.quotePrefix == is_formula(text)


@needs_openpyxl
@pytest.mark.parametrize("text", ["\x00\x01\x1f", "_x0041_", "a\r\nb", "\ufffe\uffff", " a ", "_x"])
def test_characters_that_xml_lacks_come_back(tmp_path: Path, text: str) -> None:
    export_tables(of(text), tmp_path / "out.xlsx")
    import_table(tmp_path / "out.xlsx", tmp_path / "back.db", "t")
    assert query(tmp_path / "back.db", "SELECT x FROM t") == [(text,)]


@needs_openpyxl
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("inf"), "Infinity"),
        (2**53 + 1, "9007199254740993"),
        (-(2**53), -(2**53)),
        (b"ab", "YWI="),
    ],
)
def test_values_that_excel_lacks(tmp_path: Path, value: Any, shown: Any) -> None:
    export_tables(of(value), tmp_path / "out.xlsx")
    assert sheet(tmp_path / "out.xlsx")[1][0].value == shown


@needs_openpyxl
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["x" * 32_768], r"table t does not fit.*Column x holds text of 32,768 characters"),
        ([b"x" * 30_000], r"Column x holds text of 40,000 characters"),
        (["\x01" * 6_000], r"Row 1 holds text that takes 42,000 characters"),
        (["😀" * 20_000], r"Row 1 holds text that takes 40,000 characters"),
        (["1", "2", "3", "4"], r"table t does not fit.*has 4 rows.*limit is 3 below"),
    ],
)
def test_what_excel_cannot_hold_is_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], message: str
) -> None:
    monkeypatch.setattr(excel, "MAX_ROWS", 4)
    target = tmp_path / "out.xlsx"
    target.write_text("older")
    with pytest.raises(ExportError, match=message):
        export_tables(of(*values), target, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]
    assert target.read_text() == "older"


@needs_openpyxl
def test_too_many_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MAX_COLUMNS", 1)
    with pytest.raises(ExportError, match=r"table query does not fit.*2 columns, the limit is 1"):
        export_tables(of(1), tmp_path / "out.xlsx", query="SELECT x, x FROM t")


def test_sheet_names() -> None:
    names = ["x" * 40, "x" * 40, "X" * 31, "'a'", "[]:*?/\\", "history", "", "😀" * 20]
    found = excel.sheet_names(names)
    assert len({name.lower() for name in found}) == len(names)
    assert all(0 < len(name.encode("utf-16-le")) // 2 <= 31 for name in found)
    assert found[3:7] == ["a", "_______", "history_", "table"]


def test_without_openpyxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ExportError, match="pip install openpyxl"):
        export_tables(of(1), tmp_path / "out.xlsx")
    assert not list(tmp_path.iterdir())


# JSON and SQL


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
def test_what_sql_cannot_hold(tmp_path: Path, value: Any, what: str) -> None:
    with pytest.raises(ExportError, match=f"t, column x, holds .*{what}"):
        export_tables(of(1, value), tmp_path / "out.sql")
    assert not list(tmp_path.iterdir())


# What to read


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
def test_a_query_knows_its_dates(database: Path) -> None:
    export_tables(database, "q.xlsx", query="SELECT day FROM things -- all")
    assert sheet("q.xlsx")[1][0].value == datetime(2026, 1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": "nothing"}, "no table 'nothing'.*There are: a/b, notes, things"),
        ({"tables": "things", "query": "SELECT 1"}, "not both"),
        ({"query": "DROP TABLE things"}, "must be one SELECT"),
        ({"query": "SELECT 1; DROP TABLE things"}, "must be one SELECT"),
        ({"query": "SELECT absent"}, "no such column"),
        ({"query": ""}, "must be one SELECT"),
        ({"database": "app.db"}, "leave it out"),
        ({"tables": []}, "no tables"),
        ({}, "a CSV file holds one table, and here are 2"),
    ],
)
def test_wrong_choices(database: Path, options: dict[str, Any], message: str) -> None:
    before = dump(database)
    with pytest.raises(ExportError, match=message):
        export_tables(database, "out.csv", **options)
    assert [path.name for path in Path().iterdir()] == ["app.db"]
    assert dump(database) == before


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("out.pdf", {}, "no known format"),
        ("out.sql", {"tables": "things"}, "whole database"),
        ("no/where/out.json", {}, "No such file"),
        ("there.json", {}, "there already"),
        ("there", {}, "is a file, not a folder"),
    ],
)
def test_wrong_targets(database: Path, target: str, options: dict[str, Any], message: str) -> None:
    Path("there.json").write_text("mine")
    Path("there").write_text("mine")
    with pytest.raises(ExportError, match=message):
        export_tables(database, target, **options)
    assert Path("there.json").read_text() == Path("there").read_text() == "mine"
    assert len(list(Path().iterdir())) == 3


def test_the_source_is_no_target(tmp_path: Path) -> None:
    make_database(tmp_path / "runs.json")
    with pytest.raises(ExportError, match="is what is read"):
        export_tables(tmp_path / "runs.json", tmp_path / "runs.json", overwrite=True)


def test_nothing_half_written(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO things (id, note) VALUES (9, CAST(x'ff' AS TEXT))")
        connection.commit()
    Path("out.json").write_text("older")
    with pytest.raises(ExportError, match=r"things cannot be read.*UTF-8"):
        export_tables(database, "out.json", overwrite=True)
    with pytest.raises(ExportError, match="things cannot be read"):
        export_tables(database, "out")
    assert sorted(path.name for path in Path().iterdir()) == ["app.db", "out.json"]
    assert Path("out.json").read_text() == "older"


def test_a_connection_gives_what_it_sees(database: Path) -> None:
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
def test_what_is_not_committed_is_not_read(database: Path, mode: str) -> None:
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
def test_all_tables_are_of_one_moment(tmp_path: Path) -> None:
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


# Bundles


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


# Command line


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


# Import


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("-1", -1), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None),
        ("9" * 5000, None), ("007", None), ("-0", -0.0), ("+1", None), ("1.50", 1.5),
        ("00.5", None), (".5", None), ("1.", None), ("1e-05", 1e-05), ("1E5", None),
        ("1e+999", None), ("0.30000000000000004", 0.1 + 0.2), ("0.12345678901234567891", None),
        ("inf", None), ("nan", None), ("1_000", None), ("١", None), (" 1", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_that_nothing_is_lost_of(text: str, value: Any) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (["1", "2", None], "INTEGER"), (["1", "2.5"], "REAL"), (["1", "007"], "TEXT"),
        ([str(2**53 + 1), "0.5"], "TEXT"), (["2026-01-02", None], "DATE"),
        (["2026-01-02", "2026-01-02 10:00"], "DATETIME"), (["2026-01-02", "soon"], "TEXT"),
        (["1", "2026-01-02"], "TEXT"), ([None], "TEXT"), ([], "TEXT"), ([""], "TEXT"),
    ],
)  # fmt: skip
def test_types(values: list[Any], declared: str) -> None:
    column = Column()
    for value in values:
        column.see(value)
    assert column.type == declared


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\n1,x\r\n", [(1, "x")]),
        ("\ufeffa;b\n1;x", [(1, "x")]),
        ("a\tb\r1\tx\r", [(1, "x")]),
        ('a,b\n,""\n', [(None, "")]),
        ('a,b\n1,"two\r\nlines, ""quoted"""\n\n', [(1, 'two\r\nlines, "quoted"')]),
        ('"a,1",\n007,5 inch\n', [("007", "5 inch")]),
        ("a,b\n1,2\n2,\n", [(1, 2), (2, None)]),
        ("a,b\n", []),
    ],
)
def test_csv_to_table(tmp_path: Path, text: str, rows: list[Any]) -> None:
    (tmp_path / "in.csv").write_bytes(text.encode())
    report = import_table(tmp_path / "in.csv", tmp_path / "new.db", "t")
    assert query(tmp_path / "new.db", "SELECT * FROM t") == rows
    assert report.lines()[0].detail == f"t: {len(rows)} row{'s' * (len(rows) != 1)}"


@pytest.mark.parametrize("suffix", ["csv", pytest.param("xlsx", marks=needs_openpyxl)])
def test_there_and_back(database: Path, suffix: str) -> None:
    export_tables(database, f"out.{suffix}", tables="things", escape_formulas=False)
    import_table(f"out.{suffix}", "back.db", "things")
    columns = "id, note, day, at, score"
    rows = query(Path("back.db"), f"SELECT {columns}, CAST(big AS INTEGER) FROM things")
    expected = query(database, f"SELECT {columns}, big FROM things")
    if suffix == "xlsx":
        # It has one kind of empty cell and one way to write a time.
        expected[1] = (2, None, "1899-12-31", "2026-01-02 10:11:12", *expected[1][4:])
        expected[0] = (*expected[0][:3], "2026-01-02 10:11:12.500", *expected[0][4:])
    assert rows == expected


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"a,b\n1,2\n3\n", {}, r"in\.csv, row 3: it has 1 values and the header has 2"),
        (b"a,b\n1,2,3\n", {}, r"row 2: it has 3 values"),
        (b"a,A\n1,2\n", {}, "two columns are called 'A'"),
        (b"", {}, "is empty"),
        (b"a\n\xff\n", {}, "not UTF-8"),
        (b'a,b\n1,"x\n', {}, "row 2: a quote"),
        (b'a,b\n1,"x"y\n', {}, "Row 2: a quote"),
        (b'a,b\n5" pipe,1\n6" pipe,2\n', {}, "Row 2: a quote"),
        (b"a\n1\nx\n", {"types": {"a": "INTEGER"}}, "Row 3, column a: 'x' is not a whole number"),
        (b"a\n007\n", {"types": {"A": "integer"}}, "Row 2, column a: '007'"),
        (b"a\n9007199254740993\n", {"types": {"a": "REAL"}}, "not a number that REAL keeps"),
        (b"a\n1\n", {"types": {"b": "TEXT"}}, "a column 'b'"),
        (b"a\n1\n", {"types": {"a": "VARCHAR"}}, "'VARCHAR' is none of"),
        (b"a\n1\n", {"if_exists": "ignore"}, "none of fail"),
        (b"a\n1\n", {"sheet": "x"}, "sheet= is for Excel"),
        (b"id,note\n11,x\n", {"table": "runs"}, "a table runs already"),
        (b"id,x\n11,x\n", {"table": "runs", "if_exists": "append"}, "has no column 'x'"),
        (b"id,note\n11,x\n1,x\n", {"table": "runs", "if_exists": "append"}, "Row 3: UNIQUE"),
        (b"id,note\n007,x\n", {"table": "runs", "if_exists": "append"}, "column id: '007'"),
        (b"a\n1\n", {"table": "sqlite_x"}, "SQLite says"),
    ],
)
def test_a_refused_import_changes_nothing(
    tmp_path: Path, content: bytes, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    make_database(tmp_path / "app.db")
    before = (tmp_path / "app.db").read_bytes()
    options = {"table": "t", **options}
    with pytest.raises(ImportTableError, match=message):
        import_table(tmp_path / "in.csv", tmp_path / "app.db", **options)
    assert (tmp_path / "app.db").read_bytes() == before
    if options["table"] == "t":
        with pytest.raises(ImportTableError):
            import_table(tmp_path / "in.csv", tmp_path / "new.db", **options)
        assert not (tmp_path / "new.db").exists()


def test_append_and_replace(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    make_database(path, 1)
    (tmp_path / "in.csv").write_text("NOTE,id\n1.50,7\n")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        import_table(tmp_path / "in.csv", path, "RUNS", if_exists="append")
        assert connection.execute("SELECT * FROM runs WHERE id = 7").fetchall() == [(7, "1.50")]
        import_table(tmp_path / "in.csv", path, "runs", if_exists="replace")
        assert connection.execute("SELECT * FROM runs").fetchall() == [(1.5, 7)]
        import_table(tmp_path / "in.csv", path, "t", types={"note": "TEXT"})
        assert connection.execute("SELECT * FROM t").fetchall() == [("1.50", 7)]
    assert not (tmp_path / "app.db-journal").exists()


def test_import_into_a_database_in_use(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    make_database(path)
    (tmp_path / "in.csv").write_text("a\n1\n")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError, match=r"app\.db is in use"):
            import_table(tmp_path / "in.csv", path, "t")
    (tmp_path / "notes.txt").write_text("no database")
    with pytest.raises(ImportTableError, match="not a SQLite database"):
        import_table(tmp_path / "in.csv", tmp_path / "notes.txt", "t")
    assert (tmp_path / "notes.txt").read_text() == "no database"
    for name in ("missing.csv", "app.db"):
        with pytest.raises(ImportTableError, match=r"no file|neither \.csv"):
            import_table(tmp_path / name, path, "t")


@needs_openpyxl
def test_excel_to_table(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    one = book.active
    for row in (["id", None, "when", "ok"], [1, "007", datetime(2026, 1, 2, 3, 4), True], [2.5]):
        one.append(row)
    book.create_sheet("second").append(["x"])
    book.save(tmp_path / "in.xlsx")
    with pytest.raises(ImportTableError, match=r"Choose one with sheet=: Sheet, second"):
        import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
    with pytest.raises(ImportTableError, match="no sheet 'third'"):
        import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t", sheet="third")
    import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t", sheet="Sheet")
    assert query(tmp_path / "new.db", 'SELECT id, column_2, "when", ok FROM t') == [
        (1.0, "007", "2026-01-02 03:04:00", 1),
        (2.5, None, None, None),
    ]
    (tmp_path / "bad.xlsx").write_text("no workbook")
    with pytest.raises(ImportTableError, match="cannot be read as an Excel file"):
        import_table(tmp_path / "bad.xlsx", tmp_path / "new.db", "u")
