"""What was saved or loaded, what was not and why: as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Protocol

from . import ui
from .manifest import Kind, Skipped

SHOWN = 12
"""Lines of one section that are shown at first; the rest can be unfolded (HTML) or is counted
(text)."""

# JupyterLab's own variables follow its theme; the second values serve where there are none.
_STYLE = """
.litestate { font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, inherit); max-width: 46rem; padding: 2px 0 2px 12px;
  border-left: 3px solid var(--jp-brand-color1, #2196f3); }
.litestate.bad { border-color: var(--jp-warn-color1, #f57c00); }
.litestate.litestate p { margin: 2px 0; }
.litestate .head { font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
.litestate .head a { color: var(--jp-content-link-color, #1976d2); }
.litestate.litestate h4 { font: inherit; font-weight: 600; margin: 8px 0 2px; }
.litestate.litestate table { border-collapse: collapse; margin: 0; font: inherit; width: auto; }
.litestate.litestate tr, .litestate.litestate tbody tr:nth-child(odd) { background: none; }
.litestate.litestate tbody td { text-align: left; vertical-align: top; padding: 1px 16px 1px 0;
  border: 0; font: inherit; max-width: none; overflow-wrap: anywhere; white-space: normal; }
.litestate.litestate tbody td.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.litestate.litestate tbody td.v { white-space: nowrap; }
.litestate .dim, .litestate summary { color: var(--jp-ui-font-color2, #757575); }
.litestate summary { cursor: pointer; }
.litestate h4.bad { color: var(--jp-warn-color0, #e65100); }
"""


class Placed(Protocol):
    """Something with a path for people and one for programs."""

    @property
    def label(self) -> str: ...

    @property
    def place(self) -> str: ...


@dataclass(frozen=True)
class Line:
    """One file, folder, link or database in a report.

    Attributes
    ----------
    label : str
        Path as a person would write it.
    kind : str
        What it is.
    size : int
        Bytes.
    detail : str
        More, for example the tables of a database.
    verdict : str
        Of a load: added, changed, unchanged or removed.
    """

    label: str
    kind: Kind
    size: int
    detail: str = ""
    verdict: str = ""


@dataclass
class Section:
    """What one part of the state has to say."""

    title: str
    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def skip(self, what: Placed, reason: str, advice: str = "") -> None:
        """Record that something was left out, and why."""
        self.skipped.append(Skipped(what.label, reason, advice, what.place))

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(line.size for line in self.lines)


@dataclass
class Report:
    """The outcome of `save_state`, `load_state`, `show_state` or `clear_state`.

    Printing it gives text; in a notebook it shows as HTML.

    Attributes
    ----------
    headline : str
        The outcome in one sentence.
    sections : list of Section
        One for each part of the state.
    notes : list of str
        What else a person should know.
    excluded : dict of str to list of str
        What a rule left out: gitignore pattern to paths.
    path : str or None
        Where the bundle was written, if it was written to a file.
    size : int
        Bytes of the bundle; 0 where there is none.
    digest : str
        Content digest of the bundle: equal for equal states.
    link : str
        HTML of a link to download the bundle.
    shown_in : int or None
        Number of the cell that has shown it already.
    """

    headline: str
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)
    path: str | None = None
    size: int = 0
    digest: str = ""
    link: str = ""
    shown_in: int | None = None

    @property
    def skipped(self) -> list[Skipped]:
        """Everything that was not saved or not loaded."""
        return [skipped for section in self.sections for skipped in section.skipped]

    def lines(self, verdict: str | None = None) -> list[Line]:
        """Return the lines of all sections, or those with one verdict."""
        every = [line for section in self.sections for line in section.lines]
        return every if verdict is None else [line for line in every if line.verdict == verdict]

    def note_unchanged(self, count: int) -> None:
        """Say that files of the drive are not state because nobody touched them."""
        if count:
            files = "1 file" if count == 1 else f"{count:,} files"
            self.notes.append(
                f"{files} in the notebook's folder not modified since the kernel started: not "
                "part of the state. "
                "To save them too, name them: paths=[…]."
            )

    def __str__(self) -> str:
        return "\n".join(_text(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self)

    def _ipython_display_(self) -> None:
        # As the last value of the cell that has shown it already, it has nothing to add.
        if self.shown_in is None or self.shown_in != ui.execution_count():
            ui.Output("text/html", self._repr_html_(), str(self))


def size_text(size: float) -> str:
    """Return a size as a person would read it.

    Examples
    --------
    >>> size_text(999), size_text(1_240_000)
    ('999 B', '1.2 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def count_text(lines: Iterable[Line]) -> str:
    """Return how many of what there are, for example ``2 databases, 14 files``.

    Examples
    --------
    >>> count_text([Line("a", "file", 1), Line("b", "file", 1), Line("c", "directory", 0)])
    '2 files, 1 folder'
    """
    counts: dict[Kind, int] = {}
    for line in lines:
        counts[line.kind] = counts.get(line.kind, 0) + 1
    texts = [
        f"{counts[kind]:,} {one if counts[kind] == 1 else many}"
        for kind, (one, many) in _NAMES.items()
        if kind in counts
    ]
    return ", ".join(texts) or "nothing"


_NAMES: dict[Kind, tuple[str, str]] = {
    "database": ("database", "databases"),
    "file": ("file", "files"),
    "directory": ("folder", "folders"),
    "symlink": ("link", "links"),
}


def _in_order(section: Section) -> list[Line]:
    """Put what changed first and folders last: a person looks for files."""
    return sorted(
        section.lines,
        key=lambda line: (line.verdict == "unchanged", line.kind == "directory", line.label),
    )


def _excluded_text(excluded: dict[str, list[str]]) -> list[str]:
    texts = []
    for pattern, paths in excluded.items():
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        texts.append(f"{pattern}: {shown}")
    return texts


def _text(report: Report) -> list[str]:
    out = [report.headline]
    for section in report.sections:
        if not section.lines:
            continue
        out.append(f"  {section.title}: {count_text(section.lines)}, {size_text(section.size)}")
        lines = _in_order(section)
        width = min(44, max(len(line.label) for line in lines[:SHOWN]))
        out.extend("    " + _line_text(line, width) for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            out.append(f"    … and {len(lines) - SHOWN:,} more")
    if report.skipped:
        out.append("  left out, although it belongs here:")
        out.extend(
            f"    {item.path}: {item.reason}. {item.advice}".rstrip() for item in report.skipped
        )
    if report.excluded:
        out.append("  left out by rule:")
        out.extend(f"    {text}" for text in _excluded_text(report.excluded))
    out.extend(f"  note: {note}" for note in _notes(report))
    return out


def _line_text(line: Line, width: int) -> str:
    size = "" if line.kind in ("directory", "symlink") else size_text(line.size)
    return (
        f"{line.verdict:<10}{line.label:<{width}}  {size:>8}  {line.detail}".strip()
        if line.verdict
        else (f"{line.label:<{width}}  {size:>8}  {line.detail}".rstrip())
    )


def _notes(report: Report) -> list[str]:
    return [note for section in report.sections for note in section.notes] + report.notes


def _html(report: Report) -> str:
    bad = " bad" if report.skipped else ""
    parts = [f'<style>{_STYLE}</style><div class="litestate{bad}">']
    parts.append(f'<p class="head">{report.link or escape(report.headline)}</p>')
    if report.link:
        parts.append(f'<p class="dim">{escape(report.headline)}</p>')
    parts.extend(_section_html(section) for section in report.sections if section.lines)
    parts.append(_skipped_html(report.skipped))
    parts.append(_excluded_html(report.excluded))
    parts.extend(f'<p class="dim">{escape(note)}</p>' for note in _notes(report))
    return "".join(parts) + "</div>"


def _section_html(section: Section) -> str:
    lines = _in_order(section)
    head = f"<h4>{escape(count_text(lines))} · {size_text(section.size)}</h4>"
    rest = lines[SHOWN:]
    more = f"<details><summary>{len(rest):,} more</summary>{_table(rest)}</details>" if rest else ""
    return head + _table(lines[:SHOWN]) + more


def _table(lines: list[Line]) -> str:
    return f"<table>{''.join(_row(line) for line in lines)}</table>"


def _row(line: Line) -> str:
    size = "" if line.kind in ("directory", "symlink") else size_text(line.size)
    label = escape(line.label + "/" * (line.kind == "directory"))
    verdict = f'<td class="v dim">{escape(line.verdict)}</td>' if line.verdict else ""
    detail = f'<td class="dim">{escape(line.detail)}</td>'
    return f'<tr>{verdict}<td>{label}</td><td class="n">{size}</td>{detail}</tr>'


def _skipped_html(skipped: list[Skipped]) -> str:
    if not skipped:
        return ""
    rows = "".join(
        f"<tr><td>{escape(item.path)}</td><td>{escape(item.reason)}. "
        f"{escape(item.advice)}</td></tr>"
        for item in skipped
    )
    return f'<h4 class="bad">Left out, although it belongs here</h4><table>{rows}</table>'


def _excluded_html(excluded: dict[str, list[str]]) -> str:
    if not excluded:
        return ""
    rows = "".join(f'<p class="dim">{escape(text)}</p>' for text in _excluded_text(excluded))
    count = sum(len(paths) for paths in excluded.values())
    return f"<details><summary>{count:,} left out by rule</summary>{rows}</details>"
