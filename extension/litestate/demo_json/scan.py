"""Find the fields of a JSON object that may be hundreds of megabytes, without parsing their values.

`json.loads` would make 50 million objects of a database of 50 MB, and would recurse as deeply as
the file says. Here nothing recurses, and a value is a range of the file's bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^][{}",: \t\r\n]++')
# A quotation mark alone is a string without an end.
_STRING_OR_BRACKET = re.compile(_STRING.pattern + rb'|["\[\]{}]', re.DOTALL)
# What a database mostly is: no need to look at each of its millions of strings.
_NUMBERS = re.compile(rb'\[[0-9, \t\r\n]*+\]|\{[0-9,": \t\r\n]*+\}')


class BrokenJson(ValueError):
    """The bytes are not JSON.

    Parameters
    ----------
    what : str
        What is wrong and where.
    key : str or None
        The field that was being read.
    """

    def __init__(self, what: str, key: str | None = None) -> None:
        super().__init__(what)
        self.key = key


def members(data: bytes, start: int, stop: int) -> Iterator[tuple[str, slice]]:
    """Yield key and place of each field of an object.

    What is inside of the values is only looked at as far as is needed to find their ends.

    Parameters
    ----------
    data : bytes
        JSON in UTF-8.
    start, stop : int
        Where the object begins, at its ``{``, and where it must end.

    Raises
    ------
    BrokenJson
        When the place is reached at which it is no JSON object.
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
    """Return what a JSON string says; line breaks need not be escaped.

    Raises
    ------
    BrokenJson
        If it is no string in UTF-8.
    """
    try:
        text: str = json.loads(raw.decode(), strict=False)
    except ValueError as error:
        raise BrokenJson(f"a text in it cannot be read ({error})") from None
    return text


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
    if found := _NUMBERS.match(data, start):
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
