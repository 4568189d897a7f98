"""Histories for tests: storages that record, fail and crash, and trees that are plain dicts."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from litestate.checkpoints import Content, Entry, History, Note, Retention
from litestate.errors import StorageError, StorageFullError
from litestate.storage.interface import File, Usage

Images = tuple[bytes, bytes]
Tree = Mapping[str, bytes]
ALL = Retention(last=10_000)

FEWER = 25 if sys.platform == "emscripten" else 1
"""Step through the cases: where Python is slow, only one of this many runs."""


class MemoryFile:
    """A file in memory: the image of a file after a crash."""

    def __init__(self, image: bytes) -> None:
        self.image = bytearray(image)
        self.reads = 0

    def size(self) -> int:
        return len(self.image)

    def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        return bytes(self.image[offset : offset + length])

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.image.extend(bytes(max(offset - len(self.image), 0)))
        self.image[offset : offset + len(data)] = data

    def truncate(self, size: int) -> None:
        self.image.extend(bytes(max(size - len(self.image), 0)))
        del self.image[size:]

    def flush(self) -> None:
        pass


class Files:
    """A storage of two given files."""

    label = "the test's storage"
    cells: File | None = None
    transient = ""

    def __init__(self, files: tuple[File, File], writable: bool = True) -> None:
        self.files = files
        self.writable = writable

    async def usage(self) -> Usage | None:
        return None

    def take_over(self) -> None:
        return None

    async def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass


def memory(images: Images = (b"", b""), writable: bool = True) -> Files:
    return Files((MemoryFile(images[0]), MemoryFile(images[1])), writable)


def images_of(storage: Any) -> Images:
    first, second = (file.read(0, file.size()) for file in storage.files)
    return first, second


class Journal:
    """A log of the calls that change the two files of a storage; some of them fail.

    `fail_at` is the number of the first call that fails, `failures` how many do. Of a write that
    fails, `part` of its bytes are written.
    """

    def __init__(self, storage: Any) -> None:
        self.before = images_of(storage)
        self.calls: list[tuple[Any, ...]] = []
        self.fail_at: float = float("inf")
        self.failures: float = 1
        self.part = 0.0
        self.error: type[StorageError] = StorageError
        first, second = storage.files
        self.storage = Files((Recorded(first, 0, self), Recorded(second, 1, self)))

    def enter(self, *call: Any) -> bool:
        """Record a call; return whether it fails."""
        self.calls.append(call)
        fails = self.fail_at < len(self.calls) and self.failures > 0
        self.failures -= fails
        return fails


class Recorded:
    def __init__(self, file: File, index: int, journal: Journal) -> None:
        self._file, self._index, self._journal = file, index, journal
        self.size, self.read = file.size, file.read

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        fails = self._journal.enter("write", self._index, offset, bytes(data))
        if fails:
            if part := int(len(data) * self._journal.part):
                self._file.write(offset, bytes(data)[:part])
            raise self._journal.error("the test lets this write fail")
        self._file.write(offset, data)

    def truncate(self, size: int) -> None:
        if self._journal.enter("truncate", self._index, size):
            raise self._journal.error("the test lets this truncate fail")
        self._file.truncate(size)

    def flush(self) -> None:
        if self._journal.enter("flush", self._index):
            raise self._journal.error("the test lets this flush fail")
        self._file.flush()


class Quota(MemoryFile):
    """A file on a disk with a limited size, which all its files share."""

    def __init__(self, disk: list[Quota], quota: int) -> None:
        super().__init__(b"")
        self.disk, self.quota = disk, quota
        disk.append(self)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        room = self.quota - sum(len(file.image) for file in self.disk)
        growth = offset + len(data) - len(self.image)
        if growth > room:
            super().write(offset, bytes(data)[: max(room, 0)])
            raise StorageFullError("the test's disk is full")
        super().write(offset, data)


def after_crash(journal: Journal, count: int, random_: random.Random) -> Iterator[Images]:
    """Yield the possible contents of the disk after a crash in or after call number `count`.

    Flushed data is there. Of later writes, any may be missing, and the last one
    may be torn.
    """
    calls = journal.calls[:count]
    durable = [
        any(later == ("flush", call[1]) for later in calls[at + 1 :])
        for at, call in enumerate(calls)
    ]
    loose = [at for at, is_durable in enumerate(durable) if not is_durable]
    lost: list[set[int]] = [set(), set(loose)]
    lost += [{at for at in loose if random_.random() < 0.5} for _ in range(4 if loose else 0)]
    for missing in lost:
        done = [call for at, call in enumerate(calls) if at not in missing]
        yield replay(journal.before, done)
    if calls and calls[-1][0] == "write" and calls[-1][3]:
        data = calls[-1][3]
        cuts = {0, 1, 63, 64, 65, len(data) // 2, len(data) - 1, random_.randrange(len(data))}
        for cut in cuts:
            torn = (*calls[-1][:3], data[:cut])
            missing = random_.choice(lost)
            done = [call for at, call in enumerate(calls[:-1]) if at not in missing]
            yield replay(journal.before, [*calls[:-1], torn])
            yield replay(journal.before, [*done, torn])


def replay(before: Images, calls: list[tuple[Any, ...]]) -> Images:
    files = [MemoryFile(image) for image in before]
    for verb, index, *arguments in calls:
        if verb == "nothing":
            continue
        getattr(files[index], verb)(*arguments)
    return bytes(files[0].image), bytes(files[1].image)


def note(cause: str = "cell", created: float = 1_800_000_000.0, label: str | None = None) -> Note:
    return Note(created, cause, label)


def entry(name: str, content: Content, mtime_ns: int = 1) -> Entry:
    return Entry("file", "home", name, content.size, 0o644, mtime_ns, content)


def put(history: History, tree: Tree) -> list[Entry]:
    return [entry(name, history.put([data])[0]) for name, data in tree.items()]


def save(history: History, tree: Tree, **about: Any) -> int:
    """Make a checkpoint, and return its number."""
    return history.commit(note(**about), put(history, tree)).number


def content_of(history: History, content: Content) -> bytes:
    return b"".join(history.read(content))


def tree_of(history: History, number: int) -> dict[str, bytes]:
    return {each.relative: content_of(history, each.content) for each in history.entries(number)}


def newest(history: History) -> int:
    return history.checkpoints[-1].number if history.checkpoints else 0
