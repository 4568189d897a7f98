"""Import of files into tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables, import_table
from litestate.errors import DatabaseBusyError, ImportTableError
from litestate.importing.column_values import Column, number
from litestate.sqlite import safe_connections
from sessions import make_database
from table_files import needs_openpyxl, query


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_connections, "PATIENCE", 0.1)


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
def test_numbers_without_loss(text: str, value: Any) -> None:
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
def test_a_round_trip(database: Path, suffix: str) -> None:
    export_tables(database, f"out.{suffix}", tables="things", escape_formulas=False)
    import_table(f"out.{suffix}", "back.db", "things")
    columns = "id, note, day, at, score"
    rows = query(Path("back.db"), f"SELECT {columns}, CAST(big AS INTEGER) FROM things")
    expected = query(database, f"SELECT {columns}, big FROM things")
    if suffix == "xlsx":
        # Excel has one kind of empty cell and one format of times.
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
        (
            b"a\n9007199254740993\n",
            {"types": {"a": "REAL"}},
            "not a number that REAL stores",
        ),
        (b"a\n1\n", {"types": {"b": "TEXT"}}, "the column 'b'"),
        (b"a\n1\n", {"types": {"a": "VARCHAR"}}, "'VARCHAR'. Use one of"),
        (b"a\n1\n", {"if_exists": "ignore"}, "if_exists='.*' is not possible"),
        (b"a\n1\n", {"sheet": "x"}, "Leave out sheet="),
        (b"id,note\n11,x\n", {"table": "runs"}, "The table runs already exists"),
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


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a;b\r\n1;ü\r\n".encode("utf-16"), [(1, "ü")]),
        ("\ufeffa,b\n1,ü\n".encode("utf-16-be"), [(1, "ü")]),
        (b"sep=;\r\na;b\r\n1;x,y\r\n", [(1, "x,y")]),
        (b"\r\n\na,b\n\n1,x\n", [(1, "x")]),
        (b"a\n1\n\n2\n", [(1,), (None,), (2,)]),
        (b'a,b\n"1","x\0y"\n', [(1, "x\0y")]),
        (b"a,b\n2026-01-02T10:11:12+02:00,2026-02-30\n",
         [("2026-01-02T10:11:12+02:00", "2026-02-30")]),
    ],
)  # fmt: skip
def test_odd_csv(tmp_path: Path, content: bytes, rows: list[Any]) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    import_table(tmp_path / "in.csv", tmp_path / "new.db", "t")
    assert query(tmp_path / "new.db", "SELECT * FROM t") == rows


@pytest.mark.parametrize(
    "content",
    ["a;b\r\n1;x\r\n".encode("utf-16-le"), "a,b\n1,ü\n".encode("cp1252"), b"\xff\xfea\0,"],
)
def test_other_encodings_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(ImportTableError, match=r"is not UTF-8 text.*Save it as CSV UTF-8"):
        import_table(tmp_path / "in.csv", tmp_path / "new.db", "t")
    assert not (tmp_path / "new.db").exists()


def test_only_real_dates_are_declared_as_dates(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b,c\n2026-02-30,2026-02-28,2026-01-02 10:00Z\n")
    import_table(tmp_path / "in.csv", tmp_path / "new.db", "t")
    types = query(tmp_path / "new.db", "SELECT type FROM pragma_table_info('t')")
    assert types == [("TEXT",), ("DATE",), ("DATETIME",)]
