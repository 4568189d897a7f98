"""Export to CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from litestate import export_tables, import_table
from litestate.errors import ExportError
from litestate.export.source import Table
from litestate.export.text_writers import file_names, is_formula
from table_files import FORMULAS, ROWS, of, query


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
def test_plain_text_is_unchanged(text: str) -> None:
    assert not is_formula(text)


def test_a_column_name_can_be_a_formula_too(tmp_path: Path) -> None:
    export_tables(of(1), tmp_path / "o.csv", query='SELECT x AS "=1+1" FROM t')
    assert (tmp_path / "o.csv").read_text().startswith("'=1+1")


def test_a_folder_gets_a_file_for_each_table(database: Path) -> None:
    report = export_tables(database, "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a-b.csv", "things.csv"]
    assert [line.detail for line in report.lines()] == ["a/b: 0 rows", "things: 5 rows"]
    Path("out/mine.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"a-b\.csv already exists"):
        export_tables(database, "out")
    export_tables(database, "out", overwrite=True)
    assert len(list(Path("out").iterdir())) == 3


def test_file_names_are_valid_on_every_system() -> None:
    names = ["a", "A", "con", "x/../y", " . ", "é" * 200]
    found = file_names([Table(name, "", (), ()) for name in names])
    assert list(found.values())[:5] == ["a.csv", "A-2.csv", "con_.csv", "x-..-y.csv", "table.csv"]
    assert all(len(name.encode()) < 256 for name in found.values())


def test_null_in_the_only_column_is_reported(tmp_path: Path) -> None:
    report = export_tables(of(1, None, "", 2), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b'x\r\n1\r\n\r\n""\r\n2\r\n'
    assert "NULL in 1 row." in report.warnings[0]
    import_table(tmp_path / "out.csv", tmp_path / "back.db", "t", types={"x": "NUMERIC"})
    assert query(tmp_path / "back.db", "SELECT x FROM t") == [(1,), (None,), ("",), (2,)]
