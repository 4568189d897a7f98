"""What is read from a database: its content, and what a report says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .connections import JournalMode

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Image:
    """A database at its last commit.

    Attributes
    ----------
    content : bytes or pathlib.Path or None
        A whole database file: itself, or where a copy is that nobody else uses; None if it was
        only looked at.
    size : int
        Bytes of that file.
    journal_mode : {"delete", "wal"}
        What the database itself was set to.
    tables : dict of str to int or None
        Rows of each table; None where counting took too long or was not possible.
    open_transaction : bool or None
        Whether somebody was in the middle of writing; those rows are not in ``content``. None if
        a connection keeps everybody out, so that this cannot be told.
    damage : str or None
        What SQLite finds wrong with the pages of the file.
    alone : bool
        Whether all of it is in the file, and nothing in a log or a journal beside it.
    """

    content: bytes | Path | None
    size: int
    journal_mode: JournalMode
    tables: dict[str, int | None]
    open_transaction: bool | None = False
    damage: str | None = None
    alone: bool = True

    def chunks(self) -> Iterator[bytes]:
        """Yield the file in pieces, with what only tells its history set to fixed values.

        The change counter (24), its copy (92), the schema cookie (40) and the version of the last
        writer (96) differ between databases of equal content, and a restore raises them;
        the WAL marks (18, 19) would keep the file from being opened in memory.
        Offsets as in https://www.sqlite.org/fileformat2.html, 1.3.
        """
        pieces = self._pieces()
        first = next(pieces, b"")
        if not first:
            return
        header = bytearray(first[:100])
        header[18:20] = b"\1\1"
        header[24:28] = header[40:44] = header[92:96] = b"\0\0\0\1"
        header[96:100] = b"\0\0\0\0"
        yield bytes(header) + first[100:]
        yield from pieces

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self.content, Path):
            with self.content.open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        elif self.content:
            for start in range(0, len(self.content), _CHUNK):
                yield self.content[start : start + _CHUNK]


EMPTY = Image(b"", 0, "delete", {})
"""A database that was opened and never written to: a file without a byte."""
