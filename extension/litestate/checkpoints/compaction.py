"""Copy what is kept to the other file, and switch to it at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import StorageError
from . import format
from .chunks import GONE, Chunk, merge, read_span, spans
from .format import HEADER
from .log import Commit, Log, damaged
from .tree import renumbered

if TYPE_CHECKING:
    from ..storage.interface import File

_WORTH = 8 << 20
"""Bytes that a compaction must win: below that, its time is worth more than the room."""


def is_worth(log: Log, max_bytes: int | None) -> bool:
    """Whether so much of a log is of no use that it is worth the time to copy the rest.

    That is more than half, so a log takes at most twice what it holds, and each byte is copied
    once on the average; or any when it is over its budget.
    """
    # All that the newest checkpoint refers to is live; mostly that is enough to say no.
    newest = list(log.commits.values())[-1:]
    for commits in (newest, log.commits.values()):
        live = log.live_bytes(commits)
        dead = log.end - live
        is_over = max_bytes is not None and log.end > max_bytes
        if dead <= _WORTH or not (dead > live or is_over):
            return False
    return True


def compact(log: Log, kept: Sequence[Commit], files: tuple[File, File]) -> Log:
    """Copy checkpoints to the other file, and let that one count.

    Stored chunks are copied as they are. They are not decompressed to check them: a damaged one
    stays damaged, and the one file that it belongs to says so when it is read.

    Parameters
    ----------
    log : Log
        Without anything pending.
    kept : sequence of Commit
        The checkpoints to copy, the newest among them.
    files : tuple of two File
        One of them is the log's; what is in the other one goes.

    Returns
    -------
    Log
        The new one. The chunks of the old one are now its chunks.

    Raises
    ------
    StorageError
        If something cannot be read or written; the old log is as it was.
    """
    if not kept:
        return log
    other = files[1] if log.file is files[0] else files[0]
    try:
        new, copied = _copy(log, kept, other)
        _switch(new)
    except BaseException:
        _empty(other)
        raise
    _move(log, copied, new)
    _empty(log.file)
    return new


def _copy(log: Log, kept: Sequence[Commit], file: File) -> tuple[Log, list[Chunk]]:
    """Write a new log but for its header; return it, and the old one's chunks in its order."""
    new = Log(file, format.new_file_id(), log.generation + 1, HEADER)
    file.truncate(0)
    # Until the header stands here, the file is no log.
    file.write(0, bytes(HEADER))
    copied = _copy_chunks(log, merge(commit.live for commit in kept), new)
    numbers = [GONE] * len(log.chunks)
    for number, chunk in enumerate(copied):
        numbers[chunk.number] = number
    _copy_commits(log, kept, numbers, new)
    new.flush()
    return new, copied


def _switch(new: Log) -> None:
    """Make the new log the one that counts."""
    new.file.write(0, format.pack_file_header(new.generation, new.file_id))
    new.file.flush()


def _empty(file: File) -> None:
    # A log that is left in the other file does no harm: the newest checkpoint decides which one
    # counts, then the generation. Opening, and the next compaction, empty it again.
    with suppress(StorageError):
        file.truncate(0)
        file.flush()


def _move(old: Log, copied: list[Chunk], new: Log) -> None:
    """Let the chunks of the old log be those of the new one, for whoever holds them."""
    for chunk in old.chunks:
        if chunk:
            chunk.number = GONE
    for chunk, copy in zip(copied, new.chunks, strict=True):
        assert copy
        chunk.number, chunk.offset = copy.number, copy.offset
    new.chunks[:] = copied
    new.index()
    new.settle()


def _copy_chunks(log: Log, live: list[int], new: Log) -> list[Chunk]:
    copied: list[Chunk] = []
    for first, count in zip(live[::2], live[1::2], strict=True):
        there = [
            chunk for chunk in log.chunks[first : first + count] if chunk and chunk.number >= 0
        ]
        for span in spans(there):
            for chunk, packed in read_span(log.file, span):
                new.add(chunk.digest, chunk.size, chunk.codec, packed)
            copied += span
    new.write_batch()
    return copied


def _copy_commits(log: Log, kept: Sequence[Commit], numbers: list[int], new: Log) -> None:
    so_far: list[int] = []
    for commit in kept:
        number = commit.checkpoint.number
        so_far.append(number)
        table, data = log.read_commit(commit)
        try:
            entries, live = renumbered(data, numbers)
        except (ValueError, TypeError, LookupError):
            raise damaged(number) from None
        table = replace(table, kept=tuple(so_far), live=live)
        new.commits[number] = new.write_commit(number, table, entries)
