"""The report shown to the user, as text, HTML or cell output."""

from __future__ import annotations

from dataclasses import replace

from ..output import Output, is_quiet
from ..platform import execution_count, ipython_shell
from . import html
from .lines import (
    Content,
    Line,
    Section,
    count_text,
    excluded_texts,
    has_size,
    in_order,
    line_size_text,
    printable,
    shown_of,
    size_text,
)
from .table import Alignment, label_width, table_row

__all__ = ["Line", "Report", "Section", "show"]

_ALIGNMENTS: tuple[Alignment, ...] = ("<", ">", "<")
"""Of the columns: label, size, detail."""


class Report(Content):
    """The outcome of `save_state`, `load_state`, `show_state` or `clear_state`.

    Printing it gives text; in a notebook it shows as HTML.

    Attributes
    ----------
    headline : str
        The outcome in one sentence.
    sections : list of Section
        One for each part of the state.
    notes : list of str
        Further sentences for the user.
    excluded : dict of str to list of str
        Paths that a rule left out, by rule.
    skipped_title : str
        Heading of what belongs to the state and was left out nevertheless.
    path : str or None
        Path of the bundle, if it was written to a file.
    size : int
        Bytes of the bundle; 0 without a bundle.
    digest : str
        Content digest of the bundle: equal for equal states.
    hints : dict of str to str
        Advice to a sentence that stands once at the top in its place.
    later : str
        Headline after the kernel has ended, where the other one is no longer true then. An output
        is stored with the notebook, and read again later.
    link : str
        HTML of a link to download the bundle.
    link_note : str
        Sentence below the report while the kernel runs, if there is a link.
    link_later : str
        Sentence in the place of the link after the kernel has ended.
    shown_in : int or None
        Number of the cell that has shown the report already.
    """

    __module__ = "litestate"  # Where stored variables and users find it.

    def __str__(self) -> str:
        return _text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html.render(self)

    def _ipython_display_(self) -> None:
        # The last value of a cell is displayed again, although the cell has shown it.
        if self.shown_in is None or self.shown_in != execution_count():
            Output("text/html", self._repr_html_(), self._text_for_later())

    def _text_for_later(self) -> str:
        return _text(replace(self, headline=self.later or self.headline, link=""))


def show(report: Report) -> Report:
    """Display a report in a notebook, and return it.

    A call in the middle of a cell must show its report too. As the last value of the cell the
    report would appear twice, so it remembers the cell that has shown it.
    """
    if ipython_shell() is not None and not is_quiet.get():
        report._ipython_display_()
        report.shown_in = execution_count()
    return report


def _text(report: Content) -> str:
    """Return a report as plain text."""
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
    out += [f"  {report.link_note}"] * bool(report.link)
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
