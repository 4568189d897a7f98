"""Compress and decompress what a log holds: Zstandard, or zlib where there is none."""

from __future__ import annotations

import sys
import zlib

from ..errors import CheckpointError

STORED, ZLIB, ZSTD = 0, 1, 2
"""Codecs: as it is, zlib (RFC 1950), one Zstandard frame (RFC 8878)."""

_LEVEL = 1
"""The fastest of both that compresses text by half; on random bytes level 1 of Zstandard gives up
at once (2.8 GB/s measured in the kernel)."""

_WORTH = 0.9
"""What does not shrink by 10 % is stored: it is read sooner."""

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    try:
        from backports import zstd
    except ImportError:
        zstd = None  # type: ignore[assignment]

_ERRORS: tuple[type[Exception], ...] = (zlib.error,) + ((zstd.ZstdError,) if zstd else ())
_compressor = zstd.ZstdCompressor(level=_LEVEL) if zstd else None


class CorruptPackError(Exception):
    """Bytes that do not decompress to what they should."""


def pack(data: bytes) -> tuple[int, bytes]:
    """Compress if that helps.

    Returns
    -------
    codec : int
        `STORED`, `ZLIB` or `ZSTD`.
    packed : bytes
        What to store.
    """
    if _compressor:
        # One compressor for all frames: to make one takes as long as to compress 64 KiB.
        codec, packed = ZSTD, _compressor.compress(data, _compressor.FLUSH_FRAME)
    else:
        codec, packed = ZLIB, zlib.compress(data, _LEVEL)
    return (codec, packed) if len(packed) <= len(data) * _WORTH else (STORED, data)


def unpack(codec: int, packed: bytes | memoryview, size: int) -> bytes:
    """Undo `pack`.

    Parameters
    ----------
    codec : int
        How it was compressed.
    packed : bytes-like
        What was stored.
    size : int
        Bytes of the result; never more of them are made.

    Raises
    ------
    CorruptPackError
        If that is not what comes out.
    CheckpointError
        If this Python cannot decompress it.
    """
    try:
        data = _unpack(codec, packed, size)
    except _ERRORS as error:
        raise CorruptPackError(str(error)) from None
    if len(data) != size:
        raise CorruptPackError(f"{len(data)} bytes came out instead of {size}")
    return data


def _unpack(codec: int, packed: bytes | memoryview, size: int) -> bytes:
    if codec == STORED:
        return bytes(packed)
    if codec == ZLIB:
        # 0 would mean without limit.
        return zlib.decompressobj().decompress(packed, max(size, 1))
    if codec == ZSTD and zstd:
        return zstd.ZstdDecompressor().decompress(packed, size)
    if codec == ZSTD:
        raise CheckpointError(
            "These checkpoints are compressed with Zstandard, which this Python lacks. Use Python "
            "3.14 or newer, or install backports.zstd; nothing was changed."
        )
    raise CorruptPackError(f"nobody knows codec {codec}")
