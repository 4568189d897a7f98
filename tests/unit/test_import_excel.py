"""Excel sheets to tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from litestate import import_table
from litestate.errors import (
    ImportTableError,
)
from tables import needs_openpyxl, query


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
