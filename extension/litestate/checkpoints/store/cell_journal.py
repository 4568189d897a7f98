"""A small file that names the cells whose results are in no checkpoint yet.

The log has only cells that ran before a checkpoint. After a reload this file tells which cells ran
after the last one, so that a restore can name them. It is written when a cell begins and when it
ends, so it is small and of constant size. docs/checkpoint-format.md describes its format.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ...bundle.strict_json import parse
from ...errors import StorageError
from .chunks import merge

if TYPE_CHECKING:
    from ...storage.interface import File

SLOT = 4096
"""Bytes of each half of the file; the half with the higher sequence number counts."""

_HEADER = struct.Struct("<4sHHQ16s")
_MAGIC, _VERSION = b"\x95cel", 1

_MOST_KERNELS = 8
"""Most kernels, one after another since one checkpoint, whose cells are recorded."""

_MOST_NUMBER = 1_000_000
"""Highest number of a cell that is accepted from the file."""

_MOST_NAMED = 8
"""Most runs of numbers that are named one by one."""


@dataclass(frozen=True)
class KernelCells:
    """Cells that ran in one kernel.

    Attributes
    ----------
    kernel : str
        ID of the kernel's run, as in the history of cells.
    runs : tuple of int
        Numbers of the cells that ended: first, count, first, count and so on.
    running : int or None
        Number of the cell that had not ended.
    """

    kernel: str
    runs: tuple[int, ...] = ()
    running: int | None = None

    def with_ended(self, number: int) -> KernelCells:
        """Return a copy with one more cell that has ended."""
        running = None if self.running == number else self.running
        return replace(self, runs=tuple(merge([self.runs, (number, 1)])), running=running)


class CellJournal:
    """The cells that ran since the newest checkpoint.

    An error of the file is never raised: the cells are then not recorded any more.

    Parameters
    ----------
    file : File or None
        The file; None if nothing may be written, as in a reader.
    newest : int
        Number of the newest checkpoint; 0 before the first one.

    Attributes
    ----------
    after : int
        Number of the newest checkpoint when the file was read.
    before : tuple of KernelCells
        Cells of earlier kernels that ran after that checkpoint.
    """

    def __init__(self, file: File | None, newest: int) -> None:
        self._file = file
        self._sequence = 0
        self.after = newest
        self.before = self._read(newest)
        self._newest = newest
        self._own: KernelCells | None = None
        self._earlier = self.before
        self._stored: int | None = None

    def cell(self, kernel: str, number: int, *, is_over: bool) -> None:
        """Record that a cell begins, or that it has ended.

        Parameters
        ----------
        kernel : str
            ID of this kernel's run.
        number : int
            Number of the cell.
        is_over : bool
            Whether it has ended.
        """
        own = self._own or KernelCells(kernel)
        if is_over:
            # The checkpoint after a cell may be made before this call.
            if number == self._stored:
                return
            own = own.with_ended(number)
        else:
            if own.running is not None:
                own = own.with_ended(own.running)
            own = replace(own, running=number)
            self._stored = None if number == self._stored else self._stored
        self._own = own
        self._write()

    def settle(self, newest: int, *, between_cells: bool) -> None:
        """Assume that the results of all cells so far are in the newest checkpoint.

        Parameters
        ----------
        newest : int
            Number of the checkpoint.
        between_cells : bool
            Whether no cell is running. A running cell may change more.
        """
        own, before = self._own, (self._newest, self._own, self._earlier)
        if own is not None:
            self._stored = own.running if between_cells else None
            running = None if between_cells else own.running
            self._own = None if running is None else KernelCells(own.kernel, (), running)
        if newest != self._newest:
            self._newest, self._earlier = newest, ()
        is_empty = not (own or before[2])
        if not is_empty and before != (self._newest, self._own, self._earlier):
            self._write()

    def close(self) -> None:
        """Stop writing."""
        self._file = None

    def _write(self) -> None:
        if self._file is None:
            return
        kernels = [*self._earlier, *([self._own] if self._own else [])][-_MOST_KERNELS:]
        self._sequence += 1
        record = _packed(self._newest, kernels, self._sequence)
        try:
            # Without a flush: only a crash of the whole computer can lose it.
            self._file.write(self._sequence % 2 * SLOT, record)
        except StorageError:
            logging.getLogger(__name__).debug("cells are not recorded", exc_info=True)
            self._file = None

    def _read(self, newest: int) -> tuple[KernelCells, ...]:
        if self._file is None:
            return ()
        try:
            data = self._file.read(0, 2 * SLOT)
        except StorageError:
            logging.getLogger(__name__).debug("cells cannot be read", exc_info=True)
            self._file = None
            return ()
        slots = [slot for at in (0, SLOT) if (slot := _unpacked(data[at : at + SLOT]))]
        if not slots:
            return ()
        self._sequence, after, kernels = max(slots, key=lambda slot: slot[0])
        # Cells after an older checkpoint are in the ones that followed it.
        return kernels if after == newest else ()


def cells_text(kernels: Iterable[KernelCells]) -> str:
    """Return a text about cells that ran after a checkpoint ("it"); empty if there are none.

    Examples
    --------
    >>> cells_text([KernelCells("a", (7, 3), 10)])
    'cells [7]–[9] ran after it, and cell [10] was running'
    """
    every = list(kernels)
    ended = [text for each in every if (text := _numbers(each.runs))]
    count = sum(sum(each.runs[1::2]) for each in every)
    parts = [f"cell{'s' * (count > 1)} {', then '.join(ended)} ran after it"] if ended else []
    running = [f"[{each.running}]" for each in every if each.running is not None]
    if running:
        was = "s {} were running" if len(running) > 1 else " {} was running"
        parts.append(f"cell{was.format(', '.join(running))}")
    return ", and ".join(parts)


def _numbers(runs: Sequence[int]) -> str:
    if len(runs) > 2 * _MOST_NAMED:
        return f"[{runs[0]}] … [{runs[-2] + runs[-1] - 1}]"
    texts = []
    for first, count in zip(runs[::2], runs[1::2], strict=True):
        last = first + count - 1
        texts.append(f"[{first}]" if count == 1 else f"[{first}]–[{last}]")
    return ", ".join(texts)


def _packed(after: int, kernels: Sequence[KernelCells], sequence: int) -> bytes:
    rows = [[each.kernel, each.runs, each.running] for each in kernels]
    body = json.dumps({"after": after, "kernels": rows}, separators=(",", ":")).encode()
    if _HEADER.size + len(body) > SLOT:
        # Very many gaps between the numbers: write one run from the first to the last.
        return _packed(after, [_without_gaps(each) for each in kernels], sequence)
    return _HEADER.pack(_MAGIC, _VERSION, len(body), sequence, _check(sequence, body)) + body


def _without_gaps(ran: KernelCells) -> KernelCells:
    if not ran.runs:
        return ran
    first, last = ran.runs[0], ran.runs[-2] + ran.runs[-1]
    return replace(ran, runs=(first, last - first))


def _unpacked(slot: bytes) -> tuple[int, int, tuple[KernelCells, ...]] | None:
    """Return sequence number, checkpoint and cells; None if the slot is damaged."""
    if len(slot) < _HEADER.size:
        return None
    magic, version, length, sequence, check = _HEADER.unpack_from(slot)
    body = slot[_HEADER.size : _HEADER.size + length]
    if (magic, version, check) != (_MAGIC, _VERSION, _check(sequence, body)):
        return None
    try:
        document = parse(body, 8)
        return sequence, int(document["after"]), tuple(map(_ran, document["kernels"]))
    except (ValueError, TypeError, LookupError):
        return None


def _ran(row: Any) -> KernelCells:
    kernel, runs, running = row
    numbers = [*runs, *([] if running is None else [running])]
    if not all(type(each) is int and 0 <= each <= _MOST_NUMBER for each in numbers):
        raise ValueError("not the number of a cell")
    if len(runs) % 2:
        raise ValueError("a run without its length")
    return KernelCells(str(kernel)[:100], tuple(runs), running)


def _check(sequence: int, body: bytes) -> bytes:
    return blake2b(sequence.to_bytes(8, "little") + body, digest_size=16).digest()
