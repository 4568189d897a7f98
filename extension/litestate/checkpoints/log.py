"""One log file that is open: its chunks and checkpoints, and how more are appended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import format, packing
from .chunks import GONE, PENDING, Chunk, digest_of, merge
from .format import COMMIT, DATA, HEADER, ROW, Header
from .tree import Checkpoint

if TYPE_CHECKING:
    from ..storage.interface import File

_ROOM = HEADER + format.MAX_CHUNKS * ROW
"""Bytes before the payload in a batch's buffer: header and table are put right before it, so that
one write takes all three."""


@dataclass(frozen=True)
class Commit:
    """A checkpoint in the log.

    Attributes
    ----------
    checkpoint : Checkpoint
        What it says.
    live : list of int
        Runs of the chunks that it refers to.
    offset, length : int
        Where its record stands.
    """

    checkpoint: Checkpoint
    live: list[int]
    offset: int
    length: int


class Batch:
    """A DATA record that is being filled."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.chunks: list[Chunk] = []
        self._rows: list[bytes] = []
        self._buffer = bytearray(_ROOM)

    @property
    def is_full(self) -> bool:
        """Whether nothing more goes in."""
        return (
            len(self.chunks) >= format.MAX_CHUNKS or len(self._buffer) - _ROOM >= format.MAX_PAYLOAD
        )

    def add(self, chunk: Chunk, packed: bytes | memoryview) -> None:
        """Take in one chunk."""
        self.chunks.append(chunk)
        self._rows.append(format.pack_row(chunk.digest, chunk.size, chunk.stored, chunk.codec))
        self._buffer += packed

    def record(self, offset: int, file_id: bytes) -> memoryview:
        """Return the record as it will stand at an offset."""
        table = b"".join(self._rows)
        payload = len(self._buffer) - _ROOM
        header = Header(
            DATA, 0, file_id, self.first, len(table), payload, 0, format.checksum(table)
        )
        start = _ROOM - len(table) - HEADER
        self._buffer[start:_ROOM] = format.pack_header(header, offset) + table
        return memoryview(self._buffer)[start:]

    def place(self, offset: int) -> None:
        """Tell the chunks where they are, now that the record stands at an offset."""
        offset += HEADER + len(self.chunks) * ROW
        for chunk in self.chunks:
            chunk.offset = offset
            offset += chunk.stored


class Log:
    """An open log.

    Nothing that fails changes `end`: what a failed write may have left behind it is cut off before
    the next one.

    Attributes
    ----------
    file : File
        Where it is.
    file_id, generation : bytes, int
        As in its header.
    end : int
        Bytes that are written in full; 0 before the file's header is.
    chunks : list of Chunk or None
        By number; None where a record is damaged.
    sums : list of int
        Bytes that the chunks before each number take, and at the end all of them.
    commits : dict of int to Commit
        Those that are kept, in order.
    """

    def __init__(self, file: File, file_id: bytes, generation: int, end: int = 0) -> None:
        self.file = file
        self.file_id = file_id
        self.generation = generation
        self.end = end
        self.chunks: list[Chunk | None] = []
        self.sums = [0]
        self.commits: dict[int, Commit] = {}
        self._index: dict[bytes, Chunk] = {}
        self._batch = Batch(0)
        self._saved = (end, 0)
        self._is_dirty = False
        self._is_flushed = True

    def take(self, first: int, rows: list[tuple[bytes, int, int, int]], offset: int) -> None:
        """Take in the chunks of a DATA record that was read, its payload being at an offset."""
        missing = first - len(self.chunks)
        self.chunks += [None] * missing
        self.sums += [self.sums[-1]] * missing
        number, total = first, self.sums[-1]
        for digest, size, stored, codec in rows:
            chunk = Chunk(digest, size, stored, codec, number, offset)
            self.chunks.append(chunk)
            offset += stored
            number += 1
            total += stored + ROW
            self.sums.append(total)

    def cover(self, lists: Iterable[list[int]]) -> None:
        """Make sure that chunks which checkpoints refer to have a number, though damaged."""
        missing = max((live[-2] + live[-1] for live in lists if live), default=0) - len(self.chunks)
        self.chunks += [None] * missing
        self.sums += [self.sums[-1]] * missing

    def index(self) -> None:
        """Let `store` find the chunks that were taken in."""
        self._index = {chunk.digest: chunk for chunk in self.chunks if chunk and chunk.number >= 0}
        self._batch = Batch(len(self.chunks))

    def settle(self) -> None:
        """Take what there is now as what `rollback` goes back to."""
        self._saved = (self.end, len(self.chunks))

    def is_whole(self, live: list[int]) -> bool:
        """Whether all chunks of these runs are there."""
        return all(
            chunk and chunk.number >= 0
            for first, count in zip(live[::2], live[1::2], strict=True)
            for chunk in self.chunks[first : first + count]
        )

    @property
    def pending(self) -> int:
        """Bytes that were written since the last commit."""
        return self.end - self._saved[0]

    def live_bytes(self, commits: Iterable[Commit]) -> int:
        """Return how many bytes a log of these checkpoints alone would take, roughly."""
        commits = list(commits)
        live = merge(commit.live for commit in commits)
        return (
            HEADER
            + sum(commit.length for commit in commits)
            + sum(
                self.sums[first + count] - self.sums[first]
                for first, count in zip(live[::2], live[1::2], strict=True)
            )
        )

    def store(self, data: bytes) -> Chunk:
        """Return the chunk that holds this content, a new one if there is none."""
        digest = digest_of(data)
        chunk = self._index.get(digest)
        if chunk is None:
            codec, packed = packing.pack(data)
            try:
                chunk = self._index[digest] = self.add(digest, len(data), codec, packed)
            except BaseException:
                self.forget()
                raise
        return chunk

    def add(self, digest: bytes, size: int, codec: int, packed: bytes | memoryview) -> Chunk:
        """Append a chunk that is packed already."""
        if self._batch.is_full:
            self.write_batch()
        chunk = Chunk(digest, size, len(packed), codec, len(self.chunks), PENDING)
        self._batch.add(chunk, packed)
        self.chunks.append(chunk)
        self.sums.append(self.sums[-1] + chunk.stored + ROW)
        return chunk

    def lose(self, chunk: Chunk) -> None:
        """Never refer to a chunk again: it is damaged."""
        if self._index.get(chunk.digest) is chunk:
            del self._index[chunk.digest]
        chunk.number = GONE

    def write_batch(self) -> None:
        """Write the DATA record that is being filled, if there is anything in it."""
        if not self._batch.chunks:
            return
        self._start()
        offset = self.end
        with self._batch.record(offset, self.file_id) as record:
            self._append(record)
        self._batch.place(offset)
        self._batch = Batch(len(self.chunks))

    def flush(self) -> None:
        """Make everything durable that was written."""
        if not self._is_flushed:
            self.file.flush()
            self._is_flushed = True

    def write_commit(
        self, number: int, table: bytes, codec: int, payload: bytes, unpacked: int
    ) -> int:
        """Write a commit record, and return where it stands."""
        self._start()
        body = table + payload
        check = format.checksum(body)
        header = Header(
            COMMIT, codec, self.file_id, number, len(table), len(payload), unpacked, check
        )
        offset = self.end
        self._append(format.pack_header(header, offset) + body)
        return offset

    def cut(self, end: int) -> None:
        """Cut off what stands behind an offset, now or before the next write."""
        self.end = end
        self._is_dirty = True
        self.clean()

    def clean(self) -> None:
        """Cut off what a failed write may have left."""
        if self._is_dirty:
            self.file.truncate(self.end)
            # What was cut off must not come back between the records that follow.
            self.file.flush()
            self._is_dirty = False

    def forget(self) -> None:
        """Forget what was written since the last commit; it is cut off before the next write."""
        end, count = self._saved
        for chunk in (*self.chunks[count:], *self._batch.chunks):
            if chunk:
                self.lose(chunk)
        del self.chunks[count:], self.sums[count + 1 :]
        self._batch = Batch(count)
        self._is_dirty |= end != self.end
        self.end = end

    def rollback(self) -> None:
        """Forget what was written since the last commit, and cut it off."""
        self.forget()
        self.clean()

    def _start(self) -> None:
        self.clean()
        if not self.end:
            self._append(format.pack_file_header(self.generation, self.file_id))

    def _append(self, data: bytes | memoryview) -> None:
        self._is_dirty = True
        self._is_flushed = False
        self.file.write(self.end, data)
        self._is_dirty = False
        self.end += len(data)
