"""Writing of a bundle as a stream."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from itertools import chain
from typing import IO, Any, Literal, cast

from ..errors import SaveError, UnsafeBundleError
from .manifest import (
    MANIFEST_MEMBER,
    MIMETYPE,
    MIMETYPE_MEMBER,
    SIGNATURE_MEMBER,
    Kind,
    Manifest,
    Member,
    Signature,
)
from .member_names import MemberNames, path_problem
from .variable_members import group_problem, name_problem
from .zip_format import AVAILABLE, DIGEST_BYTES, METHODS, zipfile

Compression = Literal["deflate", "zstd", "store"]

_SAMPLES = 4
_SAMPLE = 1 << 14
"""Bytes of each sample. The samples are spread: a member may begin with noise and be text."""

_WORTH_COMPRESSING = 0.9
"""A member is stored if its samples do not shrink to this share: unpacking is faster then."""

_TYPE_BITS: dict[Kind, int] = {
    "file": stat.S_IFREG,
    "database": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "variables": stat.S_IFREG,
    "packages": stat.S_IFREG,
    "session": stat.S_IFREG,
}


class Writer:
    """A bundle that is being written to a file that can seek.

    Parameters
    ----------
    file : binary file
        Open for writing, at its start, and able to seek.
    compression : {"deflate", "zstd", "store"}, optional
        Deflate opens anywhere; Zstandard is about four times as fast and needs Python 3.14 or
        ``backports.zstd``.

    Attributes
    ----------
    advance : callable
        Called with the number of bytes of content that were written since the last call.

    Raises
    ------
    SaveError
        If ``compression`` is unknown, or this Python has no Zstandard.
    """

    def __init__(self, file: IO[bytes], *, compression: Compression = "deflate") -> None:
        self._method = _method(compression)
        self._output = _Output(file)
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._output), "w", allowZip64=True)
        self.advance: Callable[[int], object] = lambda count: None
        self._members: list[Member] = []
        self._taken = MemberNames()
        self._store(MIMETYPE_MEMBER, MIMETYPE.encode(), zipfile.ZIP_STORED)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members written so far."""
        return tuple(self._members)

    def problem(self, name: str, kind: Kind) -> str | None:
        """Return the reason why a member of this name cannot be added, or None."""
        reason = path_problem(name) or name_problem(name, kind) or self._taken.problem(name, kind)
        if reason:
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
        kind : {"file", "directory", "symlink", "database", "variables", "packages", "session"}
            Kind of state.
        chunks : iterable of bytes
            The content, in order.
        size : int
            Expected size in bytes, which decides whether to reserve ZIP64 fields.
        mode : int, optional
            Permission bits.
        mtime_ns : int, optional
            Modification time, nanoseconds since 1970-01-01 UTC.
        details : dict, optional
            More for the manifest.

        Returns
        -------
        Member
            The entry for the manifest, with the actual size and hash.

        Raises
        ------
        UnsafeBundleError
            If the name is not allowed in a bundle, or collides with another one.
        """
        if reason := self.problem(name, kind):
            raise UnsafeBundleError(f"{name!r} cannot be put into a bundle: {reason}. Rename it.")
        first, chunks = _peek(chunks)
        info = self._info(name, self._method_for(first))
        info.date_time = _dos_time(mtime_ns)
        info.external_attr = (_TYPE_BITS[kind] | mode) << 16 | (0x10 if kind == "directory" else 0)
        info.file_size = size
        total, digest, crc32 = self._stream(info, chunks)
        member = Member(name, kind, total, digest, crc32, mode, mtime_ns, details or {})
        self._members.append(member)
        self._taken.add(name, kind)
        return member

    def finish(
        self, manifest: Manifest, sign: Callable[[bytes], Signature | None] | None = None
    ) -> Signature | None:
        """Write the manifest, the central directory, and the hash of both.

        Parameters
        ----------
        manifest : Manifest
            The description of the bundle.
        sign : callable, optional
            Signs the bytes of the manifest, or returns None. It is called only if there are more
            than files and databases, which need no trust.

        Returns
        -------
        Signature or None
            The signature in the bundle.

        Raises
        ------
        UnsafeBundleError
            If groups of variables are incomplete, or share a name.
        """
        if reason := group_problem(manifest.members):
            raise UnsafeBundleError(f"The bundle cannot be finished: {reason}.")
        data = manifest.to_json()
        signature = sign(data) if sign and manifest.version > 1 else None
        if signature:
            self._store(SIGNATURE_MEMBER, signature.to_json(), zipfile.ZIP_STORED)
        start = self._output.mirror()
        self._store(MANIFEST_MEMBER, data, zipfile.ZIP_DEFLATED)
        self._zip.comment = comment(start, "0" * DIGEST_BYTES)
        self._zip.close()
        self._output.finish()
        return signature

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        # After an error the archive has no manifest, so that it is not mistaken for a bundle.
        # Closing it may fail for the same reason; the first error is the one to report.
        with suppress(OSError, ValueError):
            self._zip.close()

    def _stream(self, info: zipfile.ZipInfo, chunks: Iterable[bytes]) -> tuple[int, str, str]:
        digest, total = hashlib.sha256(), 0
        with self._zip.open(info, "w") as stream:
            # The local header is written by now.
            self._output.crc32 = 0
            for chunk in chunks:
                stream.write(chunk)
                digest.update(chunk)
                total += len(chunk)
                self.advance(len(chunk))
        return total, digest.hexdigest(), f"{self._output.crc32:08x}"

    def _method_for(self, first: bytes) -> int:
        sample = _sample(first)
        shrinks = len(zlib.compress(sample, 1)) < _WORTH_COMPRESSING * len(sample)
        return self._method if shrinks else zipfile.ZIP_STORED

    def _info(self, name: str, method: int) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name)
        info.compress_type = method
        if self._zip.start_dir > zipfile.ZIP64_LIMIT:
            # For such an offset, zipfile sets the version in the central directory only.
            info.extract_version = zipfile.ZIP64_VERSION
        info.create_system = (
            3  # Unix, so that the mode in external_attr is read (APPNOTE.TXT 4.4.2)
        )
        return info

    def _store(self, name: str, data: bytes, method: int) -> None:
        info = self._info(name, method)
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        self._zip.writestr(info, data)


class _Output:
    """The output file, with the checksums of the bytes written to it.

    `zipfile` writes each local header again when it knows the sizes; all else it appends.

    Attributes
    ----------
    crc32 : int
        CRC-32 of the bytes appended since it was last set to 0.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek, self.flush = file.tell, file.seek, file.flush
        self.crc32 = 0
        self._end = file.tell()
        self._mirror: BytesIO | None = None
        self._start = 0

    def write(self, data: bytes) -> int:
        position = self._file.tell()
        if position == self._end:
            self.crc32 = zlib.crc32(data, self.crc32)
            self._end += len(data)
        if self._mirror is not None:
            self._mirror.seek(position - self._start)
            self._mirror.write(data)
        return self._file.write(data)

    def mirror(self) -> int:
        """Copy everything written from here on, and return this offset."""
        self._start, self._mirror = self._end, BytesIO()
        return self._start

    def finish(self) -> None:
        """Write the hash of the copied bytes over the last digits."""
        assert self._mirror is not None
        content = self._mirror.getbuffer()[:-DIGEST_BYTES]
        self._file.seek(-DIGEST_BYTES, os.SEEK_CUR)
        self._file.write(hashlib.sha256(content).hexdigest().encode())
        self._file.flush()


def _method(compression: str) -> int:
    if compression not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise SaveError(f"compression={compression!r} is unknown; choose one of {known}.")
    if compression not in AVAILABLE:
        raise SaveError(
            "compression='zstd' needs Python 3.14, or the package backports.zstd in an older one."
        )
    return METHODS[compression]


def _peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    iterator = iter(chunks)
    first = next(iterator, b"")
    return first, chain((first,), iterator)


def _sample(first: bytes) -> bytes:
    step = max(len(first) // _SAMPLES, _SAMPLE)
    return b"".join(first[start : start + _SAMPLE] for start in range(0, len(first), step))


def _dos_time(mtime_ns: int) -> tuple[int, int, int, int, int, int]:
    # ZIP's own time covers 1980 to 2107; the manifest has the exact time.
    low, high = 315_532_800, 4_354_819_198
    return time.gmtime(min(max(mtime_ns // 1_000_000_000, low), high))[:6]


def comment(start: int, digest: str) -> bytes:
    """Return the archive's comment.

    Parameters
    ----------
    start : int
        Offset of the manifest's local header.
    digest : str
        Hexadecimal SHA-256.

    Examples
    --------
    >>> len(comment(1234, "0" * 64))
    116
    """
    return f"litestate: sha256 from byte {start:020} is {digest}".encode()
