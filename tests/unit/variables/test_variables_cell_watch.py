"""Variables that cells used since the last query, in IPython's own shell."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Coroutine, Iterator
from types import ModuleType
from typing import Any

import litestate.shell.cell_hooks
import pytest
from ipython_shells import new_shell
from litestate.shell.after_cell import AfterCell
from litestate.shell.pacing import Pace
from litestate.variables.changes.cell_watch import Watch

ONE_LOOP = "the kernel has one loop, which is running, and this test is a cell of it"
needs_a_loop = pytest.mark.skipif(sys.platform == "emscripten", reason=ONE_LOOP)

VARIABLES = ("a", "b", "c", "d")


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell for this test alone, beside the kernel's own where there is one."""
    with new_shell() as shell:
        for name in VARIABLES:
            shell.user_ns[name] = []
        yield shell


@pytest.fixture
def watch(shell: Any) -> Iterator[Watch]:
    watch = Watch(shell)
    # The cells that ran before are unknown.
    assert watch.take() is None
    yield watch
    watch.close()


def cell(shell: Any, code: str, **options: Any) -> Any:
    return shell.run_cell(code, store_history=True, **options)


def taken(watch: Watch) -> str | None:
    """Return the variables that may have changed, as one word."""
    names = watch.take()
    return None if names is None else "".join(name for name in VARIABLES if name in names)


def in_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop, as the cells of ipykernel and Pyodide are."""

    async def bounded() -> None:
        await asyncio.wait_for(coroutine, 20)

    asyncio.run(bounded())


def test_all_cells_since_the_last_time(shell: Any, watch: Watch) -> None:
    assert taken(watch) == ""
    cell(shell, "a.append(1)")
    assert taken(watch) == "a"
    assert taken(watch) == ""
    cell(shell, "b.append(1)")
    cell(shell, "1 / 0; c")
    cell(shell, "")
    assert taken(watch) == "bc"


def test_commands_are_read_as_ipython_does(shell: Any, watch: Watch) -> None:
    cell(shell, "%time a.append(1)")
    assert taken(watch) == "a"
    cell(shell, "%%time\nb.append(1)\n%time c.append(1)")
    assert taken(watch) == "bc"
    cell(shell, "%%capture d\nprint(a)")
    assert taken(watch) == "ad"
    cell(shell, "names = !echo {b}")
    assert taken(watch) == ""
    cell(shell, "time c.append(1)")
    assert taken(watch) == "c", "without % it is the same"
    cell(shell, "%nobody_knows")
    assert watch.take() is None
    assert taken(watch) == ""


def test_code_that_does_not_run_changes_nothing(shell: Any, watch: Watch) -> None:
    assert not cell(shell, "a.append(1)\nb = = 1").success
    assert not cell(shell, "a.append(1)\n  b").success
    assert taken(watch) == ""
    assert shell.user_ns["a"] == []
    # It is one statement after the other that is compiled.
    assert not cell(shell, "a.append(1)\nreturn b").success
    assert shell.user_ns["a"] == [1]
    assert "a" in (taken(watch) or "")


def test_functions_count_before_and_after_a_change(shell: Any, watch: Watch) -> None:
    cell(shell, "def f(): a.append(1)\ndef g(): b.append(1)\nh = g")
    assert taken(watch) == "ab"
    cell(shell, "f()\ndel f")
    assert taken(watch) == "a"
    cell(shell, "f = g\nf()")
    assert taken(watch) == "b"
    cell(shell, "h = lambda: None")
    assert taken(watch) == "b", "the time of the call is unknown"
    cell(shell, "h()")
    assert taken(watch) == ""


def test_silent_and_nested_runs_count(shell: Any, watch: Watch) -> None:
    cell(shell, "a.append(1)", silent=True)
    assert taken(watch) == "a"
    shell.user_ns["run"] = lambda code: shell.run_cell(code, silent=True)
    cell(shell, "run('b.append(1)')")
    assert taken(watch) == "b"


def test_a_cell_that_runs_counts_again(shell: Any, watch: Watch) -> None:
    seen: list[str | None] = []
    shell.user_ns["look"] = lambda: seen.append(taken(watch))
    cell(shell, "a.append(1)")
    cell(shell, "look(); b.append(1); look()")
    assert seen == ["ab", "b"]
    assert taken(watch) == "b"
    assert taken(watch) == ""
    cell(shell, "def f(): c.append(1)\nlook()\nf()")
    assert seen[2:] == ["c"]
    assert taken(watch) == "c"
    cell(shell, "look()\nexec('d.append(1)')")
    assert seen[3:] == [None]
    assert watch.take() is None
    assert taken(watch) == ""


def test_functions_defined_and_deleted_while_a_cell_runs(shell: Any, watch: Watch) -> None:
    # Modules are not searched.
    shell.user_ns["module"] = ModuleType("module")
    seen: list[str | None] = []
    shell.user_ns["look"] = lambda: seen.append(taken(watch))
    cell(shell, "def f(): a.append(1)\nmodule.f = f\ndel f")
    assert taken(watch) == "a"
    cell(shell, "module.f()")
    assert taken(watch) == ""
    cell(shell, "g = module.f\ng()")
    assert taken(watch) == "a"
    cell(shell, "del g")
    assert taken(watch) == "a", "the time of the call is unknown"
    cell(shell, "g = module.f\nlook()\ng()\ndel g")
    assert seen == ["a"]
    assert taken(watch) == "a", "it went on after it was asked"
    cell(shell, "def f(): b.append(1)\nh = f")
    taken(watch)
    cell(shell, "module.f = h\ndel h, f\nlook()\nmodule.f()")
    assert seen[1:] == ["b"]
    assert taken(watch) == "b"


@needs_a_loop
def test_a_cell_that_awaits(shell: Any, watch: Watch) -> None:
    async def kernel() -> None:
        code = "import asyncio\nawait asyncio.sleep(0.05)\na.append(1)"
        running = asyncio.ensure_future(
            shell.run_cell_async(code, store_history=True, transformed_cell=code)
        )
        await asyncio.sleep(0.01)
        assert taken(watch) == "a"
        assert taken(watch) == "a"
        await running
        assert taken(watch) == "a"
        assert taken(watch) == ""
        # Without the text as Python, which some kernels do not give.
        await shell.run_cell_async("%time b.append(1)", store_history=True)
        assert taken(watch) == "b"
        broken = (SyntaxError, SyntaxError("x"), None)
        await shell.run_cell_async(
            "c.append(1)", transformed_cell="c.append(1)", preprocessing_exc_tuple=broken
        )
        assert taken(watch) == ""
        running = asyncio.ensure_future(
            shell.run_cell_async("await asyncio.sleep(9); d", transformed_cell=code)
        )
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        taken(watch)
        assert taken(watch) == ""

    in_loop(kernel())


@needs_a_loop
@pytest.mark.parametrize(
    "start", ["asyncio.create_task(later())", "asyncio.get_running_loop().call_later(0.01, f)"]
)
def test_background_work_counts_with_the_next_cells(shell: Any, watch: Watch, start: str) -> None:
    async def kernel() -> None:
        cell(shell, "import asyncio\ndef f(): a.append(1)")
        cell(shell, "async def later():\n    await asyncio.sleep(0.01)\n    f()")
        assert taken(watch) == "a"
        assert taken(watch) == ""
        cell(shell, f"task = {start}")
        assert taken(watch) == "a"
        await asyncio.sleep(0.05)
        assert shell.user_ns["a"] == [1]
        assert taken(watch) == "a"
        cell(shell, "b.append(1)")
        assert taken(watch) == "ab"
        for _ in range(20):
            cell(shell, "b.append(1)")
        assert taken(watch) == "ab"
        cell(shell, "b.append(1)")
        assert taken(watch) == "b"

    in_loop(kernel())


def test_background_work_of_a_function_counts_too(shell: Any, watch: Watch) -> None:
    cell(shell, "class Widget:\n    def on_click(self, f): self.f = f\nwidget = Widget()")
    cell(shell, "def prepare():\n    widget.on_click(lambda: a.append(1))")
    for _ in range(30):
        cell(shell, "b")
    assert taken(watch) == "ab"
    cell(shell, "prepare()")
    cell(shell, "b.append(1)")
    taken(watch)
    cell(shell, "b.append(1)")
    assert taken(watch) == "ab"


def test_the_first_cell_may_change_anything(shell: Any) -> None:
    shell.user_ns.update(Watch=Watch, shell=shell)
    cell(shell, "watch = Watch(shell)\nfirst = watch.take()\na.append(1)\nsecond = watch.take()")
    watch = shell.user_ns["watch"]
    assert shell.user_ns["first"] is None
    assert shell.user_ns["second"] is None
    assert watch.take() is None
    assert taken(watch) == ""
    cell(shell, "a.append(1)")
    assert taken(watch) == "a"
    watch.close()


def test_a_shell_has_one_watch(shell: Any, watch: Watch) -> None:
    second = Watch(shell)
    assert second.take() is None
    cell(shell, "a.append(1)")
    assert taken(second) == "a"
    for _ in range(2):
        assert watch.take() is None, "it has not seen the cell"
    watch.close()
    cell(shell, "b.append(1)")
    assert taken(second) == "b"
    second.close()
    assert "run_cell" not in vars(shell)
    assert "run_cell_async" not in vars(shell)


@pytest.mark.parametrize("first", ["watch", "looks"])
def test_scans_after_cells_go_on_beside_it(shell: Any, first: str) -> None:
    looks: list[tuple[int | None, str | None]] = []
    watches: list[Watch] = []
    after = AfterCell(
        lambda number: looks.append((number, taken(watches[-1]))), print, Pace(0.0), lambda: 0.0
    )
    starts = [lambda: watches.append(Watch(shell)), lambda: after.start(shell)]
    for start in starts if first == "watch" else reversed(starts):
        start()
    method = shell.run_cell
    for number in range(1, 4):
        cell(shell, "a.append(1)")
        assert looks[-1] == (number, None if number == 1 else "a")
    for _ in range(3):
        after.start(shell)
        watches.append(Watch(shell))
        watches[-1].take()
    assert shell.run_cell is method, "nothing is put around it again"
    cell(shell, "b.append(1)")
    assert looks[3:] == [(4, "b")]
    after.stop()
    cell(shell, "c.append(1)")
    assert len(looks) == 4
    assert taken(watches[-1]) == "c"
    watches[-1].close()
    assert "run_cell" not in vars(shell)


def test_another_copy_of_the_module_takes_over(shell: Any, watch: Watch) -> None:
    after = AfterCell(print, print)
    after.start(shell)
    spec = importlib.util.spec_from_file_location(
        "copy_of_cells", litestate.shell.cell_hooks.__file__
    )
    assert spec is not None and spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    ended: list[int | None] = []
    cells = copy.Cells(shell, lambda: None, ended.append, lambda: None)
    cell(shell, "a.append(1)")
    assert ended == [1]
    assert watch.take() is None
    assert not after.active
    assert shell.run_cell.__wrapped__.__func__ is type(shell).run_cell, "only one is around it"
    cells.close()
    assert "run_cell" not in vars(shell)


def test_a_cell_that_cannot_be_read_may_change_anything(
    shell: Any, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("litestate.variables.changes.cell_watch.cell_names", fail)
        assert cell(shell, "a.append(1); 41 + 1").result == 42
        assert watch.take() is None
        patch.undo()
        patch.setattr("litestate.variables.changes.cell_watch.reached", fail)
        assert cell(shell, "a.append(1); 41 + 1").result == 42
    assert watch.take() is None
    assert taken(watch) == ""
    shell.ast_transformers.append(type("Same", (), {"visit": lambda self, node: node})())
    cell(shell, "a")
    assert watch.take() is None
