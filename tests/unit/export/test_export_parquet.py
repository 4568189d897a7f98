"""Export to Parquet, read back with pyarrow and with pandas."""

from __future__ import annotations

import re
import sqlite3
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables
from litestate.errors import ExportError
from litestate.export import parquet_writer as writer
from litestate.host import optional_packages, roots
from table_files import of

try:
    import pyarrow as pa
    from pyarrow import parquet
except ImportError:
    pa = parquet = None

needs_pyarrow = pytest.mark.skipif(
    pa is None, reason="pyarrow is not here: the site can only get it from the internet"
)
OFFSET = timezone(timedelta(hours=2))


def column(path: Path) -> tuple[str, list[Any]]:
    """Return the type and the values of the only column."""
    table = parquet.read_table(path)
    assert table.num_columns == 1
    return str(table.schema.types[0]), table.column(0).to_pylist()


@needs_pyarrow
@pytest.mark.parametrize(
    ("declared", "values", "kind", "expected"),
    [
        ("", [1, None, 2**63 - 1, -(2**63)], "int64", None),
        ("REAL", [0.1 + 0.2, None, float("inf"), 1e300], "double", None),
        ("", [1, 0.5, None, -(2**53)], "double", [1.0, 0.5, None, -(2.0**53)]),
        ("TEXT", ["=1+1", "", None, "a\0b", "Zürich 😀"], "string", None),
        ("BLOB", [b"", b"\0\xff", None], "binary", None),
        ("DATE", ["0001-01-01", "9999-12-31", None], "date32[day]",
         [date(1, 1, 1), date(9999, 12, 31), None]),
        ("DATETIME", ["1899-12-31 10:11:12.123456", None], "timestamp[us]",
         [datetime(1899, 12, 31, 10, 11, 12, 123456), None]),
        ("TIMESTAMP", ["2026-01-02T10:11Z", "2026-01-02 10:11:12+00:00"],
         "timestamp[us, tz=UTC]",
         [datetime(2026, 1, 2, 10, 11, tzinfo=UTC), datetime(2026, 1, 2, 10, 11, 12, tzinfo=UTC)]),
        ("TIMESTAMP", ["2026-01-02T10:11:12+02:00"], "timestamp[us, tz=+02:00]",
         [datetime(2026, 1, 2, 10, 11, 12, tzinfo=OFFSET)]),
        ("BOOLEAN", [1, 0, None], "bool", [True, False, None]),
        ("", [None], "string", None),
        ("VARCHAR(9)", [], "string", None), ("INT", [], "int64", None),
        ("DOUBLE", [], "double", None), ("DECIMAL(9, 2)", [], "double", None),
        ("BLOB", [], "binary", None), ("DATE", [None], "date32[day]", None),
        ("TIMESTAMP", [], "timestamp[us]", None), ("BOOL", [], "bool", None),
    ],
)  # fmt: skip
def test_types(
    tmp_path: Path, declared: str, values: list[Any], kind: str, expected: list[Any] | None
) -> None:
    report = export_tables(of(*values, declared=declared), tmp_path / "out.parquet")
    assert column(tmp_path / "out.parquet") == (kind, values if expected is None else expected)
    assert report.warnings == []
    assert report.lines()[0].detail.startswith(f"t: {len(values)} row")


@needs_pyarrow
@pytest.mark.parametrize(
    ("declared", "values", "kind", "expected", "warning"),
    [
        ("", [2**53 + 1, 0.5], "string", [str(2**53 + 1), "0.5"], r"whole numbers \(1\), numbers"),
        ("", [1, "a", 1e300, None], "string", ["1", "a", "1e+300", None], r"text \(1\).*are text"),
        ("", ["a", b"\0"], "string", ["a", "AA=="], r"blobs \(1\).*blobs in base64"),
        ("DATE", ["2026-01-02", "2026-02-30"], "string", None, "declared DATE.*a column of text"),
        ("DATE", ["2026-01-02", "2026-01-02 10:00"], "string", None, "of the same kind"),
        ("DATETIME", ["2026-01-02 10:00Z", "2026-01-02 10:00+01:00"], "string", None, "same kind"),
        ("DATETIME", ["2026-01-02 10:00:00.123456789"], "string", None, "declared DATETIME"),
        ("TIMESTAMP", [1767348672], "int64", None, "a column of whole numbers"),
        ("BOOLEAN", [0, 2], "int64", None, "not every value is 0 or 1"),
        ("BOOLEAN", ["true"], "string", None, "declared BOOLEAN.*a column of text"),
    ],
)
def test_values_that_differ_from_the_declared_type_are_reported(
    tmp_path: Path,
    declared: str,
    values: list[Any],
    kind: str,
    expected: list[Any] | None,
    warning: str,
) -> None:
    report = export_tables(of(*values, declared=declared), tmp_path / "out.parquet")
    assert column(tmp_path / "out.parquet") == (kind, expected or values)
    (reported,) = report.warnings
    assert reported.startswith("t, column x,")
    assert re.search(warning, reported)


@needs_pyarrow
def test_pandas_reads_it(database: Path) -> None:
    import pandas as pd

    query = "SELECT id, note, date(day) AS day, at, score FROM things WHERE id < 3"
    export_tables(database, "out.parquet", query=query)
    frame = pd.read_parquet("out.parquet")
    assert list(frame.columns) == ["id", "note", "day", "at", "score"]
    assert frame["id"].dtype == "int64"
    assert frame["at"].tolist() == [
        pd.Timestamp("2026-01-02 10:11:12.5"),
        pd.Timestamp("2026-01-02 10:11:12"),
    ]
    assert frame["score"].tolist() == [0.5, 0.1 + 0.2]


@needs_pyarrow
@pytest.mark.parametrize(("limit", "value"), [("ROWS", 10), ("BYTES", 20)])
def test_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(writer, limit, value)
    export_tables(of(*["ab"] * 25), tmp_path / "out.parquet")
    metadata = parquet.ParquetFile(tmp_path / "out.parquet").metadata
    assert [metadata.row_group(n).num_rows for n in range(3)] == [10, 10, 5]


@needs_pyarrow
def test_columns_of_one_name_and_names_with_quotes(tmp_path: Path) -> None:
    connection = of(1)
    export_tables(connection, tmp_path / "q.parquet", query='SELECT x, x, x AS "a""b\'c" FROM t')
    assert parquet.read_table(tmp_path / "q.parquet").to_pylist() == [
        {"x": 1, "x:1": 1, "a\"b'c": 1}
    ]
    columns = ", ".join(f"c{number}" for number in range(2_000))
    connection.execute(f"CREATE TABLE wide ({columns})")
    export_tables(connection, tmp_path / "wide.parquet", tables="wide")
    assert parquet.read_table(tmp_path / "wide.parquet").num_columns == 2_000


@needs_pyarrow
def test_a_query_that_changes_between_two_readings(tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    query = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
        " SELECT CASE WHEN random() % 2 THEN 'text' ELSE 1.5 END AS x FROM n"
    )
    export_tables(connection, tmp_path / "ok.parquet", query=query)
    with pytest.raises(ExportError, match=r"column x, was read twice.*random"):
        for _ in range(200):
            once = "SELECT CASE WHEN random() % 2 THEN 'text' ELSE 1.5 END AS x"
            export_tables(connection, tmp_path / "bad.parquet", query=once, overwrite=True)


@needs_pyarrow
@pytest.mark.parametrize(
    ("declared", "values"), [("DATE", ["2026-01-02", "soon"]), ("BOOLEAN", [1, 2])]
)
def test_a_query_that_returns_other_values_is_refused(
    tmp_path: Path, declared: str, values: list[Any]
) -> None:
    connection = of(*values, declared=declared)
    with pytest.raises(ExportError, match="column x, was read twice"):
        for _ in range(200):
            once = "SELECT x FROM t ORDER BY random() LIMIT 1"
            export_tables(connection, tmp_path / "bad.parquet", query=once, overwrite=True)
            (value,) = column(tmp_path / "bad.parquet")[1]
            assert str(value) in ("2026-01-02", "soon", "1", "2", "True")


@needs_pyarrow
def test_one_table_for_one_file(database: Path) -> None:
    message = r"a Parquet file holds one table, and there are 2 \(a/b, things\).*with tables=\.$"
    with pytest.raises(ExportError, match=message):
        export_tables(database, "out.parquet")
    Path("set.parquet").mkdir()
    with pytest.raises(ExportError, match="is a folder, not a file"):
        export_tables(database, "set.parquet", tables="things")
    assert sorted(path.name for path in Path().iterdir()) == ["app.db", "set.parquet"]


@pytest.mark.parametrize(
    ("in_browser", "advice"), [(False, r": pip install pyarrow\."), (True, "Run `%pip install")]
)
def test_without_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_browser: bool, advice: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(optional_packages, "IN_BROWSER", in_browser)
    if in_browser:
        monkeypatch.setattr(roots, "detect", lambda: roots.below(tmp_path))
    with pytest.raises(ExportError, match=advice):
        export_tables(of(1), tmp_path / "out.parquet")
    assert not list(tmp_path.iterdir())
