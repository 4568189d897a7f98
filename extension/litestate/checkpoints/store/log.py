"""An open log file: its chunks and checkpoints in memory, appending more, and reading commits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import DamagedCheckpointError
from . import log_format
from .chunks import (
    GONE,
    PENDING,
    Chunk,
    CorruptPackError,
    digest_of,
    merge,
    pack,
    read_span,
    spans,
    unpack,
    unpacked,
)
from .entries import Checkpoint, Table
from .log_format import COMMIT, HEADER, ROW, Batch, Header

if TYPE_CHECKING:
    from ...storage.interface import File


@dataclass(frozen=True)
class Commit:
    """The record of a checkpoint in the log.

    Attributes
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    live : list of int
        Runs of the chunks that it refers to.
    offset, length : int
        Position and bytes of the record.
    """

    checkpoint: Checkpoint
    live: list[int]
    offset: int
    length: int


class Log:
    """An open log.

    A failure never changes `end`: bytes that a failed write left behind it are cut off before the
    next write.

    Attributes
    ----------
    file : File
        The file.
    file_id, generation : bytes, int
        From the file's header.
    end : int
        Bytes that are written in full; 0 as long as the file has no header.
    chunks : list of Chunk or None
        Chunks by number; None where a record is damaged.
    sums : list of int
        Bytes of all chunks before each number; the last item is the total.
    commits : dict of int to Commit
        The stored checkpoints by number, in order.
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
        """Add the chunks of a DATA record that was read; its payload starts at an offset."""
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
        """Give a number to every chunk that checkpoints refer to, also if it is damaged."""
        missing = max((live[-2] + live[-1] for live in lists if live), default=0) - len(self.chunks)
        self.chunks += [None] * missing
        self.sums += [self.sums[-1]] * missing

    def index(self) -> None:
        """Let `store` find the chunks that were added."""
        self._index = {chunk.digest: chunk for chunk in self.chunks if chunk and chunk.number >= 0}
        self._batch = Batch(len(self.chunks))

    def settle(self) -> None:
        """Make the present state the one that `rollback` returns to."""
        self._saved = (self.end, len(self.chunks))

    def is_whole(self, live: list[int]) -> bool:
        """Tell whether no chunk of these runs is damaged."""
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
        """Estimate the bytes of a log that has only these checkpoints."""
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
        """Return the chunk with this content; append it if the log does not have it."""
        digest = digest_of(data)
        chunk = self._index.get(digest)
        if chunk is None:
            codec, packed = pack(data)
            try:
                chunk = self._index[digest] = self.add(digest, len(data), codec, packed)
            except BaseException:
                self.forget()
                raise
        return chunk

    def add(self, digest: bytes, size: int, codec: int, packed: bytes | memoryview) -> Chunk:
        """Append a chunk that is already compressed."""
        if self._batch.is_full:
            self.write_batch()
        chunk = Chunk(digest, size, len(packed), codec, len(self.chunks), PENDING)
        self._batch.add(chunk, packed)
        self.chunks.append(chunk)
        self.sums.append(self.sums[-1] + chunk.stored + ROW)
        return chunk

    def lose(self, chunk: Chunk) -> None:
        """Mark a chunk as damaged, so that nothing new refers to it."""
        if self._index.get(chunk.digest) is chunk:
            del self._index[chunk.digest]
        chunk.number = GONE

    def write_batch(self) -> None:
        """Write the DATA record that is being filled, unless it is empty."""
        if not self._batch.chunks:
            return
        self._start()
        offset = self.end
        with self._batch.record(offset, self.file_id) as record:
            self._append(record)
        self._batch.place(offset)
        self._batch = Batch(len(self.chunks))

    def flush(self) -> None:
        """Make all written bytes durable."""
        if not self._is_flushed:
            self.file.flush()
            self._is_flushed = True

    def write_commit(self, number: int, table: Table, entries: bytes) -> Commit:
        """Append a commit record. The chunks that it refers to are already written and flushed.

        Parameters
        ----------
        number : int
            Number of the checkpoint.
        table : Table
            First part. A `written` of 0 is replaced by the bytes of all records since the last
            commit.
        entries : bytes
            Second part, from `tree.entries_to_json`.
        """
        codec, payload = pack(entries)
        if not table.written:
            table = _measured(table, self.pending + HEADER + len(payload))
        head = table.to_json()
        self._start()
        offset, body = self.end, head + payload
        check = log_format.checksum(body)
        header = Header(
            COMMIT, codec, self.file_id, number, len(head), len(payload), len(entries), check
        )
        self._append(log_format.pack_header(header, offset) + body)
        checkpoint = Checkpoint(number, table.note, table.written)
        return Commit(checkpoint, table.live, offset, HEADER + len(body))

    def read_commit(self, commit: Commit) -> tuple[Table, bytes]:
        """Read a commit record again: its first part, and its second part as JSON.

        Raises
        ------
        DamagedCheckpointError
            If the record is not what was written.
        """
        number = commit.checkpoint.number
        record = self.file.read(commit.offset, commit.length)
        header = log_format.read_header(record, 0, commit.offset)
        body = record[HEADER:]
        if header is None or header.number != number or log_format.checksum(body) != header.check:
            raise damaged(number)
        table = Table.from_json(body[: header.table], commit.offset)
        try:
            entries = unpack(header.codec, body[header.table :], header.unpacked)
        except CorruptPackError:
            raise damaged(number) from None
        if table is None:
            raise damaged(number)
        return table, entries

    def verify(self) -> None:
        """Read all chunks, and mark the damaged ones."""
        self.write_batch()
        for span in spans(chunk for chunk in self.chunks if chunk and chunk.number >= 0):
            for chunk, packed in read_span(self.file, span):
                if unpacked(chunk, packed) is None:
                    self.lose(chunk)

    def cut(self, end: int) -> None:
        """Cut off everything behind an offset, now or before the next write."""
        self.end = end
        self._is_dirty = True
        self.clean()

    def clean(self) -> None:
        """Cut off what a failed write may have left behind."""
        if self._is_dirty:
            self.file.truncate(self.end)
            # The bytes that were cut off must not come back between later records.
            self.file.flush()
            self._is_dirty = False

    def forget(self) -> None:
        """Discard what was written since the last commit; the next write cuts it off."""
        end, count = self._saved
        for chunk in (*self.chunks[count:], *self._batch.chunks):
            if chunk:
                self.lose(chunk)
        del self.chunks[count:], self.sums[count + 1 :]
        self._batch = Batch(count)
        self._is_dirty |= end != self.end
        self.end = end

    def rollback(self) -> None:
        """Discard what was written since the last commit, and cut it off."""
        self.forget()
        self.clean()

    def _start(self) -> None:
        self.clean()
        if not self.end:
            self._append(log_format.pack_file_header(self.generation, self.file_id))

    def _append(self, data: bytes | memoryview) -> None:
        self._is_dirty = True
        self._is_flushed = False
        self.file.write(self.end, data)
        self._is_dirty = False
        self.end += len(data)


def damaged(number: int) -> DamagedCheckpointError:
    """Return the error for a checkpoint whose list of entries cannot be read."""
    return DamagedCheckpointError(
        f"Checkpoint {number} is damaged: its list of files cannot be read. Restore another one; "
        "nothing was changed."
    )


def _measured(table: Table, others: int) -> Table:
    """Set the `written` of a table to its own size and that of the other records."""
    written = others
    # The loop ends: a larger number never makes the table shorter.
    while written != others + len(table.to_json()):
        written = others + len(table.to_json())
        table = replace(table, written=written)
    return table
