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

METHODS = {"store": zipfile.ZIP_STORED, "deflate": zipfile.ZIP_DEFLATED, "zstd": 93}
"""The compression methods of bundles (APPNOTE.TXT 4.4.5)."""

AVAILABLE = tuple(name for name in METHODS if name != "zstd" or hasattr(zipfile, "ZIP_ZSTANDARD"))
"""Those that this Python can do."""

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

if "zstd" in AVAILABLE:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdError
    else:
        from backports.zstd import ZstdError
    UNREADABLE += (ZstdError,)

__all__ = ["AVAILABLE", "METHODS", "UNREADABLE", "zipfile"]
