"""Reading of a bundle, with all checks."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from ..errors import BundleError, SourceError
from .limits import CONTENTS, Limits, damaged, not_a_bundle, unsafe
from .manifest import (
    MANIFEST_MEMBER,
    MIMETYPE_MEMBER,
    SIGNATURE_MEMBER,
    Member,
    Signature,
    read_signature,
)
from .manifest_reader import read_manifest
from .member_names import MAX_NAME_BYTES, MemberNames, link_problem
from .zip_directory import Entry, check_local, last_piece, read_directory
from .zip_format import (
    AVAILABLE,
    CHUNK,
    COMMENT,
    COMMENT_BYTES,
    METHODS,
    SIGNATURE,
    START,
    CorruptStreamError,
    decompress,
)


class Reader:
    """An open bundle, of which nothing is trusted.

    Opening checks the structure and the manifest; `verify` checks every byte of every member.

    Parameters
    ----------
    file : binary file
        Open for reading, and able to seek.
    limits : Limits, optional
        The most that the bundle may ask for.

    Attributes
    ----------
    manifest : Manifest
        The checked manifest.
    manifest_bytes : bytes
        Its bytes in the bundle, which a signature covers.
    signature : Signature or None
        The signature in the bundle, not verified yet.
    what, verb : str
        Words for reports: the kind of source, and the action on it.
    advance : callable
        Called with the number of bytes of content that were read since the last call.
    trusted : bool
        Whether it may run code; the caller sets it.

    Raises
    ------
    NotABundleError, DamagedBundleError, UnsafeBundleError, NewerFormatError
        If the file is not a valid bundle.
    """

    what, verb = "bundle", "Loaded"

    def __init__(self, file: IO[bytes], *, limits: Limits | None = None) -> None:
        self._file = file
        self._limits = limits or Limits()
        self.advance: Callable[[int], object] = lambda count: None
        self.trusted = False
        _check_ends(file)
        self._entries = read_directory(file, self._limits)
        _check_methods(self._entries.values())
        self.manifest_bytes = self._read_manifest()
        self.manifest = read_manifest(self.manifest_bytes, len(self._entries))
        self._check_members()
        self.signature = self._read_signature()

    @property
    def total(self) -> int:
        """Bytes of content."""
        return sum(member.size for member in self.manifest.members)

    def verify(self) -> None:
        """Read everything once and compare it with the manifest.

        Raises
        ------
        DamagedBundleError
            Naming the first member that contradicts the manifest.
        """
        check_local(self._file, self._entries[MIMETYPE_MEMBER])
        members = {member.name: member for member in self.manifest.members}
        for name in self._entries:
            if name in members:
                self._verify_member(members[name])

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of one member, at most 1 MiB at a time.

        It never yields more than the declared size. If it ends without an error, size and checksums
        are right.
        """
        for chunk in self._content(self._entries[member.name], member.compressed_crc32):
            yield chunk
            self.advance(len(chunk))

    def content(self, member: Member) -> bytes:
        """Return the content of a small member."""
        return b"".join(self.chunks(member))

    def matches(self, member: Member, pieces: Iterable[bytes]) -> bool:
        """Tell whether this content, of the same size, has the hash of the member."""
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest() == member.sha256

    def _verify_member(self, member: Member) -> None:
        if not self.matches(member, self.chunks(member)):
            raise damaged(member.name, "its content is not what was saved")
        if member.kind == "symlink":
            self._check_link(member)

    def _check_link(self, member: Member) -> None:
        if member.size > MAX_NAME_BYTES:
            raise unsafe(f"the link {member.name!r} has a target of {member.size:,} bytes")
        try:
            reason = link_problem(member.relative, self.content(member).decode())
        except UnicodeDecodeError:
            reason = "has a target that is not text"
        if reason:
            raise unsafe(f"the link {member.name!r} {reason}")

    def _read_manifest(self) -> bytes:
        entry = self._entries[MANIFEST_MEMBER]
        self._limits.check_manifest(entry.size, entry.compressed_size)
        return b"".join(self._content(entry, None))

    def _read_signature(self) -> Signature | None:
        if SIGNATURE_MEMBER not in self._entries:
            return None
        found = read_signature(b"".join(self._content(self._entries[SIGNATURE_MEMBER], None)))
        if found is None:
            raise damaged(SIGNATURE_MEMBER, "it is not a signature")
        return found

    def _content(self, entry: Entry, compressed_crc32: str | None) -> Iterator[bytes]:
        check_local(self._file, entry)
        raw = _Raw(self._file, entry)
        left, crc32 = entry.size, 0
        try:
            for chunk in decompress(raw, entry.method):
                left -= len(chunk)
                if left < 0:
                    raise damaged(entry.name, "it is larger than its declared size")
                crc32 = zlib.crc32(chunk, crc32)
                yield chunk
        except CorruptStreamError as error:
            raise damaged(entry.name, str(error)) from None
        if left or crc32 != entry.crc32:
            raise damaged(entry.name, "its content is not what was saved")
        if compressed_crc32 not in (None, f"{raw.crc32:08x}"):
            raise damaged(entry.name, "its compressed data is not what was written")

    def _check_members(self) -> None:
        members = self.manifest.members
        others = {MIMETYPE_MEMBER, MANIFEST_MEMBER}
        if self.manifest.version > 1:
            others.add(SIGNATURE_MEMBER)
        present = set(self._entries) - others
        declared = {member.name for member in members}
        if missing := sorted(declared - present):
            raise damaged(missing[0], "it is missing from the file")
        if extra := sorted(present - declared):
            raise damaged(extra[0], "it is not in the manifest")
        _check_collisions(members)
        for member in members:
            if self._entries[member.name].size != member.size:
                raise damaged(member.name, "its size is not the one in the manifest")
        self._limits.check_total(self.total, self._file.seek(0, os.SEEK_END))


class _Raw:
    """The compressed bytes of an entry, and their checksum once they were read."""

    def __init__(self, file: IO[bytes], entry: Entry) -> None:
        self._file, self._entry = file, entry
        self.crc32 = 0

    def __iter__(self) -> Iterator[bytes]:
        position, end = self._entry.start, self._entry.start + self._entry.compressed_size
        while position < end:
            # Another member may have been read in between.
            self._file.seek(position)
            chunk = self._file.read(min(CHUNK, end - position))
            if not chunk:
                raise CorruptStreamError("the file ends in it")
            position += len(chunk)
            self.crc32 = zlib.crc32(chunk, self.crc32)
            yield chunk


def _check_ends(file: IO[bytes]) -> None:
    """Check the start and the end of the file; the error names the kind of another file."""
    file.seek(0)
    head = file.read(len(START))
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - COMMENT_BYTES))
    is_whole = COMMENT.fullmatch(file.read(COMMENT_BYTES)) is not None
    if head == START and is_whole:
        return
    if head == START:
        raise _cut_off(file, size)
    if is_whole:
        raise damaged(
            MIMETYPE_MEMBER, "the file does not start with it, or something was put in front"
        )
    if size < len(START) and head and START.startswith(head):
        raise damaged(MIMETYPE_MEMBER, f"the file ends in it, after {size:,} bytes")
    raise not_a_bundle(_describe(head))


def _cut_off(file: IO[bytes], size: int) -> BundleError:
    name, is_complete = last_piece(file)
    if not is_complete:
        return damaged(name, f"the file ends in it, after {size:,} bytes. It was cut off")
    if name != MANIFEST_MEMBER:
        return damaged(name, f"the file ends behind it, after {size:,} bytes. It was cut off")
    return damaged(CONTENTS, "it is cut off or changed, or something follows after its end")


def _describe(head: bytes) -> str:
    if not head:
        return "the file is empty"
    if head.startswith(SIGNATURE):
        return "it is a ZIP file of another kind, without litestate's mark at its start"
    if head.startswith(b"SQLite format 3\0"):
        return "it is a SQLite database, which sqlite3.connect() opens as it is"
    if head.strip() == b"{}":
        return "it looks like JSON of an app that had nothing to save: an empty object"
    if head.lstrip()[:1] in (b"{", b"["):
        return "it looks like JSON, a notebook perhaps"
    return "its first bytes are not those of a ZIP file"


def _check_methods(entries: Iterable[Entry]) -> None:
    available = {METHODS[name] for name in AVAILABLE}
    if not available.issuperset(entry.method for entry in entries):
        raise SourceError(
            "This bundle is compressed with Zstandard, which needs Python 3.14 or the package "
            "backports.zstd. Nothing was changed."
        )


def _check_collisions(members: Iterable[Member]) -> None:
    taken = MemberNames(outer_first=True)
    for member in sorted(members, key=lambda member: member.place.count("/")):
        if reason := taken.problem(member.name, member.kind):
            raise unsafe(f"{member.name!r} {reason}")
        taken.add(member.name, member.kind)
