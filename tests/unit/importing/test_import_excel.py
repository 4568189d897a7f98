"""Import of Excel sheets."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestate import import_table
from litestate.errors import ImportTableError
from table_files import needs_openpyxl, query


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


@needs_openpyxl
def test_formulas_without_a_result_are_refused(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [2, "=A3*2"]):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    with pytest.raises(ImportTableError, match=r"cell B3: the formula =A3\*2 has no result"):
        import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
    assert not (tmp_path / "new.db").exists()


@needs_openpyxl
@pytest.mark.parametrize(
    ("cell", "result"),
    [
        (b'<c r="A2"><f>1+1</f><v>2</v></c>', 2),
        (b'<c r="A2" t="str"><f>"x"</f><v>x</v></c>', "x"),
        (b'<c r="A2" t="str"><f>""</f><v></v></c>', None),
        (b'<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
    ],
)
def test_results_of_formulas(tmp_path: Path, cell: bytes, result: Any) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["a", "b"], ["=1+1", "end"]):
        book.active.append(row)
    book.save(tmp_path / "plain.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "plain.xlsx") as plain,
        zipfile.ZipFile(tmp_path / "in.xlsx", "w") as changed,
    ):
        for name in plain.namelist():
            content = re.sub(rb'<c r="A2".*?</c>', lambda _: cell, plain.read(name))
            changed.writestr(name, content)
    import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
    assert query(tmp_path / "new.db", "SELECT a, b FROM t") == [(result, "end")]


@needs_openpyxl
def test_an_odd_sheet(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    one = book.active
    one.append([])
    one.append(["day", "merged", None, "n"])
    one.append([datetime(2026, 1, 2, 15, 30), "wide", None, 1])
    one["A3"].number_format = "yyyy-mm-dd"
    one.merge_cells("B3:C3")
    one.append([])
    one.append([datetime(2026, 1, 3), None, 5])
    one["A5"].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "in.xlsx")
    report = import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
    assert query(tmp_path / "new.db", "SELECT * FROM t") == [
        ("2026-01-02 15:30:00", "wide", None, 1),
        ("2026-01-03", None, 5, None),
    ]
    assert report.warnings == ["1 empty row of the sheet was left out."]


@needs_openpyxl
def test_an_empty_sheet(tmp_path: Path) -> None:
    import openpyxl

    openpyxl.Workbook().save(tmp_path / "in.xlsx")
    with pytest.raises(ImportTableError, match="is empty: its first row must name"):
        import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
