"""Scanner for JSON objects of hundreds of megabytes: finds fields without parsing their values.

`json.loads` would make 50 million objects of a database of 50 MB, and recurse as deeply as the file
is nested. Here nothing recurses, and a value is a range of the file's bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO

from ..bundle import CHUNK

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
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NUMBERS = re.compile(rb"[0-9, \t\r\n]*+")
_SCALAR = re.compile(rb'[^][{}",: \t\r\n]++')
# A quotation mark alone begins a string without an end.
_STRING_OR_BRACKET = re.compile(_STRING.pattern + rb'|["\[\]{}]', re.DOTALL)
# Most of a database: its millions of numbers and strings need not be read one by one.
_DIGITS_ONLY = re.compile(rb'\[[0-9, \t\r\n]*+\]|\{[0-9,": \t\r\n]*+\}')


class BrokenJson(ValueError):
    """The bytes are not JSON.

    Parameters
    ----------
    problem : str
        The error and its position.
    key : str or None
        The field that was being read.
    """

    def __init__(self, problem: str, key: str | None = None) -> None:
        super().__init__(problem)
        self.key = key


def members(data: bytes, start: int, stop: int) -> Iterator[tuple[str, slice]]:
    """Yield the key and the range of each field of an object.

    Values are only scanned for their ends.

    Parameters
    ----------
    data : bytes
        JSON in UTF-8.
    start, stop : int
        Where the object begins, at its ``{``, and where it must end.

    Raises
    ------
    BrokenJson
        At the first position where it is not a JSON object.
    """
    key = None
    position = _space(data, start + 1)
    if data[position : position + 1] != b"}":
        while True:
            end = _string_end(data, position, key)
            key = text_of(data[position:end])
            value = _value(data, end, key)
            yield key, value
            position = _space(data, value.stop)
            if data[position : position + 1] != b",":
                break
            position = _space(data, position + 1)
    if data[position : position + 1] != b"}":
        raise _broken(data, position, key)
    if position + 1 != stop:
        raise BrokenJson(f"something follows after its end, at byte {position + 1:,}", key)


def text_of(raw: bytes) -> str:
    """Return the text of a JSON string; line breaks need not be escaped.

    Raises
    ------
    BrokenJson
        If it is not a string in UTF-8.
    """
    try:
        text: str = json.loads(raw.decode(), strict=False)
    except ValueError as error:
        raise BrokenJson(f"a text in it cannot be read ({error})") from None
    return text


def array_bytes(piece: bytes) -> bytes:
    """Return the bytes in a piece of a JSON array.

    Raises
    ------
    ValueError
        If an element is not a whole number from 0 to 255.
    """
    if not piece.strip() or not _NUMBERS.fullmatch(piece):
        # json.loads() would read an empty piece as an empty array, and true as 1.
        raise ValueError("no numbers")
    return bytes(json.loads(b"[%b]" % piece))


def without_array(file: IO[bytes]) -> tuple[bytes, bytearray] | None:
    """Read a file that begins with the array of the database, one chunk at a time.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.

    Returns
    -------
    (bytes, bytearray) or None
        The file with ``[0]`` instead of the array, and the bytes in the array. None if the file
        begins with something else, or if an element of the array is not a byte.
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


def _space(data: bytes, position: int) -> int:
    found = _SPACE.match(data, position)
    return found.end() if found else position


def _value(data: bytes, position: int, key: str) -> slice:
    colon = _space(data, position)
    if data[colon : colon + 1] != b":":
        raise _broken(data, colon, key)
    start = _space(data, colon + 1)
    first = data[start : start + 1]
    if first == b'"':
        return slice(start, _string_end(data, start, key))
    if first in (b"[", b"{"):
        return slice(start, _container_end(data, start, key))
    if found := _SCALAR.match(data, start):
        return slice(start, found.end())
    raise _broken(data, start, key)


def _string_end(data: bytes, start: int, key: str | None) -> int:
    if found := _STRING.match(data, start):
        return found.end()
    if data[start : start + 1] == b'"':
        raise _broken(data, len(data), key)
    raise _broken(data, start, key)


def _container_end(data: bytes, start: int, key: str) -> int:
    if found := _DIGITS_ONLY.match(data, start):
        return found.end()
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(data, start):
        token = found.group()[:2]
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            if not depth:
                return found.end()
        elif token == b'"':
            break
    raise _broken(data, len(data), key)


def _broken(data: bytes, position: int, key: str | None) -> BrokenJson:
    if position >= len(data):
        return BrokenJson(f"the file ends in the middle, after {len(data):,} bytes", key)
    shown = data[position : position + 1].decode("ascii", "backslashreplace")
    return BrokenJson(f"{shown!r} does not belong at byte {position:,} of the file", key)
