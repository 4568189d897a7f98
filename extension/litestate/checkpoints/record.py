"""Commit records: one checkpoint as it stands in the log."""

from __future__ import annotations

from dataclasses import replace

from ..errors import DamagedCheckpointError
from . import format, packing
from .format import HEADER
from .log import Commit, Log
from .tree import Checkpoint, Table


def write_commit(log: Log, number: int, table: Table, entries: bytes) -> Commit:
    """Append a commit record.

    Parameters
    ----------
    log : Log
        Whose chunks are written and flushed.
    number : int
        Of the checkpoint.
    table : Table
        Its first part. If `written` is 0, it becomes what all records since the last commit take.
    entries : bytes
        Its second part, as of `tree.entries_to_json`.
    """
    codec, packed = packing.pack(entries)
    if not table.written:
        table = _measured(table, log.pending + HEADER + len(packed))
    head = table.to_json()
    offset = log.write_commit(number, head, codec, packed, len(entries))
    checkpoint = Checkpoint(number, table.note, table.written)
    return Commit(checkpoint, table.live, offset, HEADER + len(head) + len(packed))


def _measured(table: Table, others: int) -> Table:
    """Let a table say how many bytes it and the others are."""
    written = others
    # It ends: a larger number never makes it shorter.
    while written != others + len(table.to_json()):
        written = others + len(table.to_json())
        table = replace(table, written=written)
    return table


def read_commit(log: Log, commit: Commit) -> tuple[Table, bytes]:
    """Read a commit record again: its first part, and its second as JSON.

    Raises
    ------
    DamagedCheckpointError
        If it is no longer what was written.
    """
    number = commit.checkpoint.number
    record = log.file.read(commit.offset, commit.length)
    header = format.read_header(record, 0, commit.offset)
    body = record[HEADER:]
    if header is None or header.number != number or format.checksum(body) != header.check:
        raise damaged(number)
    table = Table.from_json(body[: header.table], commit.offset)
    try:
        entries = packing.unpack(header.codec, body[header.table :], header.unpacked)
    except packing.CorruptPackError:
        raise damaged(number) from None
    if table is None:
        raise damaged(number)
    return table, entries


def damaged(number: int) -> DamagedCheckpointError:
    """Return the error for a checkpoint whose list of entries cannot be read."""
    return DamagedCheckpointError(
        f"Checkpoint {number} is damaged: its list of files cannot be read. Restore another one; "
        "nothing was changed."
    )
