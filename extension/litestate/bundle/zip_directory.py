"""Strict reading of the ZIP directory of a bundle.

`zipfile` opens as much as it can: it searches for the end record, and accepts bytes before and
after the archive, overlapping entries, and headers that contradict each other. With each of these
freedoms, two programs can see different content in one file. So a bundle has none of them.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from .limits import CONTENTS, Limits, damaged, unsafe
from .manifest import MANIFEST_MEMBER, MIMETYPE, MIMETYPE_MEMBER, SIGNATURE_BYTES, SIGNATURE_MEMBER
from .zip_format import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    CHUNK,
    COMMENT,
    COMMENT_BYTES,
    DIGEST_BYTES,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LOCAL,
    LOCATOR,
    LOCATOR_SIGNATURE,
    METHODS,
    SIGNATURE,
    START,
)

_MAX16, _MAX32 = 0xFFFF, 0xFFFF_FFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_VERSIONS = (10, 20, 45, 63)
"""Values of "version needed" in a bundle: 1.0, 2.0 for Deflate, 4.5 for
ZIP64, 6.3 for Zstandard (APPNOTE.TXT 4.4.3)."""

_WALK = 1_000_000
"""Most entries to read in search of the place where a file was cut off."""

_ZIP64_LOCAL = struct.Struct("<2H2Q")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the archive.

    Attributes
    ----------
    name : str
        Name in the central directory.
    version, flags, method, time, date, crc32 : int
        Fields of its headers; the version is the one needed to unpack it.
    size, compressed_size : int
        Bytes of content, and of compressed data in the file.
    offset, start : int
        Offsets of the local header and of the compressed data.
    """

    name: str
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc32: int
    size: int
    compressed_size: int
    offset: int
    start: int


def read_directory(file: IO[bytes], limits: Limits) -> dict[str, Entry]:
    """Read the names, sizes and offsets of all entries.

    Parameters
    ----------
    file : binary file
        A bundle that can seek.
    limits : Limits
        The most that it may ask for.

    Returns
    -------
    dict of str to Entry
        The entries by name, in the order of the file.

    Raises
    ------
    DamagedBundleError, UnsafeBundleError
        If the archive is not in one piece from the first byte to the last.
    """
    size = file.seek(0, os.SEEK_END)
    manifest_start = _check_tail(file, size)
    count, start, end = _read_end(file, size)
    # Two or three of the entries are not members: the names tell, once they are read.
    if count - 3 > limits.members:
        limits.check_members(count - 2)
    entries = _read_entries(file, count, start, end)
    names = list(entries)
    limits.check_members(count - 2 - (SIGNATURE_MEMBER in entries))
    if names[:1] != [MIMETYPE_MEMBER] or names[-1:] != [MANIFEST_MEMBER]:
        raise damaged(CONTENTS, "its first and last entry are not those of a bundle")
    if entries[MIMETYPE_MEMBER].size != len(MIMETYPE):
        raise damaged(MIMETYPE_MEMBER, "its size is wrong")
    if entries[MANIFEST_MEMBER].offset != manifest_start:
        raise damaged(CONTENTS, "it does not say where the manifest starts")
    if SIGNATURE_MEMBER in entries:
        _check_signature(entries[SIGNATURE_MEMBER], is_last=names[-2] == SIGNATURE_MEMBER)
    return entries


def _check_signature(entry: Entry, *, is_last: bool) -> None:
    # Stored: compressed data has bits without a meaning.
    if not is_last or entry.method != METHODS["store"] or entry.size != SIGNATURE_BYTES:
        raise damaged(SIGNATURE_MEMBER, "it is not stored the way that a bundle stores a signature")


def check_local(file: IO[bytes], entry: Entry) -> None:
    """Check that the local header of an entry agrees with the central directory.

    Raises
    ------
    DamagedBundleError
        If it does not agree.
    """
    file.seek(entry.offset)
    if file.read(entry.start - entry.offset) != _local_header(entry):
        raise damaged(entry.name, "its header contradicts the table of contents")


def last_piece(file: IO[bytes]) -> tuple[str, bool]:
    """Find the entry in which a file that was cut off ends.

    Returns
    -------
    (name, is_complete)
        The name of the last entry in its local header, and whether the entry is complete.
    """
    size = file.seek(0, os.SEEK_END)
    name, position = MIMETYPE_MEMBER, 0
    for _ in range(_WALK):
        file.seek(position)
        header = file.read(LOCAL.size)
        if len(header) < LOCAL.size or not header.startswith(SIGNATURE):
            return name, True
        *_, compressed, _, name_length, extra_length = LOCAL.unpack(header)
        raw, extra = file.read(name_length), file.read(extra_length)
        if len(raw) < name_length:
            return name, True
        name = raw.decode(errors="replace")
        if compressed == _MAX32 and len(extra) == _ZIP64_LOCAL.size:
            compressed = _ZIP64_LOCAL.unpack(extra)[3]
        position += LOCAL.size + name_length + extra_length + compressed
        if position > size:
            break
    return name, False


def _check_tail(file: IO[bytes], size: int) -> int:
    """Check the SHA-256 of the end of the file; return the offset of the manifest."""
    file.seek(max(0, size - COMMENT_BYTES))
    found = COMMENT.fullmatch(file.read(COMMENT_BYTES))
    start = int(found[1]) if found else size
    if not found or not len(START) <= start < size - COMMENT_BYTES - END.size:
        raise damaged(CONTENTS, "the checksum at its end cannot be read")
    digest, left = hashlib.sha256(), size - DIGEST_BYTES - start
    file.seek(start)
    while left and (chunk := file.read(min(CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    if digest.hexdigest() != found[2].decode():
        raise damaged(
            MANIFEST_MEMBER, "it, or the table of contents behind it, is not what was written"
        )
    return start


def _read_end(file: IO[bytes], size: int) -> tuple[int, int, int]:
    """Return the number of entries, and the start and the end of the central directory."""
    end = size - COMMENT_BYTES - END.size
    record = _unpack(file, END, end, END_SIGNATURE)
    count, length, start = record[4:7]
    locator = _peek(file, LOCATOR, end - LOCATOR.size)
    if locator[0] == LOCATOR_SIGNATURE:
        end -= LOCATOR.size + END64.size
        record64 = _unpack(file, END64, end, END64_SIGNATURE)
        rest, *_, disk, other_disk, same_count, count, length, start = record64[1:]
        fits = (rest, disk, other_disk, same_count) == (END64.size - 12, 0, 0, count)
        if locator[1:] != (0, end, 1) or not fits:
            raise damaged(CONTENTS, "its ZIP64 records contradict each other")
    counts, places = (min(count, _MAX16),) * 2, (min(length, _MAX32), min(start, _MAX32))
    if record[1:] != (0, 0, *counts, *places, COMMENT_BYTES) or start + length != end:
        raise damaged(CONTENTS, "its end record contradicts the rest of the file")
    return count, start, end


def _read_entries(file: IO[bytes], count: int, start: int, end: int) -> dict[str, Entry]:
    file.seek(start)
    headers = list(_read_headers(file, count, end))
    offsets = [fields[-1] for _, fields in headers]
    if offsets[:1] != [0]:
        raise damaged(CONTENTS, "its first entry is not at the start of the file")
    entries: dict[str, Entry] = {}
    for (name, fields), until in zip(headers, [*offsets[1:], start], strict=True):
        if name in entries:
            raise unsafe(f"it holds two members of one name, {name!r}")
        entries[name] = _entry(name, fields, until)
    return entries


def _entry(name: str, fields: list[int], until: int) -> Entry:
    """Return an entry that ends where the next one starts."""
    version, flags, method, time, date, crc32, compressed, size, offset = fields
    start = until - compressed
    header = LOCAL.size + len(name.encode())
    if start - offset not in (header, header + _ZIP64_LOCAL.size):
        raise damaged(name, "it overlaps with another entry, or something lies between them")
    if flags & _ENCRYPTED:
        raise unsafe(f"its member {name!r} is encrypted")
    if method not in METHODS.values():
        raise damaged(name, f"it has the compression method {method}")
    if flags != (0 if name.isascii() else _UTF8):
        raise damaged(name, f"it has the unknown flags {flags:#x}")
    if version not in _VERSIONS:
        raise damaged(name, f"it needs the unknown version {version} of ZIP")
    return Entry(name, version, flags, method, time, date, crc32, size, compressed, offset, start)


def _read_headers(file: IO[bytes], count: int, end: int) -> Iterator[tuple[str, list[int]]]:
    """Yield the name in each header, and the fields that `Entry` needs."""
    for _ in range(count):
        header = file.read(CENTRAL.size)
        if len(header) < CENTRAL.size or not header.startswith(CENTRAL_SIGNATURE):
            raise damaged(CONTENTS, "an entry of it cannot be read")
        values = CENTRAL.unpack(header)
        name_length, extra_length, comment_length, disk = values[10:14]
        raw, extra = file.read(name_length), file.read(extra_length)
        if comment_length or disk:
            raise damaged(CONTENTS, "an entry of it has a comment or lies on another disk")
        yield _decoded(raw), [*values[2:8], *_sizes(values, extra)]
    if file.tell() != end:
        raise damaged(CONTENTS, "its length is not the recorded one")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise damaged(repr(raw)[2:-1], "its name is not UTF-8") from None


def _sizes(values: tuple[Any, ...], extra: bytes) -> list[int]:
    """Return compressed size, size and offset; each may be in the ZIP64 field."""
    compressed, size, offset = values[8], values[9], values[16]
    # The order in the extra field (APPNOTE.TXT 4.5.3).
    wide = [value for value in (size, compressed, offset) if value == _MAX32]
    layout = struct.Struct(f"<2H{len(wide)}Q")
    if not wide and not extra:
        return [compressed, size, offset]
    if not wide or len(extra) != layout.size or extra[:4] != struct.pack("<2H", 1, 8 * len(wide)):
        raise damaged(CONTENTS, "an entry of it has an extra field that is not ZIP64's")
    found = iter(layout.unpack(extra)[2:])
    size, compressed, offset = (
        next(found) if value == _MAX32 else value for value in (size, compressed, offset)
    )
    return [compressed, size, offset]


def _local_header(entry: Entry) -> bytes:
    name = entry.name.encode()
    sizes, extra = (entry.compressed_size, entry.size), b""
    if entry.start - entry.offset > LOCAL.size + len(name):
        extra = _ZIP64_LOCAL.pack(1, 16, entry.size, entry.compressed_size)
        sizes = (_MAX32, _MAX32)
    elif max(sizes) >= _MAX32:
        return b""
    fields = (entry.version, entry.flags, entry.method, entry.time, entry.date, entry.crc32)
    return LOCAL.pack(SIGNATURE, *fields, *sizes, len(name), len(extra)) + name + extra


def _peek(file: IO[bytes], layout: struct.Struct, offset: int) -> tuple[Any, ...]:
    file.seek(max(0, offset))
    return layout.unpack(file.read(layout.size).ljust(layout.size, b"\0"))


def _unpack(
    file: IO[bytes], layout: struct.Struct, offset: int, signature: bytes
) -> tuple[Any, ...]:
    values = _peek(file, layout, offset)
    if offset < 0 or values[0] != signature:
        raise damaged(CONTENTS, "its end record is missing")
    return values
