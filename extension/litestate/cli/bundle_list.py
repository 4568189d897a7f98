"""Lists of bundles: a text table as wide as the terminal, CSV for spreadsheets, JSON."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..bundle.manifest import Manifest
from ..export.text_writers import is_formula
from ..parts.databases import tables_text
from ..report.lines import printable, size_text
from ..report.table import Alignment, shortened, table_row, text_width
from . import messages
from .bundle_facts import Facts, kernel_members_text

DIGITS = 12
"""Characters of a digest that are shown: enough to tell hand-ins apart, as in Git."""

MARKS = {"ok": "ok", "bad": "BAD", "unknown": "????", "not verified": ""}
"""The first word of a line, by status."""

CSV_COLUMNS = (
    "bundle",
    "status",
    "problem",
    "created",
    "notebook",
    "litestate",
    "python",
    "pyodide",
    "platform",
    "files",
    "folders",
    "links",
    "databases",
    "tables",
    "rows",
    "rows_of_tables",
    "variables",
    "not_saved",
    "signed",
    "bundle_bytes",
    "content_bytes",
    "digest",
    "same_content_as",
)
"""The columns of ``inspect --csv``."""

_MARK = 5
"""Width of the mark before a line of the table."""

_HEADS = ("bundle", "created", "litestate", "files", "dbs", "size", "digest", "tables")
_WIDTHS = (16, 21, 5, 3, 8, DIGITS, 0)
_ALIGNMENTS: tuple[Alignment, ...] = ("<", "<", "<", ">", ">", ">", "<", "<")
_MADE_BY = _HEADS.index("litestate")

_WIDEST_NAME = 40
"""Width of the names in a file or a pipe; a longer name moves the rest of its line."""

_OTHER_COLUMNS = 59
"""Width of all but the names in the narrow table."""

_NARROWEST_NAME = 16
"""Width of the names on the narrowest terminal: below that, the lines break instead."""


@dataclass(frozen=True)
class TextTable:
    """A table with a line for each bundle.

    Attributes
    ----------
    name_width : int
        Width of the names.
    screen : int or None
        Width of the terminal if the table does not fit into it; None if nothing is shortened.
    """

    name_width: int
    screen: int | None = None

    @classmethod
    def for_names(cls, names: Iterable[str]) -> TextTable:
        """Return the table for bundles of these names.

        In a file and in a pipe nothing is left out. On a terminal that is too narrow, names are
        shortened, the versions are left out, and the list of tables is cut.
        """
        widest = max((text_width(printable(name)) for name in names), default=0)
        width = max(len(_HEADS[0]), widest)
        if not sys.stdout.isatty():
            return cls(min(_WIDEST_NAME, width))
        screen = shutil.get_terminal_size().columns
        if text_width(cls(width).head) <= screen:
            return cls(width)
        return cls(max(_NARROWEST_NAME, min(width, screen - _OTHER_COLUMNS)), screen)

    @property
    def head(self) -> str:
        """The line with the names of the columns."""
        return self._row("", _HEADS)

    def line(self, facts: Facts) -> str:
        """Return the line about one bundle."""
        name, mark = printable(facts.name), MARKS[facts.status]
        if facts.problem or not facts.manifest:
            row = table_row((name, messages.short(facts.problem)), (self.name_width, 0))
            return f"{mark:<{_MARK}}{row}"
        cells = (
            name,
            facts.manifest.created[:16].replace("T", " "),
            _made_by(facts.manifest.generator),
            f"{facts.count('file'):,}",
            f"{facts.count('database'):,}",
            "" if facts.size is None else size_text(facts.size),
            facts.digest[:DIGITS],
            _contents(facts, facts.manifest),
        )
        return self._row(mark, cells)

    def _row(self, mark: str, texts: Iterable[str]) -> str:
        cells = [printable(text) for text in texts]
        widths = [self.name_width, *_WIDTHS]
        alignments = list(_ALIGNMENTS)
        if self.screen is not None:
            for column in (cells, widths, alignments):
                del column[_MADE_BY]
            cells[0] = shortened(cells[0], self.name_width)
            filled = zip(cells[:-1], widths, strict=False)
            others = _MARK + sum(max(width, text_width(cell)) + 2 for cell, width in filled)
            cells[-1] = shortened(cells[-1], self.screen - others)
        return f"{mark:<{_MARK}}{table_row(cells, widths, alignments)}".rstrip()


def _contents(facts: Facts, manifest: Manifest) -> str:
    tables = tables_text(facts.tables) if facts.count("database") else ""
    return "; ".join(text for text in (tables, kernel_members_text(manifest)) if text)


def _made_by(generator: dict[str, str]) -> str:
    runtime = "pyodide" if "pyodide" in generator else "python"
    version = generator.get("litestate", "?")
    return f"{version}, {runtime} {generator.get(runtime, '?')}"[:24]


def summary(every: Sequence[Facts], *, verified: bool, ignored: str = "") -> Iterator[str]:
    """Yield the lines below the list: bundles of equal content, and the counts by status."""
    for group in _by_content(every).values():
        if len(group) > 1:
            yield f"equal content: {' = '.join(group)}"
    bad, unknown = (sum(facts.status == status for facts in every) for status in ("bad", "unknown"))
    counts = f"{len(every) - bad - unknown} {'ok' if verified else 'read'}, {bad} bad"
    counts += f", {unknown} unknown" if unknown else ""
    yield f"{counts}; {ignored}" if ignored else counts


def _by_content(every: Iterable[Facts]) -> dict[str, list[str]]:
    """Return the names of good bundles by their content digest."""
    groups: dict[str, list[str]] = {}
    for facts in every:
        if facts.digest:
            groups.setdefault(facts.digest, []).append(facts.name)
    return groups


def csv_lines(every: Sequence[Facts]) -> Iterator[str]:
    """Yield a CSV table with one row for each bundle; no text in it runs as a formula."""
    groups = _by_content(every)
    yield _csv_line(CSV_COLUMNS)
    for facts in every:
        others = [name for name in groups.get(facts.digest, ()) if name != facts.name]
        yield _csv_line([*_csv_cells(facts), ", ".join(others)])


def _csv_cells(facts: Facts) -> list[Any]:
    manifest = facts.manifest
    if not manifest:
        return [facts.name, facts.status, facts.problem, *[""] * 16, facts.size, "", ""]
    tables = facts.tables
    rows = [count for count in tables.values() if count is not None]
    return [
        facts.name,
        facts.status,
        facts.problem,
        manifest.created,
        manifest.notebook,
        *(manifest.generator.get(key) for key in ("litestate", "python", "pyodide", "platform")),
        *(facts.count(kind) for kind in ("file", "directory", "symlink", "database")),
        len(tables),
        sum(rows),
        "; ".join(f"{name}: {'?' if n is None else n}" for name, n in tables.items()),
        len(facts.variables),
        len(manifest.skipped),
        facts.signed,
        facts.size,
        sum(member.size for member in manifest.members),
        facts.digest,
    ]


def _csv_line(cells: Iterable[Any]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow([_csv_cell(cell) for cell in cells])
    return file.getvalue()


def _csv_cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if is_formula(text) else text


def json_object(facts: Facts) -> dict[str, Any]:
    """Return the facts about one bundle, with its whole manifest, as plain values."""
    return {
        "bundle": facts.name,
        "status": facts.status,
        "problem": facts.problem or None,
        "signed": facts.signed if facts.manifest else None,
        "bundle_bytes": facts.size,
        "manifest": json.loads(facts.manifest.to_json()) if facts.manifest else None,
    }
