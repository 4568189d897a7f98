"""The compression methods of bundles: Deflate, and Zstandard if this Python has it."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .format import CHUNK

if TYPE_CHECKING or sys.version_info >= (3, 14):
    import zipfile
else:
    try:
        # A backport of Python 3.14's own module: the same classes, and method 93 (Zstandard).
        from backports.zstd import zipfile
    except ImportError:
        import zipfile

METHODS = {"store": zipfile.ZIP_STORED, "deflate": zipfile.ZIP_DEFLATED, "zstd": 93}
"""The compression methods of bundles (APPNOTE.TXT 4.4.5)."""

AVAILABLE = tuple(name for name in METHODS if name != "zstd" or hasattr(zipfile, "ZIP_ZSTANDARD"))
"""The methods that this Python has."""

_ERRORS: tuple[type[Exception], ...] = (zlib.error,)

if "zstd" in AVAILABLE:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor, ZstdError
    else:
        from backports.zstd import ZstdDecompressor, ZstdError
    _ERRORS += (ZstdError,)


class CorruptStreamError(Exception):
    """Compressed bytes that cannot be decompressed, end too early, or continue after their end."""


def decompress(chunks: Iterable[bytes], method: int) -> Iterator[bytes]:
    """Decompress a member piece by piece.

    Parameters
    ----------
    chunks : iterable of bytes
        The compressed bytes, in order.
    method : int
        One of `METHODS`.

    Yields
    ------
    bytes
        At most `CHUNK` bytes at a time, even if a few compressed bytes expand to more.

    Raises
    ------
    CorruptStreamError
        If they are not one complete stream with nothing behind it.
    """
    try:
        yield from _STREAMS[method](chunks)
    except _ERRORS as error:
        raise CorruptStreamError(f"its compressed data cannot be read: {error}") from None


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # Negative: raw Deflate, without the header and checksum of zlib.
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in chunks:
        _check_open(stream.eof)
        pending = chunk
        while content := stream.decompress(pending, CHUNK):
            yield content
            pending = stream.unconsumed_tail
        _check_end(stream.unused_data)
    _check_closed(stream.eof)


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = ZstdDecompressor()
    for chunk in chunks:
        _check_open(stream.eof)
        pending = chunk
        while not stream.eof:
            if content := stream.decompress(pending, CHUNK):
                yield content
            pending = b""
            if stream.needs_input:
                break
        _check_end(stream.unused_data)
    _check_closed(stream.eof)


def _check_open(is_closed: bool) -> None:
    if is_closed:
        raise CorruptStreamError("something stands behind its compressed data")


def _check_end(unused: bytes) -> None:
    _check_open(bool(unused))


def _check_closed(is_closed: bool) -> None:
    if not is_closed:
        raise CorruptStreamError("its compressed data ends too early")


_STREAMS: dict[int, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    METHODS["store"]: iter,
    METHODS["deflate"]: _inflate,
    METHODS["zstd"]: _zstd,
}

__all__ = ["AVAILABLE", "METHODS", "CorruptStreamError", "decompress", "zipfile"]
