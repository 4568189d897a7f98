"""Data frames and related objects of pandas."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import NOT, PLAIN, TRUSTED, Case, group


def _case(title: str, expected: str, source: str, check: str = "x") -> Case:
    return Case(title, expected, f"import numpy as np, pandas as pd\n{source}", check)


def _column(kind: str, values: str) -> Case:
    return _case(f"column `{kind}`", PLAIN, f"x = pd.DataFrame({{'a': {values}}})")


def _index(kind: str, values: str) -> Case:
    return _case(f"index `{kind}`", PLAIN, f"x = pd.Series(range(3), index={values})")


COLUMNS = group(
    "pandas: columns",
    _column("int64", "[1, 2, 3]"),
    _column("int8, uint16", "np.array([1, 2], 'i1'), 'b': np.array([1, 2], 'u2')"),
    _column("float64", "[1.5, np.nan, -0.0]"),
    _column("float32", "np.array([1.5, np.nan], 'f4')"),
    _column("complex128", "[1j, 2]"),
    _column("bool", "[True, False]"),
    _column("object, texts", "pd.array(['ü', None, np.nan], dtype=object)"),
    _column("object, mixed", "pd.Series([1, 'a', [2], {'k': 3}, None, 2.5], dtype=object)"),
    _column("str", "['ü', None, '']"),
    _column("string", "pd.array(['ü', None, ''], dtype='string')"),
    _column("string[python]", "pd.array(['ü', None, ''], dtype='string[python]')"),
    _column("datetime64[ns]", "pd.array(['2026-01-01', None], dtype='datetime64[ns]')"),
    _column("datetime64[s]", "np.array(['0001-01-01', 'NaT'], 'M8[s]')"),
    _column("datetime64[us, Europe/Zurich]",
            "pd.date_range('2026-10-25', periods=4, freq='h', tz='Europe/Zurich')"),
    _column("datetime64 with a fixed offset", "pd.to_datetime(['2026-01-01T00:00+05:45'])"),
    _column("timedelta64", "pd.to_timedelta([1, None, 3], unit='s')"),
    _column("category", "pd.Categorical(['b', 'a', None], categories=['b', 'a', 'never'])"),
    _column("category, ordered, of dates",
            "pd.Categorical(pd.to_datetime(['2026-01-02', '2026-01-01']), ordered=True)"),
    _column("period[M]", "pd.period_range('2026-01', periods=3, freq='M')"),
    _column("interval", "pd.interval_range(0, 3, closed='left')"),
    _column("Int64, with missing", "pd.array([1, None, 3], dtype='Int64')"),
    _column("UInt8", "pd.array([1, None, 3], dtype='UInt8')"),
    _column("Float64, with missing and NaN", "pd.array([1.5, None, 2.5], dtype='Float64')"),
    _column("boolean, with missing", "pd.array([True, None], dtype='boolean')"),
    _column("Sparse[float64]", "pd.arrays.SparseArray([0.0, 0.0, 1.5])"),
    _case("column `int64[pyarrow]`", TRUSTED,
          "import pyarrow\nx = pd.DataFrame({'a': pd.array([1, None], dtype='int64[pyarrow]')})"),
    _case("column of functions", TRUSTED,
          "def in_frame():\n    return 3\nx = pd.DataFrame({'a': [in_frame, None]})", "x, x.a[0]()"),
)  # fmt: skip

FRAMES = group(
    "pandas: frames, series and indexes",
    _case("`DataFrame` of 10 columns", PLAIN,
          "x = pd.DataFrame({f'c{i}': np.arange(1000) * i for i in range(10)})"),
    _case("empty `DataFrame`", PLAIN, "x = pd.DataFrame()"),
    _case("`DataFrame` without rows", PLAIN, "x = pd.DataFrame({'a': [1], 'b': ['t']}).iloc[:0]"),
    _case("`DataFrame` without columns", PLAIN, "x = pd.DataFrame(index=[1, 2, 3])"),
    _case("`DataFrame` with `attrs`", PLAIN, "x = pd.DataFrame({'a': [1]})\nx.attrs = {'unit': ['m']}"),
    _case("`DataFrame` without duplicate labels", PLAIN,
          "x = pd.DataFrame({'a': [1]}).set_flags(allows_duplicate_labels=False)"),
    _case("two columns of one name", PLAIN, "x = pd.DataFrame([[1, 'a']], columns=['n', 'n'])"),
    _case("columns that are numbers, dates and `None`", PLAIN,
          "x = pd.DataFrame([[1, 2, 3]], columns=[0, pd.Timestamp('2026-01-01'), None])"),
    _case("columns in two levels", PLAIN,
          "x = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['k', None]))"),
    _case("`DataFrame` that is a part of another", PLAIN,
          "whole_frame = pd.DataFrame({'a': range(10), 'b': range(10)})\nx = whole_frame.iloc[2:8:2, :1]"),
    _case("`Series` with a name", PLAIN, "x = pd.Series([1.5, 2], name=('a', 1))"),
    _case("`Series` of a `DataFrame`", PLAIN, "frame_of = pd.DataFrame({'a': [1, 2]})\nx = frame_of['a']",
          "x, frame_of"),
    _index("RangeIndex", "pd.RangeIndex(5, -1, -2, name='r')"),
    _index("Index of int64", "pd.Index([3, 1, 1], name='i')"),
    _index("Index of texts", "pd.Index(['b', 'a', 'ü'])"),
    _index("Index of objects", "pd.Index([1, 'a', (2, 3)], dtype=object)"),
    _index("DatetimeIndex with a frequency", "pd.date_range('2026', periods=3, freq='ME', tz='UTC')"),
    _index("DatetimeIndex of business days", "pd.bdate_range('2026', periods=3)"),
    _index("TimedeltaIndex", "pd.timedelta_range('1h', periods=3)"),
    _index("PeriodIndex", "pd.period_range('2026', periods=3, freq='Q')"),
    _index("IntervalIndex", "pd.interval_range(0.0, 3.0, name='v')"),
    _index("CategoricalIndex", "pd.CategoricalIndex(['a', 'b', 'a'])"),
    _index("MultiIndex", "pd.MultiIndex.from_arrays([['a', 'a', None], [1, 2, 3]], names=['k', 'n'])"),
    _case("`MultiIndex` with unused levels", PLAIN,
          "x = pd.MultiIndex.from_product([['a', 'b'], [1, 2]])[:2]"),
    _case("an index alone", PLAIN, "x = pd.Index([1.5, 2.5], name='f')"),
    _case("`Categorical`", PLAIN, "x = pd.Categorical(['a', None], ordered=True)"),
    _case("array `Int64`", PLAIN, "x = pd.array([1, None], dtype='Int64')"),
    _case("subclass from a cell", TRUSTED,
          "class Named(pd.DataFrame):\n    _metadata = ['title']\n"
          "    @property\n    def _constructor(self):\n        return Named\n"
          "x = Named({'a': [1]})\nx.title = 't'",
          "type(x) is Named, x.title, pd.DataFrame(x), type(x[:1]) is Named"),
)  # fmt: skip

OTHERS = group(
    "pandas: other objects",
    _case("`Timestamp`", PLAIN, "x = pd.Timestamp('2026-10-25 01:30', tz='UTC').tz_convert('Europe/Zurich')", "x, x.fold, x.unit"),
    _case("`Timestamp` in nanoseconds", PLAIN, "x = pd.Timestamp(1, unit='ns')", "x, x.value, x.unit"),
    _case("`Timedelta`", PLAIN, "x = pd.Timedelta('1 day 2 ns')", "x, x.unit"),
    _case("`Period`", PLAIN, "x = pd.Period('2026-01', freq='M')"),
    _case("`Interval`", PLAIN, "x = pd.Interval(0, 1, closed='both')"),
    _case("`NaT`, `NA`", PLAIN, "x = [pd.NaT, pd.NA]", "x[0] is pd.NaT, x[1] is pd.NA"),
    _case("dtypes", TRUSTED,
          "x = [pd.Int64Dtype(), pd.CategoricalDtype(['a'], ordered=True), pd.DatetimeTZDtype('us', 'UTC')]"),
    _case("frequencies", TRUSTED, "x = [pd.offsets.MonthEnd(2), pd.offsets.CustomBusinessDay(holidays=['2026-01-01'])]",
          "x == [pd.offsets.MonthEnd(2), pd.offsets.CustomBusinessDay(holidays=['2026-01-01'])]"),
    _case("`groupby`", TRUSTED, "grouped_f = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]})\n"
          "x = grouped_f.groupby('k')", "type(x), x.sum(), x.obj is grouped_f"),
    _case("`groupby` with a function", TRUSTED,
          "x = pd.DataFrame({'v': [1, 2, 3]}).groupby(lambda i: i % 2)", "type(x), x.sum()"),
    _case("`rolling`", TRUSTED, "x = pd.Series([1.0, 2, 3]).rolling(2)", "type(x), x.mean()"),
    _case("`expanding`, `ewm`", TRUSTED,
          "x = [pd.Series([1.0, 2]).expanding(), pd.Series([1.0, 2]).ewm(alpha=0.5)]",
          "[window.mean() for window in x]"),
    _case("`resample`", TRUSTED,
          "x = pd.Series(range(4), pd.date_range('2026', periods=4)).resample('2D')", "type(x), x.sum()"),
    _case("`.str`, `.dt`", TRUSTED,
          "x = [pd.Series(['a']).str, pd.Series(pd.to_datetime(['2026-01-01'])).dt]",
          "x[0].upper(), x[1].year"),
    _case("`.loc`, `.iloc`", TRUSTED, "x = pd.DataFrame({'a': [1]}).loc", "type(x), x[0, 'a']"),
    _case("`.style`", TRUSTED, "import jinja2\nx = pd.DataFrame({'a': [1.5]}).style.format('{:.3f}').set_caption('c').highlight_max().set_uuid('u')",
          "type(x), x.data, x.to_html()"),
    _case("`itertuples`", NOT, "x = pd.DataFrame({'a': [1]}).itertuples()", "[tuple(row) for row in x]"),
    _case("row of `itertuples`", TRUSTED, "x = next(pd.DataFrame({'a': [1]}).itertuples(name='RowOf'))",
          "tuple(x), x._fields, type(x).__name__"),
    _case("`ExcelFile`", NOT,
          "import openpyxl\npd.DataFrame({'a': [1]}).to_excel('book.xlsx')\nx = pd.ExcelFile('book.xlsx')",
          "type(x), x.sheet_names"),
    _case("`ExcelWriter`", NOT, "import openpyxl\nx = pd.ExcelWriter('written.xlsx')", "type(x)"),
    _case("`HDFStore`, `read_csv` in parts", NOT,
          "pd.DataFrame({'a': range(4)}).to_csv('parts.csv')\nx = pd.read_csv('parts.csv', chunksize=2)",
          "type(x), len(x.read())"),
    _case("`pd.options`", TRUSTED, "x = pd.options", "x is pd.options"),
    _case("`pd.option_context`", NOT, "x = pd.option_context('display.max_rows', 5)", "type(x)"),
)  # fmt: skip

GROUPS = (COLUMNS, FRAMES, OTHERS)
