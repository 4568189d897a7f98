"""Values of a column: the type that keeps every one of them, and their conversion."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..sqlite.column_types import parse_date

TYPES = ("INTEGER", "REAL", "TEXT", "NUMERIC", "DATE", "DATETIME", "TIMESTAMP", "BLOB")

UNTYPED = ""
"""Affinity of a column of numbers without a declared type. SQLite keeps ``-0.0`` only there: in a
column that is REAL it becomes 0."""

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+\Z", re.ASCII)
_NOT_DIGIT = re.compile(r"[eE].*|\D")

DISTINCT = 1_000_000
"""Numbers of a column that are compared with each other; each takes about 200 bytes."""

_INTEGER = re.compile(r"(0|-?[1-9]\d*)\Z", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]\d+)?\Z", re.ASCII)
_DIGITS = 15
"""Decimal digits that a double always keeps (DBL_DIG)."""


class Column:
    """The values of one column, and the type that keeps them all.

    Pass every value to `see`; then, if `is_unsure`, pass every value to `compare`.

    Parameters
    ----------
    decimal : str, optional
        The character before the fraction of a number.

    Examples
    --------
    >>> column = Column()
    >>> column.see("1"); column.see("2.5"); column.see(None)
    >>> column.type
    'REAL'
    """

    def __init__(self, decimal: str = ".") -> None:
        self._decimal = decimal
        self._kinds: set[str] = set()
        self._largest = 0
        self._has_zero = self._has_negative_zero = False
        self._forms: set[tuple[str, int]] = set()
        self._is_shortest = self._is_python = True
        self._commas: bool | None = None
        self._texts: dict[float, str] = {}
        self._same: tuple[str, str] | None = None
        self._has_too_many = False
        self._digits: set[int] = set()
        self._padded: str | None = None

    def see(self, value: Any) -> None:
        """Add one more value."""
        if value is not None:
            self._kinds.add(self._kind(value))

    def _kind(self, value: Any) -> str:
        is_text = isinstance(value, str)
        found = number(value, self._decimal) if is_text else value
        if isinstance(found, int):
            self._largest = max(self._largest, abs(found))
            self._has_zero |= not found
            self._is_python = False
            self._forms.add(("", 0))
            return "INTEGER" if is_text or self._largest < 2**63 else "TEXT"
        if isinstance(found, float):
            if not found:
                self._has_negative_zero |= is_negative_zero(found)
                self._has_zero |= not is_negative_zero(found)
            self._note_form(self._spelled(value), found)
            return "REAL"
        moment = parse_date(value)
        if moment is None:
            self._commas = self._commas is not False and _DECIMAL_COMMA.match(value) is not None
            return "TEXT"
        return "DATETIME" if isinstance(moment, datetime) else "DATE"

    def _spelled(self, value: Any) -> str:
        """Return a number as text with a decimal point, for a cell of Excel the shortest one."""
        if isinstance(value, str):
            return value.replace(self._decimal, ".")
        return shortest(value)

    def _note_form(self, text: str, found: float) -> None:
        self._is_python = self._is_python and text == repr(found)
        self._is_shortest = self._is_shortest and text == shortest(found)
        mantissa, mark, exponent = text.replace("E", "e").partition("e")
        whole, _, fraction = mantissa.partition(".")
        if mark and (len(whole.lstrip("-")) > 1 or whole in ("0", "-0") or not int(exponent)):
            # A number has several such texts: 10e+1 and 1e+2, 0e+1 and 0e+2, 1e+0 and 1e-0.
            self._forms.add(("several", 0))
        # Exponents with another number of digits, or another letter, are another form.
        self._forms.add((text[len(mantissa) : len(mantissa) + 1] * len(exponent), len(fraction)))

    @property
    def is_unsure(self) -> bool:
        """Whether two different texts may be the same number.

        They cannot if all texts have one form: as short as possible, as Python writes floats, or
        with the same number of decimals.
        """
        is_one_way = self._is_shortest or self._is_python or len(self._forms) == 1
        has_both_zeros = self._has_zero and self._has_negative_zero
        return self.type in ("REAL", UNTYPED) and (has_both_zeros or not is_one_way)

    def compare(self, value: Any) -> None:
        """Compare a value with all others, to find two texts that are the same number."""
        if value is None or self._same or self._has_too_many:
            return
        found = number(value, self._decimal) if isinstance(value, str) else value
        if found is None:
            return
        text = value if isinstance(value, str) else shortest(value)
        other = self._texts.setdefault(found, text)
        if other != text:
            self._same = (other, text)
            self._texts.clear()
        elif len(self._texts) > DISTINCT:
            self._has_too_many = True
            self._texts.clear()
        if found:
            spelled = self._spelled(value)
            self._digits.add(len(_NOT_DIGIT.sub("", spelled).lstrip("0")))
            if "." in spelled and spelled.endswith("0") and not self._padded:
                self._padded = text

    @property
    def type(self) -> str:
        """The declared type for the column; ``TEXT`` where nothing else keeps every value."""
        if self._same or self._has_too_many:
            return "TEXT"
        is_mixed = self._kinds == {"INTEGER", "REAL"} and self._largest <= 2**53
        if is_mixed or self._kinds == {"REAL"}:
            return UNTYPED if self._has_negative_zero else "REAL"
        if len(self._kinds) == 1:
            return next(iter(self._kinds))
        return "DATETIME" if self._kinds == {"DATE", "DATETIME"} else "TEXT"

    def notes(self, name: str, affinity: str) -> Iterator[str]:
        """Yield the warnings about the column, as it is stored.

        Parameters
        ----------
        name : str
            Its name.
        affinity : str
            Its affinity in SQLite.
        """
        is_number = affinity in ("REAL", "NUMERIC")
        if self._same:
            one, other = self._same
            yield f"{name}: {one!r} and {other!r} " + (
                "became one number."
                if is_number
                else "would be one number, so the column stays text. "
                f'types={{{name!r}: "REAL"}} makes them numbers.'
            )
        elif self._has_too_many and not is_number:
            yield (
                f"{name}: its numbers are written in different ways, and there are more than "
                f"{DISTINCT:,}, so the column stays text. "
                f'types={{{name!r}: "REAL"}} makes them numbers.'
            )
        elif self._padded and len(self._digits) > 1 and (is_number or affinity == UNTYPED):
            yield (
                f"{name}: {self._padded!r} became the number "
                f"{number(self._padded, self._decimal)}, and other values have another number of "
                f'decimals. If they are versions or names, types={{{name!r}: "TEXT"}} keeps them.'
            )
        if self._has_negative_zero and is_number:
            yield f"{name}: -0 became 0, as SQLite does in a column that is {affinity}."
        if self._commas and self._kinds <= {"TEXT", "INTEGER"} and self._decimal == ".":
            yield (
                f"{name}: numbers with a decimal comma stay text. "
                'decimal="," reads them as numbers.'
            )


def convert(value: Any, kind: str, decimal: str = ".") -> Any:
    """Return a value as a column of this affinity stores it.

    Raises
    ------
    ValueError
        If the column would change it.
    """
    if value is None:
        return None
    if kind == "TEXT":
        return value if isinstance(value, str) else _text(value)
    found = number(value, decimal) if isinstance(value, str) else value
    if kind == "INTEGER" and not isinstance(found, int):
        raise ValueError(f"{value!r} is not a whole number")
    if kind == "REAL" and (found is None or (isinstance(found, int) and abs(found) > 2**53)):
        raise ValueError(f"{value!r} is not a number that REAL stores exactly")
    if kind == "NUMERIC" and found is None and _looks_numeric(value):
        raise ValueError(f"{value!r} would become a number in a NUMERIC column; use TEXT")
    return value if found is None or kind == "BLOB" else found


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _looks_numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def number(text: str, decimal: str = ".") -> int | float | None:
    """Return the number that a text stands for, if nothing of the text is lost; else None.

    Leading zeros, ``+``, codes such as ``1E5``, and more digits than a number keeps are text.

    Parameters
    ----------
    text : str
        A value of a file.
    decimal : str, optional
        The character before the fraction.

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
    # Numbers closer to zero have fewer digits, or none.
    is_full = abs(found) >= sys.float_info.min or not digits
    if is_full and len(digits) <= _DIGITS and math.isfinite(found):
        return found
    return _exact(text, found)


def _exact(text: str, found: float) -> float | None:
    # Python and other programs write 17 digits where a double needs them.
    return found if math.isfinite(found) and repr(found) == text else None


def is_negative_zero(value: Any) -> bool:
    """Tell whether a value is -0.0."""
    return isinstance(value, float) and value == 0 and math.copysign(1, value) < 0


def shortest(value: float) -> str:
    """Return the shortest usual text of a number, as most programs write it."""
    if isinstance(value, float) and (not value.is_integer() or abs(value) >= 1e16):
        return repr(value)
    return "-0" if is_negative_zero(value) else str(int(value))
