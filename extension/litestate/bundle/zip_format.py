"""The ZIP format of a bundle: structures, marks at start and end, and compression methods."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .manifest import MIMETYPE, MIMETYPE_MEMBER

if TYPE_CHECKING or sys.version_info >= (3, 14):
    import zipfile as zipfile  # noqa: PLC0414 (the writer imports it from here)
else:
    try:
        # A backport of Python 3.14's own module: the same classes, and method 93 (Zstandard).
        from backports.zstd import zipfile
    except ImportError:
        import zipfile

CHUNK = 1 << 20
"""Most bytes of one member in memory at a time."""

LOCAL: Final = struct.Struct("<4s5H3I2H")
"""Local file header (APPNOTE.TXT 4.3.7): signature, version needed, flags, method, time, date,
CRC-32, compressed size, size, length of name, length of extra field."""

CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
"""Central directory header (4.3.12): signature, version made by, version needed, flags, method,
time, date, CRC-32, compressed size, size, lengths of name, extra field and comment, disk, internal
and external attributes, offset of the local header."""

END: Final = struct.Struct("<4s4H2IH")
"""End of central directory record (4.3.16): signature, this disk, disk of the directory, entries
on this disk, entries, size and offset of the directory, length of the comment."""

END64: Final = struct.Struct("<4sQ2H2I4Q")
"""ZIP64 end of central directory record (4.3.14): signature, size of the rest, versions made by
and needed, two disks, entries twice, size and offset of the directory."""

LOCATOR: Final = struct.Struct("<4sIQI")
"""ZIP64 end of central directory locator (4.3.15): signature, disk, offset of the record, disks."""

SIGNATURE = b"PK\3\4"
CENTRAL_SIGNATURE = b"PK\1\2"
END_SIGNATURE = b"PK\5\6"
END64_SIGNATURE = b"PK\6\6"
LOCATOR_SIGNATURE = b"PK\6\7"

START: Final = (
    LOCAL.pack(
        SIGNATURE,
        *(20, 0, 0, 0, 1 << 5 | 1),  # version 2.0, no flags, stored, 1980-01-01 00:00
        *(zlib.crc32(MIMETYPE.encode()), len(MIMETYPE), len(MIMETYPE)),
        *(len(MIMETYPE_MEMBER), 0),
    )
    + (MIMETYPE_MEMBER + MIMETYPE).encode()
)
"""The first bytes of every bundle: the complete entry `mimetype`."""

HEAD = 100
"""Bytes that `is_bundle` needs."""

COMMENT: Final = re.compile(rb"litestate: sha256 from byte ([0-9]{20}) is ([0-9a-f]{64})")
"""The archive's comment, which ends every bundle: the offset of the manifest, and the SHA-256 of
all bytes from there to the digits of the hash itself."""

COMMENT_BYTES: Final = 116
DIGEST_BYTES: Final = 64

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


def is_bundle(head: bytes) -> bool:
    """Tell from the first 100 bytes whether a file is a litestate bundle.

    Parameters
    ----------
    head : bytes
        The start of the file.

    Examples
    --------
    >>> is_bundle(b"PK not a bundle")
    False
    """
    return head.startswith(START)


def is_bundle_file(path: Path) -> bool:
    """Tell from its first bytes whether a file is a litestate bundle."""
    with path.open("rb") as file:
        return is_bundle(file.read(HEAD))


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
