"""Say how deeply JSON is nested before anybody parses it."""

from __future__ import annotations

import re
from itertools import accumulate

_NOT_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[^][{}"]++', re.DOTALL)


def is_too_deep(data: bytes, limit: int) -> bool:
    """Tell whether JSON is nested beyond a limit, without recursion.

    Parsing it would overflow the stack; in Pyodide that ends the kernel.

    Parameters
    ----------
    data : bytes
        JSON, or what claims to be.
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
