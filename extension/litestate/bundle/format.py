"""The ZIP structures of a bundle, and the marks at its start and end."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Final

from ..manifest import MIMETYPE, MIMETYPE_MEMBER

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
    >>> len(comment(1234, "0" * 64)) == COMMENT_BYTES
    True
    """
    return f"litestate: sha256 from byte {start:020} is {digest}".encode()


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
