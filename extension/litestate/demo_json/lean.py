"""Read the demo app's own file, which may be large, without keeping its text in memory."""

from __future__ import annotations

import re
from typing import IO

from ..bundle import CHUNK
from .shapes import array_bytes

DEMO_DATABASE = "database"
"""The field that the demo app writes first, if there is a database."""

ARRAY_LIMIT = 1 << 30
"""Bytes of a file that begins with the array. Chromium and Firefox make no string above 2**29 and
2**30 characters, so the app can write no larger one."""

REST_LIMIT = 16 << 20
"""Bytes that may follow the array: the state, and fields that are ignored."""

_START = re.compile(
    rb'(?:\xef\xbb\xbf)?[ \t\r\n]*+\{[ \t\r\n]*+"database"[ \t\r\n]*+:[ \t\r\n]*+\['
    rb"(?=[ \t\r\n]*+[0-9])"
)


def without_array(file: IO[bytes]) -> tuple[bytes, bytearray] | None:
    """Read a file that begins with the array of the database, a piece at a time.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.

    Returns
    -------
    (bytes, bytearray) or None
        The file with ``[0]`` in the place of the array, and the bytes that the array holds. None if
        the file begins with something else, or if the array holds something that is not a byte.
    """
    if file.seek(0, 2) > ARRAY_LIMIT:
        return None
    file.seek(0)
    piece = file.read(CHUNK)
    start = _START.match(piece)
    if start is None:
        return None
    head, piece = piece[: start.end()], piece[start.end() :]
    content = bytearray()
    try:
        while (end := piece.find(b"]")) < 0:
            numbers, comma, piece = piece.rpartition(b",")
            if comma:
                content += array_bytes(numbers)
            more = file.read(CHUNK)
            if not more or len(piece) > CHUNK:
                return None
            piece += more
        content += array_bytes(piece[:end])
    except ValueError:
        return None
    rest = piece[end:] + file.read(REST_LIMIT)
    return None if file.read(1) else (head + b"0" + rest, content)
