"""Writer of Excel workbooks, one sheet for each table."""

from __future__ import annotations

import base64
import math
import re
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..errors import ExportError
from ..host.optional_packages import import_optional
from ..sqlite.column_types import is_dated, parse_date
from .source import Rows, Table
from .target import Written
from .text_writers import is_formula

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
"""Rows and columns of a sheet, and characters of a cell ("Excel specifications and limits")."""

MAX_SHEET_NAME = 31

_EXACT = 2**53
"""Excel's numbers are doubles: above this, whole numbers are no longer exact."""

_FORBIDDEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\ufffe\\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""Characters that XML cannot hold or would change, and text that looks like an escaped character
(ST_Xstring)."""

_FIRST_DAY = "1900-03-01"
"""Before it, Excel counts a day that did not exist (29 February 1900), or has no dates."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f\[\]:*?/\\\ufffe\uffff]")

Cell = Any


def write_excel(connection: sqlite3.Connection, tables: list[Table], path: Path) -> Written:
    """Write tables as sheets, after a check that Excel can hold them.

    Raises
    ------
    ExportError
        If Excel cannot hold them, or if openpyxl is not installed.
    NeedsAsyncError
        If this browser cannot load openpyxl from the site inside of a call.
    """
    openpyxl = import_openpyxl()
    for table in tables:
        check_table(connection, table)
    return write_workbook(openpyxl, {table.name: (connection, table) for table in tables}, path)


def import_openpyxl() -> Any:
    """Return the package openpyxl.

    Raises
    ------
    ExportError, NeedsAsyncError
        As `write_excel` does.
    """
    return import_optional("openpyxl", "Excel", ExportError, "Nothing was written.")


def write_workbook(
    openpyxl: Any, tables: Mapping[str, tuple[sqlite3.Connection, Rows]], path: Path
) -> Written:
    """Write tables that were checked, of any sources, as sheets.

    Parameters
    ----------
    openpyxl : module
        From `import_openpyxl`.
    tables : mapping of str to tuple
        Each name with the table and its connection.
    path : Path
        The file.

    Raises
    ------
    ExportError
        If Excel cannot hold a cell.
    """
    book = openpyxl.Workbook(write_only=True)
    try:
        written = _fill(book, tables)
    finally:
        # Also after an error: openpyxl removes its temporary files only when it saves.
        book.save(path)
    return written


def _fill(book: Any, tables: Mapping[str, tuple[sqlite3.Connection, Rows]]) -> Written:
    written = Written({})
    for name, title in zip(tables, sheet_names(list(tables)), strict=True):
        connection, table = tables[name]
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        written.rows[name] = _write_sheet(sheet, table, connection)
        if title != name:
            written.warnings.append(f"The table {name} is the sheet {title}.")
    return written


def _write_sheet(sheet: Any, table: Rows, connection: sqlite3.Connection) -> int:
    makers = [_date_cell if is_dated(declared) else _cell for declared in table.types]
    try:
        sheet.append([_text_cell(sheet, name) for name in table.columns])
    except ValueError as error:
        raise _too_much(table, f"the name of a column is {error}") from None
    rows = 0
    try:
        for row in table.rows(connection):
            sheet.append([make(sheet, value) for make, value in zip(makers, row, strict=True)])
            rows += 1
    except ValueError as error:
        raise _too_much(table, f"row {rows + 1:,} holds {error}") from None
    return rows


def check_table(connection: sqlite3.Connection, table: Table) -> None:
    """Refuse a table of a database that Excel cannot hold.

    Raises
    ------
    ExportError
        With the reason.
    """
    ((rows,),) = table.read(connection, f"SELECT count(*) FROM {table.relation}")
    check_shape(table, rows)
    longest = table.aggregates(connection, _longest)
    for column, (length,) in zip(table.columns, longest, strict=True):
        if (length or 0) > MAX_TEXT:
            raise _too_much(table, f"column {column} holds text of {length:,} characters")


def check_shape(table: Rows, rows: int) -> None:
    """Refuse a table with too many columns or rows.

    Raises
    ------
    ExportError
        With the reason.
    """
    if len(table.columns) > MAX_COLUMNS:
        raise _too_much(table, f"it has {len(table.columns):,} columns", f"{MAX_COLUMNS:,}")
    if rows + 1 > MAX_ROWS:
        raise _too_much(table, f"it has {rows:,} rows", f"{MAX_ROWS - 1:,} below the header")


def _longest(column: str) -> str:
    return (
        f"max(CASE typeof({column}) WHEN 'text' THEN length({column})"
        f" WHEN 'blob' THEN (length({column}) + 2) / 3 * 4 END)"
    )


def _too_much(table: Rows, what: str, limit: str = f"{MAX_TEXT:,} in one cell") -> ExportError:
    return ExportError(
        f"Nothing was written: the table {table.name} does not fit into Excel. {what[0].upper()}"
        f"{what[1:]}, the limit is {limit}. Choose .csv or .json, or select less with query=."
    )


def _cell(sheet: Any, value: Any) -> Cell:
    if value == "":
        # For Excel, empty text and an empty cell are the same.
        return None
    if isinstance(value, str):
        return _text_cell(sheet, value)
    if isinstance(value, bytes):
        return _text_cell(sheet, base64.b64encode(value).decode())
    if isinstance(value, int) and abs(value) > _EXACT:
        return _text_cell(sheet, str(value))
    return _float_cell(sheet, value) if isinstance(value, float) else value


def _float_cell(sheet: Any, value: float) -> Cell:
    if not math.isfinite(value):
        return _text_cell(sheet, "Infinity" if value > 0 else "-Infinity")
    # openpyxl writes 16 digits, and some numbers have 17.
    return _text_cell(sheet, repr(value), "n") if float(f"{value:.16g}") != value else value


def _text_cell(sheet: Any, text: str, data_type: str = "s") -> Cell:
    from openpyxl.cell import WriteOnlyCell

    escaped = _FORBIDDEN.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    # Excel counts UTF-16 units.
    if (length := len(escaped.encode("utf-16-le")) // 2) > MAX_TEXT:
        raise ValueError(f"text that takes {length:,} characters in Excel")
    cell = WriteOnlyCell(sheet, value=escaped)
    # openpyxl guesses: "=1+1" would be a formula and "#N/A" an error.
    cell.data_type = data_type
    if is_formula(text):
        cell.quotePrefix = True
    return cell


def _date_cell(sheet: Any, value: Any) -> Cell:
    from openpyxl.cell import WriteOnlyCell

    found = _excel_date(value) if isinstance(value, str) else None
    if found is None:
        return _cell(sheet, value)
    cell = WriteOnlyCell(sheet, value=found)
    if not isinstance(found, datetime):
        cell.number_format = "yyyy-mm-dd"
    elif found.microsecond:
        cell.number_format = "yyyy-mm-dd hh:mm:ss.000"
    else:
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    return cell


def _excel_date(text: str) -> date | None:
    """Return the date if Excel can hold it exactly: without time zone and microseconds."""
    found = parse_date(text)
    if found is None or found.isoformat() < _FIRST_DAY:
        return None
    if isinstance(found, datetime) and (found.tzinfo or found.microsecond % 1000):
        return None
    return found


def sheet_names(names: list[str]) -> list[str]:
    """Return sheet names that Excel accepts: short, without some characters, all different.

    Examples
    --------
    >>> sheet_names(["a/b", "A_B", "History"])
    ['a_b', 'A_B~2', 'History_']
    """
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        wanted = _cut(_UNFIT.sub("_", name).strip("' ") or "table", MAX_SHEET_NAME)
        if wanted.lower() == "history":
            wanted += "_"
        title, number = wanted, 1
        while title.lower() in taken:
            number += 1
            title = _cut(wanted, MAX_SHEET_NAME - len(f"~{number}")) + f"~{number}"
        taken.add(title.lower())
        found.append(title)
    return found


def _cut(text: str, units: int) -> str:
    """Shorten a text to a number of UTF-16 units, the units that Excel counts."""
    short = text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
    return short.strip("' ") or "table"
