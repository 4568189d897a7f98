"""Bundles as lines of text, as a table for a spreadsheet, as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..export.delimited import is_formula
from ..parts.databases import tables_text
from ..report.words import printable, size_text
from .facts import Facts

_DIGITS = 12
"""Characters of a digest that are shown: enough to tell hand-ins apart, as Git does."""

_WIDEST = 40
"""Characters for names before the columns give way."""

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
    "not_saved",
    "bundle_bytes",
    "content_bytes",
    "digest",
    "same_content_as",
)
"""The columns of ``inspect --csv``."""


_HEADS = ("bundle", "created", "litestate", "files", "dbs", "size", "digest", "tables")


def width_of(names: Iterable[str]) -> int:
    """Return the width of the column of names."""
    return min(_WIDEST, max((len(printable(name)) for name in names), default=0))


def head(width: int) -> str:
    """Return the line above the lines of `line`."""
    return _columns("", width, *_HEADS)


def line(facts: Facts, width: int) -> str:
    """Return what is known of one bundle in one line."""
    name = printable(facts.name)
    if facts.problem or not facts.manifest:
        return f"BAD  {name:<{width}}  {facts.problem}"
    created = facts.manifest.created[:16].replace("T", " ")
    return _columns(
        "ok" if facts.verified else "",
        width,
        name,
        created,
        _made_by(facts.manifest.generator),
        f"{facts.count('file'):,}",
        f"{facts.count('database'):,}",
        "" if facts.size is None else size_text(facts.size),
        facts.digest[:_DIGITS],
        tables_text(facts.tables) if facts.count("database") else "",
    )


def _columns(status: str, width: int, *texts: str) -> str:
    name, created, by, files, databases, size, digest, tables = map(printable, texts)
    return (
        f"{status:<5}{name:<{width}}  {created:<16}  {by:<21}  {files:>5}  {databases:>3}"
        f"  {size:>8}  {digest:<{_DIGITS}}  {tables}"
    ).rstrip()


def _made_by(generator: dict[str, str]) -> str:
    runtime = "pyodide" if "pyodide" in generator else "python"
    known = {"litestate": generator.get("litestate", "?"), runtime: generator.get(runtime, "?")}
    return f"{known['litestate']}, {runtime} {known[runtime]}"[:24]


def last_line(every: Sequence[Facts], *, verified: bool) -> str:
    """Return how many are good, how many bad, and which have the same content."""
    bad = sum(bool(facts.problem) for facts in every)
    text = f"{len(every) - bad} {'ok' if verified else 'read'}, {bad} bad"
    groups = [group for group in by_content(every).values() if len(group) > 1]
    if groups:
        text += f"; equal content: {', '.join(' = '.join(group) for group in groups)}"
    return text


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
        return [facts.name, facts.status, facts.problem, *[""] * 14, facts.size, "", ""]
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
        len(manifest.skipped),
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
        "bundle_bytes": facts.size,
        "manifest": json.loads(facts.manifest.to_json()) if facts.manifest else None,
    }
