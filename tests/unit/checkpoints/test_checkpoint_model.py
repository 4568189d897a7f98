"""Random operations on a history, compared with a model: stored checkpoints stay as saved."""

from __future__ import annotations

import random
from typing import Any

import pytest

try:
    from hypothesis import settings
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
except ImportError:
    pytest.skip("hypothesis is not in the site's kernel", allow_module_level=True)

from faulty_storages import (
    Files,
    Journal,
    after_crash,
    content_of,
    entry,
    images_of,
    memory,
    note,
    tree_of,
)
from litestate.checkpoints import Content, History, Retention
from litestate.checkpoints.store.retention import thin
from litestate.errors import StorageError

NOISE = random.Random(31).randbytes(200_000)
CONTENTS = st.one_of(
    st.binary(max_size=20),
    st.tuples(st.integers(0, 150_000), st.integers(0, 140_000)).map(
        lambda place: NOISE[place[0] : place[0] + place[1]]
    ),
    st.integers(0, 200_000).map(bytes),
)
NAMES = st.sampled_from("abcdef")


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.committed: dict[int, dict[str, bytes]] = {}
        self.tree: dict[str, bytes] = {}
        self.known: dict[str, tuple[Content, tuple[int, ...]]] = {}
        self.last = 0
        self.time = 1.8e9
        self.open(memory())

    def open(self, storage: Files) -> None:
        self.journal = Journal(storage)
        self.history = History(self.journal.storage, "nb", Retention(3, 2, 2))
        self.known = {}

    @rule(name=NAMES, data=CONTENTS)
    def change(self, name: str, data: bytes) -> None:
        self.tree = {**self.tree, name: data}

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        self.tree = {each: data for each, data in self.tree.items() if each != name}

    @rule(
        later=st.sampled_from([0, 60, 3600, 86400, -7200]),
        label=st.sampled_from([None] * 4 + ["x"]),
    )
    def commit(self, later: int, label: str | None) -> None:
        self.time += later
        about = note(created=self.time, label=label)
        for name, data in self.tree.items():
            like, prints = self.known.get(name, (None, ()))
            self.known[name] = self.history.put([data], like=like, prints=prints)
        entries = [entry(name, self.known[name][0]) for name in self.tree]
        made = self.history.commit(about, entries)
        self.last += 1
        assert made.number == self.last
        self.committed[made.number] = self.tree
        self._thin()

    def _thin(self) -> None:
        numbers = [each.number for each in self.history.checkpoints]
        assert numbers[-1] == self.last
        # Repeated thinning may keep more than thinning all checkpoints at once.
        assert thin(self.history.checkpoints, Retention(3, 2, 2)) == self.history.checkpoints
        assert set(numbers) <= self.committed.keys()
        assert sorted(self.committed)[-3:] == numbers[-3:]
        self.committed = {number: self.committed[number] for number in numbers}

    @rule(data=CONTENTS)
    def put_and_roll_back(self, data: bytes) -> None:
        content, _ = self.history.put([data])
        assert content_of(self.history, content) == data
        self.history.rollback()

    @rule()
    def compact(self) -> None:
        size = self.history.size
        won = self.history.compact()
        assert size - won == self.history.size

    @rule()
    def make_room(self) -> None:
        self.history.make_room()
        if self.committed:
            self._thin_to(self.history)

    def _thin_to(self, history: History) -> None:
        numbers = [each.number for each in history.checkpoints]
        assert numbers[-1] == self.last
        labelled = [each.number for each in history.checkpoints if each.note.label]
        assert set(labelled) <= set(numbers) <= self.committed.keys()
        self.committed = {number: self.committed[number] for number in numbers}

    @rule()
    def reopen(self) -> None:
        self.open(memory(images_of(self.journal.storage)))
        assert not self.history.problems

    @precondition(lambda self: self.committed)
    @rule(seed=st.integers(0, 2**32), back=st.integers(0, 6))
    def crash(self, seed: int, back: int) -> None:
        chance = random.Random(seed)
        calls = len(self.journal.calls)
        # Data flushed at the end must be there.
        images = chance.choice(list(after_crash(self.journal, calls, chance)))
        self.open(memory(images))
        self._thin_to(self.history)
        # Data flushed before is whole, too.
        for image in after_crash(self.journal, max(calls - back, 0), chance):
            History(memory(image), "nb")

    @rule(at=st.integers(0, 5), part=st.floats(0, 1))
    def fail_and_try_again(self, at: int, part: float) -> None:
        self.journal.fail_at = len(self.journal.calls) + at
        self.journal.failures, self.journal.part = 1, part
        action: Any = random.Random(at).choice([self.history.compact, self._commit_once])
        try:
            action()
        except StorageError:
            self.history.rollback()
        self.journal.fail_at = float("inf")

    def _commit_once(self) -> None:
        content, _ = self.history.put([NOISE[5:99_999]])
        made = self.history.commit(note(created=self.time), [entry("once", content)])
        self.last += 1
        assert made.number == self.last
        self.committed[made.number] = {"once": NOISE[5:99_999]}
        self._thin()

    @invariant()
    def every_stored_checkpoint_is_whole(self) -> None:
        assert [each.number for each in self.history.checkpoints] == list(self.committed)
        for number, tree in self.committed.items():
            assert tree_of(self.history, number) == tree


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
