"""Frames, series, indexes and scalars of pandas, stored without pickle."""

from __future__ import annotations

import datetime as dt
import sys
import zoneinfo
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from variable_graphs import Graph, decoded, opaque, round_trip, survives

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

_ZONES = [
    dt.UTC, zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("UTC"),
    dt.timezone(dt.timedelta(hours=-3, minutes=-30)), dt.timezone(dt.timedelta(hours=2), "mine"),
]  # fmt: skip
_NAN = float("nan")


def same_index(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    pd.testing.assert_index_equal(left, right, exact=True, check_exact=True)
    assert getattr(left, "freq", None) == getattr(right, "freq", None)
    assert type(getattr(left, "freq", None)) is type(getattr(right, "freq", None))
    assert list(left.names) == list(right.names)
    if isinstance(left, pd.MultiIndex):
        for before, after in zip(left.levels, right.levels, strict=True):
            same_index(before, after)
    elif not isinstance(left, pd.RangeIndex):
        assert left.dtype == right.dtype


def same_series(left: Any, right: Any) -> None:
    pd.testing.assert_series_equal(
        left, right, check_exact=True, check_freq=True, check_flags=True, check_index_type=True
    )
    assert left.dtype == right.dtype
    assert type(left._values) is type(right._values)
    assert left.attrs == right.attrs
    same_index(left.index, right.index)
    if left.dtype == object:
        assert list(map(type, left)) == list(map(type, right))


def same_frame(left: Any, right: Any) -> None:
    pd.testing.assert_frame_equal(
        left, right, check_exact=True, check_freq=True, check_flags=True, check_index_type=True
    )
    same_index(left.index, right.index)
    same_index(left.columns, right.columns)
    assert left.attrs == right.attrs
    assert left.dtypes.tolist() == right.dtypes.tolist()
    for column in range(left.shape[1]):
        same_series(left.iloc[:, column], right.iloc[:, column])


def _columns() -> dict[str, Any]:
    """Return values of every type, four of each."""
    days = pd.DatetimeIndex(["2020-01-01", "2021-06-30 12:34:56.789", None, "1950-10-29"])
    columns: dict[str, Any] = {
        name: np.array([0, 1, 0, 1], name)
        for name in ("?", "i1", "u2", "i4", "u8", "f4", "f8", "c8", "c16", ">i4", ">f8")
    }
    for unit in ("s", "ms", "us", "ns"):
        columns[f"dates {unit}"] = days.as_unit(unit)
        columns[f"differences {unit}"] = (days - days[0]).as_unit(unit)
    for number, zone in enumerate(_ZONES):
        columns[f"zone {number}"] = days.tz_localize("UTC").tz_convert(zone)
    for name in ("Int8", "UInt64", "Float32", "Float64", "boolean"):
        columns[name] = pd.array([1, None, 0, 1], dtype=name)
    columns |= {
        "nan": np.array([_NAN, -0.0, np.inf, 1e-310]),
        "str": pd.array(["a", None, "ü\0", ""], dtype="str"),
        "string": pd.array(["a", None, "ü", ""], dtype="string"),
        "python str": pd.array(["a", None, "b", ""], dtype=pd.StringDtype("python", np.nan)),
        "python string": pd.array(["a", None, "b", ""], dtype=pd.StringDtype("python")),
        "period": pd.PeriodIndex(["2020-01", "2021-02", None, "1900-01"], freq="M"),
        "quarters": pd.period_range("2020", periods=4, freq="Q-JAN"),
        "2 weeks": pd.period_range("2020", periods=4, freq="2W-THU"),
        "interval": pd.IntervalIndex.from_tuples([(0, 1), (1.5, 2), np.nan, (2, 3)], closed="left"),
        "time interval": pd.interval_range(pd.Timestamp("2020"), periods=4, closed="both"),
        "category": pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "z"], ordered=True),
        "numbers": pd.Categorical([1.5, 2.5, None, 1.5]),
        "days": pd.Categorical(days),
        "sparse": pd.arrays.SparseArray([0.0, 1.0, 0.0, 2.0], fill_value=0.0),
        "blocks": pd.arrays.SparseArray([0, 1, 0, 2], fill_value=0, kind="block"),
        "objects": pd.Series([None, "x", 1, 2.5], dtype=object),
        "texts": pd.Series(["a", None, np.nan, "b"], dtype=object),
        "values": pd.Series([(1, 2), b"x", dt.date(2020, 1, 1), pd.NA], dtype=object),
        "moments": pd.Series([pd.Timestamp("2020"), pd.NaT, True, np.int8(3)], dtype=object),
    }
    return columns


@pytest.mark.parametrize("name", list(_columns()))
def test_every_type_of_column(name: str) -> None:
    values = _columns()[name]
    series = pd.Series(values, name=name, copy=False)
    frame = pd.DataFrame({"a": series, "b": 1.0, "c": series})
    alone = pd.DataFrame({"a": series})
    found, table, one, empty = round_trip(series, frame, alone, series.iloc[:0])
    same_series(series, found)
    same_frame(frame, table)
    same_frame(alone, one)
    same_series(series.iloc[:0], empty)
    if name not in (">i4", ">f8"):
        index = pd.Index(series, name=("a", 1))
        same_index(index, round_trip(index)[0])
    if hasattr(series._values, "dtype") and not isinstance(series._values, np.ndarray):
        array = round_trip(series.array)[0]
        assert type(array) is type(series.array)
        pd.testing.assert_extension_array_equal(array, series.array, check_exact=True)


def test_all_types_in_one_frame() -> None:
    columns = {name: pd.Series(values) for name, values in _columns().items()}
    frame = pd.DataFrame(columns)
    same_frame(frame, round_trip(frame)[0])
    turned = frame[list(frame.columns[::-1])]
    same_frame(turned, round_trip(turned)[0])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, -5, -3, name="r"),
        pd.Index([3, 1, 3], dtype="u1"),
        pd.Index(["a", 1, None, (1, 2)], name=None, tupleize_cols=False),
        pd.Index([], dtype=object),
        pd.date_range("2020", periods=5, freq="B", tz="Europe/Berlin"),
        pd.date_range("2020", periods=4, freq="QE-NOV", name="q"),
        pd.date_range("2020-03-28", periods=9, freq="-6h", tz="Europe/Berlin", unit="s"),
        pd.date_range("2020", periods=4, freq="WOM-3FRI"),
        pd.date_range("2020", periods=0, freq="D"),
        pd.DatetimeIndex(["2020-10-25 02:30", "2020-10-25 02:30"]).tz_localize(
            "Europe/Berlin", ambiguous=[True, False]
        ),
        pd.timedelta_range("1D", periods=4, freq="36h"),
        pd.period_range("2020", periods=3, freq="Y-MAR"),
        pd.interval_range(0, 3, name="i"),
        pd.CategoricalIndex(["a", None, "b"], ordered=True, name="c"),
        pd.MultiIndex.from_product([["a", "b"], [1, 2.5]], names=["x", None]),
        pd.MultiIndex.from_tuples([("a", pd.NaT), (None, pd.Timestamp("2020", tz="UTC"))]),
        pd.MultiIndex.from_arrays([[1, 2], pd.date_range("2020", periods=2)])[:1],
        pd.MultiIndex(levels=[[], []], codes=[[], []], names=["a", "a"]),
        pd.MultiIndex.from_product([range(3), ["a", "b"]]).sort_values(ascending=False),
    ],
    ids=lambda index: f"{type(index).__name__}-{len(index)}-{index.name}",
)
def test_indexes(index: Any) -> None:
    frame = pd.DataFrame({"a": range(len(index))}, index=index)
    found, table, turned = round_trip(index, frame, frame.T)
    same_index(index, found)
    same_frame(frame, table)
    same_index(turned.columns, index)


def test_frames() -> None:
    frames = [
        pd.DataFrame(),
        pd.DataFrame(index=[1, 2, 3]),
        pd.DataFrame(columns=["a", "b"]),
        pd.DataFrame({"a": pd.Series(dtype="str"), "b": pd.Series(dtype="Int8")}),
        pd.DataFrame([[1, 2.5, "x"]], columns=["a", "a", "b"]),
        pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_arrays([[1, 2], [3, 4]])),
        pd.DataFrame(np.arange(6.0).reshape(2, 3)).T,
        pd.DataFrame(np.broadcast_to(np.arange(3), (4, 3)), copy=False),
        pd.DataFrame(np.arange(60).reshape(6, 10))[[7, 1, 3]].iloc[::-2],
        pd.DataFrame({(1, "a"): [1], None: [2], 2.5: ["x"]}),
        pd.concat([pd.DataFrame({f"c{n}": [n, 1.5 * n]}) for n in range(40)], axis=1),
        pd.DataFrame({"a": [[1], {"k": (1, 2)}]}),
    ]  # fmt: skip
    frames[4].attrs = {"unit": "m", "nested": {"list": [1, (2,)]}}
    frames[5].flags.allows_duplicate_labels = False
    for before, after in zip(frames, round_trip(*frames), strict=True):
        same_frame(before, after)


def test_a_frame_of_one_type_is_one_array() -> None:
    frame = pd.DataFrame(np.arange(40.0).reshape(4, 10), columns=list("abcdefghij"))
    graph = Graph(v=frame)
    assert list(map(len, graph.buffers)) == [320]
    for number in range(10):
        frame[f"new {number}"] = float(number)
    assert len(Graph(v=frame).buffers) <= 2


def test_restored_tables_can_be_changed_separately() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    view, rows, column = frame[["a", "b"]], frame.iloc[1:], frame["a"]
    whole, part, tail, series, twin = round_trip(frame, view, rows, column, frame["a"])
    whole.loc[1, "a"] = 99
    series.iloc[:] = [2, 3, 4]
    assert twin.tolist() == [1, 2, 3]
    same_frame(part, view)
    same_frame(tail, rows)
    assert whole["a"].tolist() == [1, 99, 3]
    assert series.tolist() == [2, 3, 4]


def test_identity() -> None:
    inner = [1]
    frame = pd.DataFrame({"a": pd.Series([inner, None], dtype=object)})
    frame.attrs["list"] = inner
    names = {"f": frame, "g": frame, "i": inner, "x": frame.index}
    found = Graph(**names).decoded().values
    assert found["f"] is found["g"]
    assert found["f"].iloc[0, 0] is found["i"] is found["f"].attrs["list"]
    assert found["i"] == [1]


def test_scalars() -> None:
    stamps = [
        pd.Timestamp("2020-02-29 12:34:56.123456789"), pd.Timestamp("1600-01-01").as_unit("s"),
        *(pd.Timestamp("2020-06-01", tz=zone).as_unit("ms") for zone in _ZONES),
        pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timestamp("2020-10-25 00:30", tz="UTC").tz_convert("Europe/Berlin"),
    ]  # fmt: skip
    for before, after in zip(stamps, round_trip(*stamps), strict=True):
        assert before == after
        assert repr(before) == repr(after)
        assert (before.unit, before.fold, before.tz) == (after.unit, after.fold, after.tz)
        assert type(before.tz) is type(after.tz)
    others = [
        pd.Timedelta("-3 days 00:00:00.000000007"), pd.Timedelta(5, "s").as_unit("s"),
        pd.Period("2020-03", "M"), pd.Period("2020", "2Q-JAN"), pd.Interval(0, 1.5, "neither"),
        pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), "both"), pd.offsets.Day(3),
        pd.offsets.MonthEnd(), pd.offsets.Week(weekday=2), pd.offsets.Hour(-2),
        pd.CategoricalDtype(["b", "a"], ordered=True), pd.CategoricalDtype(),
    ]  # fmt: skip
    for before, after in zip(others, round_trip(*others), strict=True):
        assert type(before) is type(after)
        assert before == after
        assert repr(before) == repr(after)
    assert round_trip(others[1])[0].unit == "s"
    assert round_trip(pd.NaT)[0] is pd.NaT
    assert round_trip(pd.NA)[0] is pd.NA


def test_values_stored_as_pickles() -> None:
    class Own:
        pass

    assert opaque(pd.DataFrame({"a": [Own()]}))
    assert opaque(pd.Series([1], name=Own()))
    assert opaque(pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]))
    assert opaque(pd.date_range("2020", periods=3, freq=pd.offsets.DateOffset(days=1, hours=2)))
    assert opaque(pd.Categorical([1], categories=pd.RangeIndex(2**23)))


def test_attributes_are_named() -> None:
    series = pd.Series(["a"])
    series.str.upper()
    assert Graph(v=series).notes == []
    series.__dict__["unit"] = "m"
    assert any("unit" in note for note in Graph(v=series).notes)


def test_many_texts() -> None:
    few = pd.Series([f"group {number % 7}" for number in range(5000)])
    many = pd.Series([f"text {number}" if number % 5 else None for number in range(5000)])
    frame = pd.DataFrame({"few": few, "many": many, "object": many.astype(object)})
    same_frame(frame, round_trip(frame)[0])
    assert len(repr(Graph(v=frame).document)) < 3000


@pytest.mark.parametrize("freq", ["1e9D", "D;", "C", "Easter", "W-XXX", 5, None, "0D", "ns" * 50])
def test_invalid_frequencies(freq: Any) -> None:
    graph = Graph(v=pd.date_range("2020", periods=3, freq="D"))
    graph.document["nodes"][0][1]["freq"] = freq
    with pytest.raises(DamagedBundleError):
        graph.decoded()


def test_local_times_have_years_of_four_digits() -> None:
    for zone, year in (("Europe/Berlin", 9999), ("Europe/Berlin", 10001)):
        seconds = (year - 1970) * 31_556_952 + 10**6
        value = ["pandas.Timestamp", [seconds, "s", ["ZoneInfo", zone], 0]]
        document = {"names": {"v": value}, "nodes": [], "pickles": []}
        if year > 9999:
            with pytest.raises(DamagedBundleError):
                decoded(document, [])
        else:
            assert decoded(document, []).values["v"].year == year


def test_memory_is_bounded() -> None:
    graph = Graph(**{f"v{number}": pd.Series(np.arange(1000) + number) for number in range(200)})
    for node in graph.document["nodes"]:
        if node[0] == "pandas.Series":
            node[1]["values"][1]["memory"]["buffer"] = 0
    with pytest.raises(DamagedBundleError, match="too often"):
        graph.decoded()
    long = {
        "names": {"v": [1]},
        "nodes": [
            ["pandas.RangeIndex", [0, 2**30, 1, None]],
            ["pandas.CategoricalDtype", [[0], False]],
        ],
        "pickles": [],
    }
    with pytest.raises(DamagedBundleError, match="too long"):
        decoded(long, [])


@pytest.mark.skipif(
    sys.platform == "emscripten",
    reason="pandas leaves an error behind for a date that it refused; the cell ends with it",
)
def test_changed_graphs() -> None:
    columns = {name: pd.Series(values) for name, values in _columns().items()}
    graph = Graph(
        frame=pd.DataFrame(columns), numbers=pd.DataFrame(np.arange(6.0).reshape(2, 3)),
        stamp=pd.Timestamp("2020", tz="UTC"), period=pd.Period("2020", "M"),
        interval=pd.Interval(0, 1), offset=pd.offsets.Day(2),
    )  # fmt: skip
    assert survives(graph, 400) > 100
    indexes = Graph(
        a=pd.MultiIndex.from_product([["a", "b"], [1, 2.5]], names=["x", None]),
        b=pd.date_range("2020", periods=5, freq="B", tz="Europe/Berlin"),
        c=pd.Series([1, 2], index=pd.CategoricalIndex(["a", "b"])), d=pd.interval_range(0, 3),
        e=pd.Series(pd.arrays.SparseArray([0, 1, 0, 2], fill_value=0, kind="block")),
        f=pd.DataFrame({"a": ["x", None], "b": [1, 2.5]}, index=pd.RangeIndex(2)),
        g=pd.period_range("2020", periods=3, freq="Y-MAR"), h=pd.array([1, None], dtype="Int8"),
    )  # fmt: skip
    assert survives(indexes, 1500) > 500
