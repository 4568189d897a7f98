"""Records of a CSV file as text: lines, put together where a quoted value has line breaks."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import ImportTableError
from .layout import Layout

_TOLD = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*\Z', re.IGNORECASE)
"""A first line that tells Excel the delimiter."""


def records(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line of each record, and its text with the line break.

    Lines that the layout skips are not read, nor is a first line for Excel (``sep=;``).

    Raises
    ------
    ImportTableError
        If a quote is not closed, or the file is not text in the encoding.
    """
    for number, record in _all(path, layout):
        if number == layout.skip + 1 and _TOLD.match(record):
            continue
        yield number, record


def delimiter_told(path: Path, layout: Layout) -> str | None:
    """Return the delimiter that the first line says, as Excel's ``sep=;`` does."""
    for _, record in _all(path, layout):
        found = _TOLD.match(record)
        return found[1] if found else None
    return None


def is_blank(record: str) -> bool:
    """Tell whether a record has nothing but spaces."""
    return not record.strip(" \r\n")


def _all(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    encoding = layout.encoding or _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        lines: list[str] = []
        number, start, is_open = 0, layout.skip + 1, False
        try:
            for line in file:
                number += 1
                if number <= layout.skip:
                    continue
                if number == layout.skip + 1 and "\0" in line:
                    # UTF-16 without a mark reads as UTF-8 that is full of them.
                    raise _wrong_encoding(path, layout, number - 1)
                lines.append(line)
                is_open ^= bool(line.count('"') % 2)
                if is_open:
                    # A line break inside of quotes: the record goes on.
                    continue
                yield start, "".join(lines)
                lines, start = [], number + 1
        except UnicodeError:
            raise _wrong_encoding(path, layout, number) from None
    if lines:
        raise ImportTableError(
            f'{path.name}, row {start}: a quote (") is opened and never closed. The database is '
            "as it was."
        )


def _encoding(path: Path) -> str:
    """Return UTF-16 if the file says so, as what Excel calls Unicode text does."""
    with path.open("rb") as file:
        mark = file.read(2)
    return "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _wrong_encoding(path: Path, layout: Layout, rows: int) -> ImportTableError:
    return ImportTableError(
        f"{path.name} is not {layout.encoding or 'UTF-8'} text (after row {rows}). Save it as CSV "
        'UTF-8, or name its encoding: encoding="cp1252" is what Excel writes as plain CSV in '
        "Western Europe and America. The database is as it was."
    )
