"""Many bundles: how many are good, which are alike; as rows for a spreadsheet, as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..export.delimited import is_formula
from ..report.words import printable
from .facts import Facts

COLUMNS = (
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


def last_line(every: Sequence[Facts], *, verified: bool, aside: str = "") -> str:
    """Return how many are good, how many are not, and what was not looked at."""
    bad, unknown = (sum(facts.status == status for facts in every) for status in ("bad", "unknown"))
    text = f"{len(every) - bad - unknown} {'ok' if verified else 'read'}, {bad} bad"
    text += f", {unknown} unknown" if unknown else ""
    return f"{text}; {aside}" if aside else text


def copies(every: Iterable[Facts]) -> Iterable[str]:
    """Return a line for each group of bundles that have the same content."""
    groups = [group for group in by_content(every).values() if len(group) > 1]
    return [f"equal content: {' = '.join(group)}" for group in groups]


def by_content(every: Iterable[Facts]) -> dict[str, list[str]]:
    """Return the names of good bundles by their content digest."""
    groups: dict[str, list[str]] = {}
    for facts in every:
        if facts.digest:
            groups.setdefault(facts.digest, []).append(facts.name)
    return groups


def csv_lines(every: Sequence[Facts]) -> Iterable[str]:
    """Return a table with one row for each bundle; no text in it runs as a formula."""
    groups = by_content(every)
    yield _csv_line(COLUMNS)
    for facts in every:
        others = [name for name in groups.get(facts.digest, ()) if name != facts.name]
        yield _csv_line([*_cells(facts), ", ".join(others)])


def _cells(facts: Facts) -> list[Any]:
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
    csv.writer(file, lineterminator="").writerow([_cell(cell) for cell in cells])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if is_formula(text) else text


def json_object(facts: Facts) -> dict[str, Any]:
    """Return what is known of one bundle, with its whole manifest, as plain values."""
    return {
        "bundle": facts.name,
        "status": facts.status,
        "problem": facts.problem or None,
        "signed": facts.signed if facts.manifest else None,
        "bundle_bytes": facts.size,
        "manifest": json.loads(facts.manifest.to_json()) if facts.manifest else None,
    }
