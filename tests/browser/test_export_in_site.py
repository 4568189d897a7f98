"""Tables leave the site as files that other programs open, and come back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from lab import Lab, errors

# No cell imports openpyxl, which would load it.
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


def test_an_excel_file_can_be_downloaded_and_read_again(fresh_lab: Lab, tmp_path: Path) -> None:
    lab = fresh_lab
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


UNLISTED = """
import pyodide_js
owners = pyodide_js._api._import_name_to_package_name
openpyxl_package = owners.get("openpyxl")
owners.delete("openpyxl")
"""
LISTED = "owners.set('openpyxl', openpyxl_package)"


def test_a_site_without_openpyxl(fresh_lab: Lab) -> None:
    lab = fresh_lab
    # As in a site that does not have it.
    lab.check(UNLISTED)
    lab.set_cells(EXPORT)
    [error] = errors(lab.run_all())
    assert "which this site does not have. Nothing was written." in error
    assert "Run `%pip install openpyxl` in a cell" in error
    lab.check("(Path.home() / 'x.xlsx').write_bytes(b'PK')")
    [error] = [lab.run("import_table(Path.home() / 'x.xlsx', path, 'again')").error]
    assert "Nothing was imported. Run `%pip install openpyxl`" in error
    lab.check(LISTED)
    lab.check("export_tables(path, Path.home() / 'runs.xlsx')")
