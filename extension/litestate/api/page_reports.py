"""Reports as plain data for the page, of bounded size."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..report import Line, Report, Section
from ..report.lines import printable

MOST_LINES = 500
"""Lines of a section that the page gets; its title says how many there are."""

MOST_TEXTS = 100
"""Warnings, notes, or left out items that the page gets."""


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as plain data; ``src/reports.ts`` has its types."""
    return {
        "headline": printable(report.headline),
        "sections": [_section(section, report) for section in report.sections],
        "notes": _texts(report.notes),
        "text": str(report),
    }


def _section(section: Section, report: Report) -> dict[str, Any]:
    skipped = [
        {"path": printable(it.path), "reason": it.reason, "advice": report.reason_text(it)}
        for it in section.skipped[:MOST_TEXTS]
    ]
    return {
        "title": section.title,
        "count": len(section.lines),
        "size": section.size,
        "lines": [_line(line) for line in section.lines[:MOST_LINES]],
        "warnings": _texts(section.warnings),
        "skipped": skipped,
    }


def _line(line: Line) -> dict[str, Any]:
    return {**asdict(line), "label": printable(line.label), "detail": printable(line.detail)}


def _texts(texts: list[str]) -> list[str]:
    more = len(texts) - MOST_TEXTS
    shown = [printable(text) for text in texts[:MOST_TEXTS]]
    return [*shown, f"… and {more:,} more"] if more > 0 else shown
