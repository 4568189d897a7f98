"""Writers of text formats: CSV, JSON, and the SQL that makes a whole database again."""

from __future__ import annotations

import base64
import json
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..bundle import member_names
from ..errors import ExportError
from ..sqlite.column_types import quoted
from .source import Rows, Table
from .target import Written

_SPECIAL = re.compile(r'[",\r\n]')

_FORMULA = re.compile("[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
"""The start of text that a spreadsheet runs, or that hides what it runs (OWASP, CSV Injection).

The last four are the wide ``=+-@`` of East Asian keyboards.
"""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z", re.ASCII)

_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')

_LONGEST = 100
"""Characters of a file name before its suffix; systems take up to 255 bytes."""

# Made once: json.dumps() would make an encoder for each value.
_json_text = json.JSONEncoder(ensure_ascii=False).encode


def write_csv(
    connection: sqlite3.Connection, tables: Sequence[Rows], path: Path, *, escape: bool
) -> Written:
    """Write the only table as in RFC 4180: commas, CR LF, UTF-8 without a byte order mark.

    NULL is an empty field, and empty text is ``""``. Blobs are base64.

    Parameters
    ----------
    escape : bool
        Put ``'`` before text that a spreadsheet would run.
    """
    (table,) = tables
    rows = escaped = blank = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        head, count = _csv_line(table.columns, escape=escape)
        file.write(head)
        escaped += count
        for row in table.rows(connection):
            line, count = _csv_line(row, escape=escape)
            file.write(line)
            rows += 1
            escaped += count
            blank += row == (None,)
    written = Written({table.name: rows})
    if blank:
        written.warnings.append(
            f"{table.name}: its only column is NULL in {blank:,} row{'s' * (blank > 1)}. That is "
            "a blank line in the file. Other programs may skip it; import_table() does not."
        )
    if escaped:
        written.warnings.append(
            f"{table.name}: {escaped:,} text{'s' * (escaped > 1)} would run as a formula in a "
            "spreadsheet, so a ' was put in front. escape_formulas=False leaves them unchanged."
        )
    return written


def _csv_line(row: Iterable[Any], *, escape: bool) -> tuple[str, int]:
    fields, escaped = [], 0
    for value in row:
        text = _csv_text(value)
        if escape and isinstance(value, str) and is_formula(value):
            text, escaped = "'" + text, escaped + 1
        if value == "" or _SPECIAL.search(text):
            text = '"' + text.replace('"', '""') + '"'
        fields.append(text)
    return ",".join(fields) + "\r\n", escaped


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would run this text; it only reads a plain number.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("-1+1"), is_formula("-1.5")
    (True, True, False)
    """
    return bool(_FORMULA.match(text)) and not _NUMBER.match(text)


def file_names(tables: Iterable[Rows]) -> dict[str, str]:
    """Return a file name for each table that is valid on every system."""
    return names_for([table.name for table in tables], ".csv")


def names_for(texts: Iterable[str], suffix: str = "") -> dict[str, str]:
    """Return a name for a file or folder for each text that is valid on every system.

    Examples
    --------
    >>> names_for(["a/b", "A-B"], ".csv")
    {'a/b': 'a-b.csv', 'A-B': 'A-B-2.csv'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        stem = _UNFIT.sub("-", text)[:_LONGEST].strip(" .") or "table"
        if member_names.path_problem(f"{stem}{suffix}"):
            stem = f"{stem}_"
        name, number = f"{stem}{suffix}", 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        taken.add(name.lower())
        found[text] = name
    return found


def write_json(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write one object, in which each table is a list of row objects."""
    written = Written({})
    with path.open("w", encoding="utf-8", newline="\n") as file:
        opening = "{"
        for table in tables:
            file.write(f"{opening}\n{_json_text(table.name)}: [")
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
    keys = [_json_text(column) for column in table.columns]
    for row in table.rows(connection):
        pairs = (f"{key}: {_json_value(value)}" for key, value in zip(keys, row, strict=True))
        yield f"{{{', '.join(pairs)}}}"


def _json_value(value: Any) -> str:
    if isinstance(value, bytes):
        return f'{{"base64": "{base64.b64encode(value).decode()}"}}'
    if isinstance(value, float) and math.isinf(value):
        # JSON has no infinity, but numbers of any size: parsers make it infinite again.
        return "1e999" if value > 0 else "-1e999"
    return _json_text(value)


def write_sql(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write a whole database, like the ``.dump`` command of SQLite's shell.

    `sqlite3.Connection.iterdump` does not work here: its statements for a full-text table cannot be
    read again, and before Python 3.13 it fails for a table with a ``'`` in its name.
    """
    written = Written({})
    for table in tables:
        _check_sql(connection, table)
        ((count,),) = table.read(connection, f"SELECT count(*) FROM {table.relation}")
        written.rows[table.name] = count
    with path.open("w", encoding="utf-8", newline="\n") as file:
        try:
            for statement in _statements(connection):
                file.write(f"{statement};\n")
        except sqlite3.Error as error:
            raise ExportError(
                f"Nothing was written: the database cannot be dumped. SQLite says: {error}."
            ) from None
    return written


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    schema = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY rowid"
    ).fetchall()
    virtual = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
        )
    }
    # The tables are not in the order of their references.
    yield "PRAGMA foreign_keys = OFF"
    yield "BEGIN TRANSACTION"
    if virtual:
        yield "PRAGMA writable_schema = ON"
    for kind, name, sql in schema:
        if kind == "table" and not name.lower().startswith("sqlite_"):
            is_virtual = name in virtual
            yield from _virtual_table(name, sql) if is_virtual else _table(connection, name, sql)
    yield from _sqlite_tables(connection, {name for _, name, _ in schema})
    # After the rows: a trigger would add more rows, and an index is faster to make at the end.
    for kind in ("index", "trigger", "view"):
        yield from (sql for this, _, sql in schema if this == kind)
    for name in ("application_id", "user_version"):
        if value := connection.execute(f"PRAGMA {name}").fetchone()[0]:
            yield f"PRAGMA {name} = {value}"
    yield "COMMIT"
    if virtual:
        # It also shows the virtual tables to the connection that runs this.
        yield "PRAGMA writable_schema = RESET"


def _virtual_table(name: str, sql: str) -> Iterator[str]:
    """Put a virtual table into the schema; its content is in other tables of the dump."""
    yield (
        "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) "
        f"VALUES ('table', {_sql_text(name)}, {_sql_text(name)}, 0, {_sql_text(sql)})"
    )


def _table(connection: sqlite3.Connection, name: str, sql: str) -> Iterator[str]:
    yield sql
    yield from _inserts(connection, name)


def _inserts(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    # Without generated columns, which cannot be inserted.
    columns = connection.execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (name,)
    ).fetchall()
    values = ", ".join(f"quote({quoted(column)})" for (column,) in columns)
    for row in connection.execute(f"SELECT {values} FROM {quoted(name)}"):
        yield f"INSERT INTO {quoted(name)} VALUES ({', '.join(row)})"


def _sqlite_tables(connection: sqlite3.Connection, member_names: set[str]) -> Iterator[str]:
    """Fill the tables of SQLite itself: the last AUTOINCREMENT numbers, and statistics."""
    if "sqlite_sequence" in member_names:
        yield "DELETE FROM sqlite_sequence"
        yield from _inserts(connection, "sqlite_sequence")
    if "sqlite_stat1" in member_names:
        # It makes the table. The schema itself has nothing to analyze.
        yield "ANALYZE sqlite_schema"
        yield from _inserts(connection, "sqlite_stat1")


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _check_sql(connection: sqlite3.Connection, table: Table) -> None:
    """Refuse values that SQLite's quote() cuts off at NUL or writes as ``Inf``."""
    for column in table.columns:
        name = quoted(column)
        found = table.read(
            connection,
            f"SELECT typeof({name}) FROM {table.relation} WHERE typeof({name}) = 'text'"
            f" AND instr(CAST({name} AS BLOB), x'00') OR typeof({name}) = 'real'"
            f" AND abs({name}) = 9e999 LIMIT 1",
        )
        for (kind,) in found:
            what = "text with a NUL character" if kind == "text" else "an infinite number"
            raise ExportError(
                f"Nothing was written: {table.name}, column {column}, holds {what}, which a .sql "
                "file cannot. Choose .json."
            )
