"""The bytes of a log: headers, records and checksums, as in ``docs/checkpoint-format.md``."""

from __future__ import annotations

import os
import struct
from hashlib import blake2b
from typing import NamedTuple

from .chunks import CHUNK, Chunk

MAGIC = b"\x95LSLOG\r\n"
"""First bytes of a log. As in PNG, one byte is not text, and a line end shows whether the file was
transferred as text."""

VERSION = 1
"""Version of the log format. It is increased when an older litestate could misread a log."""

HEADER = 64
"""Bytes of the file's header, and of each record's."""

MAX_CHUNKS = 1024
"""Most chunks of a DATA record: its header and table (45 KiB) then fit in one `READ`."""

MAX_PAYLOAD = 4 << 20
"""Bytes of payload at which a DATA record is full; its last chunk may exceed them."""

MAX_TREE = 1 << 30
"""Most bytes of a checkpoint's list of entries as JSON, to bound what reading may allocate."""

READ = 64 << 10
"""Bytes to read at a header; a call into the browser takes longer than reading these bytes."""

DATA, COMMIT = 1, 2
"""Kinds of records."""

FILE_ID = 8
"""Bytes of the random ID of a log file, which its records repeat."""

_FILE = struct.Struct("<8sH6xQ8s24x8s")
_RECORD = struct.Struct("<4sHH8sQIII4x16s8s")
_ROW = struct.Struct("<32sIII")

RECORD_MAGIC = b"\x95rec"
ROW = _ROW.size
"""Bytes of one chunk in the table of a DATA record."""

_ROOM = HEADER + MAX_CHUNKS * ROW
"""Bytes reserved before the payload in a batch's buffer. Header and table are put right before the
payload, so that one write takes all three."""


class FileHeader(NamedTuple):
    """The first 64 bytes of a log.

    Attributes
    ----------
    version : int
        Version of the format.
    generation : int
        Generation of the log; each compaction makes the next one.
    file_id : bytes
        Random ID of this file.
    """

    version: int
    generation: int
    file_id: bytes


class Header(NamedTuple):
    """The first 64 bytes of a record.

    Attributes
    ----------
    kind : int
        `DATA` or `COMMIT`.
    codec : int
        Codec of the payload of a COMMIT record.
    file_id : bytes
        ID of the file that the record was written to.
    number : int
        Number of the first chunk, or of the checkpoint.
    table, payload : int
        Bytes of the two parts after the header.
    unpacked : int
        Bytes of the decompressed payload of a COMMIT record.
    check : bytes
        `checksum` of the table (DATA) or of table and payload (COMMIT).
    """

    kind: int
    codec: int
    file_id: bytes
    number: int
    table: int
    payload: int
    unpacked: int
    check: bytes

    @property
    def length(self) -> int:
        """Bytes of the whole record."""
        return HEADER + self.table + self.payload

    @property
    def checked(self) -> int:
        """Bytes after the header that `check` covers."""
        return self.table if self.kind == DATA else self.table + self.payload

    @property
    def chunks(self) -> int:
        """Chunks in a DATA record."""
        return self.table // ROW


def checksum(data: bytes | bytearray | memoryview) -> bytes:
    """Return the BLAKE2b-128 for the header of a record."""
    return blake2b(data, digest_size=16).digest()


def new_file_id() -> bytes:
    """Return a random ID for a log file."""
    return os.urandom(FILE_ID)


def pack_file_header(generation: int, file_id: bytes) -> bytes:
    """Return the first 64 bytes of a log."""
    packed = _FILE.pack(MAGIC, VERSION, generation, file_id, bytes(8))[:-8]
    return packed + _short(packed)


def read_file_header(data: bytes) -> FileHeader | None:
    """Read the header of a log file; return None if it is not valid."""
    if len(data) < HEADER or not data.startswith(MAGIC):
        return None
    _, version, generation, file_id, check = _FILE.unpack_from(data)
    if check != _short(data[: HEADER - 8]):
        return None
    return FileHeader(version, generation, file_id)


def pack_header(header: Header, offset: int) -> bytes:
    """Return the header of a record that will start at an offset."""
    packed = _RECORD.pack(RECORD_MAGIC, *header, bytes(8))[:-8]
    return packed + _short(offset.to_bytes(8, "little") + packed)


def read_header(data: bytes, at: int, offset: int) -> Header | None:
    """Read the header of a record.

    Parameters
    ----------
    data : bytes
        Part of the log.
    at : int
        Index in `data` at which the header should start.
    offset : int
        The same position in the file. A header is valid only where it was written, so the records
        of a log that is itself a saved file are never taken for records of this one.

    Returns
    -------
    Header or None
        None if there is no header, or its fields are impossible.
    """
    packed = data[at : at + HEADER]
    if len(packed) < HEADER or not packed.startswith(RECORD_MAGIC):
        return None
    if packed[-8:] != _short(offset.to_bytes(8, "little") + packed[:-8]):
        return None
    header = Header._make(_RECORD.unpack(packed)[1:-1])
    return header if _is_possible(header, offset) else None


def _is_possible(header: Header, offset: int) -> bool:
    if header.kind != DATA:
        return header.unpacked <= MAX_TREE
    # The tables of all chunks before this one take space, too. So a number cannot be so high that
    # a list of chunks would fill the memory.
    return (
        header.table % ROW == 0
        and 0 < header.chunks <= MAX_CHUNKS
        and header.payload <= MAX_PAYLOAD + CHUNK
        and header.number * ROW <= offset
    )


def pack_row(digest: bytes, size: int, stored: int, codec: int) -> bytes:
    """Return the row of one chunk in the table of a DATA record."""
    return _ROW.pack(digest, size, stored, codec)


def read_rows(table: bytes, payload: int) -> list[tuple[bytes, int, int, int]] | None:
    """Read the table of a DATA record.

    Returns
    -------
    list of tuple or None
        Digest, size, stored size and codec of each chunk; None if the values are impossible.
    """
    rows = list(_ROW.iter_unpack(table))
    if any(not 0 < stored <= size <= CHUNK for _, size, stored, _ in rows):
        return None
    return rows if sum(row[2] for row in rows) == payload else None


def _short(data: bytes) -> bytes:
    return blake2b(data, digest_size=8).digest()


class Batch:
    """A DATA record that is being filled."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.chunks: list[Chunk] = []
        self._rows: list[bytes] = []
        self._buffer = bytearray(_ROOM)

    @property
    def is_full(self) -> bool:
        """Whether the record takes no more chunks."""
        return len(self.chunks) >= MAX_CHUNKS or len(self._buffer) - _ROOM >= MAX_PAYLOAD

    def add(self, chunk: Chunk, packed: bytes | memoryview) -> None:
        """Add a chunk."""
        self.chunks.append(chunk)
        self._rows.append(pack_row(chunk.digest, chunk.size, chunk.stored, chunk.codec))
        self._buffer += packed

    def record(self, offset: int, file_id: bytes) -> memoryview:
        """Return the bytes of the record at an offset."""
        table = b"".join(self._rows)
        payload = len(self._buffer) - _ROOM
        header = Header(DATA, 0, file_id, self.first, len(table), payload, 0, checksum(table))
        start = _ROOM - len(table) - HEADER
        self._buffer[start:_ROOM] = pack_header(header, offset) + table
        return memoryview(self._buffer)[start:]

    def place(self, offset: int) -> None:
        """Set the offsets of the chunks, once the record is written at an offset."""
        offset += HEADER + len(self.chunks) * ROW
        for chunk in self.chunks:
            chunk.offset = offset
            offset += chunk.stored
