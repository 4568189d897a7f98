"""Crashes: after any of them, the last acknowledged checkpoint or a newer one is whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty_storages import (
    FEWER,
    Journal,
    Retention,
    Tree,
    after_crash,
    images_of,
    memory,
    newest,
    save,
    tree_of,
)
from litestate.checkpoints import History
from litestate.errors import StorageError, StorageFullError
from litestate.storage.folder import DirectoryStorage, open_directory

NOISE = random.Random(4).randbytes(300_000)
KEEP = Retention(last=3, hours=0, days=0)


class Play:
    """A scripted history, with the checkpoint acknowledged at each call."""

    def __init__(self, journal: Journal, retry: bool = False) -> None:
        self.journal = journal
        self.retry = retry
        self.history = History(journal.storage, "nb", KEEP)
        self.trees: dict[int, Tree] = {0: {}}
        self.acknowledged: list[tuple[int, int]] = [(0, 0)]
        self.faults = 0

    def _do(self, action: Callable[[], object]) -> None:
        for _ in range(4):
            try:
                action()
                return
            except StorageError:
                assert self.retry
                self.faults += 1
                number = self.acknowledged[-1][1]
                assert newest(self.history) == number
                assert not number or tree_of(self.history, number) == self.trees[number]
        raise AssertionError("it never works again")

    def save(self, tree: Tree, label: str | None = None) -> None:
        # A checkpoint that is not acknowledged may still exist after a crash.
        number = self.history.checkpoints[-1].number + 1 if self.history.checkpoints else 1
        self.trees[number] = tree

        def action() -> None:
            assert save(self.history, tree, label=label) == number

        self._do(action)
        self.acknowledged.append((len(self.journal.calls), number))

    def run(self) -> None:
        self.save({"a": b"first", "b": NOISE[:150_000]})
        self.save({"a": b"second", "b": NOISE[:150_000]}, label="kept")
        self.save({"a": b"third"})
        self._do(lambda: self.history.put([NOISE[150_000:]]))
        self._do(self.history.rollback)
        self.save({"a": b"fourth", "c": NOISE[140_000:240_000]})
        self.save({"a": b"fifth", "c": NOISE[140_000:240_000], "d": b""})
        self._do(self.history.compact)
        self.save({"a": b"sixth", "c": b"1"})
        self.save({})
        self.save({"a": b"first"})
        self._do(self.history.compact)
        self.save({"a": b"ninth"})
        self._do(self.history.make_room)
        self.save({"a": b"tenth", "b": NOISE[:150_000]})

    def at(self, call: int) -> int:
        """Return the newest checkpoint that was acknowledged before a call."""
        return max(number for when, number in self.acknowledged if when <= call)


@pytest.fixture
def directory(tmp_path: Path) -> DirectoryStorage:
    return open_directory("nb", folder=tmp_path)


def check(history: History, trees: dict[int, Tree], at_least: int) -> None:
    """Assert that every checkpoint is whole."""
    numbers = [checkpoint.number for checkpoint in history.checkpoints]
    assert newest(history) >= at_least
    assert numbers == sorted(set(numbers))
    for number in numbers:
        assert tree_of(history, number) == trees[number], number


def test_a_crash_at_any_call_leaves_one_whole_checkpoint(directory: DirectoryStorage) -> None:
    journal = Journal(directory)
    play = Play(journal)
    play.run()
    directory.close()
    chance = random.Random(7)
    seen = set()
    for count in range(len(journal.calls) + 1):
        for images in list(after_crash(journal, count, chance))[:: min(FEWER, 4)]:
            storage = memory(images)
            history = History(storage, "nb", KEEP)
            check(history, play.trees, play.at(count))
            seen.add(newest(history))
            if play.at(count):
                assert not any("damaged" in problem for problem in history.problems[:-1])
                assert not any("repaired" in problem for problem in history.problems)
            again = History(memory(images_of(storage)), "nb", KEEP)
            assert again.problems == []
            assert newest(again) == newest(history)
            if chance.random() < 0.2:
                before = newest(history)
                assert save(history, {"new": NOISE[:150_000]}) == before + 1
                third = History(memory(images_of(storage)), "nb", KEEP)
                assert tree_of(third, before + 1) == {"new": NOISE[:150_000]}
                assert third.problems == []
    assert seen == set(play.trees)


def test_a_crash_while_a_crash_is_repaired(directory: DirectoryStorage) -> None:
    journal = Journal(directory)
    play = Play(journal)
    play.run()
    directory.close()
    chance = random.Random(8)
    repairs = 0
    for count in range(0, len(journal.calls) + 1, FEWER):
        for images in after_crash(journal, count, chance):
            second = Journal(memory(images))
            History(second.storage, "nb", KEEP)
            repairs += bool(second.calls)
            for end in range(1, len(second.calls) + 1):
                for twice in after_crash(second, end, chance):
                    if chance.random() < 0.6:
                        continue
                    history = History(memory(twice), "nb", KEEP)
                    check(history, play.trees, play.at(count))
    assert repairs > 100 // FEWER


@pytest.mark.parametrize(
    ("part", "error"), [(0.0, StorageError), (0.5, StorageFullError), (1.0, StorageError)]
)
def test_every_call_fails_once(part: float, error: type[StorageError]) -> None:
    faults = 0
    for at in range(200):
        storage = memory()
        journal = Journal(storage)
        journal.fail_at, journal.part, journal.error = at, part, error
        play = Play(journal, retry=True)
        play.run()
        faults += play.faults
        history = History(memory(images_of(storage)), "nb", KEEP)
        check(history, play.trees, play.at(len(journal.calls)))
        assert newest(history) == play.acknowledged[-1][1]
        if journal.failures:
            break
    # A failure to empty the old file, and make_room's own, are not the caller's.
    assert 30 < faults < at < 199


def test_every_call_on_a_real_file_fails_once(tmp_path: Path) -> None:
    for at in range(0, 60, 7):
        directory = open_directory(f"nb {at}", folder=tmp_path)
        journal = Journal(directory)
        journal.fail_at, journal.part = at, 0.3
        play = Play(journal, retry=True)
        play.run()
        directory.close()
        assert not journal.failures
        again = open_directory(f"nb {at}", folder=tmp_path)
        history = History(again, "nb", KEEP)
        check(history, play.trees, play.at(len(journal.calls)))
        again.close()


def test_a_crash_after_a_call_failed_once() -> None:
    chance = random.Random(9)
    for at in range(0, 200, 3 * min(FEWER, 7)):
        journal = Journal(memory())
        journal.fail_at, journal.part = at, chance.random()
        play = Play(journal, retry=True)
        play.run()
        if journal.failures:
            break
        _let_it_fail(journal, at, chance)
        end = len(journal.calls)
        for count in {*range(at, min(at + 7, end)), *range(end - 3, end + 1)}:
            for images in after_crash(journal, count, chance):
                history = History(memory(images), "nb", KEEP)
                check(history, play.trees, play.at(count))
    assert 30 < at < 199


def _let_it_fail(journal: Journal, at: int, chance: random.Random) -> None:
    """Record in the journal what a failed call really did."""
    verb, index, *arguments = journal.calls[at]
    journal.calls[at] = ("nothing", index)
    if verb == "write":
        part = arguments[1][: int(len(arguments[1]) * journal.part)]
        journal.calls[at] = ("write", index, arguments[0], part)
    if verb == "flush":
        # Its data may be lost for good, whatever a later flush reports.
        for before in range(at - 1, -1, -1):
            call = journal.calls[before]
            if call == ("flush", index):
                break
            if call[1] == index and chance.random() < 0.7:
                journal.calls[before] = ("nothing", index)


def test_discarded_records_do_not_come_back() -> None:
    journal = Journal(memory())
    history = History(journal.storage, "nb")
    save(history, {"a": b"first"})
    # The flush behind the commit record: all of it is written.
    journal.fail_at = len(journal.calls) + 3
    given_up = {"one": NOISE[:100]}
    with pytest.raises(StorageError):
        save(history, given_up)
    assert journal.calls[-1][0] == "flush"
    journal.calls[-1] = ("nothing", 0)
    start = len(journal.calls)
    history.rollback()
    # Records of the same lengths.
    later = {"two": NOISE[100:200]}
    assert save(history, later) == 2
    chance = random.Random(10)
    for count in range(start, len(journal.calls) + 1):
        for _ in range(max(20 // FEWER, 2)):
            for images in after_crash(journal, count, chance):
                again = History(memory(images), "nb")
                if newest(again) == 2:
                    assert tree_of(again, 2) in (given_up, later)


def test_a_failed_compaction_that_leaves_both_logs_is_harmless() -> None:
    storage = memory()
    journal = Journal(storage)
    history = History(journal.storage, "nb")
    save(history, {"a": b"first"})
    before = len(journal.calls)
    history.compact()
    switch = journal.calls[before:].index(("flush", 1))
    assert journal.calls[before + switch + 1][:3] == ("write", 1, 0)
    history = History((journal := Journal(storage)).storage, "nb")
    # Now to the first file: the flush behind the header fails, and so does emptying it.
    journal.fail_at, journal.failures = switch + 2, 2
    with pytest.raises(StorageError):
        history.compact()
    first, second = images_of(storage)
    assert first[:8] == second[:8]
    assert save(history, {"a": b"second"}) == 2
    again = History(memory(images_of(storage)), "nb")
    assert tree_of(again, 2) == {"a": b"second"}
    assert not again.problems


def test_everything_can_be_read_after_all_writes_fail(
    directory: DirectoryStorage,
) -> None:
    journal = Journal(directory)
    history = History(journal.storage, "nb")
    save(history, {"a": b"first", "b": NOISE})
    journal.fail_at, journal.failures = 0, float("inf")
    for _ in range(3):
        with pytest.raises(StorageError):
            save(history, {"a": b"second", "b": NOISE})
        with pytest.raises(StorageError):
            history.compact()
        assert tree_of(history, 1) == {"a": b"first", "b": NOISE}
        assert newest(history) == 1
    journal.fail_at = float("inf")
    assert save(history, {"a": b"third"}) == 2
    assert tree_of(History(directory, "nb"), 2) == {"a": b"third"}
