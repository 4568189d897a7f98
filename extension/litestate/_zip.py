"""The ZIP reader and writer to use: the standard library's, with Zstandard where it can be had."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 14):
    import zipfile
else:
    try:
        # A backport of Python 3.14's own module: the same classes, and method 93 (Zstandard).
        from backports.zstd import zipfile
    except ImportError:
        import zipfile

ZSTANDARD: int | None = getattr(zipfile, "ZIP_ZSTANDARD", None)
"""Compression method for Zstandard (APPNOTE.TXT 4.4.5: 93), or None where this Python lacks it."""

UNREADABLE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What zipfile and the decompressors raise for bad data."""

if ZSTANDARD is not None:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdError
    else:
        from backports.zstd import ZstdError
    UNREADABLE += (ZstdError,)

__all__ = ["UNREADABLE", "ZSTANDARD", "zipfile"]
