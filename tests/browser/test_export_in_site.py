"""Tables leave the site as files that other programs open, and come back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from lab import Lab, errors

# No cell names openpyxl: it must be there without that.
EXPORT = """
import sqlite3
from pathlib import Path
from litestate import export_tables, import_table
path = Path.home() / "app.db"
with sqlite3.connect(path) as connection:
    connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, day DATE, note TEXT)")
    connection.executemany("INSERT INTO runs (day, note) VALUES (?, ?)", [("2026-01-02", "=1+1")])
export_tables(path, Path.home() / "runs.xlsx")
"""


def test_an_excel_file_can_be_downloaded_and_read_again(shared_lab: Lab, tmp_path: Path) -> None:
    lab = shared_lab
    lab.set_cells(EXPORT)
    assert errors(lab.run_all()) == []
    path = lab.click_download(tmp_path)
    assert path.name == "runs.xlsx"
    header, row = openpyxl.load_workbook(path)["runs"].iter_rows()
    assert [cell.value for cell in header] == ["id", "day", "note"]
    assert [cell.data_type for cell in row] == ["n", "d", "s"]
    # The notebook's folder is another file system.
    lab.check("export_tables(path, 'runs.xlsx'); export_tables(path, 'folder')")
    assert lab.value("sorted(map(str, Path('folder').iterdir()))") == ["folder/runs.csv"]
    lab.check("import_table('runs.xlsx', path, 'again')")
    rows = "sqlite3.connect(path).execute('SELECT * FROM again').fetchall()"
    assert lab.value(rows) == [[1, "2026-01-02", "=1+1"]]
