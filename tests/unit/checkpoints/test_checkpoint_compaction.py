"""Compaction: stored checkpoints move to the other file, also for open readers."""

from __future__ import annotations

import random

import pytest
from faulty_storages import (
    ALL,
    Files,
    Quota,
    content_of,
    entry,
    images_of,
    memory,
    note,
    save,
    tree_of,
)
from litestate.checkpoints import CHUNK, History, Retention
from litestate.checkpoints.store.log_format import read_file_header
from litestate.errors import StorageFullError

NOISE = random.Random(21).randbytes(500_000)


def test_compaction_copies_stored_checkpoints_to_the_other_file() -> None:
    storage = memory()
    history = History(storage, "nb", Retention(last=2, hours=0, days=0))
    for number in range(1, 6):
        save(history, {"a": NOISE[: number * 80_000], "b": random.Random(number).randbytes(90_000)})
    before, checkpoints = history.size, list(history.checkpoints)
    contents = [each.content for each in history.entries(5)]
    won = history.compact()
    first, second = images_of(storage)
    assert first == b""
    assert len(second) == history.size == before - won
    assert won > 200_000
    assert history.checkpoints == checkpoints
    assert [content_of(history, content) for content in contents] == [
        NOISE[:400_000],
        random.Random(5).randbytes(90_000),
    ]
    again = History(storage, "nb")
    assert not again.problems
    assert again.checkpoints == checkpoints
    assert tree_of(again, 4)["a"] == NOISE[:320_000]
    assert tree_of(again, 5)["a"] == NOISE[:400_000]
    head = read_file_header(second[:64])
    assert head
    assert head.generation == 2


def test_notes_and_sizes_are_preserved() -> None:
    history = History(memory(), "nb", ALL)
    save(history, {"a": NOISE}, label="x", cause="asked")
    history.commit(note(cause="again"), history.entries(1))
    before = list(history.checkpoints)
    history.compact()
    again = History(memory(images_of(history._storage)), "nb")
    assert again.checkpoints == before


def test_stored_contents_stay_valid_and_dropped_ones_do_not() -> None:
    history = History(memory(), "nb", Retention(last=1, hours=0, days=0))
    old, prints = history.put([NOISE])
    history.commit(note(), [entry("a", old)])
    new, _ = history.put([NOISE[: 3 * CHUNK]], like=old, prints=prints)
    history.commit(note(), [entry("a", new)])
    history.compact()
    assert new.whole
    assert not old.whole
    assert content_of(history, new) == NOISE[: 3 * CHUNK]
    # Dropped content is written again, although its fingerprints are known.
    again, _ = history.put([NOISE], like=old, prints=prints)
    assert again.chunks[:3] == new.chunks
    history.commit(note(), [entry("a", again)])
    assert tree_of(History(memory(images_of(history._storage)), "nb"), 3) == {"a": NOISE}


def test_compaction_while_a_content_is_read() -> None:
    history = History(memory(), "nb", Retention(last=1, hours=0, days=0))
    save(history, {"x": random.Random(1).randbytes(300_000)})
    # Chunks that lie apart: those of the second one are between them.
    tree = {"a": NOISE[:CHUNK], "c": NOISE[2 * CHUNK : 3 * CHUNK]}
    save(history, tree)
    save(history, {"all": NOISE, **tree})
    content = history.entries(3)[0].content
    pieces = history.read(content)
    found = [next(pieces)]
    history.compact()
    found.append(next(pieces))
    save(history, {"all": NOISE, "y": random.Random(2).randbytes(200_000)})
    history.compact()
    assert b"".join([*found, *pieces]) == NOISE


def test_compaction_discards_pending_contents() -> None:
    history = History(memory(), "nb")
    save(history, {"a": b"1"})
    content, _ = history.put([NOISE])
    history.compact()
    assert not content.whole
    assert save(history, {"a": NOISE}) == 2
    assert tree_of(history, 2) == {"a": NOISE}


def test_compaction_of_an_empty_history() -> None:
    storage = memory()
    history = History(storage, "nb")
    assert history.compact() == 0
    assert history.make_room() == 0
    assert not history.wants_compaction()
    assert images_of(storage) == (b"", b"")


def test_compaction_is_worth_it_when_more_than_half_is_unused() -> None:
    history = History(memory(), "nb", Retention(last=1, hours=0, days=0))
    chance = random.Random(5)
    save(history, {"a": chance.randbytes(5 << 20)})
    save(history, {"a": chance.randbytes(5 << 20)})
    # Most bytes are unused, but they are few.
    assert not history.wants_compaction()
    save(history, {"a": chance.randbytes(5 << 20)})
    assert history.wants_compaction()
    assert history.compact() > 10 << 20
    assert not history.wants_compaction()
    history = History(memory(), "nb", ALL)
    for _ in range(3):
        save(history, {"a": chance.randbytes(5 << 20)})
    assert not history.wants_compaction()


def test_compaction_is_worth_it_sooner_over_a_budget() -> None:
    chance = random.Random(6)
    big = chance.randbytes(12 << 20)
    for budget, wanted in ((None, False), (50 << 20, False), (15 << 20, True)):
        history = History(memory(), "nb", Retention(1, 0, 0, budget))
        save(history, {"a": big, "b": chance.randbytes(9 << 20)})
        save(history, {"a": big})
        assert history.wants_compaction() is wanted


def test_compaction_without_room_for_a_copy_changes_nothing() -> None:
    disk: list[Quota] = []
    storage = Files((Quota(disk, 900_000), Quota(disk, 900_000)))
    history = History(storage, "nb", Retention(last=1, hours=0, days=0))
    save(history, {"a": NOISE[:100_000]})
    save(history, {"a": NOISE})
    before = images_of(storage)
    for _ in range(2):
        with pytest.raises(StorageFullError):
            history.compact()
        assert images_of(storage) == before
    assert tree_of(history, 2) == {"a": NOISE}
    assert save(history, {"a": NOISE, "b": b"2"}) == 3


def test_many_chunks_and_records() -> None:
    history = History(memory(), "nb", Retention(last=1, hours=0, days=0))
    tree = {f"{number}": b"%d" % number for number in range(5000)}
    save(history, tree)
    tree |= {f"{number}": b"odd %d" % number for number in range(1, 5000, 2)}
    save(history, tree)
    history.compact()
    again = History(memory(images_of(history._storage)), "nb")
    assert tree_of(again, 2) == tree
