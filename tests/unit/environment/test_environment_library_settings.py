"""Changed settings are restored; those that can run code wait for trust."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestate.environment import changed_settings, logging_settings
from litestate.errors import DamagedBundleError
from litestate.host.installed_modules import module_or_reason


def again(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document after a round trip through JSON."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    changed_settings.check(result)
    return result


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    """Set Python's own warning filters and recursion limit: pytest and the kernel have others."""
    limit = sys.getrecursionlimit()
    with warnings.catch_warnings():
        warnings.filters[:] = logging_settings.usual_filters()  # type: ignore[index]
        sys.setrecursionlimit(1000)
        yield
    sys.setrecursionlimit(limit)


@pytest.fixture
def pandas() -> Any:
    pandas = pytest.importorskip("pandas")
    yield pandas
    for name in ("display.max_rows", "display.float_format", "display.precision"):
        pandas.reset_option(name)


@pytest.fixture
def numpy() -> Any:
    numpy = pytest.importorskip("numpy")
    before, errors = numpy.get_printoptions(), numpy.geterr()
    yield numpy
    numpy.set_printoptions(**before)
    numpy.seterr(**errors)


def test_defaults_are_not_saved(pandas: Any, numpy: Any) -> None:
    found = changed_settings.describe()
    assert not found["set"]
    assert not found["left_out"]


def test_pandas_options_are_restored(pandas: Any) -> None:
    pandas.set_option("display.max_rows", 7)
    pandas.set_option("display.precision", 2)
    pandas.set_option("display.float_format", "{:.1f}".format)
    found = again(changed_settings.describe())
    assert found["set"]["pandas"] == {"display.max_rows": 7, "display.precision": 2}
    assert found["left_out"] == {"pandas display.float_format": "its value is a function"}
    pandas.reset_option("display.max_rows")
    applied = changed_settings.apply(found, trusted=False)
    assert pandas.get_option("display.max_rows") == 7
    assert "pandas display.float_format" in {it.path for it in applied.skipped}
    applied.undo()
    assert pandas.get_option("display.max_rows") == 60


def test_numpy_options_are_restored(numpy: Any) -> None:
    numpy.set_printoptions(precision=3, suppress=True)
    numpy.seterr(divide="raise")
    found = again(changed_settings.describe())
    assert found["set"] == {
        "numpy print": {"precision": 3, "suppress": True},
        "numpy errors": {"divide": "raise"},
    }
    numpy.set_printoptions(precision=8, suppress=False)
    numpy.seterr(divide="warn")
    applied = changed_settings.apply(found, trusted=False)
    assert str(numpy.array([1.23456])) == "[1.235]"
    assert numpy.geterr()["divide"] == "raise"
    applied.undo()
    assert numpy.get_printoptions()["precision"] == 8
    assert numpy.geterr()["divide"] == "warn"


def test_matplotlib_parameters_are_restored(matplotlib: Any) -> None:
    from cycler import cycler

    cycle = cycler(color=["r", (0.1, 0.2, 0.3)]) + cycler(linestyle=["-", "--"])
    changed = {
        "figure.figsize": [3.0, 2.0],
        "axes.prop_cycle": cycle,
        "font.family": ["serif"],
        "lines.dash_capstyle": "round",
        "axes.facecolor": (0.5, 0.5, 0.5),
        "savefig.bbox": "tight",
    }
    matplotlib.rcParams.update(changed)
    wanted = {name: matplotlib.rcParams[name] for name in changed}
    found = again(changed_settings.describe())
    assert set(found["set"]["matplotlib"]) == set(changed)
    matplotlib.rcParams.update({name: matplotlib.rcParamsDefault[name] for name in changed})
    applied = changed_settings.apply(found, trusted=False)
    assert not applied.skipped
    assert {name: matplotlib.rcParams[name] for name in changed} == wanted
    applied.undo()
    assert not changed_settings.describe()["set"].get("matplotlib")


def test_one_bad_option_does_not_stop_the_others(pandas: Any, numpy: Any) -> None:
    found = {
        "set": {
            "pandas": {
                "display.max_rows": "many",
                "display.precision": 3,
                "no.such": 1,
                "max_c": 2,
            },
            "numpy errors": {"divide": "call", "over": ["a"], "other": "warn", "under": "raise"},
            "numpy print": {"precision": "x", "formatter": "y", "edgeitems": 5},
            "of_no_package": {"a": 1},
        }
    }
    applied = changed_settings.apply(again(found), trusted=True)
    assert pandas.get_option("display.precision") == 3
    assert numpy.geterr()["under"] == "raise"
    assert numpy.get_printoptions()["edgeitems"] == 5
    named = {it.path for it in applied.skipped}
    assert {"pandas display.max_rows", "pandas no.such", "pandas max_c"} <= named
    assert {"numpy errors divide", "numpy errors over", "numpy errors other"} <= named
    assert {"numpy print precision", "options of of_no_package"} <= named


def test_a_file_with_a_packages_name_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil_package.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    module, reason = module_or_reason("evil_package", trusted=False)
    assert module is None
    assert "would be imported" in reason
    (tmp_path / "fails_on_import.py").write_text("1 / 0")
    module, reason = module_or_reason("fails_on_import", trusted=True)
    assert "ZeroDivisionError" in reason
    assert module_or_reason("no_such_package_here", trusted=True)[0] is None


HOSTILE: list[Any] = [
    [],
    {"pandas": []},
    {"pandas": {"a": {"b": 1}}},
    {"pandas": {"a": {"tuple": 1}}},
    {"pandas": {"a": {"cycler": {}}}},
    {"pandas": {"a": {"cycler": {"color": 1}}}},
    {"pandas": {"a": 10**30}},
    {"pandas": {"a": float("nan")}},
    {"pandas": {"a": [0] * 20_000}},
    {"pandas": {"a" * 2000: 1}},
    {"pandas": {"a": "\ud800"}},
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_options_are_refused(case: int) -> None:
    with pytest.raises(DamagedBundleError):
        changed_settings.check({"set": HOSTILE[case]})
