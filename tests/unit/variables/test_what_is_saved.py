"""Save and load every kind of object that a notebook may have.

docs/what-is-saved.md shows the outcomes. After a change, read the difference that the test shows,
and then write the page again::

    LITESTATE_WRITE_TABLE=1 python3 build.py test --unit -k the_page_is_up_to_date
"""

from __future__ import annotations

import builtins
import collections
import difflib
import json
import os
import pickle
import subprocess
import symtable
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from folders import SUPPORT
from sameness import differ
from saved_cases import LATE, NOT, OUTCOMES, ROUGH, Case, Group
from saved_groups import GROUPS, table, versions
from saved_kernels import WRONG, Result, capture_all, filled, results

PAGE = Path(__file__).parents[3] / "docs" / "what-is-saved.md"
CASES = [pytest.param(case, id=case.title) for group in GROUPS for case in group.cases]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files that the cells write."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(case: Case, result: Result) -> None:
    """Check the outcome of a case."""
    assert result.outcome == case.outcome, result
    assert bool(result.reported) == (case.outcome in (NOT, ROUGH, LATE))


@cache
def alone(case: Case) -> Result:
    (result,) = results([case])
    return result


def right(case: Case) -> Result:
    """Return the outcome of a case; it must not be a silent change."""
    result = alone(case)
    assert result.outcome != WRONG, (case.title, result)
    return result


@pytest.mark.parametrize("case", CASES)
def test_each_object_is_restored_or_reported(case: Case) -> None:
    if case.missing:
        pytest.skip(case.missing)
    check(case, alone(case))


@pytest.mark.parametrize("group", [pytest.param(group, id=group.title) for group in GROUPS])
def test_no_object_affects_the_others(group: Group) -> None:
    cases = [case for case in group.cases if not case.missing]
    if not cases:
        pytest.skip("nothing of it can be tried here")
    made = dict(zip(cases, results(cases, together=True), strict=True))
    wrong = {case.title: it for case, it in made.items() if it.outcome != case.outcome}
    assert wrong == {}


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel starts no processes")
def test_another_process_has_the_same_outcomes() -> None:
    captured = {}
    for number, group in enumerate(GROUPS):
        notebook, _ = filled([case for case in group.cases if not case.missing])
        captured[number] = capture_all(notebook)
    Path("kept.pickle").write_bytes(pickle.dumps(captured))
    program = SUPPORT / "saved_process.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program, "kept.pickle"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {}


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 200
    titles = [(group.title, case.title) for group in GROUPS for case in group.cases]
    assert len(set(titles)) == len(titles)
    assert {case.expected for group in GROUPS for case in group.cases} == set(OUTCOMES)


@pytest.mark.parametrize("group", [pytest.param(group, id=group.title) for group in GROUPS])
def test_cells_of_a_group_make_different_names(group: Group) -> None:
    made: collections.Counter[str] = collections.Counter()
    for case in group.cases:
        for symbol in symtable.symtable(case.source, case.title, "exec").get_symbols():
            # The input data of fits is the same in every group.
            if symbol.is_assigned() and not symbol.get_name().endswith("_fit"):
                made[symbol.get_name()] += 1
    assert [name for name, times in made.items() if times > 1 and name not in ("x", "_")] == []
    assert made["x"] + made["_"] <= 2 * len(group.cases)


@pytest.mark.skipif(not PAGE.parent.is_dir(), reason="docs/ is not here, as in the site's kernel")
def test_the_page_is_up_to_date() -> None:
    is_new = bool(os.environ.get("LITESTATE_WRITE_TABLE"))
    shown = PAGE.read_text("utf-8") if PAGE.exists() else ""
    if versions() not in shown and not is_new:
        pytest.skip("the page was made with other versions of Python or its packages")
    # test_environment_settings.py checks that these are the outcomes.
    made = table(right, lambda change: change.expected)
    if is_new:
        PAGE.write_text(made, "utf-8")
        return
    assert "\n".join(difflib.unified_diff(shown.splitlines(), made.splitlines(), n=0)) == ""


def _loop() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


def _closed(number: int) -> Any:
    return lambda: number


SHARED: list[Any] = []
DIFFERENT = {
    "another type": ([1], (1,)),
    "a subclass": (collections.OrderedDict(a=1), {"a": 1}),
    "True for 1": ([1], [True]),
    "the sign of zero": (0.0, -0.0),
    "another NaN": (float("nan"), -float("nan")),
    "order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "an ordered dict's order": (
        collections.OrderedDict(a=1, b=2),
        collections.OrderedDict(b=2, a=1),
    ),
    "what a set has": ({1, 2}, {1, 3}),
    "the type of what a set has": ({1}, {1.0}),
    "two for one": ([SHARED, SHARED], [[], []]),
    "one for two": ([[], []], [SHARED, SHARED]),
    "a copy of itself": (_loop(), [1, _loop()]),
    "a limit": (collections.deque([1], 2), collections.deque([1], 3)),
    "a factory": (collections.defaultdict(list), collections.defaultdict(dict)),
    "a default": ((lambda a=1: a), (lambda a=2: a)),
    "code": ((lambda: 1 + 1j), (lambda: 2 + 1j)),
    "what a cell holds": (_closed(1), _closed(2)),
    "a class": (ValueError("a"), KeyError("a")),
    "a state": (ValueError("a"), ValueError("b")),
    "a module": (os, sys),
    "a function": (builtins.max, builtins.min),
    "bytes that can be changed": (b"a", bytearray(b"a")),
}


@pytest.mark.parametrize("one, other", DIFFERENT.values(), ids=DIFFERENT)
def test_the_comparison_notices(one: Any, other: Any) -> None:
    assert differ(one, other, {}, {})
    assert not differ(one, one, {}, {})
    assert not differ(other, other, {}, {})


def test_the_comparison_of_arrays_notices() -> None:
    np = pytest.importorskip("numpy")
    array = np.arange(6.0).reshape(2, 3)
    locked = array.copy()
    locked.flags.writeable = False
    others = [
        array.astype("f4"),
        array.astype(">f8"),
        array.reshape(3, 2),
        np.asfortranarray(array),
        array - np.array([0, 1e-9, 0]),
        array.astype(object),
        array.view(np.matrix),
        locked,
    ]
    for other in others:
        assert differ(array, other, {}, {}), other
    assert not differ(array, array.copy(), {}, {})


def test_the_comparison_of_frames_notices() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.RangeIndex(2))
    dated = pd.Series([1, 2], pd.date_range("2026", periods=2, freq="D"))
    undated = dated.copy()
    undated.index = pd.DatetimeIndex(dated.index, freq=None)
    noted = frame.copy()
    noted.attrs["a"] = 1
    pairs = [
        (frame, frame.astype({"a": "int32"})),
        (frame, frame.astype({"b": object})),
        (frame, frame.set_axis([0, 1])),
        (frame, frame[["b", "a"]]),
        (frame, noted),
        (frame, frame.set_flags(allows_duplicate_labels=False)),
        (frame, frame.rename_axis("n")),
        (frame.a, frame.a.rename("c")),
        (dated, undated),
        (pd.Categorical(["a"]), pd.Categorical(["a"], categories=["a", "b"])),
        (pd.Categorical(["a"]), pd.Categorical(["a"], ordered=True)),
        (pd.array([1, None]), pd.array([1, 2])),
    ]
    for one, other in pairs:
        assert differ(one, other, {}, {}), (one, other)
        assert not differ(one, one.copy(), {}, {}), one
