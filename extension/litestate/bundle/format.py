"""What the writer and the reader must agree on."""

from __future__ import annotations

from ..manifest import MIMETYPE, MIMETYPE_MEMBER

CHUNK = 1 << 20
"""Bytes that are in memory at a time for one member."""

SIGNATURE = b"PK\x03\x04"
"""How a ZIP archive starts (APPNOTE.TXT 4.3.7)."""

HEAD = 100
"""Bytes that `is_bundle` wants to see."""


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
    return head.startswith(SIGNATURE) and head[30:].startswith(
        (MIMETYPE_MEMBER + MIMETYPE).encode()
    )
