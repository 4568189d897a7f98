"""Histories: put, commit, read and roll back, and what is refused."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_storages import (
    ALL,
    Files,
    Quota,
    content_of,
    entry,
    images_of,
    memory,
    newest,
    note,
    put,
    save,
    tree_of,
)
from litestate.checkpoints import CHUNK, EMPTY, Entry, History
from litestate.checkpoints.store import chunks
from litestate.checkpoints.store.chunks import fingerprint, merge, runs_of, split
from litestate.errors import (
    CheckpointError,
    DamagedCheckpointError,
    NoCheckpointError,
    ReadOnlyCheckpointsError,
    StorageFullError,
)
from litestate.storage.folder import open_directory

NOISE = random.Random(11).randbytes(400_000)


@pytest.fixture
def history() -> History:
    return History(memory(), "nb", ALL)


def test_a_history_in_a_folder(tmp_path: Path) -> None:
    storage = open_directory("nb", folder=tmp_path)
    history = History(storage, "nb")
    assert list(history.checkpoints) == []
    assert history.problems == []
    tree = {"a": b"text " * 1000, "empty": b"", "noise": NOISE}
    assert save(history, tree) == 1
    assert tree_of(history, 1) == tree
    storage.close()
    storage = open_directory("nb", folder=tmp_path)
    again = History(storage, "nb")
    assert again.problems == []
    assert again.checkpoints == history.checkpoints
    assert tree_of(again, 1) == tree
    assert save(again, tree) == 2
    storage.close()


def test_equal_contents_are_stored_once(history: History) -> None:
    save(history, {"a": NOISE})
    size = history.size
    save(history, {"a": NOISE, "copy": NOISE, "start": NOISE[: 2 * CHUNK]})
    assert history.size - size < 1000
    first = history.checkpoints[0]
    assert first.written == size
    assert history.checkpoints[1].written == history.size - size


def test_nothing_pending_writes_only_the_commit_record(history: History) -> None:
    entries = put(history, {"a": NOISE})
    history.commit(note(), entries)
    size = history.size
    checkpoint = history.commit(note(cause="again"), entries)
    assert checkpoint.written == history.size - size < 500
    assert history.entries(2) == history.entries(1)


@pytest.mark.parametrize("lengths", [[1], [CHUNK], [CHUNK - 1, 2], [3 * CHUNK + 5], [7] * 30_000])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_pieces_of_any_length(history: History, lengths: list[int], kind: type) -> None:
    pieces, at = [], 0
    for length in lengths:
        pieces.append(kind(NOISE[at : at + length]))
        at += length
    content, prints = history.put(pieces)
    assert content.size == at
    assert [chunk.size for chunk in content.chunks[:-1]] == [CHUNK] * (len(content.chunks) - 1)
    assert content_of(history, content) == NOISE[:at]
    assert content == history.put([NOISE[:at]])[0]
    assert len(prints) == len(content.chunks)


def test_one_buffer_for_all_pieces(history: History) -> None:
    def pieces() -> Iterator[memoryview]:
        buffer = bytearray(50_000)
        for at in range(0, 400_000, 50_000):
            buffer[:] = NOISE[at : at + 50_000]
            yield memoryview(buffer)
        buffer[:] = bytes(50_000)

    content, _ = history.put(pieces())
    assert content_of(history, content) == NOISE


def test_no_pieces_are_no_content(history: History) -> None:
    assert history.put([]) == (EMPTY, ())
    assert history.put([b"", b""]) == (EMPTY, ())
    assert list(split([b"", memoryview(b"x")])) == [b"x"]


def test_like_reuses_unchanged_chunks(history: History) -> None:
    before, prints = history.put([NOISE])
    save(history, {"noise": NOISE})
    changed = bytearray(NOISE)
    changed[2 * CHUNK + 5] ^= 1
    del changed[5 * CHUNK + 10 :]
    after, marks = history.put([changed], like=before, prints=prints)
    assert content_of(history, after) == changed
    same = [one is two for one, two in zip(before.chunks, after.chunks, strict=False)]
    assert same == [True, True, False, True, True, False]
    assert [one == two for one, two in zip(prints, marks, strict=False)] == same
    # Data behind the end of either is not compared.
    longer, _ = history.put([NOISE + NOISE[:9]], like=after, prints=marks)
    assert content_of(history, longer) == NOISE + NOISE[:9]
    wrong, _ = history.put([NOISE], like=EMPTY, prints=prints)
    assert wrong == before


def test_like_without_matching_fingerprints(history: History) -> None:
    before, prints = history.put([NOISE])
    other, _ = history.put(
        [NOISE[: CHUNK - 1]], like=before, prints=[fingerprint(NOISE[: CHUNK - 1])]
    )
    assert content_of(history, other) == NOISE[: CHUNK - 1]
    assert content_of(history, history.put([NOISE], like=before)[0]) == NOISE
    assert len(prints) == 7


def test_fingerprints_see_signs_change() -> None:
    # The highest bits of 32-bit words, in pairs: a weak hash misses them.
    data = bytes(CHUNK)
    seen = {fingerprint(data)}
    for step in (4, 8):
        for count in (2, 4, 100, CHUNK // step):
            changed = bytearray(data)
            for at in range(step - 1, step * count, step):
                changed[at] = 0x80
            seen.add(fingerprint(bytes(changed)))
    assert len(seen) == 9


def test_rollback_discards_pending_contents(history: History) -> None:
    save(history, {"a": NOISE[:1000]})
    storage = history._storage
    before = images_of(storage)
    content, prints = history.put([random.Random(1).randbytes(10 << 20)])
    assert history.size > 8 << 20
    history.rollback()
    assert images_of(storage) == before
    assert not content.whole
    with pytest.raises(DamagedCheckpointError, match="home/x cannot be part"):
        history.commit(note(), [entry("x", content)])
    with pytest.raises(DamagedCheckpointError):
        content_of(history, content)
    again, _ = history.put([random.Random(1).randbytes(10 << 20)], like=content, prints=prints)
    history.commit(note(), [entry("x", again)])
    assert content_of(history, again) == random.Random(1).randbytes(10 << 20)


def test_an_error_of_the_pieces_discards_nothing(history: History) -> None:
    def pieces() -> Iterator[bytes]:
        yield NOISE
        raise OSError("the file has gone")

    committed = entry("kept", history.put([b"kept"])[0])
    with pytest.raises(OSError, match="has gone"):
        history.put(pieces())
    history.commit(note(), [committed])
    assert tree_of(history, 1) == {"kept": b"kept"}


def test_pending_contents_can_be_read(history: History) -> None:
    content, _ = history.put([b"early"])
    assert content_of(history, content) == b"early"
    history.commit(note(), [entry("a", content)])
    assert tree_of(History(memory(images_of(history._storage)), "nb"), 1) == {"a": b"early"}


def test_all_kinds_of_entries(history: History) -> None:
    content, _ = history.put([b"database"])
    entries = [
        Entry("directory", "home", "folder", 0, 0o755, 5, EMPTY),
        Entry("symlink", "home", "link", 4, 0o777, -5, EMPTY, {"target": "folder"}),
        Entry("database", "notebook", "a.db", 99, 0o600, 2**62, content, {"journal_mode": "wal"}),
    ]
    history.commit(note(), entries)
    again = History(memory(images_of(history._storage)), "nb")
    found = again.entries(1)
    assert found[:2] == tuple(entries[:2])
    assert content_of(again, found[2].content) == b"database"
    assert found[2].details == {"journal_mode": "wal"}
    assert (found[2].size, found[2].content.size) == (99, 8)


def test_unchanged_chunks_are_the_same_objects(history: History) -> None:
    save(history, {"a": NOISE})
    again = History(memory(images_of(history._storage)), "nb")
    save(again, {"a": NOISE, "b": b"2"})
    assert again.entries(1)[0].content == again.entries(2)[0].content


def test_numbers_only_grow() -> None:
    storage = memory()
    for number in range(1, 30):
        history = History(storage, "nb")
        assert newest(history) == number - 1
        assert save(history, {"a": b"%d" % number}) == number
        if number % 7 == 0:
            history.compact()
        if number % 9 == 0:
            history.make_room()


def test_a_missing_checkpoint(history: History) -> None:
    save(history, {})
    for number in (0, 2, -1):
        with pytest.raises(NoCheckpointError, match=f"no checkpoint {number} of nb"):
            history.entries(number)


def test_a_reader_reads_and_never_writes() -> None:
    storage = memory()
    save(History(storage, "nb"), {"a": NOISE})
    reader = History(memory(images_of(storage), writable=False), "nb")
    assert tree_of(reader, 1) == {"a": NOISE}
    content = reader.entries(1)[0].content
    for action in (
        lambda: reader.put([b"x"]),
        lambda: reader.commit(note(), [entry("a", content)]),
        reader.rollback,
        reader.compact,
        reader.make_room,
    ):
        with pytest.raises(ReadOnlyCheckpointsError, match="makes its checkpoints"):
            action()
    assert not reader.wants_compaction()


def test_a_full_disk_keeps_the_last_checkpoint() -> None:
    disk: list[Quota] = []
    storage = Files((Quota(disk, 9 << 20), Quota(disk, 9 << 20)))
    history = History(storage, "nb")
    chance = random.Random(2)
    save(history, {"a": b"first", "big": chance.randbytes(4 << 20)}, label="kept")
    save(history, {"a": b"second"})
    with pytest.raises(StorageFullError):
        save(history, {"a": b"third", "big": chance.randbytes(5 << 20)})
    history.rollback()
    assert tree_of(history, 2) == {"a": b"second"}
    # There is no room for a copy of the labelled one; nothing is dropped.
    assert history.make_room() == 0
    assert history.dropped == ()
    assert len(history.checkpoints) == 2
    assert newest(History(storage, "nb")) == 2
    assert save(history, {"a": b"small"}) == 3


def test_room_is_made() -> None:
    disk: list[Quota] = []
    storage = Files((Quota(disk, 9 << 20), Quota(disk, 9 << 20)))
    history = History(storage, "nb")
    chance = random.Random(3)
    save(history, {"a": b"first"}, label="kept")
    save(history, {"big": chance.randbytes(7 << 20)})
    save(history, {"a": b"third"})
    big = chance.randbytes(6 << 20)
    with pytest.raises(StorageFullError):
        save(history, {"big": big})
    won = history.make_room()
    assert won > 7 << 20
    assert [checkpoint.number for checkpoint in history.dropped] == [2]
    assert [checkpoint.number for checkpoint in history.checkpoints] == [1, 3]
    assert save(history, {"big": big}) == 4
    again = History(storage, "nb")
    assert tree_of(again, 4) == {"big": big}
    assert tree_of(again, 1) == {"a": b"first"}
    assert history.make_room() == 0


def test_chunks_that_do_not_shrink_are_stored(history: History) -> None:
    save(history, {"text": b"some text " * 60_000})
    assert history.size < 100_000
    assert chunks.pack(NOISE[:CHUNK]) == (chunks.STORED, NOISE[:CHUNK])
    codec, data = chunks.pack(bytes(CHUNK))
    assert chunks.unpack(codec, data, CHUNK) == bytes(CHUNK)
    with pytest.raises(chunks.CorruptPackError):
        chunks.unpack(codec, data[:-9], CHUNK)
    with pytest.raises(chunks.CorruptPackError):
        chunks.unpack(codec, b"\xff" * 20, CHUNK)
    with pytest.raises(chunks.CorruptPackError, match="codec 9"):
        chunks.unpack(9, b"", 0)


def test_missing_zstandard_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    codec, packed = chunks.pack(bytes(CHUNK))
    monkeypatch.setattr(chunks, "zstd", None)
    monkeypatch.setattr(chunks, "_compressor", None)
    if codec == chunks.ZSTD:
        with pytest.raises(CheckpointError, match="install backports"):
            chunks.unpack(codec, packed, CHUNK)
    history = History(memory(), "nb")
    save(history, {"a": b"text " * 50_000, "noise": NOISE})
    assert tree_of(history, 1) == {"a": b"text " * 50_000, "noise": NOISE}
    assert history.size < 410_000


def test_large_contents_are_put_in_little_memory(history: History) -> None:
    def pieces() -> Iterator[bytes]:
        chance = random.Random(1)
        for _ in range(40):
            yield chance.randbytes(1 << 20)

    class Sink:
        end = 0

        def size(self) -> int:
            return self.end

        def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
            self.end = offset + len(data)

    history._log.file = Sink()  # type: ignore[assignment]
    tracemalloc.start()
    history.put(pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 14 << 20


def test_runs() -> None:
    chance = random.Random(1)
    for _ in range(200):
        numbers = [chance.randrange(-1, 12) for _ in range(chance.randrange(30))]
        runs = runs_of(numbers)
        pairs = zip(runs[::2], runs[1::2], strict=True)
        assert [
            number
            for first, count in pairs
            for number in ([-1] * count if first < 0 else range(first, first + count))
        ] == numbers
        merged = merge([runs, []])
        found = [
            number
            for first, count in zip(merged[::2], merged[1::2], strict=True)
            for number in range(first, first + count)
        ]
        assert found == sorted({*numbers} - {chunks.GONE})
    assert merge([[0, 2, 5, 1], [2, 3, -1, 7]]) == [0, 6]
