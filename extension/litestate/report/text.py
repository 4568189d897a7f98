"""A report as plain text."""

from __future__ import annotations

from .model import Line, Report, Section
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

_WIDEST = 44
"""Characters for paths before the columns give way."""


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
    width = min(_WIDEST, max(len(line.label) for line in shown))
    told = [count_text(lines), *([size_text(section.size)] if has_size(lines) else [])]
    out = [f"  {section.title}: {', '.join(told)}"]
    out += [f"    {_line(line, width)}" for line in shown]
    if len(lines) > len(shown):
        out.append(f"    … and {len(lines) - len(shown):,} more")
    return out


def _line(line: Line, width: int) -> str:
    size = line_size_text(line)
    label = line.label + "/" * (line.kind == "directory")
    verdict = f"{line.verdict:<10}" if line.verdict else ""
    return f"{verdict}{label:<{width}}  {size:>8}  {line.detail}".rstrip()
