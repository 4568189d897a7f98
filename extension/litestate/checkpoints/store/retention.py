"""Retention rules for checkpoints, and compaction: a copy of those that stay in a smaller log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from ...errors import RetentionError, StorageError
from . import log_format
from .chunks import GONE, Chunk, merge, read_span, spans
from .entries import Checkpoint, renumbered
from .log import Commit, Log, damaged
from .log_format import HEADER

if TYPE_CHECKING:
    from ...storage.interface import File

_HOUR, _DAY = 3600, 86400

_WORTH = 8 << 20
"""Bytes that a compaction has to save; fewer are not worth its time."""


@dataclass(frozen=True)
class Retention:
    """Rules that choose which checkpoints are kept: each that at least one rule chooses.

    The newest checkpoint and those with a label are always kept.

    Attributes
    ----------
    last : int
        Number of newest checkpoints to keep.
    hours, days : int
        Number of hours and days of which to keep the newest checkpoint. Only hours and days that
        have a checkpoint count, so a clock that was wrong for a while drops nothing.
    max_bytes : int or None
        Size of the log above which the oldest checkpoints without a label are dropped.

    Raises
    ------
    RetentionError
        If one of these is not a whole number from 0.
    """

    __module__ = "litestate"  # Where stored variables and users find it.

    last: int = 20
    hours: int = 24
    days: int = 30
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "max_bytes":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise RetentionError(
                    f"{field.name}={value!r} is not a number of checkpoints to keep. Give a whole "
                    f"number from 0{_unit(field.name)}."
                )


def _unit(name: str) -> str:
    return " (bytes), or None for no limit" if name == "max_bytes" else ""


def choose(
    log: Log, newest: Commit, retention: Retention
) -> tuple[tuple[int, ...], tuple[Checkpoint, ...]]:
    """Choose which checkpoints are kept once there is a new one.

    Parameters
    ----------
    log : Log
        Log with the older checkpoints.
    newest : Commit
        The new checkpoint; its `length` may be an estimate.
    retention : Retention
        The rules.

    Returns
    -------
    kept : tuple of int
        Numbers of the kept checkpoints, the new one included.
    dropped : tuple of Checkpoint
        Checkpoints that are dropped only because of `max_bytes`.
    """
    commits = log.commits | {newest.checkpoint.number: newest}
    kept = thin([commit.checkpoint for commit in commits.values()], retention)
    left = {checkpoint.number: commits[checkpoint.number] for checkpoint in kept}
    for checkpoint in kept[:-1]:
        if retention.max_bytes is None or log.live_bytes(left.values()) <= retention.max_bytes:
            break
        if checkpoint.note.label is None:
            del left[checkpoint.number]
    return tuple(left), tuple(each for each in kept if each.number not in left)


def thin(checkpoints: Sequence[Checkpoint], retention: Retention) -> list[Checkpoint]:
    """Return the checkpoints that the rules for number and age keep, in the same order.

    Parameters
    ----------
    checkpoints : sequence of Checkpoint
        Checkpoints, oldest first.
    retention : Retention
        The rules; `max_bytes` is for `choose`.
    """
    kept = {checkpoint.number for checkpoint in checkpoints if checkpoint.note.label is not None}
    newest_first = [checkpoint.number for checkpoint in reversed(checkpoints)]
    kept.update(newest_first[: max(retention.last, 1)])
    for count, seconds in ((retention.hours, _HOUR), (retention.days, _DAY)):
        newest: dict[int, int] = {}
        for checkpoint in checkpoints:
            # Move it to the end, to order the periods by their newest checkpoint.
            period = int(checkpoint.note.created // seconds)
            newest.pop(period, None)
            newest[period] = checkpoint.number
        kept.update(list(newest.values())[max(len(newest) - count, 0) :])
    return [checkpoint for checkpoint in checkpoints if checkpoint.number in kept]


def is_worth(log: Log, max_bytes: int | None) -> bool:
    """Tell whether a log has so many unused bytes that copying the rest is worth the time.

    More than half of the bytes have to be unused, so a log takes at most twice the size of its
    content, and each byte is copied once on average. Above `max_bytes` any number is enough.
    """
    # Everything that the newest checkpoint refers to is used; usually that is enough to say no.
    newest = list(log.commits.values())[-1:]
    for commits in (newest, log.commits.values()):
        live = log.live_bytes(commits)
        dead = log.end - live
        is_over = max_bytes is not None and log.end > max_bytes
        if dead <= _WORTH or not (dead > live or is_over):
            return False
    return True


def compact(log: Log, kept: Sequence[Commit], files: tuple[File, File]) -> Log:
    """Copy checkpoints to the other file, and make that one the log.

    Stored chunks are copied without a check. A damaged chunk stays damaged, and reading its file
    finds that.

    Parameters
    ----------
    log : Log
        The present log, without pending chunks.
    kept : sequence of Commit
        The checkpoints to copy, the newest among them.
    files : tuple of two File
        The log's file and the other one, whose content is lost.

    Returns
    -------
    Log
        The new log. The chunk objects of the old log are now its chunks.

    Raises
    ------
    StorageError
        If something cannot be read or written; the old log is unchanged.
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
    """Write a new log without its header; return it, and the old log's chunks in its order."""
    new = Log(file, log_format.new_file_id(), log.generation + 1, HEADER)
    file.truncate(0)
    # Without a header, the file is not a log yet.
    file.write(0, bytes(HEADER))
    copied = _copy_chunks(log, merge(commit.live for commit in kept), new)
    numbers = [GONE] * len(log.chunks)
    for number, chunk in enumerate(copied):
        numbers[chunk.number] = number
    _copy_commits(log, kept, numbers, new)
    new.flush()
    return new, copied


def _switch(new: Log) -> None:
    """Write the header of the new log, which makes it the log that counts."""
    new.file.write(0, log_format.pack_file_header(new.generation, new.file_id))
    new.file.flush()


def _empty(file: File) -> None:
    # A log that stays in the other file does no harm: the newest checkpoint decides which file
    # counts, then the generation. Opening and the next compaction empty it again.
    with suppress(StorageError):
        file.truncate(0)
        file.flush()


def _move(old: Log, copied: list[Chunk], new: Log) -> None:
    """Turn the old log's chunk objects into those of the new log, because entries refer to them."""
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
