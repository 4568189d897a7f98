"""Text tables: columns, alignment, widths of wide characters, and shortened cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

Alignment = Literal["<", ">"]
"""Left or right, as in a format specification."""

LABEL_WIDTH = 44
"""Widest column of names: a longer name moves the rest of its own line only."""


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    An East Asian wide character takes two, as in https://www.unicode.org/reports/tr11/; a mark that
    combines with the character before it takes none.

    Examples
    --------
    >>> text_width("abc"), text_width("東京"), text_width("u\u0308")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_character_width, text))


def label_width(labels: Iterable[str]) -> int:
    """Return the width of a column of names: that of the longest one, at most `LABEL_WIDTH`."""
    return min(LABEL_WIDTH, max(map(text_width, labels), default=0))


def padded(text: str, width: int, alignment: Alignment = "<") -> str:
    """Fill a text with spaces up to a width; a wider text stays as it is.

    Examples
    --------
    >>> padded("東京", 6), padded("12", 4, ">")
    ('東京  ', '  12')
    """
    space = " " * (width - text_width(text))
    return space + text if alignment == ">" else text + space


def shortened(text: str, width: int) -> str:
    """Cut the middle out of a text that is wider than a width.

    Examples
    --------
    >>> shortened("hand-ins/ada.litestate.zip", 16)
    'hand-in…tate.zip'
    """
    if text_width(text) <= width:
        return text
    if width < 1:
        return ""
    end = _start(text[::-1], width // 2)[::-1]
    return f"{_start(text, width - 1 - text_width(end))}…{end}"


def table_row(
    cells: Iterable[str], widths: Iterable[int], alignments: Iterable[Alignment] | None = None
) -> str:
    """Return one line of a table, with two spaces between its columns and none at its end.

    Parameters
    ----------
    cells : iterable of str
        The texts.
    widths : iterable of int
        The width of each column.
    alignments : iterable of {"<", ">"}, optional
        By default all columns are aligned to the left.

    Examples
    --------
    >>> table_row(["a.csv", "12 kB", ""], [8, 8, 10], "<><")
    'a.csv        12 kB'
    """
    if alignments is None:
        filled = map(padded, cells, widths)
    else:
        filled = map(padded, cells, widths, alignments)
    return "  ".join(filled).rstrip()


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table, each of whose columns is as wide as its widest cell.

    Examples
    --------
    >>> table_lines([("", "when"), ("7", "12:30:05")])
    ['   when', '7  12:30:05']
    """
    widths = [max(map(text_width, column)) for column in zip(*rows, strict=True)]
    return [table_row(row, widths) for row in rows]


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _start(text: str, width: int) -> str:
    """Return as much of the start of a text as fits into a width."""
    for index, character in enumerate(text):
        width -= _character_width(character)
        if width < 0:
            return text[:index]
    return text
