"""Copy what is kept to the other file, and switch to it at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from . import format
from .chunks import GONE, Chunk, merge
from .format import HEADER
from .log import Commit, Log
from .reading import read_span, spans
from .record import read_commit, write_commit
from .tree import renumbered

if TYPE_CHECKING:
    from ..storage.interface import File


def copy(log: Log, kept: Sequence[Commit], file: File) -> tuple[Log, list[Chunk]]:
    """Write a new log with everything but its header.

    Stored chunks are copied as they are. They are not decompressed to check them: a damaged one
    stays damaged, and the one file that it belongs to says so when it is read.

    Parameters
    ----------
    log : Log
        Without anything pending.
    kept : sequence of Commit
        The checkpoints to copy.
    file : File
        Where to; what is in it goes.

    Returns
    -------
    log : Log
        The new one, durable; it counts once `switch` has written its header.
    chunks : list of Chunk
        Those of the old log, in the order of the new one's.

    Raises
    ------
    StorageError
        If something cannot be read or written; the old log is as it was.
    """
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


def switch(new: Log) -> None:
    """Make the new log the one that counts."""
    new.file.write(0, format.pack_file_header(new.generation, new.file_id))
    new.file.flush()


def move(old: Log, copied: list[Chunk], new: Log) -> None:
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
        table, data = read_commit(log, commit)
        entries, live = renumbered(data, numbers)
        table = replace(table, kept=tuple(so_far), live=live)
        new.commits[number] = write_commit(new, number, table, entries)
