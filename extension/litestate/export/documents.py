"""JSON: all tables in one text file."""

from __future__ import annotations

import base64
import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .source import Table

# Made once: json.dumps() would make one for each value.
_quote = json.JSONEncoder(ensure_ascii=False).encode


@dataclass
class Written:
    """What a writer did.

    Attributes
    ----------
    rows : dict of str to int
        Rows of each table.
    warnings : list of str
        What is not as a person might think.
    """

    rows: dict[str, int]
    warnings: list[str] = field(default_factory=list)


def write(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write an object: each table is a list of row objects."""
    written = Written({})
    with path.open("w", encoding="utf-8", newline="\n") as file:
        opening = "{"
        for table in tables:
            file.write(f"{opening}\n{_quote(table.name)}: [")
            count = 0
            for row in _json_rows(connection, table):
                file.write(f"{',' if count else ''}\n{row}")
                count += 1
            file.write("\n]")
            written.rows[table.name] = count
            opening = ","
        file.write("\n}\n")
    return written


def _json_rows(connection: sqlite3.Connection, table: Table) -> Iterator[str]:
    keys = [_quote(column) for column in table.columns]
    for row in table.rows(connection):
        pairs = (f"{key}: {_json(value)}" for key, value in zip(keys, row, strict=True))
        yield f"{{{', '.join(pairs)}}}"


def _json(value: Any) -> str:
    if isinstance(value, bytes):
        return f'{{"base64": "{base64.b64encode(value).decode()}"}}'
    if isinstance(value, float) and math.isinf(value):
        # JSON has no infinity, but numbers of any size: parsers make it infinite again.
        return "1e999" if value > 0 else "-1e999"
    return _quote(value)
