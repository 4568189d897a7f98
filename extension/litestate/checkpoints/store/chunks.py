"""Content in chunks: cut, named by a hash, compressed, and read again."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from ...errors import CheckpointError, DamagedCheckpointError

if TYPE_CHECKING:
    from ...storage.interface import File

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    try:
        from backports import zstd
    except ImportError:
        zstd = None  # type: ignore[assignment]

Bytes: TypeAlias = bytes | bytearray | memoryview

CHUNK = 64 << 10
"""Bytes of a chunk; every SQLite page size divides it, so chunks lie on page boundaries."""

STORED, ZLIB, ZSTD = 0, 1, 2
"""Codecs: as it is, zlib (RFC 1950), one Zstandard frame (RFC 8878)."""

_LEVEL = 1
"""The fastest level that compresses text by half; on random bytes, level 1 of Zstandard gives up
at once (2.8 GB/s measured in the kernel)."""

_WORTH = 0.9
"""Content that does not shrink by 10 % is stored as it is: reading it is faster."""

_MAX_SPAN = 4 << 20
"""Bytes to read at once."""

_ERRORS: tuple[type[Exception], ...] = (zlib.error,) + ((zstd.ZstdError,) if zstd else ())
_compressor = zstd.ZstdCompressor(level=_LEVEL) if zstd else None

GONE = -1
"""Number of a chunk that is not in the log: damaged, rolled back, or removed by compaction."""

PENDING = -1
"""Offset of a chunk in memory whose record is not written yet."""


class Chunk:
    """A piece of content in the log.

    Chunks are compared by identity. Compaction changes their number and offset in place.

    Attributes
    ----------
    digest : bytes
        BLAKE2b-256 of the content.
    size, stored : int
        Bytes of the content, and of its compressed form in the log.
    codec : int
        Codec of the compressed form.
    number : int
        Index among the log's chunks, or `GONE`.
    offset : int
        Position of the compressed form in the file, or `PENDING`.
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
    """The content of a file, as chunks.

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
        """Whether all chunks are in the log; otherwise it can neither be read nor committed."""
        return all(chunk.number >= 0 for chunk in self.chunks)


EMPTY = Content(0, ())


def digest_of(data: Bytes) -> bytes:
    """Return the hash that names a chunk."""
    return blake2b(data, digest_size=32).digest()


def split(pieces: Iterable[Bytes]) -> Iterator[bytes]:
    """Cut pieces of any lengths at multiples of `CHUNK`.

    A piece is not used after the next one is requested, so a reader may use one buffer for all.

    Yields
    ------
    bytes
        `CHUNK` bytes; the last time the rest. Never empty.
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
    """Return numbers as runs: first, count, first, count and so on.

    Missing chunks (`GONE`) are runs of their own.

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
    """Merge lists of runs into one sorted list without overlaps and without `GONE`.

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


class CorruptPackError(Exception):
    """Bytes that do not decompress to the expected size."""


def pack(data: bytes) -> tuple[int, bytes]:
    """Compress data, unless that hardly shrinks it.

    Returns
    -------
    codec : int
        `STORED`, `ZLIB` or `ZSTD`.
    packed : bytes
        The bytes to store.
    """
    if _compressor:
        # One compressor for all frames: creating one takes as long as compressing 64 KiB.
        codec, packed = ZSTD, _compressor.compress(data, _compressor.FLUSH_FRAME)
    else:
        codec, packed = ZLIB, zlib.compress(data, _LEVEL)
    return (codec, packed) if len(packed) <= len(data) * _WORTH else (STORED, data)


def unpack(codec: int, packed: bytes | memoryview, size: int) -> bytes:
    """Undo `pack`.

    Parameters
    ----------
    codec : int
        Codec from `pack`.
    packed : bytes-like
        The stored bytes.
    size : int
        Bytes of the result; more are never allocated.

    Raises
    ------
    CorruptPackError
        If the result has another size.
    CheckpointError
        If this Python cannot decompress it.
    """
    try:
        data = _unpack(codec, packed, size)
    except _ERRORS as error:
        raise CorruptPackError(str(error)) from None
    if len(data) != size:
        raise CorruptPackError(f"{len(data)} bytes instead of {size}")
    return data


def _unpack(codec: int, packed: bytes | memoryview, size: int) -> bytes:
    if codec == STORED:
        return bytes(packed)
    if codec == ZLIB:
        # 0 would mean no limit.
        return zlib.decompressobj().decompress(packed, max(size, 1))
    if codec == ZSTD and zstd:
        return zstd.ZstdDecompressor().decompress(packed, size)
    if codec == ZSTD:
        raise CheckpointError(
            "These checkpoints are compressed with Zstandard, which this Python lacks. Use Python "
            "3.14 or newer, or install backports.zstd; nothing was changed."
        )
    raise CorruptPackError(f"there is no codec {codec}")


def spans(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Group chunks that follow each other in the file, up to 4 MiB at a time.

    Each call into the browser takes as long as reading a hundred kilobytes.
    """
    span: list[Chunk] = []
    size = 0
    following = -1
    for chunk in chunks:
        if span and (chunk.offset != following or size + chunk.stored > _MAX_SPAN):
            yield span
            span, size = [], 0
        span.append(chunk)
        size += chunk.stored
        following = chunk.offset + chunk.stored
    if span:
        yield span


def read_span(file: File, span: list[Chunk]) -> Iterator[tuple[Chunk, memoryview]]:
    """Yield the stored bytes of chunks that follow each other in the file.

    Raises
    ------
    DamagedCheckpointError
        If the file was truncated meanwhile.
    """
    size = sum(chunk.stored for chunk in span)
    data = memoryview(file.read(span[0].offset, size))
    if len(data) != size:
        raise DamagedCheckpointError(
            "The file of the checkpoints was truncated while it was open. Nothing was changed; "
            "reload the page."
        )
    at = 0
    for chunk in span:
        yield chunk, data[at : at + chunk.stored]
        at += chunk.stored


def unpacked(chunk: Chunk, packed: memoryview) -> bytes | None:
    """Return the content of a chunk, or None if it is damaged."""
    try:
        data = unpack(chunk.codec, packed, chunk.size)
    except CorruptPackError:
        return None
    return data if digest_of(data) == chunk.digest else None


if sys.hash_info.width >= 64:

    def fingerprint(data: bytes) -> int:
        """Return a fast 64-bit hash that is valid in this process only."""
        return hash(data)

else:

    def fingerprint(data: bytes) -> int:
        """Return a fast 64-bit hash that is valid in this process only."""
        # Pyodide's hash() is FNV with 32 bits. Changes of the highest bits of two words cancel each
        # other out in it (as when two numbers change their signs). So the bytes are shifted by one,
        # and a CRC is added, which detects every change of two bits. Both together take half the
        # time of BLAKE2b.
        return zlib.crc32(data) << 32 | hash(b"\0" + data) & 0xFFFF_FFFF
