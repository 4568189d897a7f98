"""Content in chunks, named by their hash: what is the same is stored once."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

from .format import CHUNK

Bytes: TypeAlias = bytes | bytearray | memoryview

GONE = -1
"""Number of a chunk that is not in the log: damaged, rolled back, or compacted away."""

PENDING = -1
"""Offset of a chunk that waits in memory for its record to be written."""


class Chunk:
    """A piece of content in the log.

    Two chunks are the same if they are the same object. Compaction moves them: their number and
    offset change in place.

    Attributes
    ----------
    digest : bytes
        BLAKE2b-256 of the content.
    size, stored : int
        Bytes of content, and of what stands in the log.
    codec : int
        How it is compressed.
    number : int
        Position in the order of the log's chunks, or `GONE`.
    offset : int
        Where it stands in the file, or `PENDING`.
    """

    __slots__ = ("codec", "digest", "number", "offset", "size", "stored")

    def __init__(
        self, digest: bytes, size: int, stored: int, codec: int, number: int, offset: int
    ) -> None:
        self.digest = digest
        self.size = size
        self.stored = stored
        self.codec = codec
        self.number = number
        self.offset = offset

    def __repr__(self) -> str:
        return f"<Chunk {self.number}: {self.size} bytes, {self.digest.hex()[:8]}>"


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes
    ----------
    size : int
        Bytes.
    chunks : tuple of Chunk
        In order; each but the last has `CHUNK` bytes.
    """

    size: int
    chunks: tuple[Chunk, ...]

    @property
    def whole(self) -> bool:
        """Whether all of it is in the log; what is not can neither be read nor committed."""
        return all(chunk.number >= 0 for chunk in self.chunks)


EMPTY = Content(0, ())


def digest_of(data: Bytes) -> bytes:
    """Return the name of a chunk."""
    return blake2b(data, digest_size=32).digest()


def split(pieces: Iterable[Bytes]) -> Iterator[bytes]:
    """Cut pieces of any lengths at multiples of `CHUNK`.

    A piece is not looked at any more once the next one is asked for, so a reader may use one
    buffer for all.

    Yields
    ------
    bytes
        `CHUNK` of them, the last time what remains. Never none.
    """
    rest = bytearray()
    for piece in pieces:
        view = memoryview(piece).cast("B")
        start = 0
        if rest:
            start = CHUNK - len(rest)
            rest += view[:start]
            if len(rest) < CHUNK:
                continue
            yield bytes(rest)
        end = start + (len(view) - start) // CHUNK * CHUNK
        for at in range(start, end, CHUNK):
            yield bytes(view[at : at + CHUNK])
        rest = bytearray(view[end:])
    if rest:
        yield bytes(rest)


def runs_of(numbers: Iterable[int]) -> list[int]:
    """Write numbers as runs: first, count, first, count and so on.

    Missing ones (`GONE`) have runs of their own.

    Examples
    --------
    >>> runs_of([4, 5, 6, -1, -1, 0])
    [4, 3, -1, 2, 0, 1]
    """
    runs: list[int] = []
    following: int | None = None
    for number in numbers:
        if number == following:
            runs[-1] += 1
        else:
            runs += (number, 1)
        following = GONE if number == GONE else number + 1
    return runs


def merge(runs: Iterable[Sequence[int]]) -> list[int]:
    """Join several lists of runs into one that is sorted, without overlaps and without `GONE`.

    Examples
    --------
    >>> merge([[4, 3, 0, 1], [-1, 9, 5, 4]])
    [0, 1, 4, 5]
    """
    pairs = sorted({pair for each in runs for pair in zip(each[::2], each[1::2], strict=True)})
    merged: list[int] = []
    for first, count in pairs:
        if first < 0:
            continue
        if merged and first <= merged[-2] + merged[-1]:
            merged[-1] = max(merged[-1], first + count - merged[-2])
        else:
            merged += (first, count)
    return merged


if sys.hash_info.width >= 64:

    def fingerprint(data: bytes) -> int:
        """Return a fast 64-bit hash, which differs from process to process."""
        return hash(data)

else:

    def fingerprint(data: bytes) -> int:
        """Return a fast 64-bit hash, which differs from process to process."""
        # Pyodide's hash() is FNV with 32 bits. Changes of the highest bits of two words cancel each
        # other out in it (two numbers change their signs), so the bytes are moved by one, and a
        # CRC stands beside it, which sees every change of two bits. Together they take half the
        # time of BLAKE2b.
        return zlib.crc32(data) << 32 | hash(b"\0" + data) & 0xFFFF_FFFF
