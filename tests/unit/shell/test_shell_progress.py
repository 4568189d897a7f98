"""Progress bars: when they appear, and how often they are updated."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from ipython_shells import new_shell
from litestate import output
from litestate.errors import CancelledError
from litestate.shell import progress
from litestate.shell.progress import DELAY, INTERVAL, Meter


class Clock:
    """A replacement for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Recorded:
    """A bar that records its updates."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.updates: list[tuple[float, int]] = []
        self.takes = 0.0
        self.error: Exception | None = None
        self.closed = 0
        self.last: list[int] = []

    def update(self, done: int, *, last: bool = False) -> None:
        self.updates.append((self._clock.now, done))
        self.last += [done] if last else []
        self._clock.now += self.takes
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def made() -> list[Recorded]:
    """List the bars that a test makes."""
    return []


@pytest.fixture
def meter(clock: Clock, made: list[Recorded]) -> Meter:
    def make() -> Recorded:
        made.append(Recorded(clock))
        return made[-1]

    return Meter(make)


def test_short_work_shows_no_bar(clock: Clock, meter: Meter, made: list[Recorded]) -> None:
    for _ in range(100):
        clock.now += DELAY / 101
        meter.advance(1)
    assert made == []
    meter.close()
    assert made == []


def test_the_delay_counts_from_the_start_of_the_work(
    clock: Clock, meter: Meter, made: list[Recorded]
) -> None:
    meter.advance(7)
    clock.now += DELAY
    meter.advance(5)
    [bar] = made
    # Progress before the bar was made counts.
    assert bar.updates == [(1000 + DELAY, 12)]


def test_at_most_one_update_in_each_interval(
    clock: Clock, meter: Meter, made: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sums of it are exact.
    monkeypatch.setattr(progress, "INTERVAL", interval := 0.25)
    clock.now += DELAY
    for _ in range(1000):
        meter.advance(1)
        clock.now += interval / 64
    [bar] = made
    times = [when for when, _ in bar.updates]
    assert len(times) == 1000 // 64 + 1
    assert {later - sooner for sooner, later in pairwise(times)} == {interval}
    assert [done for _, done in bar.updates] == [1 + 64 * number for number in range(len(times))]


def test_updates_do_not_dominate_the_work(clock: Clock, meter: Meter, made: list[Recorded]) -> None:
    """The interval begins when an update is over."""
    clock.now += DELAY
    meter.advance(1)
    [bar] = made
    bar.takes = 10 * INTERVAL
    clock.now += INTERVAL
    meter.advance(1)
    meter.advance(1)
    assert len(bar.updates) == 2
    clock.now += INTERVAL
    meter.advance(1)
    assert [done for _, done in bar.updates] == [1, 2, 4]


def test_close_removes_the_bar(clock: Clock, meter: Meter, made: list[Recorded]) -> None:
    clock.now += DELAY
    meter.advance(1)
    assert made[0].closed == 0
    meter.close()
    assert [bar.closed for bar in made] == [1]


def test_a_cancellation_is_noticed(clock: Clock, meter: Meter, made: list[Recorded]) -> None:
    clock.now += DELAY
    meter.advance(1)
    made[0].error = CancelledError("Saving: cancelled. Nothing was changed.")
    clock.now += INTERVAL
    with pytest.raises(CancelledError) as caught:
        meter.advance(1)
    assert caught.value is made[0].error
    meter.close()
    assert made[0].closed == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_click_after_the_last_update_cancels_before_any_change(
    clock: Clock, meter: Meter, made: list[Recorded]
) -> None:
    meter.finish()
    assert made == []
    clock.now += DELAY
    meter.advance(10)
    meter.advance(5)
    made[0].error = CancelledError("cancelled")
    with pytest.raises(CancelledError):
        meter.finish()
    assert made[0].last == [15]


@pytest.mark.skipif(sys.platform == "emscripten", reason="the site has no terminal")
@pytest.mark.parametrize(("total", "is_shown"), [(0, False), (1000, True)])
def test_work_without_a_size_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, total: int, is_shown: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(progress, "DELAY", 0)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.shown("Checking", total) as advance:
        advance(10)
    assert ("Checking" in terminal.getvalue()) == is_shown
    assert bool(terminal.getvalue()) == is_shown


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """IPython's shell: the kernel's own, or one of this test alone."""
    monkeypatch.setattr(output, "_SPARE", [])
    if (kernels := sys.modules.get("IPython")) and (shell := kernels.get_ipython()):
        yield shell
        return
    with new_shell(as_the_one=True) as shell:
        yield shell


def published(outputs: list[Any]) -> list[tuple[str, bool, str]]:
    """Return each message's output, whether it is an update, and its text."""
    return [
        (output.transient["display_id"], output.update, output.data.get("text/html", ""))
        for output in outputs
    ]


def test_an_output_is_used_again_within_one_cell(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.utils.capture import capture_output

    # Not through run_cell(): in the kernel a cell runs already, which is this test.
    monkeypatch.setattr(shell, "execution_count", 7)
    with capture_output(stdout=False, stderr=False) as captured:
        first = output.Output("text/html", "first")
        first.clear()
        output.Output("text/html", "second")
        output.Output("text/html", "third")
    messages = published(captured.outputs)
    one, other = messages[0][0], messages[3][0]
    assert one != other
    assert messages == [
        (one, False, "first"),
        (one, True, ""),
        (one, True, "second"),
        (other, False, "third"),
    ]


def test_an_output_is_not_used_again_in_the_next_cell(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.utils.capture import capture_output

    monkeypatch.setattr(shell, "execution_count", 7)
    with capture_output(stdout=False, stderr=False) as captured:
        old = output.Output("text/html", "old")
        old.clear()
        monkeypatch.setattr(shell, "execution_count", 8)
        output.Output("text/html", "new")
        monkeypatch.setattr(shell, "execution_count", 7)
        output.Output("text/html", "of a run in between")
    messages = published(captured.outputs)
    assert [(update, text) for _, update, text in messages] == [
        (False, "old"),
        (True, ""),
        (False, "new"),
        (False, "of a run in between"),
    ]
    assert len({output for output, _, _ in messages}) == 3
