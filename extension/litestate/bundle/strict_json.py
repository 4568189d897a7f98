"""Strict reading of JSON that anyone may have written."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

_NOT_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[^][{}"]++', re.DOTALL)


class TooDeepError(ValueError):
    """The JSON is nested more deeply than allowed."""


def parse(data: bytes, depth: int, *, unique_keys: bool = False, constants: bool = False) -> Any:
    """Parse JSON, after checking how deeply it is nested.

    Parameters
    ----------
    data : bytes
        UTF-8. Given bytes, `json.loads` would guess the encoding.
    depth : int
        Levels of nesting that are allowed.
    unique_keys : bool, default: False
        Whether to refuse an object with two values for one key: readers differ on which one
        counts.
    constants : bool, default: False
        Whether to accept ``NaN`` and ``Infinity``, which JSON does not have.

    Raises
    ------
    TooDeepError
        If it is nested too deeply.
    ValueError
        If it is not such JSON.
    """
    if is_too_deep(data, depth):
        raise TooDeepError("it is nested too deeply")
    return json.loads(
        data.decode(),
        object_pairs_hook=_unique if unique_keys else None,
        parse_constant=None if constants else _refuse_constant,
    )


def is_too_deep(data: bytes, limit: int) -> bool:
    """Tell whether JSON is nested beyond a limit, without recursion.

    Parsing it would overflow the stack; in Pyodide that ends the kernel.

    Parameters
    ----------
    data : bytes
        Any bytes.
    limit : int
        Levels of nesting that are allowed.

    Examples
    --------
    >>> is_too_deep(b'[["[["]]', 2), is_too_deep(b"[[[]]]", 2)
    (False, True)
    """
    steps = (1 if bracket in b"[{" else -1 for bracket in brackets_of(data))
    return any(depth > limit for depth in accumulate(steps))


def brackets_of(data: bytes) -> bytes:
    """Return the brackets of JSON in their order, without those in strings.

    Examples
    --------
    >>> brackets_of(b'{"a[": [1, {}]}')
    b'{[{}]}'
    """
    return _NOT_BRACKETS.sub(b"", data)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key[:80]!a} is there twice, so it is not known which one counts")
        found[key] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")
