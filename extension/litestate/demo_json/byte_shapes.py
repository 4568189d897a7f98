"""Shapes of a JSON value that holds the bytes of a database, and their conversion to bytes."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator

from .json_scanner import BrokenJson, array_bytes, members, text_of

HEADER = "SQLite format 3\0"
"""First characters of a database (https://www.sqlite.org/fileformat2.html, 1.3)."""

_WRAPPERS = ("data", "bytes", "content")
_WRAPPED = 2
"""Objects around the bytes: one of some tool, and Node's Buffer in it."""

_PIECE = 1 << 20
"""Bytes of JSON that are parsed at a time."""

_BYTE = re.compile(rb"\s*(?:0|[1-9][0-9]{0,2})\s*")
_NUMBERS = re.compile(rb"[0-9, \t\r\n]*+")
_BLANK = re.compile(rb"[ \t\r\n]*+")
_INDEXES = re.compile(rb'\{[0-9,": \t\r\n]*+\}')
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_EMPTY = re.compile(rb'null|\[[ \t\r\n]*\]|\{[ \t\r\n]*\}|""')
_NUMBERS_BEGIN = re.compile(rb'\[[ \t\r\n]*[-0-9]|\{[ \t\r\n]*"[0-9]+"[ \t\r\n]*:')
_TEXT_BEGINS = (b'"U1FMaXRlIGZvcm1hd', b'"SQLite format 3', b'"data:')
_ONLY = "and a byte is a whole number from 0 to 255"


class ShapeError(ValueError):
    """The value cannot be converted to bytes; the text says why and where."""


def bytes_of(data: bytes, value: slice, wrapped: int = 0) -> bytes:
    """Return the bytes in a JSON value.

    Parameters
    ----------
    data : bytes
        The JSON file.
    value : slice
        The range of the value.
    wrapped : int, optional
        Number of objects around it.

    Returns
    -------
    bytes
        Empty for null and for empty values.

    Raises
    ------
    ShapeError, BrokenJson
        If it has none of the shapes in ``docs/older-formats.md``.
    """
    first = data[value.start : value.start + 1]
    if first == b"[":
        return _from_array(data, value)
    if first == b"{":
        return _from_object(data, value, wrapped)
    if first == b'"':
        return _from_text(text_of(data[value]))
    if data[value] == b"null":
        return b""
    raise ShapeError(f"it is {_shown(data[value])}, which holds no bytes")


def is_empty(data: bytes, value: slice) -> bool:
    """Tell whether a JSON value is null or empty."""
    return _EMPTY.fullmatch(data, value.start, value.stop) is not None


def looks_like_bytes(data: bytes, value: slice, wrapped: int = 0) -> bool:
    """Tell whether a JSON value begins like one of the shapes that `bytes_of` reads."""
    if data.startswith(_TEXT_BEGINS, value.start) or _NUMBERS_BEGIN.match(data, value.start):
        return True
    if data[value.start : value.start + 1] != b"{" or wrapped == _WRAPPED:
        return False
    try:
        return any(
            key in _WRAPPERS and looks_like_bytes(data, inner, wrapped + 1)
            for key, inner in members(data, value.start, value.stop)
        )
    except BrokenJson:
        return False


def _from_array(data: bytes, value: slice) -> bytes:
    found = _NUMBERS.match(data, value.start + 1, value.stop - 1)
    stop = found.end() if found else value.start + 1
    if stop != value.stop - 1:
        raise _bad_element(data, value, stop)
    result = bytearray()
    for piece in _pieces(data, value.start + 1, value.stop - 1):
        try:
            result += array_bytes(piece)
        except ValueError:
            raise _bad_number(piece, len(result)) from None
    return bytes(result)


def _bad_element(data: bytes, value: slice, position: int) -> ShapeError:
    """Return the error for an element that is not only digits."""
    index = data.count(b",", value.start, position)
    start = max(data.rfind(b",", value.start, position), value.start) + 1
    element = re.split(rb"[,\]]", data[start : min(start + 100, value.stop)], maxsplit=1)[0]
    return ShapeError(f"at index {index:,} is {_shown(element)}, {_ONLY}")


def _bad_number(piece: bytes, before: int) -> ShapeError:
    for index, element in enumerate(piece.split(b",")):
        if not _is_byte(element):
            return ShapeError(f"at index {before + index:,} is {_shown(element)}, {_ONLY}")
    return ShapeError(f"what follows index {before:,} is not a list of numbers")


def _is_byte(element: bytes) -> bool:
    return _BYTE.fullmatch(element) is not None and int(element) <= 255


def _from_object(data: bytes, value: slice, wrapped: int) -> bytes:
    if _INDEXES.fullmatch(data, value.start, value.stop):
        return _from_indexes(data, value)
    found: dict[str, slice] = {}
    for count, (key, inner) in enumerate(members(data, value.start, value.stop)):
        if not count and key.isdigit():
            raise _bad_index(data, value)
        if key in found:
            raise ShapeError(f"it has two fields {key!r}")
        if key in _WRAPPERS:
            found[key] = inner
    if len(found) != 1 or wrapped == _WRAPPED:
        raise ShapeError(
            "it is an object, and neither one of index and byte nor one with a single field "
            f"{', '.join(map(repr, _WRAPPERS[:-1]))} or {_WRAPPERS[-1]!r} that holds the bytes"
        )
    (inner,) = found.values()
    return bytes_of(data, inner, wrapped + 1)


def _from_indexes(data: bytes, value: slice) -> bytes:
    total = data.count(b":", value.start, value.stop)
    result, seen = bytearray(total), bytearray(total)
    for piece in _pieces(data, value.start + 1, value.stop - 1):
        try:
            pairs = json.loads(b"{%b}" % piece, object_pairs_hook=list)
        except ValueError:
            raise _bad_index(data, value) from None
        for key, byte in pairs:
            index = int(key) if key.isdigit() and len(key) < 20 else -1
            if str(index) != key or not isinstance(byte, int) or byte > 255:
                raise _bad_index(data, value)
            if index >= total:
                # An index below it is missing. The gap is found at the end.
                continue
            if seen[index]:
                raise ShapeError(f"it has the index {index:,} twice")
            result[index] = byte
            seen[index] = 1
    if (gap := seen.find(0)) >= 0:
        raise ShapeError(f"the index {gap:,} is missing")
    return bytes(result)


def _bad_index(data: bytes, value: slice) -> ShapeError:
    for key, inner in members(data, value.start, value.stop):
        if not re.fullmatch("0|[1-9][0-9]{0,18}", key):
            return ShapeError(
                f"it has the key {_shown(key.encode('utf-8', 'replace'))}, which is not an index"
            )
        if not _is_byte(data[inner]):
            return ShapeError(f"at index {int(key):,} is {_shown(data[inner])}, {_ONLY}")
    return ShapeError("it is not an object of index and byte")


def _from_text(text: str) -> bytes:
    if text.startswith(HEADER):
        return _from_latin_1(text)
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise ShapeError("it is a data URL without base64")
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if found := _NOT_BASE64.search(compact):
        raise ShapeError(
            f"it is text and not base64: {found.group()!a} does not belong at character "
            f"{found.start():,} (without line breaks)"
        )
    if len(compact) % 4 == 1:
        raise ShapeError(f"its base64 was cut off after {len(compact):,} characters")
    return binascii.a2b_base64(compact + "=" * (-len(compact) % 4))


def _from_latin_1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ShapeError(
            f"it is text with {text[error.start]!a} at character {error.start:,}, which is not "
            "a byte: the database was read as text when the file was made, and bytes were lost"
        ) from None


def _pieces(data: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Yield the text between two brackets in pieces, cut at commas; no piece for white space."""
    if _BLANK.fullmatch(data, start, stop):
        return
    while start <= stop:
        cut = data.find(b",", min(start + _PIECE, stop), stop)
        cut = stop if cut < 0 else cut
        piece = data[start:cut]
        if not piece.strip():
            # Nothing between two commas, or after the last one: json.loads() would accept it here.
            raise ShapeError(f"something is missing before byte {cut:,} of the file")
        yield piece
        start = cut + 1


def _shown(raw: bytes) -> str:
    text = raw.strip()[:41].decode("utf-8", "backslashreplace")
    text = text if len(text) <= 40 else text[:40] + "…"
    return text if text.isprintable() and text else ascii(text)
