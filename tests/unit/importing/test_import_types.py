"""Column types of imports: texts that a number could not represent."""

from __future__ import annotations

import math
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import import_table
from litestate.importing import column_values
from litestate.importing.column_values import Column, number
from table_files import needs_openpyxl, query


def imported(folder: Path, texts: list[str], **options: Any) -> tuple[list[Any], str, list[str]]:
    """Return the values of the column v, its declared type, and the warnings."""
    (folder / "in.csv").write_text("v,w\n" + "".join(f"{text},x\n" for text in texts))
    report = import_table(folder / "in.csv", folder / "new.db", "t", **options)
    (declared,) = query(folder / "new.db", "SELECT type FROM pragma_table_info('t') LIMIT 1")
    rows = [value for (value,) in query(folder / "new.db", "SELECT v FROM t")]
    return rows, declared[0], report.warnings


ONE_NUMBER = [
    ["1.9", "1.10", "1.1"],
    ["1.1", "1.9", "1.10"],
    ["3.9", "3.10", "3.1", "3.11"],
    ["12.5", "12.50"],
    ["1", "2.5", "1.0"],
    ["0", "0.0"],
    ["0", "-0"],
    ["-0.00", "1.25", "0.00"],
    ["-1.5", "-1.50"],
    ["100", "1e+2"],
    ["1e+2", "1E+2"],
    ["1e+2", "10e+1"],
    ["1e+2", "1e+02"],
    ["1.0e+00", "1.0e-00"],
    ["0e+1", "0e+2"],
    ["0.000015", "1.5e-05"],
    ["1e-05", "1.0e-05"],
    ["9007199254740992", "9007199254740992.0", "0.5"],
]


@pytest.mark.parametrize("texts", ONE_NUMBER, ids=str)
def test_texts_that_would_become_equal_numbers_stay_text(tmp_path: Path, texts: list[str]) -> None:
    rows, declared, warnings = imported(tmp_path, texts)
    assert rows == texts
    assert declared == "TEXT"
    (warning,) = warnings
    assert "would be one number, so the column stays text" in warning
    rows, declared, warnings = imported(tmp_path, texts, types={"v": "REAL"}, if_exists="replace")
    assert rows == [float(text) for text in texts]
    assert "became one number" in warnings[0]


NUMBERS: list[tuple[list[str], str]] = [
    (["12.50", "3.00", "0.99", "12.50"], "REAL"),
    (["12.50"], "REAL"),
    (["1.0", "0.25", "1e-05", "2.5"], "REAL"),
    (["1", "2.5", "3.25"], "REAL"),
    (["9.98", "10.0", "10.1"], "REAL"),
    (["1.50e-05", "2.25e+10"], "REAL"),
    (["1.5E-05", "2.2E-10"], "REAL"),
    (["0.30000000000000004", "0.3"], "REAL"),
    (["-1.5", "1.5"], "REAL"),
    (["1", "1", "-1"], "INTEGER"),
    (["9223372036854775807", "9223372036854775806"], "INTEGER"),
    (["5e-324", "2.2250738585072014e-308", "1e-320"], "REAL"),
    (["0.0", "0.25", "2"], "REAL"),
]


@pytest.mark.parametrize(("texts", "declared"), NUMBERS, ids=str)
def test_texts_that_stay_numbers(tmp_path: Path, texts: list[str], declared: str) -> None:
    rows, found, warnings = imported(tmp_path, texts)
    assert rows == [float(text) if declared == "REAL" else int(text) for text in texts]
    assert found == declared
    assert not warnings


@pytest.mark.parametrize(
    "texts",
    [
        ["1e-400", "1"],
        ["1.23456789012345e-320", "1.23456789012346e-320"],
        ["-1e-400"],
        ["1e+400"],
        ["9223372036854775808", "1"],
        ["9007199254740993", "0.5"],
        ["0.12345678901234567891"],
        ["1.2345678901234567", "1.2345678901234568"],
        ["1e5", "2"],
        ["+1", "1"],
        ["1_000"],
        ["NaN", "1.5"],
        ["inf", "-inf"],
        ["0x10", "16"],
        ["0815", "815"],
        ["978-3-16-148410-0"],
        ["true", "1"],
        ["1.9.0", "1.10.0"],
        ["2026-01-02", "02.01.2026"],
        ["1.5 ", "1.5"],
    ],
    ids=str,
)
def test_texts_that_no_number_represents(tmp_path: Path, texts: list[str]) -> None:
    rows, declared, _ = imported(tmp_path, texts)
    assert rows == texts
    assert declared == "TEXT"


@pytest.mark.parametrize("texts", [["-0"], ["-0", "3"], ["-0.00", "1.25"], ["-0.0", "2"]], ids=str)
def test_the_sign_of_zero(tmp_path: Path, texts: list[str]) -> None:
    """SQLite stores it only in a column without a type."""
    rows, declared, warnings = imported(tmp_path, texts)
    assert rows == [float(text) for text in texts]
    assert math.copysign(1, rows[0]) == -1
    assert declared == ""
    assert not warnings
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        connection.execute("VACUUM")
        (value,) = connection.execute("SELECT v FROM t LIMIT 1").fetchone()
    assert math.copysign(1, value) == -1
    rows, _, _ = imported(tmp_path, texts, if_exists="append")
    assert [type(value) for value in rows[len(texts) :]] == [
        type(value) for value in rows[: len(texts)]
    ]
    assert math.copysign(1, rows[len(texts)]) == -1


def test_a_sign_that_the_table_cannot_store_is_reported(tmp_path: Path) -> None:
    rows, _, warnings = imported(tmp_path, ["-0.0", "1.5"], types={"v": "REAL"})
    assert rows == [0.0, 1.5]
    assert warnings == ["v: -0 became 0, as SQLite does in a column that is REAL."]
    _, _, warnings = imported(tmp_path, ["-0", "1.5"], if_exists="append")
    assert warnings == ["v: -0 became 0, as SQLite does in a column that is REAL."]
    _, _, warnings = imported(tmp_path, ["1.10", "1.1"], if_exists="append")
    assert warnings == ["v: '1.10' and '1.1' became one number."]


def test_texts_in_a_column_without_a_type_are_unchanged(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        connection.execute("CREATE TABLE t (v, w)")
    assert imported(tmp_path, ["1.10", "1.1"], if_exists="append")[0] == ["1.10", "1.1"]
    assert imported(tmp_path, ["1.5", "2"], if_exists="append")[0][2:] == [1.5, 2]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["1.9", "1.10"], "1.10"),
        (["3.8", "3.9", "3.10", "3.11"], "3.10"),
        (["12.75", "3.10", "4"], "3.10"),
    ],
)
def test_numbers_that_may_be_versions_are_reported(
    tmp_path: Path, texts: list[str], shown: str
) -> None:
    _, declared, (warning,) = imported(tmp_path, texts)
    assert declared == "REAL"
    assert f"v: {shown!r} became the number {float(shown)}" in warning
    assert "types={'v': \"TEXT\"}" in warning
    for kind in ("TEXT", "BLOB"):
        rows, _, warnings = imported(tmp_path, texts, types={"V": kind}, if_exists="replace")
        assert rows == texts
        assert not warnings


def test_a_requested_type_gives_no_warning(tmp_path: Path) -> None:
    for kind in ("TEXT", "BLOB"):
        rows, _, warnings = imported(
            tmp_path, ["1.10", "1.1"], types={"v": kind}, if_exists="replace"
        )
        assert rows == ["1.10", "1.1"]
        assert not warnings


def test_more_numbers_than_can_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_values, "DISTINCT", 3)
    texts = ["1.5", "1.25", "1.50", "1.75"]
    assert imported(tmp_path, texts[:3])[0] == texts[:3]
    texts = ["1.5", "1.25", "1.10", "1.75"]
    rows, declared, (warning,) = imported(tmp_path, texts, if_exists="replace")
    assert rows == texts
    assert declared == "TEXT"
    assert "more than 3" in warning
    assert "types={'v': \"REAL\"}" in warning
    rows, _, _ = imported(tmp_path, texts, types={"v": "REAL"}, if_exists="replace")
    assert rows == [float(text) for text in texts]


def test_different_texts_stay_different() -> None:
    """Two different texts of numbers never become equal in a column that is not text."""
    chance = random.Random(0)
    forms = ["{:.0f}", "{:.1f}", "{:.2f}", "{:e}", "{:.1e}", "{:g}", "{!r}", "{:.3g}", "{:#.3g}"]
    numeric = 0
    for _ in range(2000):
        some = chance.sample(forms, chance.randrange(1, 3))
        scale = 10 ** chance.randrange(-8, 8)
        texts = {
            chance.choice(some).format(chance.choice([-1, 0, 1, 1.5, 10, 0.1, 99.95]) * scale)
            for _ in range(chance.randrange(1, 8))
        }
        column = Column()
        for text in texts:
            column.see(text)
        if column.is_unsure:
            for text in texts:
                column.compare(text)
        if column.type != "TEXT":
            numeric += 1
            assert len({number(text) for text in texts}) == len(texts), texts
    assert numeric > 500


@needs_openpyxl
@pytest.mark.parametrize(
    ("cells", "rows", "declared"),
    [
        (["1.9", "1.10", "1.1"], ["1.9", "1.10", "1.1"], "TEXT"),
        (["12.50", "3.00"], [12.5, 3.0], "REAL"),
        ([1.1, "1.10", 2], ["1.1", "1.10", "2"], "TEXT"),
        ([1, 1.0, 2.5], [1.0, 1.0, 2.5], "REAL"),
        ([1.1, 1.10, 1e-05, 12], [1.1, 1.1, 1e-05, 12.0], "REAL"),
        (["0815", 815], ["0815", "815"], "TEXT"),
        (["-0", 1.5], [-0.0, 1.5], ""),
        (["1.5", 1.5], [1.5, 1.5], "REAL"),
    ],
)
def test_a_sheet_is_read_by_the_same_rules(
    tmp_path: Path, cells: list[Any], rows: list[Any], declared: str
) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for value in ["v", *cells]:
        book.active.append([value])
    book.save(tmp_path / "in.xlsx")
    import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t")
    assert [value for (value,) in query(tmp_path / "new.db", "SELECT v FROM t")] == rows
    assert query(tmp_path / "new.db", "SELECT type FROM pragma_table_info('t')") == [(declared,)]
