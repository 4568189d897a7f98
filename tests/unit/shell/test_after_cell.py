"""Scans after cells, in IPython's shell: after which cells, when, and never during one."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from ipython_shells import new_shell
from litestate.errors import LitestateError, SourceError
from litestate.shell import cell_log
from litestate.shell.after_cell import IDLE, AfterCell
from litestate.shell.pacing import Pace
from litestate.variables.changes.cell_watch import Watch

IN_KERNEL = sys.platform == "emscripten"

ONE_LOOP = "the kernel has one loop, which is running, and this test is a cell of it"


class Scans:
    """An AfterCell that records its scans, with a clock that only the test moves.

    Attributes
    ----------
    seen : list
        Numbers of the cells after which there was a scan.
    shown : list of str
        Messages that were shown to the user.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.cost = 0.0
        self.error: BaseException | None = None
        self.seen: list[int | None] = []
        self.shown: list[str] = []
        self.after = AfterCell(self.scan, self.shown.append, Pace(0.0), lambda: self.now)

    def scan(self, number: int | None) -> None:
        self.seen.append(number)
        self.now += self.cost
        if self.error:
            raise self.error


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell for this test alone, beside the kernel's own where there is one."""
    with new_shell() as shell:
        yield shell


@pytest.fixture
def scans(shell: Any) -> Iterator[Scans]:
    scans = Scans()
    scans.after.start(shell)
    shell.user_ns["scans"] = scans
    yield scans
    scans.after.stop()


def cell(shell: Any, code: str, **options: Any) -> Any:
    return shell.run_cell(code, store_history=True, **options)


def in_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop, as the cells of ipykernel and Pyodide are."""

    async def bounded() -> None:
        await asyncio.wait_for(coroutine, 20)

    asyncio.run(bounded())


def test_every_cell_is_followed_by_a_scan(shell: Any, scans: Scans) -> None:
    cell(shell, "x = 1")
    cell(shell, "1 / 0")
    cell(shell, "def (")
    cell(shell, "raise SystemExit")
    cell(shell, "raise KeyboardInterrupt")
    assert scans.seen == [1, 2, 3, 4, 5]
    assert not scans.shown


def test_silent_code_and_nested_cells_are_not_counted(shell: Any, scans: Scans) -> None:
    shell.user_ns["shell"] = shell
    cell(shell, "x = 1", silent=True)
    assert scans.seen == []
    cell(
        shell,
        "shell.run_cell('y = 1', store_history=True)\n"
        "shell.run_cell('z = 1', silent=True)\n"
        "seen_inside = list(scans.seen)",
    )
    assert shell.user_ns["seen_inside"] == []
    assert len(scans.seen) == 1


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_cell_that_awaits_is_one_cell_however_it_is_run(shell: Any, scans: Scans) -> None:
    code = "import asyncio; await asyncio.sleep(0.01); seen_inside = list(scans.seen)"
    # In a terminal.
    cell(shell, code)
    assert scans.seen == [1]

    async def kernel() -> None:
        # As ipykernel and JupyterLite's kernel do; the latter without the event at its end.
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert scans.seen == [1, 2]
        assert shell.user_ns["seen_inside"] == [1]
        failing = f"{code}; 1 / 0"
        await shell.run_cell_async(failing, store_history=True, transformed_cell=failing)
        assert scans.seen == [1, 2, 3]

    in_loop(kernel())


class LiteKernel:
    """Runs cells as JupyterLite's kernel does."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    async def run(self, code: str) -> Any:
        plain = self._shell.transform_cell(code)
        # Returned, so that the task holds it.
        return await self._shell.run_cell_async(code, store_history=True, transformed_cell=plain)


@pytest.mark.parametrize("is_in_task", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize(
    "end",
    ["box", "raise Failed(box)", "await sleep(0, box)", "await sleep(0)\nraise Failed(box)"],
)
def test_results_of_cells_are_only_held_by_ipython(
    shell: Any, end: str, *, is_first: bool, is_in_task: bool
) -> None:
    if IN_KERNEL and (is_in_task or "await" in end):
        pytest.skip(ONE_LOOP)
    scans, watches = Scans(), list[Watch]()

    def follow() -> None:
        scans.after.start(shell)
        cell_log.follow(shell)
        watches.append(Watch(shell))

    def run(code: str) -> None:
        if is_in_task:
            asyncio.run(shell.kernel.run(code))
        else:
            cell(shell, code)

    if is_in_task:
        shell.kernel = LiteKernel(shell)
    shell.user_ns["follow"] = follow
    run(
        "import weakref\nfrom asyncio import sleep\nclass Box: pass\n"
        "class Failed(Exception): pass" + ("" if is_first else "\nfollow()")
    )
    gc.collect()
    gc.disable()
    try:
        start = "follow()\n" if is_first else ""
        run(f"{start}box = Box(); made = weakref.ref(box)\n{end}")
        if "raise" in end:
            # IPython keeps the last error; the frames of one before hold each other.
            run("1 / 0")
            gc.collect()
        # Also from `Out` and the like.
        shell.del_var("box")
        assert shell.user_ns["made"]() is None
        assert scans.seen
    finally:
        gc.enable()
        scans.after.stop()
        cell_log.unfollow(shell)
        for each in watches:
            each.close()


def test_the_cell_that_starts_scans_is_counted(shell: Any) -> None:
    scans = Scans()
    shell.user_ns.update(scans=scans, shell=shell)
    cell(
        shell,
        "scans.after.start(shell)\n"
        "shell.run_cell('y = 1', store_history=True)\n"
        "seen_inside = list(scans.seen)",
    )
    assert shell.user_ns["seen_inside"] == []
    # The number is that of this cell, not of the inner one.
    assert scans.seen == [1]
    cell(shell, "x = 1")
    assert len(scans.seen) == 2
    scans.after.stop()


def test_a_start_in_silent_code_waits_for_the_next_cell(shell: Any) -> None:
    scans = Scans()
    shell.user_ns.update(scans=scans, shell=shell)
    cell(shell, "scans.after.start(shell)", silent=True)
    assert scans.seen == []
    cell(shell, "x = 1")
    assert scans.seen == [1]
    scans.after.stop()


def test_a_start_between_cells_waits_for_the_next_cell(shell: Any, scans: Scans) -> None:
    assert scans.seen == []
    cell(shell, "x = 1")
    assert scans.seen == [1]


def test_the_second_one_replaces_the_first(shell: Any, scans: Scans) -> None:
    other = Scans()
    shell.user_ns.update(other=other, shell=shell)
    cell(shell, "other.after.start(shell)")
    cell(shell, "x = 1")
    assert scans.seen == []
    assert not scans.after.active
    assert other.seen == [1, 2]
    other.after.stop()


def test_stop_leaves_the_shell_as_it_was(shell: Any) -> None:
    before = {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()}
    scans = Scans()
    shell.user_ns.update(scans=scans, shell=shell)
    scans.after.start(shell)
    scans.after.stop()
    cell(shell, "scans.after.start(shell)\nscans.after.stop()")
    scans.after.start(shell)
    cell(shell, "scans.after.stop()")
    cell(shell, "x = 1")
    assert scans.seen == []
    assert "run_cell" not in vars(shell)
    assert "run_cell_async" not in vars(shell)
    assert shell.events.callbacks == before


def test_another_wrapper_still_works_after_stop(shell: Any, scans: Scans) -> None:
    ours = shell.run_cell
    theirs = shell.run_cell = functools.wraps(ours)(functools.partial(ours))
    scans.after.stop()
    assert shell.run_cell is theirs
    cell(shell, "x = 5")
    assert shell.user_ns["x"] == 5
    assert scans.seen == []


def test_a_later_cell_runs_a_postponed_scan(shell: Any, scans: Scans) -> None:
    scans.cost = 1.0
    for _ in range(5):
        cell(shell, "x = 1")
    assert scans.seen == [1]
    assert scans.after.pending
    # The account is in debt, but much time has passed.
    scans.now += 60
    cell(shell, "x = 1")
    assert scans.seen == [1, 6]
    assert not scans.after.pending


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_timer_runs_a_postponed_scan(shell: Any) -> None:
    seen: list[tuple[int | None, float]] = []

    def scan(number: int | None) -> None:
        seen.append((number, time.monotonic()))
        time.sleep(0.02)

    after = AfterCell(scan, print, Pace(time.monotonic(), share=0.2))
    after.start(shell)

    async def kernel() -> None:
        made = 0
        while not after._timer:
            cell(shell, "x = 1")
            made += 1
        assert len(seen) == made - 1
        await asyncio.sleep(1.0)
        # One scan, for the last cell; then none is pending.
        assert [number for number, _ in seen] == list(range(1, made + 1))
        assert after._timer is None

    in_loop(kernel())
    after.stop()


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
@pytest.mark.parametrize("end", ["stop", "pause"])
def test_no_timer_runs_after_stop_and_pause(shell: Any, scans: Scans, end: str) -> None:
    async def kernel() -> None:
        postpone(shell, scans, 0.05)
        getattr(scans.after, end)()
        assert scans.after._timer is None
        scans.now += 1000
        await asyncio.sleep(0.2)
        assert scans.seen == []

    in_loop(kernel())


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_timer_never_scans_while_a_cell_runs(shell: Any, scans: Scans) -> None:
    async def kernel() -> None:
        postpone(shell, scans, 0.05)
        scans.now += 1000
        code = "import asyncio; await asyncio.sleep(0.3); seen_inside = list(scans.seen)"
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert shell.user_ns["seen_inside"] == []
        assert scans.seen == [2]
        await asyncio.sleep(0.1)
        assert scans.seen == [2]

        postpone(shell, scans, 60)
        cell(shell, "timer_inside = scans.after._timer")
        assert shell.user_ns["timer_inside"] is None
        assert scans.after._timer

        # Not even if it fires before it could be canceled.
        postpone(shell, scans, 60)
        code = "scans.now += 1000; scans.after._due(); seen_inside = list(scans.seen)"
        before = list(scans.seen)
        cell(shell, code)
        assert shell.user_ns["seen_inside"] == before

    in_loop(kernel())


def postpone(shell: Any, scans: Scans, seconds: float) -> None:
    """Run a cell whose scan is due after some seconds, by the real clock of the loop."""
    pace = scans.after._pace = Pace(scans.now, share=1.0)
    for _ in range(4):
        pace.spent(seconds, scans.now)
    before = len(scans.seen)
    cell(shell, "x = 1")
    assert len(scans.seen) == before
    assert scans.after._timer


def test_the_end_of_a_pause_runs_the_postponed_scan(shell: Any, scans: Scans) -> None:
    scans.after.pause()
    cell(shell, "x = 1")
    assert scans.seen == []
    assert scans.after.pending
    cell(shell, "scans.after.resume()")
    assert scans.seen == [2]


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_pause_may_end_between_cells(shell: Any, scans: Scans) -> None:
    async def kernel() -> None:
        scans.after.pause()
        cell(shell, "x = 1")
        scans.after.resume()
        await asyncio.sleep(0.1)
        assert scans.seen == [1]

    in_loop(kernel())


def test_an_error_is_reported_once_and_the_next_cell_tries_again(shell: Any, scans: Scans) -> None:
    scans.error = SourceError("The disk is full.")
    result = cell(shell, "41 + 1")
    assert result.success
    assert result.result == 42
    assert scans.shown == [
        "Autosave: The disk is full. It is tried again after the next cell.",
    ]
    cell(shell, "x = 1")
    assert scans.seen == [1, 2]
    assert len(scans.shown) == 1
    scans.error = ZeroDivisionError("division by zero")
    cell(shell, "x = 1")
    assert "ZeroDivisionError: division by zero" in scans.shown[1]
    # A failure after a success is reported again.
    scans.error = None
    cell(shell, "x = 1")
    scans.error = SourceError("The disk is full.")
    cell(shell, "x = 1")
    assert scans.shown[2:] == scans.shown[:1]
    assert scans.seen == [1, 2, 3, 4, 5]


def test_an_interrupt_in_a_scan_is_safe(shell: Any, scans: Scans) -> None:
    scans.error = KeyboardInterrupt()
    result = cell(shell, "41 + 1")
    assert result.success
    assert "interrupted" in scans.shown[0]
    assert scans.after.pending
    scans.error = None
    cell(shell, "x = 1")
    assert scans.seen == [1, 2]
    assert not scans.after.pending


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_an_error_between_cells_is_reported_after_the_next_cell(shell: Any, scans: Scans) -> None:
    async def kernel() -> None:
        postpone(shell, scans, 0.05)
        scans.error = SourceError("The disk is full.")
        scans.now += 1000
        await asyncio.sleep(0.3)
        assert scans.seen == [1]
        assert scans.shown == []
        # It does not try again before the next cell.
        assert scans.after._timer is None
        scans.error = None
        cell(shell, "x = 1")
        assert len(scans.shown) == 1

    in_loop(kernel())


def test_a_message_that_cannot_be_shown_breaks_nothing(shell: Any, scans: Scans) -> None:
    def show(message: str) -> None:
        raise OSError("no output here")

    scans.after._show = show
    scans.after.say("something")
    assert cell(shell, "41 + 1").result == 42
    assert scans.seen == [1]


def test_there_are_no_cells_in_plain_python() -> None:
    if IN_KERNEL or ("IPython" in sys.modules and sys.modules["IPython"].get_ipython()):
        pytest.skip("this is IPython")
    with pytest.raises(LitestateError, match="checkpoint"):
        AfterCell(print, print).start()


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_idle_time_runs_a_postponed_scan_whatever_the_pace(shell: Any) -> None:
    times: list[float] = []
    pace = Pace(time.monotonic())
    for _ in range(3):
        pace.spent(60.0, time.monotonic())
    debt = pace.due(time.monotonic())
    assert debt > 1000
    after = AfterCell(lambda _: times.append(time.monotonic()), print, pace)
    after.start(shell)

    async def kernel() -> None:
        for _ in range(10):
            cell(shell, "x = 1")
            await asyncio.sleep(IDLE / 5)
        assert not times, "they follow each other"
        ended = time.monotonic()
        # Silent code of a front end is not a cell.
        await asyncio.sleep(IDLE / 5)
        cell(shell, "x", silent=True)
        await asyncio.sleep(2 * IDLE)
        (made,) = times
        assert made - ended < 1.0
        assert not after.pending
        # It delays no cell, so it is not charged.
        assert pace.due(time.monotonic()) <= debt
        await asyncio.sleep(2 * IDLE)
        assert len(times) == 1

    in_loop(kernel())
    after.stop()


def test_scans_in_idle_time_are_not_charged() -> None:
    pace = Pace(0.0)
    for second in range(1, 100):
        pace.idled(0.01, float(second))
    assert pace.due(100.0) == 0


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_cell_that_awaits_is_not_idle_time(shell: Any, scans: Scans) -> None:
    async def kernel() -> None:
        postpone(shell, scans, 60)
        code = "import asyncio; await asyncio.sleep(1.2); scans.now += 1.2"
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert scans.seen == []
        scans.now += IDLE
        await asyncio.sleep(2 * IDLE)
        assert scans.seen == [2]

    in_loop(kernel())


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
@pytest.mark.parametrize("end", ["stop", "pause"])
def test_idle_time_after_stop_and_pause_runs_no_scan(shell: Any, scans: Scans, end: str) -> None:
    async def kernel() -> None:
        postpone(shell, scans, 60)
        getattr(scans.after, end)()
        scans.now += 1000
        cell(shell, "x", silent=True)
        await asyncio.sleep(2 * IDLE)
        assert scans.seen == []

    in_loop(kernel())
