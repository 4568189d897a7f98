"""A report as plain text."""

from __future__ import annotations

from .model import Line, Report, Section
from .table import Alignment, label_width, table_row
from .words import (
    count_text,
    excluded_texts,
    has_size,
    in_order,
    line_size_text,
    printable,
    shown_of,
    size_text,
)

_ALIGNMENTS: tuple[Alignment, ...] = ("<", ">", "<")
"""Of the columns: label, size, detail."""


def render(report: Report) -> str:
    """Return the report as lines of text."""
    out = [report.headline, *(f"  {hint}" for hint in report.hints.values())]
    for section in report.sections:
        out += _section(section)
    if report.skipped:
        out.append(f"  {report.skipped_title}:")
        out += [f"    {item.path}: {report.reason_text(item)}" for item in report.skipped]
    out += [f"  Note: {warning}" for warning in report.warnings]
    if report.excluded:
        out.append("  Left out by rule:")
        out += [f"    {text}" for text in excluded_texts(report.excluded)]
    out += [f"  {note}" for note in report.notes]
    return "\n".join(printable(line) for line in out)


def _section(section: Section) -> list[str]:
    if not section.lines:
        return []
    lines = in_order(section)
    if all(line.kind == "session" for line in lines):
        return [f"  {section.title}: {line.detail}".removesuffix(": ") for line in lines]
    shown = shown_of(lines)
    width = label_width(line.label for line in shown)
    totals = [count_text(lines), *([size_text(section.size)] if has_size(lines) else [])]
    out = [f"  {section.title}: {', '.join(totals)}"]
    out += [f"    {_line(line, width)}" for line in shown]
    if len(lines) > len(shown):
        out.append(f"    … and {len(lines) - len(shown):,} more")
    return out


def _line(line: Line, width: int) -> str:
    label = line.label + "/" * (line.kind == "directory")
    verdict = f"{line.verdict:<10}" if line.verdict else ""
    cells = (label, line_size_text(line), line.detail)
    return verdict + table_row(cells, (width, 8, 0), _ALIGNMENTS)
