"""A comparison as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from ..report.lines import printable, size_text
from ..report.table import label_width, table_row
from .results import Comparison, DatabaseChange, FileChange, Side, TableChange, VariableChange

_KINDS = {"directory": "folder", "symlink": "link"}

_WITH_SIZE = ("file", "packages", "session")

_INDENT = " " * 11


def render(comparison: Comparison) -> list[str]:
    """Return a comparison as lines of text, with control characters spelled out."""
    return [printable(line) for line in _lines(comparison)]


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.before} → {comparison.after}"
    width = label_width(change.place for change in comparison.files)
    for change in comparison.files:
        yield f"  {change.verdict:<9}{table_row((change.place, _file(change)), (width, 0))}"
    for database in comparison.databases:
        yield f"  {'same' if database.is_equal else 'changed':<9}{database.place}"
        yield from (f"{_INDENT}{line}" for line in _database(database))
    width = label_width(change.name for change in comparison.variables)
    for variable in comparison.variables:
        row = table_row((variable.name, _variable(variable)), (width, 0))
        yield f"  {variable.verdict:<9}{row}"
    yield from (f"  Note: {note}" for note in comparison.notes)
    yield _headline(comparison)


def _headline(comparison: Comparison) -> str:
    verdicts = [change.verdict for change in comparison.files]
    places = {change.place for change in comparison.files}
    verdicts += [
        "changed"
        for database in comparison.databases
        if not database.is_equal and database.place not in places
    ]
    verdicts += [change.verdict for change in comparison.variables]
    counts = [
        f"{verdicts.count(verdict)} {verdict}"
        for verdict in ("added", "removed", "changed")
        if verdict in verdicts
    ]
    same = comparison.same + sum(
        database.is_equal and database.place not in places for database in comparison.databases
    )
    head = "Equal" if comparison.is_equal else "Different"
    return f"{head}: {', '.join([*counts, f'{same} the same'])}"


def _file(change: FileChange) -> str:
    if change.before is None or change.after is None:
        return _side(change.before or change.after)
    before, after = change.before, change.after
    if before.kind != after.kind:
        return f"{_side(before)} → {_side(after)}"
    texts = []
    if before.kind == "symlink" and before.sha256 != after.sha256:
        texts.append("it points elsewhere")
    elif before.kind in _WITH_SIZE and before.size != after.size:
        texts.append(f"{size_text(before.size)} → {size_text(after.size)}")
    elif before.kind in _WITH_SIZE and before.sha256 != after.sha256:
        texts.append(f"{size_text(after.size)}, different content")
    if before.mode != after.mode:
        texts.append(f"mode {before.mode:o} → {after.mode:o}")
    return ", ".join(texts)


def _side(side: Side | None) -> str:
    if side is None:
        return ""
    kind = _KINDS.get(side.kind, side.kind)
    return kind if side.kind in _KINDS else f"{kind}, {size_text(side.size)}"


def _variable(change: VariableChange) -> str:
    texts = [f"{side.type} {side.text}" for side in (change.before, change.after) if side]
    if len(texts) == 2 and texts[0] == texts[1]:
        return f"{texts[0]}: it, or a variable that it shares objects with"
    return f"variable, {' → '.join(texts)}"


def _database(change: DatabaseChange) -> Iterator[str]:
    if change.problem:
        yield f"different content, not compared: {change.problem}"
    elif change.is_equal:
        yield "the same tables and rows, stored in another way"
    yield from map(_table, change.tables)
    yield from (f"{item.kind} {item.name}: {item.verdict}" for item in change.objects)
    yield from change.settings


def _table(change: TableChange) -> str:
    if change.verdict != "changed":
        rows = _rows(change.rows_added or change.rows_removed)
        count = f"its rows were not counted: {change.problem}" if change.problem else rows
        return f"{change.name}: table {change.verdict}, {count}"
    counts = {
        "added": change.rows_added,
        "removed": change.rows_removed,
        "changed": change.rows_changed,
    }
    texts = [f"{_rows(count)} {verdict}" for verdict, count in counts.items() if count]
    if texts and change.matched_by != "primary key":
        texts[-1] += f" (matched by {change.matched_by})"
    if change.columns_added:
        texts.append(f"columns added: {', '.join(change.columns_added)}")
    if change.columns_removed:
        texts.append(f"columns removed: {', '.join(change.columns_removed)}")
    if change.is_redefined and not (change.columns_added or change.columns_removed):
        texts.append("defined in another way")
    if change.is_reindexed:
        texts.append("the same rows, another index")
    if change.problem:
        texts.append(f"rows not compared, {change.problem}")
    return f"{change.name}: {'; '.join(texts)}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
