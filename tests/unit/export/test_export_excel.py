"""Export to Excel."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables, import_table
from litestate.errors import ExportError
from litestate.export import excel_writer
from litestate.export.text_writers import is_formula
from table_files import FORMULAS, needs_openpyxl, of, query, sheet


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
def test_values_that_excel_cannot_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], message: str
) -> None:
    monkeypatch.setattr(excel_writer, "MAX_ROWS", 4)
    target = tmp_path / "out.xlsx"
    target.write_text("older")
    with pytest.raises(ExportError, match=message):
        export_tables(of(*values), target, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]
    assert target.read_text() == "older"


@needs_openpyxl
def test_too_many_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_writer, "MAX_COLUMNS", 1)
    with pytest.raises(ExportError, match=r"table query does not fit.*2 columns, the limit is 1"):
        export_tables(of(1), tmp_path / "out.xlsx", query="SELECT x, x FROM t")


def test_sheet_names() -> None:
    names = ["x" * 40, "x" * 40, "X" * 31, "'a'", "[]:*?/\\", "history", "", "😀" * 20]
    found = excel_writer.sheet_names(names)
    assert len({name.lower() for name in found}) == len(names)
    assert all(0 < len(name.encode("utf-16-le")) // 2 <= 31 for name in found)
    assert found[3:7] == ["a", "_______", "history_", "table"]


def test_without_openpyxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ExportError, match="pip install openpyxl"):
        export_tables(of(1), tmp_path / "out.xlsx")
    assert not list(tmp_path.iterdir())


@needs_openpyxl
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # The form that SQLAlchemy writes.
        ("2026-01-02 10:11:12.000000", datetime(2026, 1, 2, 10, 11, 12)),
        ("2026-01-02 10:11:12.120000", datetime(2026, 1, 2, 10, 11, 12, 120_000)),
        ("2026-01-02 10:11:12.000001", None),
        ("1900-03-01", datetime(1900, 3, 1)),
        ("1900-02-28", None),
        ("1900-02-29", None),
        ("1899-12-31 23:59", None),
        ("2026-01-02 24:00", None),
        ("2026-01-02 10:11+01:00", None),
        ("2026-01-02 10:11:12Z", None),
        ("9999-12-31 23:59:59.999", datetime(9999, 12, 31, 23, 59, 59, 999_000)),
    ],
)
def test_dates_that_excel_holds_exactly(tmp_path: Path, text: str, shown: datetime | None) -> None:
    export_tables(of(text, declared="TIMESTAMP(6)"), tmp_path / "out.xlsx")
    (_, (cell,)) = sheet(tmp_path / "out.xlsx")
    assert cell.value == (text if shown is None else shown)
    assert cell.is_date == (shown is not None)


@needs_openpyxl
def test_the_widest_table_and_a_long_name(tmp_path: Path) -> None:
    connection = of(1)
    columns = ", ".join(f"c{number}" for number in range(2_000))
    connection.execute(f"CREATE TABLE wide ({columns})")
    export_tables(connection, tmp_path / "wide.xlsx", tables="wide")
    assert len(sheet(tmp_path / "wide.xlsx")[0]) == 2_000
    connection.execute(f'CREATE TABLE named ("{"c" * 40_000}")')
    with pytest.raises(ExportError, match="name of a column is text that takes 40,000"):
        export_tables(connection, tmp_path / "named.xlsx", tables="named")
    assert [path.name for path in tmp_path.iterdir()] == ["wide.xlsx"]


@needs_openpyxl
def test_one_row_more_than_excel_holds(tmp_path: Path) -> None:
    query = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1048576)"
        " SELECT i FROM n"
    )
    with pytest.raises(ExportError, match=r"has 1,048,576 rows, the limit is 1,048,575 below"):
        export_tables(of(), tmp_path / "out.xlsx", query=query)
    assert not list(tmp_path.iterdir())
