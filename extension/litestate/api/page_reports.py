"""Reports as plain data for the page, of bounded size.

No value of the notebook is read here: a report has names, types, sizes and sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from ..bundle.manifest import Skipped
from ..report import Line, Report, Section
from ..report.lines import in_order, printable
from ..report.table import shortened
from ..trust import trust_advice

MOST_LINES = 200
"""Lines of a section that the page gets; ``count`` says how many there are."""

MOST_TEXTS = 100
"""Warnings, notes, or left out items that the page gets; one more says how many are missing."""

LONGEST = 300
"""Characters of a name."""

LONGEST_SENTENCE = 2_000
"""Characters of a sentence. It may name several files."""

LONGEST_TEXT = 20_000
"""Characters of a whole report as text."""


class LineData(TypedDict):
    """A variable, file, database, table or package.

    ``verdict`` is ``"added"``, ``"changed"``, ``"unchanged"``, ``"removed"`` or empty; ``kind`` is
    ``"file"``, ``"directory"``, ``"symlink"``, ``"database"``, ``"variable"``, ``"package"``,
    ``"session"``, ``"variables"`` or ``"packages"``. ``size`` is in bytes.
    """

    label: str
    kind: str
    size: int
    detail: str
    verdict: str


class SkippedData(TypedDict):
    """Something that was left out. ``reason`` has no full stop; ``advice`` may be empty."""

    path: str
    reason: str
    advice: str


class SectionData(TypedDict):
    """The report on one part. ``count`` and ``size`` are those of all lines, not only of these."""

    title: str
    count: int
    size: int
    lines: list[LineData]
    warnings: list[str]
    skipped: list[SkippedData]


class ReportData(TypedDict):
    """A report.

    ``excluded`` has the first paths that each rule leaves out. ``skipped_title`` stands above what
    is left out. ``text`` is all of it as plain text.
    """

    headline: str
    sections: list[SectionData]
    notes: list[str]
    excluded: list[str]
    skipped_title: str
    text: str


def report_json(report: Report) -> ReportData:
    """Return a report as plain data."""
    return {
        "headline": sentence(report.headline),
        "sections": [section_json(section) for section in report.sections],
        "notes": sentences([*report.hints.values(), *report.notes]),
        "excluded": sentences(f"{rule}: {', '.join(paths[:3])}" for rule, paths in _first(report)),
        "skipped_title": report.skipped_title,
        "text": _cut(str(report), LONGEST_TEXT),
    }


def section_json(section: Section) -> SectionData:
    """Return a section of a report as plain data."""
    return {
        "title": name(section.title),
        "count": len(section.lines),
        "size": section.size,
        "lines": lines_json(in_order(section)),
        "warnings": sentences(section.warnings),
        "skipped": skipped_json(section.skipped),
    }


def lines_json(lines: Sequence[Line], most: int = MOST_LINES) -> list[LineData]:
    """Return the first lines as plain data."""
    return [
        {
            "label": name(line.label),
            "kind": line.kind,
            "size": line.size,
            "detail": name(line.detail),
            "verdict": line.verdict,
        }
        for line in lines[:most]
    ]


def skipped_json(skipped: Sequence[Skipped]) -> list[SkippedData]:
    """Return the first left out items as plain data, and how many more there are."""
    found: list[SkippedData] = [
        {"path": name(it.path), "reason": sentence(it.reason), "advice": sentence(it.advice)}
        for it in skipped[:MOST_TEXTS]
    ]
    if (more := len(skipped) - MOST_TEXTS) > 0:
        found.append({"path": f"… and {more:,} more", "reason": "", "advice": ""})
    return found


def waiting_json(report: Report) -> list[SkippedData]:
    """Return what a load leaves out only because the bundle is not trusted.

    The reason says what it would run.
    """
    advice = trust_advice()
    return skipped_json([it for it in report.skipped if it.advice == advice])


def name(text: str) -> str:
    """Return a name without control characters, shortened in its middle."""
    return shortened(printable(text[: 4 * LONGEST]), LONGEST)


def sentence(text: str) -> str:
    """Return a sentence without control characters, cut off if it is very long."""
    return printable(_cut(text, LONGEST_SENTENCE))


def sentences(texts: Iterable[str]) -> list[str]:
    """Return the first sentences, and how many more there are."""
    every = list(texts)
    more = len(every) - MOST_TEXTS
    shown = [sentence(text) for text in every[:MOST_TEXTS]]
    return [*shown, f"… and {more:,} more"] if more > 0 else shown


def _first(report: Report) -> list[tuple[str, list[str]]]:
    return list(report.excluded.items())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} …"
