"""The pace of checkpoints: they take a small share of the time, whatever cells cost."""

from __future__ import annotations

import pytest
from litestate.shell.pacing import MOST, SHARE, START, USUAL, Pace

PROMISE = 0.025
"""The promised share of checkpoints in the running time."""


def run(pace: Pace, cells: list[tuple[float, float]]) -> tuple[float, list[float], list[float]]:
    """Simulate cells of some lengths, followed by checkpoints of some costs, in seconds.

    Returns the time at the end, the costs of those that were made and the waits before them.
    """
    now, costs, waits = 0.0, [], []
    for length, cost in cells:
        now += length
        wait = pace.due(now)
        waits.append(wait)
        if wait == 0:
            now += cost
            pace.spent(cost, now)
            costs.append(cost)
    return now, costs, waits


def check_bound(now: float, costs: list[float]) -> None:
    assert sum(costs) <= START + SHARE * now + 2 * max(costs, default=0) + 1e-6


def test_the_first_checkpoint_comes_at_once() -> None:
    assert Pace(100.0).due(100.0) == 0


def test_any_cells_and_costs_stay_within_the_share() -> None:
    hypothesis = pytest.importorskip("hypothesis", reason="the kernel has no hypothesis")
    st = hypothesis.strategies
    times = st.floats(0, 100) | st.floats(0, 0.1)

    @hypothesis.given(st.lists(st.tuples(times, times), max_size=100))
    @hypothesis.settings(max_examples=300, deadline=None)
    def check(cells: list[tuple[float, float]]) -> None:
        pace = Pace(0.0)
        made: list[float] = []
        now = 0.0
        for length, cost in cells:
            now += length
            if pace.due(now) == 0:
                now += cost
                pace.spent(cost, now)
                made.append(cost)
            check_bound(now, made)

    check()


def test_a_checkpoint_may_start_after_the_wait() -> None:
    hypothesis = pytest.importorskip("hypothesis", reason="the kernel has no hypothesis")
    st = hypothesis.strategies

    @hypothesis.given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 5)), max_size=50))
    @hypothesis.settings(max_examples=300, deadline=None)
    def check(cells: list[tuple[float, float]]) -> None:
        pace = Pace(0.0)
        made: list[float] = []
        now = 0.0
        for length, cost in cells:
            now += length
            wait = pace.due(now)
            # At most the time in which all checkpoints so far are paid off.
            assert wait <= (sum(made) + MOST) / SHARE
            now += wait
            assert pace.due(now) < 1e-6
            now += cost
            pace.spent(cost, now)
            made.append(cost)
            check_bound(now, made)

    check()


def test_many_fast_cells_stay_within_the_promised_share() -> None:
    for cost in (0.005, 0.03, 0.3):
        now, costs, _ = run(Pace(0.0), [(0.1, cost)] * 36_000)
        assert sum(costs) < PROMISE * now
        # The share is also used.
        assert sum(costs) > 0.8 * SHARE * now


def test_an_expensive_checkpoint_does_not_delay_cheap_ones() -> None:
    pace = Pace(0.0)
    pace.spent(1.2, 1.2)
    _, costs, waits = run(pace, [(2.0, 0.01)] * 20)
    assert max(waits) == 0
    assert len(costs) == 20


def test_cells_in_quick_succession_make_no_debt() -> None:
    pace = Pace(0.0)
    pace.spent(1.2, 1.2)
    wait = pace.due(1.2)
    assert wait == pytest.approx(USUAL / SHARE)
    assert pace.due(1.2 + wait / 2) == pytest.approx(wait / 2)


def test_expensive_checkpoints_wait_for_each_other() -> None:
    pace = Pace(0.0)
    pace.spent(1.2, 1.2)
    pace.spent(1.2, 2.4)
    assert pace.due(2.4) > 1.2 / SHARE
    # Checkpoints that are always expensive stay within the share.
    now, costs, _ = run(pace, [(1.0, 1.2)] * 7200)
    assert sum(costs) < PROMISE * now


def test_a_long_cell_is_not_delayed_by_the_one_before() -> None:
    pace = Pace(0.0)
    pace.spent(3.0, 3.0)
    assert pace.due(3.0 + 30.0) == 0


def test_long_idle_time_pays_for_no_burst() -> None:
    _, costs, _ = run(Pace(0.0), [(24 * 3600.0, 0.01), *[(0.0, 0.01)] * 1000])
    assert sum(costs) <= MOST + 0.02


def test_a_checkpoint_that_costs_more_than_the_credit_limit_is_made() -> None:
    pace = Pace(0.0)
    for end in (10.0, 20.0, 30.0):
        pace.spent(10.0, end)
    wait = pace.due(30.0)
    assert 0 < wait <= (30.0 + MOST) / SHARE
    assert pace.due(30.0 + wait) < 1e-6
