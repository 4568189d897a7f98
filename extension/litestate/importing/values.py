"""The type of a column, so that nothing of it is lost, and its values as SQLite keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..export.columns import parse
from .numeric import is_negative_zero, number, shortest

TYPES = ("INTEGER", "REAL", "TEXT", "NUMERIC", "DATE", "DATETIME", "TIMESTAMP", "BLOB")

UNTYPED = ""
"""Affinity of a column without a declared type whose values are numbers. SQLite keeps ``-0.0``
only there: in a column that is REAL it becomes 0."""

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+\Z", re.ASCII)
_NOT_DIGIT = re.compile(r"[eE].*|\D")

DISTINCT = 1_000_000
"""Numbers of a column that are compared with each other; each takes about 200 bytes."""


class Column:
    """The values of one column, and the type that keeps them all.

    Every value goes through `see`; then, if `is_unsure`, every value goes through `compare`.

    Parameters
    ----------
    decimal : str, optional
        What stands before the fraction of a number.

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
        """Take one more value into account."""
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
        moment = parse(value)
        if moment is None:
            self._commas = self._commas is not False and _DECIMAL_COMMA.match(value) is not None
            return "TEXT"
        return "DATETIME" if isinstance(moment, datetime) else "DATE"

    def _spelled(self, value: Any) -> str:
        """Return the text of a number with a point; a cell of Excel has the shortest text."""
        if isinstance(value, str):
            return value.replace(self._decimal, ".")
        return shortest(value)

    def _note_form(self, text: str, found: float) -> None:
        self._is_python = self._is_python and text == repr(found)
        self._is_shortest = self._is_shortest and text == shortest(found)
        mantissa, mark, exponent = text.replace("E", "e").partition("e")
        whole, _, fraction = mantissa.partition(".")
        if mark and (len(whole.lstrip("-")) > 1 or whole in ("0", "-0") or not int(exponent)):
            # One number has several such texts: 10e+1 and 1e+2, 0e+1 and 0e+2, 1e+0 and 1e-0.
            self._forms.add(("several", 0))
        # Exponents with another number of digits, or another letter, are another way to write.
        self._forms.add((text[len(mantissa) : len(mantissa) + 1] * len(exponent), len(fraction)))

    @property
    def is_unsure(self) -> bool:
        """Whether two different texts may be one number.

        They cannot if all are written in one way: as short as possible, as Python writes floats, or
        with the same number of decimals.
        """
        is_one_way = self._is_shortest or self._is_python or len(self._forms) == 1
        has_both_zeros = self._has_zero and self._has_negative_zero
        return self.type in ("REAL", UNTYPED) and (has_both_zeros or not is_one_way)

    def compare(self, value: Any) -> None:
        """Compare one more value with all others, to find two texts that are one number."""
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
        """Yield what to report about the column, as it is stored.

        Parameters
        ----------
        name : str
            Its name.
        affinity : str
            How SQLite stores it.
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
    found = number(value, decimal) if isinstance(value, str) else value
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
