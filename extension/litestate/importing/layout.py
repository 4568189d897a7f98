"""How a text file holds its table, as far as the caller says it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ..errors import ImportTableError


@dataclass(frozen=True)
class Layout:
    """How a text file holds its table; None where the file itself has to show it.

    Attributes
    ----------
    delimiter : str or None
        One character between two values.
    encoding : str or None
        A codec of Python.
    skip : int
        Lines, or rows of a sheet, above the one that names the columns.

    Raises
    ------
    ImportTableError
        If one of them cannot be.
    """

    delimiter: str | None = None
    encoding: str | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or self.delimiter.isalnum() or self.delimiter in '"\r\n'
        ):
            raise ImportTableError(
                f"delimiter={self.delimiter!r} cannot separate columns. Give one character that "
                'is no letter, digit, quote or line break, such as delimiter=";".'
            )
        if isinstance(self.skip, bool) or not isinstance(self.skip, int) or self.skip < 0:
            raise ImportTableError(f"skip={self.skip!r} is not a number of lines.")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ImportTableError(
                    f'Python has no encoding {self.encoding!r}. Examples: "utf-8", "cp1252".'
                ) from None
