"""Write a bundle as a stream."""

from __future__ import annotations

import hashlib
import stat
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from typing import IO, Any, Literal

from .. import names
from .._zip import AVAILABLE, METHODS, zipfile
from ..errors import SaveError, UnsafeBundleError
from ..manifest import MANIFEST_MEMBER, MIMETYPE, MIMETYPE_MEMBER, Kind, Manifest, Member

Compression = Literal["deflate", "zstd", "store"]

_SAMPLE = 1 << 16
_WORTH_COMPRESSING = 0.9
"""A member whose first 64 KiB shrink to more than this share is stored: unpacking it faster is
worth more."""

_TYPE_BITS: dict[Kind, int] = {
    "file": stat.S_IFREG,
    "database": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
}


class Writer:
    """Write a bundle to a file that can seek.

    Parameters
    ----------
    file : binary file
        Open for writing, at its start.
    compression : {"deflate", "zstd", "store"}, optional
        Deflate opens anywhere; Zstandard is about four times as fast and needs Python 3.14 or
        ``backports.zstd``.

    Raises
    ------
    SaveError
        If ``compression`` is not known, or this Python has no Zstandard.
    """

    def __init__(self, file: IO[bytes], *, compression: Compression = "deflate") -> None:
        self._method = _method(compression)
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._members: list[Member] = []
        self._taken = names.Taken()
        self._store(MIMETYPE_MEMBER, MIMETYPE.encode(), zipfile.ZIP_STORED)

    @property
    def members(self) -> tuple[Member, ...]:
        """What has been written so far."""
        return tuple(self._members)

    def problem(self, name: str, kind: Kind) -> str | None:
        """Say why a member of this name cannot be added, or return None."""
        if reason := names.problem(name) or self._taken.problem(name, kind):
            return f"its name {reason}"
        return None

    def add(
        self,
        name: str,
        kind: Kind,
        chunks: Iterable[bytes],
        *,
        size: int,
        mode: int = 0o644,
        mtime_ns: int = 0,
        details: dict[str, Any] | None = None,
    ) -> Member:
        """Write one member.

        Parameters
        ----------
        name : str
            Member name, for example ``files/home/notes.txt``.
        kind : {"file", "directory", "symlink", "database"}
            What it is.
        chunks : iterable of bytes
            The content, in order.
        size : int
            Expected size in bytes; it decides whether ZIP64 fields are reserved.
        mode : int, optional
            Permission bits.
        mtime_ns : int, optional
            Modification time, nanoseconds since 1970-01-01 UTC.
        details : dict, optional
            More for the manifest.

        Returns
        -------
        Member
            As it will stand in the manifest, with the true size and hash.

        Raises
        ------
        UnsafeBundleError
            If the name is not allowed in a bundle, or taken.
        """
        if reason := self.problem(name, kind):
            raise UnsafeBundleError(f"{name!r} cannot be put into a bundle: {reason}. Rename it.")
        first, chunks = _peek(chunks)
        info = self._info(name, self._method_for(first))
        info.date_time = _dos_time(mtime_ns)
        info.external_attr = (_TYPE_BITS[kind] | mode) << 16 | (0x10 if kind == "directory" else 0)
        info.file_size = size
        total, digest = self._stream(info, chunks)
        member = Member(name, kind, total, digest, mode, mtime_ns, details or {})
        self._members.append(member)
        self._taken.add(name, kind)
        return member

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the central directory."""
        self._store(MANIFEST_MEMBER, manifest.to_json(), zipfile.ZIP_DEFLATED)
        self._zip.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        # After an error the archive has no manifest, so that nobody takes it for a bundle; that
        # closing it may fail for the same reason adds nothing.
        with suppress(OSError, ValueError):
            self._zip.close()

    def _stream(self, info: zipfile.ZipInfo, chunks: Iterable[bytes]) -> tuple[int, str]:
        digest, total = hashlib.sha256(), 0
        with self._zip.open(info, "w") as stream:
            for chunk in chunks:
                stream.write(chunk)
                digest.update(chunk)
                total += len(chunk)
        return total, digest.hexdigest()

    def _method_for(self, sample: bytes) -> int:
        sample = sample[:_SAMPLE]
        shrinks = len(zlib.compress(sample, 1)) < _WORTH_COMPRESSING * len(sample)
        return self._method if shrinks else zipfile.ZIP_STORED

    def _info(self, name: str, method: int) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name)
        info.compress_type = method
        info.create_system = (
            3  # Unix, so that the mode in external_attr is read (APPNOTE.TXT 4.4.2)
        )
        return info

    def _store(self, name: str, data: bytes, method: int) -> None:
        info = self._info(name, method)
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        self._zip.writestr(info, data)


def _method(compression: str) -> int:
    if compression not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise SaveError(f"compression={compression!r} is not known; choose one of {known}.")
    if compression not in AVAILABLE:
        raise SaveError(
            "compression='zstd' needs Python 3.14, or the package backports.zstd in an older one."
        )
    return METHODS[compression]


def _peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    iterator = iter(chunks)
    first = next(iterator, b"")
    return first, chain((first,), iterator)


def _dos_time(mtime_ns: int) -> tuple[int, int, int, int, int, int]:
    # ZIP's own time cannot say what lies outside of 1980 to 2107; the manifest has the exact one.
    low, high = 315_532_800, 4_354_819_198
    return time.gmtime(min(max(mtime_ns // 1_000_000_000, low), high))[:6]
