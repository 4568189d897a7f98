"""Looks after cells: when, after which, and never in one; in IPython's own shell."""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from litestate.after_cell import IDLE, AfterCell
from litestate.errors import LitestateError, SourceError
from litestate.pacing import Pace
from shells import new_shell

IN_KERNEL = sys.platform == "emscripten"

ONE_LOOP = "the kernel has one loop, which is running, and this test is a cell of it"


class Looks:
    """What an AfterCell does, with a clock that only moves when somebody says so.

    Attributes
    ----------
    seen : list
        Cell numbers that were looked at.
    told : list of str
        What the person was told.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.cost = 0.0
        self.error: BaseException | None = None
        self.seen: list[int | None] = []
        self.told: list[str] = []
        self.after = AfterCell(self.look, self.told.append, Pace(0.0), lambda: self.now)

    def look(self, number: int | None) -> None:
        self.seen.append(number)
        self.now += self.cost
        if self.error:
            raise self.error


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell of this test alone, beside the kernel's own where there is one."""
    with new_shell() as shell:
        yield shell


@pytest.fixture
def looks(shell: Any) -> Iterator[Looks]:
    looks = Looks()
    looks.after.start(shell)
    shell.user_ns["looks"] = looks
    yield looks
    looks.after.stop()


def cell(shell: Any, code: str, **options: Any) -> Any:
    return shell.run_cell(code, store_history=True, **options)


def in_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop, as the cells of ipykernel and Pyodide are."""

    async def bounded() -> None:
        await asyncio.wait_for(coroutine, 20)

    asyncio.run(bounded())


def test_every_cell_is_followed_by_a_look(shell: Any, looks: Looks) -> None:
    cell(shell, "x = 1")
    cell(shell, "1 / 0")
    cell(shell, "def (")
    cell(shell, "raise SystemExit")
    cell(shell, "raise KeyboardInterrupt")
    assert looks.seen == [1, 2, 3, 4, 5]
    assert not looks.told


def test_what_runs_silently_or_in_a_cell_is_no_cell(shell: Any, looks: Looks) -> None:
    shell.user_ns["shell"] = shell
    cell(shell, "x = 1", silent=True)
    assert looks.seen == []
    cell(
        shell,
        "shell.run_cell('y = 1', store_history=True)\n"
        "shell.run_cell('z = 1', silent=True)\n"
        "seen_inside = list(looks.seen)",
    )
    assert shell.user_ns["seen_inside"] == []
    assert len(looks.seen) == 1


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_cell_that_awaits_is_one_cell_however_it_is_run(shell: Any, looks: Looks) -> None:
    code = "import asyncio; await asyncio.sleep(0.01); seen_inside = list(looks.seen)"
    # In a terminal.
    cell(shell, code)
    assert looks.seen == [1]

    async def kernel() -> None:
        # As ipykernel and JupyterLite's kernel do; the latter without the event at its end.
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert looks.seen == [1, 2]
        assert shell.user_ns["seen_inside"] == [1]
        failing = f"{code}; 1 / 0"
        await shell.run_cell_async(failing, store_history=True, transformed_cell=failing)
        assert looks.seen == [1, 2, 3]

    in_loop(kernel())


def test_the_cell_that_starts_it_counts(shell: Any) -> None:
    looks = Looks()
    shell.user_ns.update(looks=looks, shell=shell)
    cell(
        shell,
        "looks.after.start(shell)\n"
        "shell.run_cell('y = 1', store_history=True)\n"
        "seen_inside = list(looks.seen)",
    )
    assert shell.user_ns["seen_inside"] == []
    # The number is that of this cell, not of the one that it ran.
    assert looks.seen == [1]
    cell(shell, "x = 1")
    assert len(looks.seen) == 2
    looks.after.stop()


def test_started_between_cells_it_waits_for_the_next(shell: Any, looks: Looks) -> None:
    assert looks.seen == []
    cell(shell, "x = 1")
    assert looks.seen == [1]


def test_the_second_one_replaces_the_first(shell: Any, looks: Looks) -> None:
    other = Looks()
    shell.user_ns.update(other=other, shell=shell)
    cell(shell, "other.after.start(shell)")
    cell(shell, "x = 1")
    assert looks.seen == []
    assert not looks.after.active
    assert other.seen == [1, 2]
    other.after.stop()


def test_stop_leaves_the_shell_as_it_was(shell: Any) -> None:
    before = {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()}
    looks = Looks()
    shell.user_ns.update(looks=looks, shell=shell)
    looks.after.start(shell)
    looks.after.stop()
    cell(shell, "looks.after.start(shell)\nlooks.after.stop()")
    looks.after.start(shell)
    cell(shell, "looks.after.stop()")
    cell(shell, "x = 1")
    assert looks.seen == []
    assert "run_cell" not in vars(shell)
    assert "run_cell_async" not in vars(shell)
    assert shell.events.callbacks == before


def test_somebody_elses_wrapper_still_works_after_stop(shell: Any, looks: Looks) -> None:
    ours = shell.run_cell
    theirs = shell.run_cell = functools.wraps(ours)(functools.partial(ours))
    looks.after.stop()
    assert shell.run_cell is theirs
    cell(shell, "x = 5")
    assert shell.user_ns["x"] == 5
    assert looks.seen == []


def test_what_the_pace_puts_off_is_made_up_for_by_a_later_cell(shell: Any, looks: Looks) -> None:
    looks.cost = 1.0
    for _ in range(5):
        cell(shell, "x = 1")
    assert looks.seen == [1]
    assert looks.after.pending
    # It is in debt, but so much time has passed.
    looks.now += 60
    cell(shell, "x = 1")
    assert looks.seen == [1, 6]
    assert not looks.after.pending


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_what_the_pace_puts_off_comes_by_itself(shell: Any) -> None:
    seen: list[tuple[int | None, float]] = []

    def look(number: int | None) -> None:
        seen.append((number, time.monotonic()))
        time.sleep(0.02)

    after = AfterCell(look, print, Pace(time.monotonic(), share=0.2))
    after.start(shell)

    async def kernel() -> None:
        made = 0
        while not after._timer:
            cell(shell, "x = 1")
            made += 1
        assert len(seen) == made - 1
        await asyncio.sleep(1.0)
        # Once, for the last cell; then there is nothing to be done any more.
        assert [number for number, _ in seen] == list(range(1, made + 1))
        assert after._timer is None

    in_loop(kernel())
    after.stop()


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
@pytest.mark.parametrize("end", ["stop", "pause"])
def test_nothing_comes_by_itself_after_stop_and_pause(shell: Any, looks: Looks, end: str) -> None:
    async def kernel() -> None:
        put_off(shell, looks, 0.05)
        getattr(looks.after, end)()
        assert looks.after._timer is None
        looks.now += 1000
        await asyncio.sleep(0.2)
        assert looks.seen == []

    in_loop(kernel())


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_timer_never_looks_while_a_cell_runs(shell: Any, looks: Looks) -> None:
    async def kernel() -> None:
        put_off(shell, looks, 0.05)
        looks.now += 1000
        code = "import asyncio; await asyncio.sleep(0.3); seen_inside = list(looks.seen)"
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert shell.user_ns["seen_inside"] == []
        assert looks.seen == [2]
        await asyncio.sleep(0.1)
        assert looks.seen == [2]

        put_off(shell, looks, 60)
        cell(shell, "timer_inside = looks.after._timer")
        assert shell.user_ns["timer_inside"] is None
        assert looks.after._timer

        # Also not if it fires before anything could cancel it.
        put_off(shell, looks, 60)
        code = "looks.now += 1000; looks.after._due(); seen_inside = list(looks.seen)"
        before = list(looks.seen)
        cell(shell, code)
        assert shell.user_ns["seen_inside"] == before

    in_loop(kernel())


def put_off(shell: Any, looks: Looks, seconds: float) -> None:
    """Run a cell whose look is due in so many seconds, by the real clock of the loop."""
    pace = looks.after._pace = Pace(looks.now, share=1.0)
    for _ in range(4):
        pace.spent(seconds, looks.now)
    before = len(looks.seen)
    cell(shell, "x = 1")
    assert len(looks.seen) == before
    assert looks.after._timer


def test_a_pause_ends_with_what_was_left_undone(shell: Any, looks: Looks) -> None:
    looks.after.pause()
    cell(shell, "x = 1")
    assert looks.seen == []
    assert looks.after.pending
    cell(shell, "looks.after.resume()")
    assert looks.seen == [2]


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_pause_may_end_between_cells(shell: Any, looks: Looks) -> None:
    async def kernel() -> None:
        looks.after.pause()
        cell(shell, "x = 1")
        looks.after.resume()
        await asyncio.sleep(0.1)
        assert looks.seen == [1]

    in_loop(kernel())


def test_an_error_is_told_once_and_the_next_cell_tries_again(shell: Any, looks: Looks) -> None:
    looks.error = SourceError("The disk is full.")
    result = cell(shell, "41 + 1")
    assert result.success
    assert result.result == 42
    assert looks.told == [
        "Autosave: The disk is full. It is tried again after the next cell.",
    ]
    cell(shell, "x = 1")
    assert looks.seen == [1, 2]
    assert len(looks.told) == 1
    looks.error = ZeroDivisionError("division by zero")
    cell(shell, "x = 1")
    assert "ZeroDivisionError: division by zero" in looks.told[1]
    # What failed again after it had worked is news.
    looks.error = None
    cell(shell, "x = 1")
    looks.error = SourceError("The disk is full.")
    cell(shell, "x = 1")
    assert looks.told[2:] == looks.told[:1]
    assert looks.seen == [1, 2, 3, 4, 5]


def test_an_interrupt_in_a_look_is_safe(shell: Any, looks: Looks) -> None:
    looks.error = KeyboardInterrupt()
    result = cell(shell, "41 + 1")
    assert result.success
    assert "interrupted" in looks.told[0]
    assert looks.after.pending
    looks.error = None
    cell(shell, "x = 1")
    assert looks.seen == [1, 2]
    assert not looks.after.pending


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_what_happens_between_cells_is_told_after_the_next(shell: Any, looks: Looks) -> None:
    async def kernel() -> None:
        put_off(shell, looks, 0.05)
        looks.error = SourceError("The disk is full.")
        looks.now += 1000
        await asyncio.sleep(0.3)
        assert looks.seen == [1]
        assert looks.told == []
        # It does not try again before there is something new.
        assert looks.after._timer is None
        looks.error = None
        cell(shell, "x = 1")
        assert len(looks.told) == 1

    in_loop(kernel())


def test_an_output_that_cannot_be_shown_breaks_nothing(shell: Any, looks: Looks) -> None:
    def tell(sentence: str) -> None:
        raise OSError("no output here")

    looks.after._tell = tell
    looks.after.say("something")
    assert cell(shell, "41 + 1").result == 42
    assert looks.seen == [1]


def test_there_are_no_cells_in_plain_python() -> None:
    if IN_KERNEL or ("IPython" in sys.modules and sys.modules["IPython"].get_ipython()):
        pytest.skip("this is IPython")
    with pytest.raises(LitestateError, match="checkpoint"):
        AfterCell(print, print).start()


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_rest_is_enough_whatever_the_pace_says(shell: Any) -> None:
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
        # What a front end runs for itself is no cell.
        await asyncio.sleep(IDLE / 5)
        cell(shell, "x", silent=True)
        await asyncio.sleep(2 * IDLE)
        (made,) = times
        assert made - ended < 1.0
        assert not after.pending
        # It takes no time from cells, so it is not paid for.
        assert pace.due(time.monotonic()) <= debt
        await asyncio.sleep(2 * IDLE)
        assert len(times) == 1

    in_loop(kernel())
    after.stop()


def test_rests_do_not_use_up_what_cells_may_have() -> None:
    pace = Pace(0.0)
    for second in range(1, 100):
        pace.idled(0.01, float(second))
    assert pace.due(100.0) == 0


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
def test_a_cell_that_awaits_is_no_rest(shell: Any, looks: Looks) -> None:
    async def kernel() -> None:
        put_off(shell, looks, 60)
        code = "import asyncio; await asyncio.sleep(1.2); looks.now += 1.2"
        await shell.run_cell_async(code, store_history=True, transformed_cell=code)
        assert looks.seen == []
        looks.now += IDLE
        await asyncio.sleep(2 * IDLE)
        assert looks.seen == [2]

    in_loop(kernel())


@pytest.mark.skipif(IN_KERNEL, reason=ONE_LOOP)
@pytest.mark.parametrize("end", ["stop", "pause"])
def test_a_rest_after_stop_and_pause_stores_nothing(shell: Any, looks: Looks, end: str) -> None:
    async def kernel() -> None:
        put_off(shell, looks, 60)
        getattr(looks.after, end)()
        looks.now += 1000
        cell(shell, "x", silent=True)
        await asyncio.sleep(2 * IDLE)
        assert looks.seen == []

    in_loop(kernel())
