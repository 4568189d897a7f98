"""Numbers in text, as far as nothing of the text is lost."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

_INTEGER = re.compile(r"(0|-?[1-9]\d*)\Z", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]\d+)?\Z", re.ASCII)
_DIGITS = 15
"""Decimal digits that a double always keeps (DBL_DIG)."""


def number(text: str, decimal: str = ".") -> int | float | None:
    """Return the number that a text is, if nothing is lost; else None.

    Leading zeros, ``+``, codes such as ``1E5``, and more digits than a number keeps are text.

    Parameters
    ----------
    text : str
        A value of a file.
    decimal : str, optional
        What stands before the fraction.

    Examples
    --------
    >>> [number(text) for text in ("12", "-1.5", "1e-05", "007", "+41", "1E5", "1e-400")]
    [12, -1.5, 1e-05, None, None, None, None]
    >>> [number(text, ",") for text in ("1,5", "1.5", "1.000,5")]
    [1.5, None, None]
    """
    if _INTEGER.match(text):
        # Nineteen digits are enough for 64 bits; more would only cost time.
        value = int(text) if len(text) <= 20 else 2**63
        return value if -(2**63) <= value < 2**63 else None
    if decimal != ".":
        text = text.replace(".", "x").replace(decimal, ".")
    if not _REAL.match(text):
        return None
    digits = re.sub(r"[eE].*|\D", "", text).lstrip("0")
    found = float(text)
    # Numbers closer to zero than that have fewer digits, or none.
    is_full = abs(found) >= sys.float_info.min or not digits
    if is_full and len(digits) <= _DIGITS and math.isfinite(found):
        return found
    return _exact(text, found)


def _exact(text: str, found: float) -> float | None:
    # Python and others write 17 digits where a double needs them.
    return found if math.isfinite(found) and repr(found) == text else None


def is_negative_zero(value: Any) -> bool:
    """Tell whether a value is the zero with a sign."""
    return isinstance(value, float) and value == 0 and math.copysign(1, value) < 0


def shortest(value: float) -> str:
    """Return the shortest usual text of a number, as most programs write it."""
    if isinstance(value, float) and (not value.is_integer() or abs(value) >= 1e16):
        return repr(value)
    return "-0" if is_negative_zero(value) else str(int(value))
