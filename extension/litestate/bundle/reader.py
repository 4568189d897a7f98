"""Read a bundle and check all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from .. import names
from .._zip import AVAILABLE, METHODS, UNREADABLE, zipfile
from ..errors import DamagedBundleError, NotABundleError, SourceError, UnsafeBundleError
from ..manifest import MANIFEST_MEMBER, MIMETYPE, MIMETYPE_MEMBER, Member
from ..manifest_reader import read_manifest
from .format import CHUNK, HEAD, SIGNATURE, is_bundle

_END = b"PK\5\6" + bytes(18)
"""End of central directory record without a comment (APPNOTE.TXT 4.3.16)."""


@dataclass(frozen=True)
class Limits:
    """How much a bundle may ask for before it is refused.

    Attributes
    ----------
    members : int
        Number of members.
    total_bytes : int
        Sum of the sizes after decompression.
    ratio : int
        Size after inflating for each deflated byte, for members above 1 MiB.
        Deflate itself cannot exceed 1032 (zlib's technical details).
    manifest_bytes : int
        Size of the manifest.
    """

    members: int = 1_000_000
    total_bytes: int = 64 << 30
    ratio: int = 1100
    manifest_bytes: int = 256 << 20


class Reader:
    """Read a bundle, trusting nothing in it.

    Opening checks the structure and the manifest; `verify` checks every byte of every member.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.
    limits : Limits, optional
        What is too much.

    Raises
    ------
    NotABundleError, DamagedBundleError, UnsafeBundleError, NewerFormatError
        If the file is not a good bundle; the message says what to do.
    """

    def __init__(self, file: IO[bytes], *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        head = _head(file)
        with _reading("the table of contents"):
            self._zip = _open_zip(file, head)
        _check_end(file)
        self._infos = {info.filename: info for info in self._zip.infolist()}
        self._check_shape(head)
        self.manifest = read_manifest(self._read_manifest())
        self._check_members()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def verify(self, progress: Callable[[int], None] | None = None) -> None:
        """Read everything once and compare it with the manifest.

        Parameters
        ----------
        progress : callable, optional
            Called with the number of bytes that were read since the last call.

        Raises
        ------
        DamagedBundleError
            With the name of the first member that is not as the manifest says.
        """
        for member in self.manifest.members:
            digest, total = hashlib.sha256(), 0
            for chunk in self.chunks(member):
                digest.update(chunk)
                total += len(chunk)
                if progress:
                    progress(len(chunk))
            if (total, digest.hexdigest()) != (member.size, member.sha256):
                raise _damaged(member.name, "its content is not what was saved")
            if member.kind == "symlink":
                self._check_link(member)

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of one member, 1 MiB at a time; never more than its declared size."""
        left = member.size
        with _reading(member.name), self._zip.open(self._infos[member.name]) as stream:
            while chunk := stream.read(min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise _damaged(member.name, "it is larger than the manifest says")
                yield chunk

    def content(self, member: Member) -> bytes:
        """Return the whole content of a member that is known to be small."""
        return b"".join(self.chunks(member))

    def _check_link(self, member: Member) -> None:
        if member.size > names.MAX_NAME_BYTES:
            raise _unsafe(f"the link {member.name!r} has a target of {member.size:,} bytes")
        try:
            reason = names.link_problem(member.relative, self.content(member).decode())
        except UnicodeDecodeError:
            reason = "has a target that is not text"
        if reason:
            raise _unsafe(f"the link {member.name!r} {reason}")

    def _check_shape(self, head: bytes) -> None:
        listed = self._zip.infolist()
        if not is_bundle(head) or not self._is_marked() or MANIFEST_MEMBER not in self._infos:
            raise NotABundleError(
                "This ZIP file is not a litestate bundle: it has no litestate mark at its "
                "start or no manifest. "
                "Nothing was changed. Choose a file that save_state() made (its name ends in "
                ".litestate.zip)."
            )
        if len(listed) != len(self._infos):
            raise _unsafe("it holds two members of one name")
        for info in listed:
            _check_method(info)

    def _is_marked(self) -> bool:
        info = self._infos.get(MIMETYPE_MEMBER)
        return info is not None and (info.header_offset, info.file_size) == (0, len(MIMETYPE))

    def _read_manifest(self) -> bytes:
        info = self._infos[MANIFEST_MEMBER]
        if info.file_size > self._limits.manifest_bytes:
            raise _too_large(
                f"its manifest has {info.file_size:,} bytes", self._limits.manifest_bytes
            )
        with _reading(MANIFEST_MEMBER), self._zip.open(info) as stream:
            return stream.read(self._limits.manifest_bytes)

    def _check_members(self) -> None:
        members = self.manifest.members
        present = set(self._infos) - {MIMETYPE_MEMBER, MANIFEST_MEMBER}
        declared = {member.name for member in members}
        if missing := sorted(declared - present):
            raise _damaged(missing[0], "it is missing from the file")
        if extra := sorted(present - declared):
            raise _damaged(extra[0], "the manifest does not know it")
        _check_collisions(members)
        self._check_limits()
        for member in members:
            self._check_info(member)

    def _check_limits(self) -> None:
        members = self.manifest.members
        total = sum(member.size for member in members)
        if len(members) > self._limits.members:
            raise _too_large(f"it has {len(members):,} members", self._limits.members)
        if total > self._limits.total_bytes:
            raise _too_large(f"it unpacks to {total:,} bytes", self._limits.total_bytes)

    def _check_info(self, member: Member) -> None:
        info = self._infos[member.name]
        if info.flag_bits & 0x1:
            raise _unsafe(f"its member {member.name!r} is encrypted")
        if info.file_size != member.size:
            raise _damaged(member.name, "its size is not what the manifest says")
        # Zstandard has no such bound: a file of zeros shrinks to nearly nothing.
        inflated = member.size > self._limits.ratio * max(info.compress_size, 1)
        if info.compress_type == METHODS["deflate"] and member.size > CHUNK and inflated:
            raise _too_large(
                f"its member {member.name!r} unpacks to {member.size:,} bytes", self._limits.ratio
            )


def _check_method(info: zipfile.ZipInfo) -> None:
    known = {number: name for name, number in METHODS.items()}
    if info.compress_type not in known:
        raise _damaged(info.filename, f"it has the compression method {info.compress_type}")
    if known[info.compress_type] not in AVAILABLE:
        raise SourceError(
            "This bundle is compressed with Zstandard, which needs Python 3.14 or the package "
            "backports.zstd. Nothing was changed."
        )


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return head


def _open_zip(file: IO[bytes], head: bytes) -> zipfile.ZipFile:
    if not head.startswith(SIGNATURE):
        raise NotABundleError(
            f"This is not a litestate bundle: {_describe(head)}. Nothing was changed. "
            "Choose a file that save_state() made (its name ends in .litestate.zip)."
        )
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise DamagedBundleError(
            "The bundle is incomplete: its table of contents, which stands at the end, is "
            "missing or broken. "
            "Nothing was changed. The download or copy was probably cut off: fetch it again."
        ) from None


def _check_end(file: IO[bytes]) -> None:
    """Make sure that the archive ends with its end record: nothing may hide behind it."""
    file.seek(-len(_END), os.SEEK_END)
    record = file.read(len(_END))
    if record[:4] != _END[:4] or record[-2:] != _END[-2:]:
        raise _unsafe("something follows after the end of the archive")


def _describe(head: bytes) -> str:
    if not head:
        return "the file is empty"
    if head.startswith(b"SQLite format 3\0"):
        return "it is a SQLite database, which sqlite3.connect() opens as it is"
    if head.lstrip()[:1] in (b"{", b"["):
        return "it looks like JSON, a notebook perhaps"
    return "its first bytes are not those of a ZIP file"


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what zipfile raises for bad data into an error that names the member."""
    try:
        yield
    except UNREADABLE as error:
        raise _damaged(name, f"it cannot be read ({error})") from error


def _check_collisions(members: Iterable[Member]) -> None:
    taken = names.Taken()
    for member in members:
        if reason := taken.problem(member.name, member.kind):
            raise _unsafe(f"{member.name!r} {reason}")
        taken.add(member.name, member.kind)


def _unsafe(what: str) -> UnsafeBundleError:
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}. litestate never writes "
        "such a file; do not use it."
    )


def _damaged(name: str, what: str) -> DamagedBundleError:
    return DamagedBundleError(
        f"The bundle is damaged at {name!r}: {what}. Nothing was changed; use another copy of "
        "the file."
    )


def _too_large(what: str, limit: int) -> UnsafeBundleError:
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}, the limit is {limit:,}. "
        "If you trust it, unpack it with another ZIP program."
    )
