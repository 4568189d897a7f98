"""The lines of a report, and the wording of sizes, counts and times."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..bundle.manifest import Kind, Skipped

LineKind = Literal[Kind, "variable", "package"]
"""Subject of a line: each variable of a group and each package has its own."""

SHOWN = 8
"""Lines of a section that are shown; HTML folds the rest, text counts it."""

_NAMES: dict[LineKind, tuple[str, str]] = {
    "database": ("database", "databases"),
    "file": ("file", "files"),
    "directory": ("folder", "folders"),
    "symlink": ("link", "links"),
    "variable": ("variable", "variables"),
    "package": ("package", "packages"),
    "variables": ("group of variables", "groups of variables"),
    "packages": ("list of packages", "lists of packages"),
}
_WITHOUT_SIZE: tuple[LineKind, ...] = ("directory", "symlink", "package", "session")
_VERDICTS = ("added", "changed", "removed", "unchanged")


class Placed(Protocol):
    """An item with a path for users and one for programs."""

    @property
    def label(self) -> str:
        """Path as a user writes it."""

    @property
    def place(self) -> str:
        """Root and relative path."""


@dataclass(frozen=True)
class Line:
    """One file, folder, link, database, variable or package in a report, or the session.

    Attributes
    ----------
    label : str
        Path as a user writes it, or the name of a variable.
    kind : LineKind
        Kind of the subject.
    size : int
        Bytes.
    detail : str
        Details, for example the tables of a database or the type of a variable.
    verdict : str
        Outcome of a load: added, changed, unchanged or removed.
    """

    label: str
    kind: LineKind
    size: int
    detail: str = ""
    verdict: str = ""


@dataclass
class Section:
    """The report on one part of the state.

    Attributes
    ----------
    title : str
        Name of the part.
    lines : list of Line
        Everything that was saved, loaded or found.
    skipped : list of Skipped
        Everything that was left out, and why.
    warnings : list of str
        Caveats.
    """

    title: str
    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def skip(self, what: Placed, reason: str, advice: str = "") -> None:
        """Record an item that was left out, and why."""
        self.skipped.append(Skipped(what.label, reason, advice, what.place))

    @property
    def size(self) -> int:
        """Sum of the sizes, in bytes."""
        return sum(line.size for line in self.lines)


@dataclass
class Content:
    """Content of a `litestate.Report`, without the ways to show it."""

    headline: str
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)
    skipped_title: str = "Not saved"
    path: str | None = None
    size: int = 0
    digest: str = ""
    hints: dict[str, str] = field(default_factory=dict)
    later: str = ""
    link: str = ""
    link_note: str = "The link works until the page is reloaded or the kernel is restarted."
    link_later: str = "Here was a link to download this file. It worked until the kernel ended."
    shown_in: int | None = None

    @property
    def skipped(self) -> list[Skipped]:
        """Everything that was not saved or not loaded."""
        return [skipped for section in self.sections for skipped in section.skipped]

    @property
    def warnings(self) -> list[str]:
        """Caveats of all sections."""
        return [warning for section in self.sections for warning in section.warnings]

    def reason_text(self, item: Skipped) -> str:
        """Return why an item was left out, with the advice unless a hint at the top replaces it."""
        advice = "" if item.advice in self.hints else item.advice
        return f"{item.reason}. {advice}".rstrip()

    def lines(self, verdict: str | None = None) -> list[Line]:
        """Return the lines of all sections, or only those with a verdict."""
        every = [line for section in self.sections for line in section.lines]
        return every if verdict is None else [line for line in every if line.verdict == verdict]


def when_text(seconds: float) -> str:
    """Return a time of today as a clock shows it; before today, with the date."""
    then, now = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def size_text(size: float) -> str:
    """Return a number of bytes as text.

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


def has_size(lines: Iterable[Line]) -> bool:
    """Tell whether any line has a size that is worth reporting."""
    return any(line.kind not in _WITHOUT_SIZE for line in lines)


def count_text(lines: Iterable[Line]) -> str:
    """Return how many lines there are of each kind.

    Examples
    --------
    >>> count_text([Line("a", "file", 1), Line("b", "file", 1), Line("c", "directory", 0)])
    '2 files, 1 folder'
    >>> count_text([Line("x", "variable", 28), Line("session", "session", 0)])
    '1 variable, settings'
    """
    counts: dict[LineKind, int] = {}
    for line in lines:
        counts[line.kind] = counts.get(line.kind, 0) + 1
    texts = [
        f"{counts[kind]:,} {one if counts[kind] == 1 else many}"
        for kind, (one, many) in _NAMES.items()
        if kind in counts
    ]
    # There is at most one session.
    texts += ["settings"] * ("session" in counts)
    return ", ".join(texts) or "nothing"


def outcome_text(lines: Iterable[Line]) -> str:
    """Return how many lines there are of each kind and verdict.

    Examples
    --------
    >>> outcome_text([Line("a", "file", 1, verdict="added"), Line("b", "file", 1, verdict="added")])
    '2 files added'
    """
    every = list(lines)
    counted = [line for line in every if line.kind != "session"]
    found = {it: [line for line in counted if line.verdict == it] for it in _VERDICTS}
    texts = [f"{count_text(some)} {verdict}" for verdict, some in found.items() if some]
    # A session is restored as a whole, so a count says nothing.
    texts += ["settings restored"] * (len(counted) < len(every))
    return "; ".join(texts)


def in_order(section: Section) -> list[Line]:
    """Sort lines: changed ones first, folders last, since users look for files."""
    return sorted(
        section.lines,
        key=lambda line: (line.verdict == "unchanged", line.kind == "directory", line.label),
    )


def shown_of(lines: list[Line]) -> list[Line]:
    """Return the lines to show unfolded; a single line more is not worth a fold."""
    return lines if len(lines) <= SHOWN + 1 else lines[:SHOWN]


def line_size_text(line: Line) -> str:
    """Return the size of a line as text; empty if its kind has none."""
    return "" if line.kind in _WITHOUT_SIZE else size_text(line.size)


def excluded_texts(excluded: dict[str, list[str]]) -> list[str]:
    """Return each rule with the first paths that it excludes."""
    texts = []
    for rule, paths in excluded.items():
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")
        texts.append(f"{rule}: {shown}")
    return texts


def printable(text: str) -> str:
    r"""Return text with its control characters escaped, as in names from an unknown bundle.

    Examples
    --------
    >>> print(printable("two\nlines"))
    two\nlines
    """
    return "".join(
        character
        if unicodedata.category(character) not in ("Cc", "Cs")
        else character.encode("unicode_escape").decode()
        for character in text
    )
