"""What of a graph is JSON as it is, and how that is written."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from .codecs import Value
from .scalars import encoded_text

_LARGEST = 1 << 63
"""Integers from here on are written in hexadecimal: other readers of JSON would round them."""

_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""What JSON reads as one character, and Python has as two."""


def in_place(obj: Any, *, is_exact: bool) -> Value:
    """Return what JSON has for an object, or None.

    Parameters
    ----------
    obj : object
        Anything.
    is_exact : bool
        Whether to look at text: there is some that JSON does not have.
    """
    kind = type(obj)
    if kind is str or kind is bool:
        is_special = is_exact and kind is str and _HALVES.search(obj)
        return ["str", encoded_text(obj)] if is_special else obj
    if kind is int:
        return obj if -_LARGEST <= obj < _LARGEST else ["int", hex(obj)]
    if kind is float:
        return obj if math.isfinite(obj) else ["float", repr(obj)]
    return None


def document(content: Any) -> bytes:
    """Return a graph as JSON.

    Raises
    ------
    ValueError
        If it has something that JSON has not.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half a character, which only JSON's own escapes can spell; two of them would become one.
        if _HALVES.search(text):
            raise ValueError("JSON has no two halves of a character that are not one") from None
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
