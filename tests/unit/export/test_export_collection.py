"""Export of all tables of a notebook into one archive or workbook."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from litestate.errors import ExportError
from litestate.export.collection import Source, sources_in, write_tables
from litestate.export.data_frames import FrameTable
from litestate.report import Section
from litestate.state.save import gather
from page_of_commands import Sink
from sessions import Session, make_database

pandas: Any = pytest.importorskip("pandas")
numpy: Any = pytest.importorskip("numpy")


def sources(**names: Any) -> list[Source]:
    return sources_in(gather(None, variables=False), names)


def archived(found: list[Source]) -> tuple[dict[str, list[list[str]]], Section]:
    sink = Sink()
    section = write_tables(found, sink, "csv")  # type: ignore[arg-type]
    with zipfile.ZipFile(sink.inner) as archive:
        assert archive.testzip() is None
        return {
            name: list(csv.reader(io.StringIO(archive.read(name).decode(), newline="")))
            for name in archive.namelist()
        }, section


def sheets(found: list[Source]) -> tuple[dict[str, list[tuple[Any, ...]]], Section]:
    openpyxl = pytest.importorskip("openpyxl")
    sink = Sink()
    section = write_tables(found, sink, "xlsx")  # type: ignore[arg-type]
    book = openpyxl.load_workbook(sink.inner)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}, section


def test_frames_and_databases_are_one_archive_and_one_workbook(session: Session) -> None:
    make_database(session.home / "app.db", rows=2)
    (session.notebook / "sub").mkdir()
    make_database(session.notebook / "sub" / "app.db", rows=1)
    frame = pandas.DataFrame({"name": ["a", None], "n": [1, 2]})
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute("CREATE TABLE log (at, what)")
        memory.execute("INSERT INTO log VALUES (1, '=cmd()')")
        memory.commit()
        found = sources(frame=frame, memory=memory, _hidden=frame, other=3)
        assert [it.label for it in found] == ["frame", "memory", "~/app.db", "sub/app.db"]
        files, section = archived(found)
        assert files == {
            "frame.csv": [["name", "n"], ["a", "1"], ["", "2"]],
            "memory/log.csv": [["at", "what"], ["1", "'=cmd()"]],
            "app.db/runs.csv": [["id", "note"], ["1", "run 0"], ["2", "run 1"]],
            "sub-app.db/runs.csv": [["id", "note"], ["1", "run 0"]],
        }
        assert [it.label for it in section.lines] == list(files)
        assert section.lines[2].detail == "2 rows" and section.lines[3].detail == "1 row"
        assert "would run as a formula" in section.warnings[0]
        book, _ = sheets(found)
        assert book == {
            "frame": [("name", "n"), ("a", 1), (None, 2)],
            "log": [("at", "what"), (1, "=cmd()")],
            "app.db.runs": [("id", "note"), (1, "run 0"), (2, "run 1")],
            "sub_app.db.runs": [("id", "note"), (1, "run 0")],
        }


class Mine:
    """A value of the notebook, which must not be asked for anything."""

    def _fail(self, *_: object) -> Any:
        raise AssertionError("asked")

    __repr__ = __str__ = __eq__ = __ne__ = __bool__ = __iter__ = __float__ = _fail
    __hash__ = object.__hash__


VALUES: list[tuple[Any, Any]] = [
    ("text", "text"),
    ("", ""),
    (None, None),
    (float("nan"), None),
    (float("inf"), float("inf")),
    (2**70, 2**70),
    (True, True),
    (b"\x00\xff", b"\x00\xff"),
    (pandas.NaT, None),
    (pandas.NA, None),
    (pandas.Timestamp("2026-12-01 10:11:12.5"), "2026-12-01 10:11:12.500000"),
    (datetime(2026, 12, 1), "2026-12-01 00:00:00"),
    (datetime(2026, 12, 1).date(), "2026-12-01"),
    (pandas.Timedelta("1 day 2 hours"), "1 days 02:00:00"),
    (timedelta(hours=2), "2:00:00"),
    (pandas.Period("2026-12"), "2026-12"),
    (pandas.Interval(0, 1), "(0, 1]"),
    (Decimal("1.10"), "1.10"),
    (numpy.int8(3), 3),
    (numpy.bool_(True), True),
    (numpy.str_("np"), "np"),
    (1 + 2j, "(1+2j)"),
    ([1, {"a": None}, "ü"], '[1, {"a": null}, "ü"]'),
    ((1, 2), "[1, 2]"),
    ([Mine()], None),
    (Mine(), None),
    ({1, 2}, None),
    (Mine, None),
    (numpy.array([1]), None),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=lambda value: type(value).__name__)
def test_values_of_object_columns(value: Any, expected: Any) -> None:
    column = pandas.Series([None, None], dtype=object)
    column[0] = value
    frame = pandas.DataFrame({"column": column, "n": [1, 2]})
    table = FrameTable("frame", frame)
    ((found, _), _) = list(table.rows())
    assert type(found) is type(expected) and found == expected
    is_left_out = expected is None and (
        isinstance(value, Mine | list | set | numpy.ndarray) or value is Mine
    )
    assert bool(table.warnings()) == is_left_out


COLUMNS: list[tuple[Any, list[Any]]] = [
    (numpy.array([1, 2], dtype="u1"), [1, 2]),
    (numpy.array([0.1, numpy.nan], dtype="f4"), [0.1, None]),
    (numpy.array([0.1, numpy.nan], dtype="f2"), [0.1, None]),
    (numpy.array([0.1, 2]), [0.1, 2.0]),
    (numpy.array([True, False]), [True, False]),
    (pandas.array([1, None], dtype="Int64"), [1, None]),
    (pandas.array([True, None], dtype="boolean"), [True, None]),
    (pandas.array(["a", None], dtype="string"), ["a", None]),
    (pandas.Categorical(["a", None]), ["a", None]),
    (pandas.to_datetime(["2026-01-01", None]), ["2026-01-01 00:00:00", None]),
    (
        pandas.to_datetime(["2026-01-01", None], utc=True),
        ["2026-01-01 00:00:00+00:00", None],
    ),
    (pandas.to_timedelta(["1 day", None]), ["1 days 00:00:00", None]),
    (pandas.arrays.SparseArray([0, 1]), [0, 1]),
]


@pytest.mark.parametrize(
    ("values", "expected"), COLUMNS, ids=lambda it: str(getattr(it, "dtype", ""))
)
def test_columns_of_all_dtypes(values: Any, expected: list[Any]) -> None:
    table = FrameTable("frame", pandas.DataFrame({"column": values}))
    found = [value for (value,) in table.rows()]
    assert found == expected and [type(it) for it in found] == [type(it) for it in expected]


def test_indexes_and_names_of_columns() -> None:
    plain = FrameTable("a", pandas.DataFrame({"x": [1]}))
    assert plain.columns == ("x",)
    named = pandas.DataFrame({"x": [1, 2]}, index=pandas.Index(["a", "b"], name="key"))
    assert FrameTable("a", named).columns == ("key", "x")
    assert list(FrameTable("a", named).rows()) == [("a", 1), ("b", 2)]
    filtered = pandas.DataFrame({"x": [1, 2, 3]})[lambda it: it.x > 1]
    assert list(FrameTable("a", filtered).rows()) == [(1, 2), (2, 3)]
    levels = pandas.DataFrame({"x": [1, 2], "y": [3, 4], "z": [5, 6]}).set_index(["x", "y"])
    assert FrameTable("a", levels).columns == ("x", "y", "z")
    assert list(FrameTable("a", levels).rows()) == [(1, 3, 5), (2, 4, 6)]
    grouped = pandas.DataFrame({"x": [1, 1], "y": [3, 4]}).groupby("x").agg({"y": ["min", "max"]})
    assert FrameTable("a", grouped).columns == ("x", "y / min", "y / max")
    odd = pandas.DataFrame([[1, 2, 3, 4]])
    odd.columns = pandas.Index([1, "x", "x", Mine()], dtype=object)
    assert FrameTable("a", odd).columns == ("1", "x", "x", "column 4")
    assert list(FrameTable("a", odd).rows()) == [(1, 2, 3, 4)]
    dated = pandas.DataFrame([[1]], columns=pandas.to_datetime(["2026-01-02"]))
    assert FrameTable("a", dated).columns == ("2026-01-02 00:00:00",)
    assert list(FrameTable("a", pandas.DataFrame()).rows()) == []


class Sub(pandas.DataFrame):  # type: ignore[misc]
    """A subclass, as GeoPandas has one."""

    @property
    def _constructor(self) -> Any:
        return Sub


def test_a_subclass_is_a_table_too(session: Session) -> None:
    (found,) = sources(frame=Sub({"x": [1]}))
    assert list(FrameTable("frame", found.content).rows()) == [(1,)]


def test_excel_has_dates_and_truth_values(session: Session) -> None:
    frame = pandas.DataFrame({"at": pandas.to_datetime(["2026-12-01 10:00"]), "ok": [True]})
    book, _ = sheets(sources(frame=frame))
    assert book == {"frame": [("at", "ok"), (datetime(2026, 12, 1, 10), True)]}


def test_what_cannot_be_exported_is_named_and_stops_nothing(session: Session) -> None:
    make_database(session.home / "good.db", rows=1)
    make_database(session.home / "locked.db")
    (session.home / "torn.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with closing(sqlite3.connect(session.home / "text.db")) as connection:
        connection.execute("CREATE TABLE broken (x TEXT)")
        connection.execute("INSERT INTO broken VALUES (CAST(x'ff' AS TEXT))")
        connection.commit()
    with closing(sqlite3.connect(session.home / "empty.db")) as connection:
        connection.execute("PRAGMA user_version = 3")
    frame = pandas.DataFrame({"x": [Mine(), 1, Mine()], "y": [1, 2, 3]})
    with closing(sqlite3.connect(session.home / "locked.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        files, section = archived(sources(frame=frame))
    assert files == {
        "frame.csv": [["x", "y"], ["", "1"], ["1", "2"], ["", "3"]],
        "good.db/runs.csv": [["id", "note"], ["1", "run 0"]],
    }
    skipped = {it.path: it.reason for it in section.skipped}
    assert set(skipped) == {"~/locked.db", "~/torn.db", "~/empty.db", "broken of ~/text.db"}
    assert "no tables" in skipped["~/empty.db"]
    assert not any("Nothing was written" in reason for reason in skipped.values())
    (warning,) = [it for it in section.warnings if it.startswith("frame")]
    assert warning == "frame: 2 values of x cannot be in a table (Mine). The cells are empty."


def test_tables_that_excel_cannot_hold_are_left_out_alone(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litestate.export.excel_writer.MAX_ROWS", 5)
    make_database(session.home / "app.db", rows=10)
    long, short = pandas.DataFrame({"x": range(5)}), pandas.DataFrame({"x": range(4)})
    book, section = sheets(sources(long=long, short=short))
    assert list(book) == ["short"]
    reasons = {it.path: it.reason for it in section.skipped}
    assert (
        set(reasons) == {"long", "runs of ~/app.db"}
        and "has 10 rows" in reasons["runs of ~/app.db"]
    )
    with pytest.raises(ExportError, match=r"no table to export\. long: the table long does"):
        sheets(sources(long=long))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_nothing_to_export(session: Session, form: str) -> None:
    with pytest.raises(ExportError, match="There is no table to export"):
        write_tables([], Sink(), form)  # type: ignore[arg-type]


def test_two_hundred_thousand_cells(session: Session) -> None:
    frame = pandas.DataFrame({f"c{n}": numpy.arange(20_000) * 1.5 for n in range(10)})
    files, _ = archived(sources(frame=frame))
    assert len(files["frame.csv"]) == 20_001 and files["frame.csv"][-1][3] == "29998.5"


def test_a_frame_that_cannot_be_read_does_not_stop_the_others(session: Session) -> None:
    broken = pandas.DataFrame({"x": [1, 2]})
    broken._mgr = None
    files, section = archived(sources(broken=broken, good=pandas.DataFrame({"x": [1]})))
    assert files == {"good.csv": [["x"], ["1"]]}
    (skipped,) = section.skipped
    assert skipped.path == "broken" and "cannot be read" in skipped.reason
