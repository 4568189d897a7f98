"""Detection of the delimiter of a CSV file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..errors import ImportTableError
from .delimited_reader import (
    Layout,
    Row,
    csv_rows,
    fields,
    is_blank,
    named_delimiter,
    records,
)

DELIMITERS = ("\t", ";", "|", ",")
"""Delimiters of other programs, the rarest in text first."""

NO_DELIMITER = "\x1f"
"""A character that text files do not have: each line is one value."""

_NAMES = {"\t": "tabs", " ": "spaces"}

_SAMPLE = 1000
"""Rows that decide between delimiters under which all rows fit."""

_NUMBER = re.compile(r"[-+]?\d[\d.,' \u00a0\u202f\u2019]*([eE][-+]?\d+)? ?%?\Z", re.ASCII)
_DECIMAL = re.compile(r'"?[-+]?\d+(,\d+)?"?\s*\Z', re.ASCII)
_TIME = re.compile(r"\d{1,4}[-./]\d\d?[-./]\d{1,4}([ T]\d.*)?\Z|\d\d?:\d\d(:\d\d.*)?\Z", re.ASCII)


@dataclass
class Choice:
    """A delimiter, and notes about it for the report.

    Attributes
    ----------
    delimiter : str
        One character.
    notes : list of str
        Other delimiters under which all rows fit.
    """

    delimiter: str
    notes: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    """The rows of a file under one of the delimiters."""

    delimiter: str
    columns: int
    rows: int = 0
    is_loose: bool = True
    """Whether a space follows each of the delimiters, as in a sentence."""

    def see(self, record: str) -> None:
        self.rows += width(record, self.delimiter, self.columns) == self.columns
        self.is_loose = self.is_loose and is_loose(record, self.delimiter)


def choose(path: Path, layout: Layout) -> Choice:
    """Return the delimiter of a file.

    The caller or the file may name it. Otherwise it is the one under which all rows have as many
    values as the header; failing that, the one that fits the most rows.

    Raises
    ------
    ImportTableError
        If the first row has one name and there is a table below it, or if the file cannot be read.
    """
    if named := layout.delimiter or named_delimiter(path, layout):
        return Choice(named)
    texts = _texts(path, layout)
    header = next(texts, "")
    readings = [_Reading(mark, width(header, mark)) for mark in DELIMITERS]
    readings = [each for each in readings if each.columns > 1]
    if not readings:
        return _one_column(path, layout)
    for each in readings:
        each.is_loose = is_loose(header, each.delimiter)
    if all(each.is_loose for each in readings) and _only_in_header(path, layout, readings):
        return _one_column(path, layout, f"Each line is one value: no row has {_any(readings)}.")
    total = 0
    # If only one is possible, a row that does not fit is reported when it is read.
    for record in texts if len(readings) > 1 else ():
        total += 1
        for each in readings:
            each.see(record)
    fitting = [each for each in readings if each.rows == total]
    if not fitting:
        return Choice(max(readings, key=lambda each: (each.rows, *_rank(each))).delimiter)
    if len(fitting) > 1:
        fitting.sort(
            key=lambda each: (_typed(path, layout, each.delimiter), *_rank(each)), reverse=True
        )
    best = fitting[0]
    notes = [_second(path, layout, best.delimiter, other.delimiter) for other in fitting[1:]]
    notes += [_nearly(best, other, total) for other in readings if _is_near(best, other, total)]
    notes += _decimals(path, layout, best)
    return Choice(best.delimiter, notes)


def _texts(path: Path, layout: Layout) -> Iterator[str]:
    return (record for _, record in records(path, layout) if not is_blank(record))


def width(record: str, delimiter: str, expected: int = 0) -> int:
    """Return how many values a record has; 0 if a quote is in the wrong place.

    An empty value at the end that the header does not have does not count.
    """
    if '"' not in record:
        text = record.rstrip("\r\n")
        count = text.count(delimiter) + 1
        return count - (count == expected + 1 and text.endswith(delimiter))
    row = fields(record, delimiter) or []
    return len(row) - (len(row) == expected + 1 and row[-1] is None)


def is_loose(record: str, delimiter: str) -> bool:
    """Tell whether a space follows each delimiter of a record."""
    text = record.rstrip("\r\n")
    return text.count(delimiter) == text.count(delimiter + " ")


def shown(delimiter: str) -> str:
    """Return a delimiter as text for a message."""
    return _NAMES.get(delimiter, f'"{delimiter}"')


def _rank(reading: _Reading) -> tuple[bool, int, int]:
    return (not reading.is_loose, reading.columns, -DELIMITERS.index(reading.delimiter))


def _typed(path: Path, layout: Layout, delimiter: str) -> float:
    """Return the share of columns whose values are all numbers or times."""
    header, *rows = _sample(path, layout, delimiter)
    return sum(map(_is_typed, _columns(header, rows))) / len(header)


def _sample(path: Path, layout: Layout, delimiter: str) -> list[Row]:
    return [row for _, row in islice(csv_rows(path, layout, delimiter), _SAMPLE)]


def _columns(header: Row, rows: list[Row]) -> Iterator[list[str]]:
    for position in range(len(header)):
        yield [row[position] for row in rows if row[position] is not None]


def _is_typed(values: Sequence[str]) -> bool:
    return bool(values) and all(_NUMBER.match(each) or _TIME.match(each) for each in values)


def _second(path: Path, layout: Layout, chosen: str, other: str) -> str:
    header = [str(name or "").strip() for name in _sample(path, layout, other)[0]]
    listed = ", ".join(f"{name!r}" for name in header[:4]) + ", …" * (len(header) > 4)
    is_one = chosen == NO_DELIMITER
    way = "Each line is one value" if is_one else f"The columns are separated by {shown(chosen)}"
    return (
        f"{way}. With {shown(other)} every row fits as well, and the columns would be {listed}: "
        f"delimiter={other!r} reads the file that way."
    )


def _only_in_header(path: Path, layout: Layout, readings: list[_Reading]) -> bool:
    """Tell whether there are rows, and all of them are without these delimiters."""
    rest = islice(_texts(path, layout), 1, None)
    widths = (width(record, each.delimiter) for record in rest for each in readings)
    first = next(widths, 0)
    return first == 1 and all(each == 1 for each in widths)


def _any(readings: list[_Reading]) -> str:
    return " or ".join(shown(each.delimiter) for each in readings)


def _is_near(best: _Reading, other: _Reading, total: int) -> bool:
    """Tell whether most rows fit a delimiter without a space after it, while the best has one."""
    return best.is_loose and not other.is_loose and total / 2 <= other.rows < total


def _nearly(best: _Reading, other: _Reading, total: int) -> str:
    return (
        f"The columns are separated by {shown(best.delimiter)}. With {shown(other.delimiter)} all "
        f"rows but {total - other.rows:,} fit: if these are wrong, correct them, or read the file "
        f"with delimiter={other.delimiter!r}."
    )


def _one_column(path: Path, layout: Layout, *notes: str) -> Choice:
    """Return a delimiter that separates nothing, unless the lines below look like a table."""
    if table := _table_below(path, layout):
        example = "|" if table.delimiter != "|" else "\t"
        raise ImportTableError(
            f"{path.name}, row {table.start}: it has {table.columns} values, separated by "
            f"{shown(table.delimiter)}, and the header has 1. {_advice(table)} If each line is "
            f"one value, name a delimiter that the file does not have, such as "
            f"delimiter={example!r}. Nothing was imported."
        )
    return Choice(NO_DELIMITER, [*notes, *_spaces(path, layout)])


def _decimals(path: Path, layout: Layout, reading: _Reading) -> Iterator[str]:
    """Yield a note if the rows may be numbers with a decimal comma below one name with a comma."""
    texts = _texts(path, layout)
    header = next(texts, "")
    if reading.delimiter != "," or reading.columns != 2 or not is_loose(header, ","):
        return
    first = next(texts, "")
    if _DECIMAL.match(first) and all(_DECIMAL.match(record) for record in texts):
        yield (
            "Each line is read as two values. It may also be one number with a decimal comma: "
            "delimiter=';' reads the file that way."
        )


def _spaces(path: Path, layout: Layout) -> Iterator[str]:
    """Yield a note if spaces would separate a table. They are never chosen: text has them too."""
    texts = _texts(path, layout)
    columns = width(next(texts, ""), " ")
    if columns > 1 and all(width(record, " ") == columns for record in texts):
        header, *rows = _sample(path, layout, " ")
        if any(map(_is_typed, _columns(header, rows))):
            yield _second(path, layout, NO_DELIMITER, " ")


def advice(path: Path, layout: Layout, delimiter: str) -> str:
    """Return advice about a row that does not fit."""
    table = _table_below(path, layout)
    hint = f" {_advice(table)}" if table and table.length > 1 else ""
    return (
        f" The columns are separated by {shown(delimiter)}. Name another delimiter with delimiter=."
        f"{hint}"
    )


def _advice(table: _Run) -> str:
    return (
        f"If row {table.start} has the names of the columns, skip={table.start - 1} leaves out the "
        "lines above it."
    )


def _table_below(path: Path, layout: Layout) -> _Run | None:
    """Find a table that begins below the first row.

    At least half of the rows below the first one are in it, and it reaches to the end.
    """
    runs = {mark: _Run(mark) for mark in DELIMITERS}
    first = count = 0
    for number, record in records(path, layout):
        if not is_blank(record):
            first = first or number
            for run in runs.values():
                run.see(number, record)
            count += 1
    tables = [run for run in runs.values() if run.start > first and run.is_table(count - 1)]
    return max(tables, key=lambda run: (run.length, run.columns), default=None)


class _Run:
    """The last rows of a file, as far as all have the same number of values."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        self.columns = self.start = self.length = 0
        self._is_text = True  # So far: sentences, or numbers with a decimal comma.

    def see(self, number: int, record: str) -> None:
        columns = width(record, self.delimiter, self.columns)
        if columns != self.columns:
            self.columns, self.start, self.length = columns, number, 0
            self._is_text = True
        self.length += 1
        if self._is_text and not is_loose(record, self.delimiter):
            self._is_text = self.delimiter == "," and _DECIMAL.match(record) is not None

    def is_table(self, rows: int) -> bool:
        enough = self.length == rows or self.length >= max(2, rows / 2)
        return self.columns > 1 and enough and not self._is_text
