"""The log and history of executed cells, in IPython's shell."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import litestate.shell.cell_hooks
import pytest
from ipython_shells import new_shell
from litestate.environment import cell_history
from litestate.environment.cell_history import History
from litestate.errors import DamagedBundleError
from litestate.shell import cell_log
from litestate.shell.cell_log import Executed, Log
from litestate.shell.secret_detection import HIDDEN

IN_SHELL = pytest.mark.skipif(
    sys.platform == "emscripten", reason="tests/browser/test_environment_in_site.py does this"
)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with ExitStack() as made:

        def new() -> Any:
            shell = made.enter_context(new_shell())
            made.callback(cell_log.unfollow, shell)
            monkeypatch.setattr("IPython.get_ipython", lambda: shell)
            return shell

        yield new


def run(shell: Any, code: str, **options: Any) -> None:
    shell.run_cell(code, **{"store_history": True, **options})


def facts(log: Log) -> list[tuple[int | None, str, str | None]]:
    return [(cell.number, cell.source, cell.outcome) for cell in log.cells]


@IN_SHELL
def test_cells_are_recorded_with_times_and_outcomes(start: Any) -> None:
    shell = start()
    run(shell, "early = 1")
    log = cell_log.follow(shell)
    start = time.time()
    run(shell, "import time; time.sleep(0.05)")
    run(shell, "1 / 0")
    run(shell, "def (")
    run(shell, "  ")
    run(shell, "hidden = 1", silent=True)
    run(shell, "unnumbered = 1", store_history=False)
    run(shell, "get_ipython().run_cell('inner = 1'); outer = 1")
    run(shell, "import asyncio; await asyncio.sleep(0.01)")
    assert facts(log) == [
        (1, "early = 1", None),
        (2, "import time; time.sleep(0.05)", "ok"),
        (3, "1 / 0", "ZeroDivisionError"),
        (4, "def (", "SyntaxError"),
        (5, "get_ipython().run_cell('inner = 1'); outer = 1", "ok"),
        (6, "import asyncio; await asyncio.sleep(0.01)", "ok"),
    ]
    assert log.cells[0].when is None
    slept = log.cells[1]
    assert start <= slept.when <= time.time()
    assert 0.05 <= slept.duration < 5
    assert cell_log.follow(shell) is log


@IN_SHELL
def test_the_cell_that_imports_litestate_is_recorded(start: Any) -> None:
    shell = start()
    shell.user_ns["executed"] = cell_log
    run(shell, "before = 1")
    run(shell, "log = executed.follow(get_ipython()); get_ipython().run_cell('a = 1'); 1 / 0")
    run(shell, "after = 1")
    log = shell.user_ns["log"]
    assert [(cell.number, cell.outcome) for cell in log.cells] == [
        (1, None),
        (2, "ZeroDivisionError"),
        (3, "ok"),
    ]
    # The cell began before litestate was imported.
    assert log.cells[1].when is None
    assert log.cells[1].duration is None


@IN_SHELL
def test_a_start_in_silent_code_records_the_next_cell(start: Any) -> None:
    shell = start()
    shell.user_ns["executed"] = cell_log
    run(shell, "log = executed.follow(get_ipython())", silent=True)
    run(shell, "x = 1")
    assert facts(shell.user_ns["log"]) == [(1, "x = 1", "ok")]


@IN_SHELL
def test_an_interrupted_cell_is_followed_by_the_next(start: Any) -> None:
    shell = start()
    log = cell_log.follow(shell)
    run(shell, "raise KeyboardInterrupt")
    run(shell, "import sys; sys.exit(3)")
    run(shell, "1")
    assert [cell.outcome for cell in log.cells] == ["KeyboardInterrupt", "SystemExit", "ok"]


@IN_SHELL
def test_a_log_survives_another_copy_of_the_hooks(start: Any) -> None:
    shell = start()
    log = cell_log.follow(shell)
    run(shell, "first = 1")
    spec = importlib.util.spec_from_file_location(
        "copy_of_cells", litestate.shell.cell_hooks.__file__
    )
    assert spec
    assert spec.loader
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    taken = copy.Cells(shell, lambda: None, lambda number: None, lambda: None)
    run(shell, "not_seen = 1")
    taken.close()
    assert cell_log.current() is log
    run(shell, "last = 1")
    assert facts(log) == [
        (1, "first = 1", "ok"),
        (2, "not_seen = 1", None),
        (3, "last = 1", "ok"),
    ]


@IN_SHELL
def test_an_error_of_the_log_does_not_reach_the_cell(start: Any) -> None:
    shell = start()
    log = cell_log.follow(shell)
    log.watcher = lambda cell: 1 / 0
    run(shell, "x = 1")
    assert shell.user_ns["x"] == 1
    assert facts(log) == [(1, "x = 1", "ok")]


@IN_SHELL
def test_a_history_continues_in_another_session(start: Any) -> None:
    shell = start()
    cell_log.follow(shell)
    for number in range(1, 6):
        run(shell, f"x = {number}")
    document = json.loads(json.dumps(cell_history.describe()))
    cell_history.check(document)
    assert document["counter"] == 5

    other = start()
    log = cell_log.follow(other)
    other.user_ns["load"] = lambda: cell_history.apply(document, trusted=False)
    run(other, "applied = load()")
    applied = other.user_ns["applied"]
    assert other.execution_count == 6
    run(other, "y = In[6], In[3]")
    assert other.user_ns["y"] == ("y = In[6], In[3]", "x = 3")
    assert [cell.number for cell in log.cells] == [1, 2, 3, 4, 5, 1, 6]
    assert len({cell.session for cell in log.cells}) == 2

    # Both sessions, in a third one.
    document = json.loads(json.dumps(cell_history.describe()))
    third = start()
    cell_log.follow(third)
    cell_history.apply(document, trusted=False)
    assert [cell.number for cell in cell_log.current().cells] == [1, 2, 3, 4, 5, 1, 6]
    applied.undo()


@IN_SHELL
def test_undo_restores_history_and_number(start: Any) -> None:
    shell = start()
    log = cell_log.follow(shell)
    run(shell, "a = 1")
    document = {
        "counter": 50,
        "sessions": ["s"],
        "rows": [[0, 50, 1.0, 2.0, "ok", "old"]],
        "dropped": 3,
    }
    cell_history.check(document)
    applied = cell_history.apply(document, trusted=False)
    assert shell.execution_count == 51
    assert "the next cell is number 51" in applied.lines
    applied.undo()
    assert shell.execution_count == 2
    assert facts(log) == [(1, "a = 1", "ok")]
    assert log.dropped == 0
    run(shell, "b = In[2]")
    assert shell.user_ns["b"] == "b = In[2]"


@IN_SHELL
def test_a_checkpoint_of_this_session_repeats_no_cells(start: Any) -> None:
    shell = start()
    log = cell_log.follow(shell)
    run(shell, "a = 1")
    run(shell, "b = 1")
    document = cell_history.describe()
    run(shell, "c = 1")
    cell_history.apply(document, trusted=True)
    assert [cell.source for cell in log.cells] == ["a = 1", "b = 1", "c = 1"]
    assert shell.execution_count == 4


def test_the_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_log, "MOST_CELLS", 10)
    log = Log()
    log.load([Executed("old", number, "x") for number in range(4)])
    for number in range(10):
        log.add(Executed(log.session, number, "y"))
    assert len(log.cells) == 10
    assert log.dropped == 4
    assert not log.loaded
    for number in range(20):
        log.add(Executed(log.session, number, "z" * 200_000))
    assert sum(len(cell.source) for cell in log.cells) <= cell_log.MOST_SOURCE
    assert log.cells[-1].source.endswith(cell_log.CUT)
    for number in range(20):
        log.add(Executed(log.session, number, "z" * cell_log.MOST_OF_CELL))
    monkeypatch.setattr(cell_log, "MOST_SOURCE", 1000)
    log.add(Executed(log.session, 1, "w"))
    assert [cell.source for cell in log.cells] == ["w"]
    assert log.dropped == 4 + 10 + 40
    assert "54 older ones were dropped" in str(History(log))


def test_secrets_and_surrogates_are_replaced() -> None:
    log = Log()
    log.add(Executed(log.session, 1, "api_key = 'abc'; x = '\ud800'"))
    assert log.cells[0].source == f"api_key = '{HIDDEN}'; x = '\\ud800'"


def test_the_table_escapes_the_markup_of_cells() -> None:
    log = Log()
    assert str(History(log)) == "No cells were executed yet"
    log.load([Executed("<b>", 7, "old\n2", 1e300, 1e300, "<i>")])
    log.add(Executed(log.session, 1, "'<script>alert(1)</script>\"'", time.time(), 0.0123, "ok"))
    shown = History(log)
    html = shown._repr_html_()
    assert "<script" not in html
    assert "<i>" not in html
    assert "<b>" not in html
    text = str(shown)
    assert text.startswith("2 cells were executed\nbefore:\n") is False
    assert "12 ms" in text
    assert "before:" in text
    assert text.index("before:") < text.index("in this session:")
    assert "[7]" in text
    assert "old …" in text
    assert len(shown) == 2
    assert shown[-1].number == 1


HOSTILE: list[dict[str, Any]] = [
    {"counter": 10**9},
    {"counter": "1"},
    {"dropped": -1},
    {"sessions": "abc"},
    {"sessions": [1]},
    {"rows": [[]]},
    {"rows": [[0, 1, 1.0, 1.0, "ok", "x", 1]]},
    {"rows": [[1, 1, 1.0, 1.0, "ok", "x"]]},
    {"rows": [[-1, 1, 1.0, 1.0, "ok", "x"]]},
    {"rows": [[0, 10**9, 1.0, 1.0, "ok", "x"]]},
    {"rows": [[0, 1, float("nan"), 1.0, "ok", "x"]]},
    {"rows": [[0, 1, 1.0, "1", "ok", "x"]]},
    {"rows": [[0, 1, 1.0, 1.0, 5, "x"]]},
    {"rows": [[0, 1, 1.0, 1.0, "ok", "x" * 100_000]]},
    {"rows": [[0, 1, 1.0, 1.0, "ok", "x"]] * 20_000},
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_histories_are_refused(case: int) -> None:
    good = {"counter": 1, "sessions": ["a"], "rows": [[0, 1, 1.0, 1.0, "ok", "x"]], "dropped": 0}
    cell_history.check(good)
    with pytest.raises(DamagedBundleError):
        cell_history.check({**good, **HOSTILE[case]})
