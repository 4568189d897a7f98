"""Codecs for numbers, text, bytes and constants."""

from __future__ import annotations

import base64
import binascii
import fractions
import re
import sys
from array import array
from decimal import Decimal, InvalidOperation
from typing import Any

from .payload_checks import FAR, listed, text, whole
from .registry import Codec, Get, Put

_IN_PLACE = 1024
"""Bytes that are stored in the graph itself; longer ones get a buffer."""

_LARGE = 100_000
"""Bits of a number: the time to reduce a fraction grows with their square."""

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?E[+-]?[0-9]+", re.IGNORECASE)

_TYPECODES = frozenset("bBuwhHiIlLqQfd")


def _int(value: int, _: Put) -> str:
    # Python limits decimal digits (sys.set_int_max_str_digits).
    return hex(value)


def _read_int(payload: Any, get: Get) -> int:
    if not isinstance(payload, str) or not re.fullmatch("-?0x[0-9a-f]+", payload):
        raise get.fail("a number is malformed")
    return int(payload, 16)


def encoded_text(value: str) -> str:
    """Return text that JSON cannot hold: UTF-8 with surrogates, in Base64."""
    return base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()


def _read_str(payload: Any, get: Get) -> str:
    try:
        return base64.b64decode(text(payload, get), validate=True).decode("utf-8", "surrogatepass")
    except ValueError:
        raise get.fail("text is not UTF-8 in Base64") from None


def _read_float(payload: Any, get: Get) -> float:
    if payload not in ("nan", "inf", "-inf"):
        raise get.fail("a number is malformed")
    return float(payload)


def _read_complex(payload: Any, get: Get) -> complex:
    real, imaginary = listed(payload, get, 2)
    found = [get.value(real), get.value(imaginary)]
    if not all(type(each) is float for each in found):
        raise get.fail("a complex number is malformed")
    return complex(*found)


def _bytes(value: bytes, put: Put) -> Any:
    if len(value) <= _IN_PLACE:
        return base64.b64encode(value).decode()
    return put.raw(value)


def _read_bytes(payload: Any, get: Get) -> bytes:
    if isinstance(payload, str):
        try:
            return base64.b64decode(payload, validate=True)
        except (ValueError, binascii.Error):
            raise get.fail("bytes are not Base64") from None
    return bytes(get.content(whole(payload, 0, FAR, get)))


def _array(value: Any, put: Put) -> list[Any]:
    if value.typecode in "uw":
        return [value.typecode, value.itemsize, sys.byteorder, value.tounicode()]
    return [value.typecode, value.itemsize, sys.byteorder, put.raw(value.tobytes())]


def _read_array(payload: Any, get: Get) -> Any:
    code, size, order, data = listed(payload, get, 4)
    if text(code, get) not in _TYPECODES or order not in ("little", "big"):
        raise get.fail("an array has elements of an unknown kind")
    if isinstance(data, str) != (code in "uw"):
        raise get.fail("an array has elements of the wrong kind")
    if isinstance(data, str):
        return array(code if sys.version_info >= (3, 13) else "u", data)
    # A C long has four bytes on some systems and eight on others.
    if size != array(code).itemsize:
        code = next((c for c in _same_kind(code) if array(c).itemsize == size), "")
        if not code:
            raise get.fail("an array has elements of a size that this computer does not have")
    found, content = array(code), get.content(whole(data, 0, FAR, get))
    if len(content) % found.itemsize:
        raise get.fail("an array ends within an element")
    found.frombytes(content)
    if order != sys.byteorder:
        found.byteswap()
    return found


def _same_kind(code: str) -> str:
    return next(kinds for kinds in ("bhilq", "BHILQ", "fd") if code in kinds)


def _read_decimal(payload: Any, get: Get) -> Decimal:
    try:
        return Decimal(text(payload, get))
    except InvalidOperation:
        if _DECIMAL.fullmatch(payload):
            # With 32 bits, as in the browser, exponents are smaller.
            raise get.missing("a decimal number has an exponent that is too large here") from None
        raise get.fail("a decimal number is malformed") from None


def _read_fraction(payload: Any, get: Get) -> fractions.Fraction:
    numerator, denominator = (get.value(each) for each in listed(payload, get, 2))
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise get.fail("a fraction is malformed")
    if not get.trusted and max(map(int.bit_length, (numerator, denominator))) > _LARGE:
        raise get.waiting("a fraction of very large numbers takes long to compute")
    return fractions.Fraction(numerator, denominator)


def _read_range(payload: Any, get: Get) -> range:
    found = [get.value(each) for each in listed(payload, get, 3)]
    if not all(type(each) is int for each in found) or not found[2]:
        raise get.fail("a range is malformed")
    return range(*found)


def _constant(name: str, value: Any) -> Codec:
    return Codec(name, (type(value),), lambda _, __: None, lambda _, __: value, atom=True)


CODECS = (
    Codec("int", (), _int, _read_int, atom=True),
    Codec("str", (), lambda value, _: encoded_text(value), _read_str, atom=True),
    Codec("float", (), lambda value, _: repr(value), _read_float, atom=True),
    Codec(
        "complex",
        (complex,),
        lambda v, put: [put.plain(v.real), put.plain(v.imag)],
        _read_complex,
        atom=True,
    ),
    Codec("bytes", (bytes,), _bytes, _read_bytes),
    Codec(
        "bytearray",
        (bytearray,),
        lambda v, put: put.raw(bytes(v)),
        lambda p, get: bytearray(get.content(whole(p, 0, FAR, get))),
    ),
    Codec("array", (array,), _array, _read_array),
    Codec(
        "range",
        (range,),
        lambda v, put: [put.plain(each) for each in (v.start, v.stop, v.step)],
        _read_range,
        atom=True,
    ),
    Codec("Decimal", (Decimal,), lambda v, _: str(v), _read_decimal, atom=True),
    Codec(
        "Fraction",
        (fractions.Fraction,),
        lambda v, put: [put.plain(v.numerator), put.plain(v.denominator)],
        _read_fraction,
        atom=True,
    ),
    _constant("Ellipsis", ...),
    _constant("NotImplemented", NotImplemented),
)
