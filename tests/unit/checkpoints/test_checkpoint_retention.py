"""Retention: which checkpoints stay stored, and what a byte budget drops."""

from __future__ import annotations

import random
from typing import Any

import pytest
from faulty_storages import memory, note, save, tree_of
from litestate.checkpoints import Checkpoint, History, Note, Retention
from litestate.checkpoints.store.retention import thin
from litestate.errors import RetentionError

HOUR, DAY = 3600.0, 86400.0
START = 20_000 * DAY


def made(times: list[float], labels: dict[int, str] | None = None) -> list[Checkpoint]:
    return [
        Checkpoint(number, Note(created, "cell", (labels or {}).get(number)), 0)
        for number, created in enumerate(times, 1)
    ]


def retained(checkpoints: list[Checkpoint], **rules: Any) -> list[int]:
    return [checkpoint.number for checkpoint in thin(checkpoints, Retention(**rules))]


def test_the_last_checkpoints_stay() -> None:
    checkpoints = made([START + number for number in range(50)])
    assert retained(checkpoints, hours=0, days=0) == list(range(31, 51))
    assert retained(checkpoints, last=3, hours=0, days=0) == [48, 49, 50]


def test_the_newest_checkpoint_always_stays() -> None:
    assert retained(made([START, START + 1]), last=0, hours=0, days=0) == [2]
    assert retained([]) == []


def test_labelled_checkpoints_stay() -> None:
    checkpoints = made([START + n for n in range(50)], {2: "before the exam", 5: ""})
    assert retained(checkpoints, last=1, hours=0, days=0) == [2, 5, 50]


def test_one_per_hour_and_per_day() -> None:
    # One every ten minutes, for sixty days.
    checkpoints = made([START + number * 600 for number in range(60 * 144)])
    found = retained(checkpoints)
    times = {number: START + (number - 1) * 600 for number in found}
    newest = max(times.values())
    assert found[-20:] == list(range(60 * 144 - 19, 60 * 144 + 1))
    older = found[:-20]
    hours = [number for number in older if times[number] > newest - DAY]
    # 20 checkpoints are 3 hours and 20 minutes; each of the other hours has its last one.
    assert len(hours) == 20
    assert all(times[number] % HOUR == 3000 for number in hours)
    days = [number for number in older if number not in hours]
    assert len(days) == 29
    assert all(times[number] % DAY == DAY - 600 for number in days)
    assert len(found) == 69


def test_thinning_step_by_step_leaves_the_same() -> None:
    checkpoints = made([START + number * 600 for number in range(3000)])
    left: list[Checkpoint] = []
    for checkpoint in checkpoints:
        left = thin([*left, checkpoint], Retention())
    assert [checkpoint.number for checkpoint in left] == retained(checkpoints)


def test_a_wrong_clock_drops_no_additional_checkpoints() -> None:
    right = [START + number * HOUR for number in range(24)]
    ahead = [START + 3650 * DAY + number for number in range(5)]
    behind = [number * 1.0 for number in range(5)]
    found = retained(made(right + ahead + behind + [START + DAY]), last=1)
    assert len(found) > 20
    assert retained(made([-5.0, -4e9, float(2**60), 1e18]), last=1)[-1] == 4


@pytest.mark.parametrize("name", ["last", "hours", "days", "max_bytes"])
@pytest.mark.parametrize("value", [-1, 1.5, True, "20", float("nan")])
def test_invalid_numbers_are_refused(name: str, value: object) -> None:
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(RetentionError, match=f"{name}="):
        Retention(**arguments)


def test_only_some_numbers_may_be_unlimited() -> None:
    arguments: dict[str, Any] = {"last": None}
    with pytest.raises(RetentionError, match="last=None"):
        Retention(**arguments)


def test_a_history_thins_with_every_commit() -> None:
    storage = memory()
    history = History(storage, "nb", Retention(last=2, hours=0, days=0))
    for number in range(1, 8):
        save(history, {"a": b"%d" % number}, label="x" if number == 2 else None)
    assert [checkpoint.number for checkpoint in history.checkpoints] == [2, 6, 7]
    again = History(storage, "nb", Retention())
    assert again.checkpoints == history.checkpoints
    assert tree_of(again, 2) == {"a": b"2"}


def test_a_budget_drops_the_oldest_and_reports_it() -> None:
    chance = random.Random(1)
    pieces = [chance.randbytes(100_000) for _ in range(6)]
    history = History(memory(), "nb", Retention(max_bytes=350_000))
    dropped = []
    for number, piece in enumerate(pieces, 1):
        save(history, {"a": piece}, label="x" if number == 2 else None)
        dropped += [checkpoint.number for checkpoint in history.dropped]
        if number == 1:
            assert not dropped
    assert dropped == [1, 3, 4]
    assert [checkpoint.number for checkpoint in history.checkpoints] == [2, 5, 6]


def test_a_budget_counts_what_is_shared_once() -> None:
    shared = random.Random(1).randbytes(200_000)
    history = History(memory(), "nb", Retention(max_bytes=250_000))
    for number in range(10):
        save(history, {"a": shared, "b": b"%d" % number})
    assert len(history.checkpoints) == 10
    assert history.dropped == ()


def test_a_budget_that_is_too_small_keeps_the_newest() -> None:
    history = History(memory(), "nb", Retention(max_bytes=0))
    for number in range(3):
        save(history, {"a": b"%d" % number}, label="x" if number == 0 else None)
    assert [checkpoint.number for checkpoint in history.checkpoints] == [1, 3]


def test_checkpoints_of_the_future_stay_in_order() -> None:
    history = History(memory(), "nb")
    history.commit(note(created=4e9), [])
    history.commit(note(created=1e9), [])
    assert [checkpoint.note.created for checkpoint in history.checkpoints] == [4e9, 1e9]
