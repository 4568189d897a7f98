"""Damaged logs: whole checkpoints are found, and every loss is reported."""

from __future__ import annotations

import random
import re
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from faulty_storages import (
    ALL,
    FEWER,
    Images,
    content_of,
    images_of,
    memory,
    newest,
    put,
    save,
    tree_of,
)
from litestate.bundle.manifest import Scope, Skipped
from litestate.checkpoints import Checkpoint, Entry, History, Note, Retention
from litestate.checkpoints.store import chunks, log_format, retention
from litestate.checkpoints.store.log_format import COMMIT, DATA, HEADER, Header
from litestate.errors import DamagedCheckpointError, LitestateError, NewerCheckpointsError

NOISE = random.Random(5).randbytes(200_000)
TREES = {
    1: {"a": b"first", "noise": NOISE},
    2: {"a": b"second", "noise": NOISE, "text": b"some text " * 100},
    3: {"a": b"third", "noise": NOISE, "table": b"1234567890" * 30},
}
FILE_ID = b"the file"


@cache
def log() -> tuple[bytes, list[int]]:
    """A log of three checkpoints, and the end of each."""
    storage = memory()
    history = History(storage, "nb", ALL)
    ends = [0]
    for tree in TREES.values():
        save(history, tree)
        ends.append(history.size)
    return images_of(storage)[0], ends


def opened(image: bytes, writable: bool = True) -> History:
    return History(memory((image, b""), writable), "nb", ALL)


def check(history: History) -> int:
    """Assert that all checkpoints are whole, and return the newest number."""
    for checkpoint in history.checkpoints:
        assert tree_of(history, checkpoint.number) == TREES[checkpoint.number]
    return newest(history)


def test_a_log_cut_at_every_byte_of_the_last_checkpoint() -> None:
    image, ends = log()
    for end in range(ends[2], ends[3], FEWER):
        history = opened(image[:end])
        assert check(history) == 2
        assert len(history.checkpoints) == 2
        assert len(history.problems) == (end > ends[2])
        if end > ends[2]:
            assert f"last {end - ends[2]:,} bytes" in history.problems[0]
        assert history.size == ends[2]


def test_a_log_cut_in_the_first_checkpoint() -> None:
    image, ends = log()
    for end in (*range(0, 200, FEWER), *range(200, ends[1], 997 * FEWER), ends[1] - 1):
        storage = memory((image[:end], b""))
        history = History(storage, "nb")
        assert history.checkpoints == []
        assert len(history.problems) == (end > 0)
        assert images_of(storage) == (b"", b"")
        assert save(history, {"a": b"1"}) == 1


def test_damage_to_every_byte_of_the_last_checkpoint() -> None:
    image, ends = log()
    chance = random.Random(1)
    for at in range(ends[2], ends[3], FEWER):
        damaged = bytearray(image)
        damaged[at] ^= chance.randrange(1, 256)
        history = opened(bytes(damaged))
        check_losses_are_reported(history)


def check_losses_are_reported(history: History) -> None:
    """Assert that every loss is reported."""
    reported = bool(history.problems)
    assert newest(history) in (2, 3) or reported
    whole = 0
    for number, saved in TREES.items():
        try:
            tree = {
                each.relative: (each.content, content_of(history, each.content))
                for each in history.entries(number)
            }
        except LitestateError:
            reported = True
        else:
            assert {name: data for name, (_, data) in tree.items()} == saved
            whole += 1
    assert whole == 3 or reported


def test_damage_to_a_byte_anywhere() -> None:
    image, _ = log()
    chance = random.Random(2)
    offsets = {*range(0, 128, FEWER), *(chance.randrange(len(image)) for _ in range(700 // FEWER))}
    for at in offsets:
        damaged = bytearray(image)
        damaged[at] ^= 1 << chance.randrange(8)
        history = opened(bytes(damaged))
        assert newest(history) == 3 or history.problems
        check_losses_are_reported(history)
        number = newest(history)
        assert save(history, {"a": b"more", "noise": NOISE}) == number + 1
        assert tree_of(history, number + 1) == {"a": b"more", "noise": NOISE}


def test_damage_to_many_bytes() -> None:
    image, _ = log()
    chance = random.Random(3)
    for _ in range(300 // FEWER):
        damaged = bytearray(image)
        for _ in range(chance.randrange(1, 6)):
            at, length = chance.randrange(len(image)), chance.choice([1, 64, 1000, 70_000])
            piece = chance.choice([bytes(length), chance.randbytes(length), b""])
            damaged[at : at + length] = piece
        history = opened(bytes(damaged))
        check_losses_are_reported(history)
        saved = save(history, {"noise": NOISE})
        assert tree_of(history, saved) == {"noise": NOISE}


def test_a_damaged_header_of_the_file_is_repaired() -> None:
    image, _ = log()
    for at in range(0, HEADER, FEWER):
        damaged = bytearray(image)
        damaged[at] ^= 0x40
        storage = memory((bytes(damaged), b""))
        history = History(storage, "nb", ALL)
        assert check(history) == 3
        assert "was repaired" in history.problems[0]
        again = History(memory(images_of(storage)), "nb", ALL)
        assert check(again) == 3
        assert not again.problems


def test_a_damaged_record_in_the_middle_loses_only_itself() -> None:
    image, ends = log()
    damaged = bytearray(image)
    # The table of the second checkpoint's new data.
    damaged[ends[1] + HEADER] ^= 1
    history = opened(bytes(damaged))
    assert [checkpoint.number for checkpoint in history.checkpoints] == [1, 2, 3]
    assert len(history.problems) == 2
    assert "Checkpoint 2 is no longer complete" in history.problems[1]
    found = {each.relative: each.content for each in history.entries(2)}
    assert {name: content.whole for name, content in found.items()} == {
        "a": False,
        "noise": True,
        "text": False,
    }
    assert content_of(history, found["noise"]) == NOISE
    with pytest.raises(DamagedCheckpointError, match="from byte 0 on is damaged"):
        content_of(history, found["text"])
    with pytest.raises(DamagedCheckpointError, match="home/a cannot be part"):
        history.commit(history.checkpoints[0].note, history.entries(2))
    assert tree_of(history, 1) == TREES[1]
    assert tree_of(history, 3) == TREES[3]
    history.compact()
    assert history.entries(2)[1].content == found["noise"]
    assert not history.entries(2)[0].content.whole
    assert tree_of(history, 3) == TREES[3]


def test_a_damaged_commit_in_the_middle_is_lost() -> None:
    image, ends = log()
    damaged = bytearray(image)
    damaged[ends[2] - 1] ^= 1
    history = opened(bytes(damaged))
    assert [checkpoint.number for checkpoint in history.checkpoints] == [1, 3]
    assert history.problems == ["Checkpoint 2 is lost."]
    assert check(history) == 3


def test_damaged_content_is_written_again() -> None:
    image, ends = log()
    damaged = bytearray(image)
    damaged[image.index(NOISE[70_000:70_100])] ^= 1
    history = opened(bytes(damaged))
    assert not history.problems
    contents = {each.relative: each.content for each in history.entries(3)}
    pieces = history.read(contents["noise"])
    assert next(pieces) == NOISE[:65_536]
    with pytest.raises(DamagedCheckpointError, match="from byte 65,536 on"):
        next(pieces)
    content, prints = history.put([NOISE], like=contents["noise"])
    assert content.chunks[0] is contents["noise"].chunks[0]
    assert content.chunks[1] is not contents["noise"].chunks[1]
    assert content_of(history, content) == NOISE
    # Nor is it taken from the content given as `like`.
    again, _ = history.put([NOISE], like=contents["noise"], prints=prints)
    assert again == content
    assert ends[3] < history.size


def test_no_new_checkpoint_refers_to_damaged_chunks() -> None:
    image, ends = log()
    for other in (5, ends[1] + HEADER, ends[2] - 1):
        damaged = bytearray(image)
        damaged[image.index(NOISE[70_000:70_100])] ^= 1
        damaged[other] ^= 1
        history = opened(bytes(damaged))
        assert history.problems
        content, _ = history.put([NOISE])
        assert content_of(history, content) == NOISE


def test_a_log_in_a_log_is_content() -> None:
    image, _ = log()
    storage = memory()
    history = History(storage, "nb")
    save(history, {"log": NOISE[:10] + image})
    save(history, {"log": image, "a": b"2"})
    start = history.size
    # A copy of itself, in which the records are those of this very file.
    save(history, {"log": NOISE[:77] + images_of(storage)[0]})
    save(history, {"a": b"4"})
    found = bytearray(images_of(storage)[0])
    for at in (HEADER, HEADER + 8, HEADER + HEADER + 1, start, start + 5, start + HEADER):
        damaged = bytearray(found)
        damaged[at] ^= 1
        again = opened(bytes(damaged))
        assert [checkpoint.number for checkpoint in again.checkpoints] == [1, 2, 3, 4]
        assert tree_of(again, 4) == {"a": b"4"}
        assert sum("damaged" in problem for problem in again.problems) == 1
        assert again.size == len(found)


def test_records_of_an_earlier_log_in_the_same_file_do_not_count() -> None:
    image, ends = log()
    storage = memory()
    history = History(storage, "nb")
    save(history, {"a": b"first", "noise": NOISE})
    one = images_of(storage)[0]
    assert len(one) == ends[1]
    # The end of another log, whose records stand in the right place.
    history = opened(one + image[len(one) :])
    assert newest(history) == 1
    assert len(history.problems) == 1


def test_a_newer_format_is_not_touched() -> None:
    image, _ = log()
    head = log_format._FILE.pack(log_format.MAGIC, 2, 1, FILE_ID, bytes(8))[:-8]
    newer = head + log_format._short(head) + NOISE[:1000]
    for images in ((newer, b""), (b"", newer), (image, newer), (newer, image)):
        storage = memory(images)
        with pytest.raises(NewerCheckpointsError, match="format version 2"):
            History(storage, "nb")
        assert images_of(storage) == images


def test_a_reader_changes_nothing() -> None:
    image, ends = log()
    for images in ((image, b""), (image[: ends[3] - 5], image[:90]), (NOISE, b""), (b"", b"")):
        storage = memory(images, writable=False)
        History(storage, "nb")
        assert images_of(storage) == images


def test_a_tail_that_a_reader_sees_is_no_problem() -> None:
    image, ends = log()
    history = opened(image[: ends[3] - 5], writable=False)
    assert check(history) == 2
    assert not history.problems


def test_the_newest_checkpoint_decides_then_the_header_then_the_generation() -> None:
    image, ends = log()
    older = image[: ends[2]]
    assert newest(History(memory((older, image)), "nb")) == 3
    assert newest(History(memory((image, older)), "nb")) == 3
    half = bytes(HEADER) + image[HEADER:]
    storage = memory((half, image))
    assert check(History(storage, "nb", ALL)) == 3
    assert images_of(storage) == (b"", image)
    second = log_format.pack_file_header(2, image[24:32]) + image[HEADER:]
    storage = memory((image, second))
    assert not History(storage, "nb", ALL).problems
    assert images_of(storage) == (b"", second)


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_are_not_a_log(seed: int) -> None:
    chance = random.Random(seed)
    images: Images = (
        chance.randbytes(chance.choice([1, 63, 64, 65, 5000, 200_000])),
        chance.choice([b"", log_format.pack_file_header(3, FILE_ID)]) + chance.randbytes(100),
    )
    history = History(memory(images), "nb")
    assert history.checkpoints == []
    assert len(history.problems) == 1
    assert save(history, {"a": b"1"}) == 1


HUGE = [
    Header(DATA, 0, FILE_ID, 0, 0xFFFF_FFFC, 0xFFFF_FFFF, 0, bytes(16)),
    Header(DATA, 0, FILE_ID, 0, 44 * 1024, 4 << 20, 0, bytes(16)),
    Header(DATA, 0, FILE_ID, 2**63, 44, 1, 0, bytes(16)),
    Header(DATA, 0, FILE_ID, 1_000_000, 44, 1, 0, log_format.checksum(bytes(44))),
    Header(DATA, 0, FILE_ID, 0, 45, 1, 0, bytes(16)),
    Header(DATA, 0, FILE_ID, 0, 0, 0, 0, log_format.checksum(b"")),
    Header(
        DATA, 0, FILE_ID, 0, 44, 0, 0, log_format.checksum(log_format.pack_row(bytes(32), 9, 0, 0))
    ),
    Header(COMMIT, 0, FILE_ID, 1, 0xFFFF_FFFF, 0, 0, bytes(16)),
    Header(COMMIT, 2, FILE_ID, 2**64 - 1, 10, 10, 0xFFFF_FFFF, bytes(16)),
    Header(COMMIT, 2, FILE_ID, 1, 0, 0, 0, log_format.checksum(b"")),
    Header(7, 9, FILE_ID, 1, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, bytes(16)),
]


@pytest.mark.parametrize("header", HUGE)
def test_impossible_records_take_no_memory(header: Header) -> None:
    image = log_format.pack_file_header(1, FILE_ID) + log_format.pack_header(header, HEADER)
    storage = memory((image + bytes(3000), b""))
    tracemalloc.start()
    history = History(storage, "nb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert history.checkpoints == []
    assert history.problems


BODIES = [
    b"",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"created":1,"cause":"x","label":null,"cell":null,"source":null,"scope":[null,[]],'
    b'"skipped":[],"kept":[1],"live":[0,999999999],"written":0}',
    b'{"created":1,"cause":"x","label":null,"cell":null,"source":null,"scope":[null,[]],'
    b'"skipped":[],"kept":[1],"live":[0],"written":0}',
    b'{"created":1,"cause":"x","label":null,"cell":null,"source":null,"scope":[null,[]],'
    b'"skipped":[],"kept":7,"live":[],"written":0}',
]


@pytest.mark.parametrize("body", BODIES)
def test_an_invalid_commit_record_does_not_count(body: bytes) -> None:
    header = Header(COMMIT, 0, FILE_ID, 1, len(body), 0, 0, log_format.checksum(body))
    image = log_format.pack_file_header(1, FILE_ID) + log_format.pack_header(header, HEADER) + body
    history = opened(image)
    assert history.checkpoints == []
    assert history.problems


ENTRIES = [
    b"",
    b"7",
    b"[7]",
    b'[["file","home","a",1,1,1,1,[-1,999999999999]]]',
    b'[["file","home","a",1,1,1,1,[0,5]]]',
    b'[["file","home","a",1,1,1,1,[-7,5]]]',
    b'[["file","home","a",1,1,1,1,[0]]]',
    b'[["file","home","a",1,1,1]]',
    b"[" * 100_000,
]


@pytest.mark.parametrize("entries", ENTRIES)
def test_invalid_entries_are_refused(entries: bytes) -> None:
    table = BODIES[4].replace(b"[0,999999999]", b"[]")
    body = table + entries
    header = Header(
        COMMIT, 0, FILE_ID, 1, len(table), len(entries), len(entries), log_format.checksum(body)
    )
    image = log_format.pack_file_header(1, FILE_ID) + log_format.pack_header(header, HEADER) + body
    history = opened(image)
    assert newest(history) == 1
    tracemalloc.start()
    with pytest.raises(DamagedCheckpointError, match="Checkpoint 1 is damaged"):
        history.entries(1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    with pytest.raises(DamagedCheckpointError, match="Checkpoint 1 is damaged"):
        history.compact()
    assert save(history, {}) == 2


def test_records_of_unknown_kinds_are_skipped() -> None:
    image, ends = log()
    later = Header(7, 3, image[24:32], 5, 10, 20, 0, log_format.checksum(bytes(30)))
    history = opened(image + log_format.pack_header(later, ends[3]) + bytes(30))
    assert check(history) == 3


def test_opening_reads_little() -> None:
    storage = memory()
    history = History(storage, "nb", ALL)
    save(history, {"big": random.Random(6).randbytes(20 << 20)})
    for number in range(30):
        save(history, {"a": b"%d" % number})
    size = history.size
    storage.files[0].reads = 0
    again: list[Checkpoint] = list(History(storage, "nb", ALL).checkpoints)
    assert len(again) == 31
    assert storage.files[0].reads <= 5 + 6, size


def test_entries_are_unchanged_after_reopening() -> None:
    storage = memory()
    history = History(storage, "nb")
    entries = put(history, {"a\udc80\u2028é": b"", "b" * 4000: b"x"})
    history.commit(history_note(), entries)
    again = History(memory(images_of(storage)), "nb")
    assert [each.relative for each in again.entries(1)] == ["a\udc80\u2028é", "b" * 4000]
    assert again.checkpoints[0].note == history_note()
    assert again.checkpoints[0].written == history.checkpoints[0].written == history.size


def history_note() -> Note:
    return Note(
        1234567890.123456789,
        "restored",
        "a label",
        7,
        3,
        Scope(("home/a",), ("*.pyc",)),
        (Skipped("~/x", "it is a pipe", "close it", "home/x"),),
    )


def document() -> str:
    folders = [parent / "docs" for parent in Path(__file__).resolve().parents]
    for folder in folders:
        if (folder / "checkpoint-format.md").is_file():
            return (folder / "checkpoint-format.md").read_text(encoding="utf-8")
    pytest.skip("docs/ is not here, as in the site's kernel")


def test_the_worked_example_is_what_the_code_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = document()
    monkeypatch.setattr(log_format, "new_file_id", lambda: bytes.fromhex("0123456789abcdef"))
    storage = memory()
    history = History(storage, "nb")
    content, _ = history.put(["Zürich\n".encode()])
    time = 1_795_355_734
    saved = Entry("file", "home", "note.txt", 8, 0o644, time * 10**9, content)
    history.commit(Note(float(time), "cell", cell=3), [saved])
    image = images_of(storage)[0]
    found = b""
    for offset, digits in re.findall(r"^([0-9a-f]{8})  ((?:[0-9a-f]{2} ?)+)$", text, re.M):
        assert len(found) == int(offset, 16)
        found += bytes.fromhex(digits)
    table, entries = re.findall(r"^```json\n(.*?)\n```$", text, re.M | re.S)
    assert found + f"{table}{entries}".encode() == image
    example = opened(image)
    assert example.entries(1) == (Entry(*_plain(saved), example.entries(1)[0].content),)
    assert content_of(example, example.entries(1)[0].content) == "Zürich\n".encode()


def _plain(saved: Entry) -> tuple[Any, ...]:
    return saved.kind, saved.root, saved.relative, saved.size, saved.mode, saved.mtime_ns


def test_the_text_names_the_constants_of_the_code() -> None:
    text = document()
    for needed in (
        f"format version {log_format.VERSION}\n",
        f"1 to {log_format.MAX_CHUNKS:,} rows of {log_format.ROW} bytes",
        f"at most {log_format.MAX_PAYLOAD >> 20} MiB + {chunks.CHUNK >> 10} KiB",
        f"*chunks* of {chunks.CHUNK:,} bytes",
        f"at most {log_format.MAX_TREE >> 30} GiB when",
        f"`{log_format.MAGIC.hex(' ').upper()}`",
        f"`{log_format.RECORD_MAGIC.hex(' ').upper()}`",
        f"| {chunks.ZSTD} | one Zstandard frame",
        f"| {chunks.ZLIB} | a zlib stream",
        f"the last {Retention().last} checkpoints",
        f"the last {Retention().hours} hours and of the last {Retention().days} days",
        f"more than {retention._WORTH >> 20} MiB",
    ):
        assert needed in text, needed
