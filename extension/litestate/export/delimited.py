"""CSV as in RFC 4180: commas, CR LF, UTF-8 without a byte order mark."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import names
from .documents import Written
from .source import Table

_SPECIAL = re.compile(r'[",\r\n]')

_FORMULA = re.compile("[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
"""How text starts that a spreadsheet runs or that hides what it runs (OWASP, CSV Injection).

The last four are the wide ``=+-@`` of East Asian keyboards.
"""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z", re.ASCII)

_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')

_LONGEST = 100
"""Characters of a file name before its suffix; no system takes more than 255 bytes."""


def write(
    connection: sqlite3.Connection, tables: list[Table], path: Path, *, escape: bool
) -> Written:
    """Write the only table.

    NULL is an empty field, and empty text is ``""``. Blobs are base64.

    Parameters
    ----------
    escape : bool
        Put ``'`` before text that a spreadsheet would run.
    """
    (table,) = tables
    rows = escaped = blank = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        head, count = _line(table.columns, escape=escape)
        file.write(head)
        escaped += count
        for row in table.rows(connection):
            line, count = _line(row, escape=escape)
            file.write(line)
            rows += 1
            escaped += count
            blank += row == (None,)
    written = Written({table.name: rows})
    if blank:
        written.warnings.append(
            f"{table.name}: its only column is NULL in {blank:,} row{'s' * (blank > 1)}. That is "
            "a blank line in the file, which other programs may skip; import_table() does not."
        )
    if escaped:
        written.warnings.append(
            f"{table.name}: {escaped:,} text{'s' * (escaped > 1)} would run as a formula in a "
            "spreadsheet, and got a ' in front. escape_formulas=False leaves them as they are."
        )
    return written


def _line(row: Iterable[Any], *, escape: bool) -> tuple[str, int]:
    fields, escaped = [], 0
    for value in row:
        text = _text(value)
        if escape and isinstance(value, str) and is_formula(value):
            text, escaped = "'" + text, escaped + 1
        if value == "" or _SPECIAL.search(text):
            text = '"' + text.replace('"', '""') + '"'
        fields.append(text)
    return ",".join(fields) + "\r\n", escaped


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would run this text; a plain number it only reads.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("-1+1"), is_formula("-1.5")
    (True, True, False)
    """
    return bool(_FORMULA.match(text)) and not _NUMBER.match(text)


def file_names(tables: list[Table]) -> dict[str, str]:
    """Return a file name for each table, good on every system."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for table in tables:
        stem = _UNFIT.sub("-", table.name)[:_LONGEST].strip(" .") or "table"
        if names.path_problem(f"{stem}.csv"):
            stem = f"{stem}_"
        name, number = f"{stem}.csv", 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}.csv"
        taken.add(name.lower())
        found[table.name] = name
    return found
