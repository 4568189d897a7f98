"""Which type a column gets, so that nothing of it is lost."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..export.columns import parse

TYPES = ("INTEGER", "REAL", "TEXT", "NUMERIC", "DATE", "DATETIME", "TIMESTAMP", "BLOB")

_INTEGER = re.compile(r"(0|-?[1-9]\d*)\Z", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]\d+)?\Z", re.ASCII)
_DIGITS = 15
"""Decimal digits that a double always keeps (DBL_DIG)."""


def number(text: str) -> int | float | None:
    """Return the number that a text is, if nothing is lost; else None.

    Leading zeros, ``+``, codes such as ``1E5``, and more digits than a number keeps are text.

    Examples
    --------
    >>> [number(text) for text in ("12", "-1.5", "1e-05", "007", "+41", "1E5")]
    [12, -1.5, 1e-05, None, None, None]
    """
    if _INTEGER.match(text):
        # Nineteen digits are enough for 64 bits; more would only cost time.
        value = int(text) if len(text) <= 20 else 2**63
        return value if -(2**63) <= value < 2**63 else None
    if not _REAL.match(text):
        return None
    digits = re.sub(r"[eE].*|\D", "", text).lstrip("0")
    found = float(text)
    return found if len(digits) <= _DIGITS and math.isfinite(found) else _exact(text, found)


def _exact(text: str, found: float) -> float | None:
    # Python and others write 17 digits where a double needs them.
    return found if math.isfinite(found) and repr(found) == text else None


class Column:
    """What the values of one column have in common.

    Examples
    --------
    >>> column = Column()
    >>> column.see("1"); column.see("2.5"); column.see(None)
    >>> column.type
    'REAL'
    """

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._largest = 0

    def see(self, value: Any) -> None:
        """Take one more value into account."""
        if value is not None:
            self._kinds.add(self._kind(value))

    def _kind(self, value: Any) -> str:
        is_text = isinstance(value, str)
        found = number(value) if is_text else value
        if isinstance(found, int):
            self._largest = max(self._largest, abs(found))
            return "INTEGER" if is_text or self._largest < 2**63 else "TEXT"
        if isinstance(found, float):
            return "REAL"
        moment = parse(value)
        if moment is None:
            return "TEXT"
        return "DATETIME" if isinstance(moment, datetime) else "DATE"

    @property
    def type(self) -> str:
        """The declared type for the column; ``TEXT`` where nothing else keeps every value."""
        if len(self._kinds) == 1:
            return next(iter(self._kinds))
        if self._kinds == {"INTEGER", "REAL"} and self._largest <= 2**53:
            return "REAL"
        return "DATETIME" if self._kinds == {"DATE", "DATETIME"} else "TEXT"


def convert(value: Any, kind: str) -> Any:
    """Return a value as it can be stored in a column of this affinity.

    Raises
    ------
    ValueError
        If SQLite would change it there.
    """
    if value is None:
        return None
    if kind == "TEXT":
        return value if isinstance(value, str) else _text(value)
    found = number(value) if isinstance(value, str) else value
    if kind == "INTEGER" and not isinstance(found, int):
        raise ValueError(f"{value!r} is not a whole number")
    if kind == "REAL" and (found is None or (isinstance(found, int) and abs(found) > 2**53)):
        raise ValueError(f"{value!r} is not a number that REAL keeps")
    if kind == "NUMERIC" and found is None and _looks_numeric(value):
        raise ValueError(f"{value!r} would become a number; take TEXT")
    return value if found is None or kind == "BLOB" else found


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _looks_numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def unique(names: Iterable[Any]) -> list[str]:
    """Return column names; one without a name gets its number.

    Raises
    ------
    ValueError
        If two are the same.
    """
    found: dict[str, str] = {}
    for position, name in enumerate(names, 1):
        text = str(name).strip() if name is not None else ""
        text = text or f"column_{position}"
        if text.lower() in found:
            raise ValueError(f"two columns are called {text!r}")
        found[text.lower()] = text
    return list(found.values())
