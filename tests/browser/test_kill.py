"""A browser that is killed while it saves loses no acknowledged data."""

from __future__ import annotations

import sys

import pytest
from killing import Run, killer, wrong

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="finds the browser's processes in /proc"
)

KILLS = 3
TRIES = 8
"""Kills in which a store that does it wrong has to be caught; most often it is the first."""


def test_one_whole_generation_is_left_and_never_less_than_the_last_acknowledged() -> None:
    with killer("in_session", seed=20261122) as one:
        runs = [one.run(last=number == KILLS) for number in range(KILLS + 1)]
    assert [wrong(run) for run in runs] == [[] for _ in runs]
    assert runs[-1].found > KILLS


def test_a_store_that_overwrites_in_place_is_caught() -> None:
    with killer("in_place", seed=1) as one:
        assert any(wrong(one.run()) for _ in range(TRIES))


def test_less_than_what_was_acknowledged_is_wrong() -> None:
    assert wrong(Run(before=3, found=2)) == ["generation 3 was acknowledged, and 2 is what is left"]
    assert not wrong(Run(before=3, found=3))
    # It was saved, but the kill prevented the acknowledgment.
    assert not wrong(Run(before=3, found=4))
