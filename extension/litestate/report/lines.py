"""Content of a report: its lines, in sections, and what it says besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..manifest import Kind, Skipped

LineKind = Literal[Kind, "variable", "package"]
"""Subject of a line: each variable of a group and each package has its own."""


class Placed(Protocol):
    """Something with a path for people and one for programs."""

    @property
    def label(self) -> str:
        """Path as a person would write it."""

    @property
    def place(self) -> str:
        """Root and relative path."""


@dataclass(frozen=True)
class Line:
    """One file, folder, link, database, variable or package in a report, or the session.

    Attributes
    ----------
    label : str
        Path as a person would write it, or the name of a variable.
    kind : LineKind
        What it is.
    size : int
        Bytes.
    detail : str
        More, for example the tables of a database, or the type of a variable.
    verdict : str
        Of a load: added, changed, unchanged or removed.
    """

    label: str
    kind: LineKind
    size: int
    detail: str = ""
    verdict: str = ""


@dataclass
class Section:
    """What one part of the state has to say.

    Attributes
    ----------
    title : str
        Which part.
    lines : list of Line
        What was dealt with.
    skipped : list of Skipped
        What was not, and why.
    warnings : list of str
        What is not as a person might think.
    """

    title: str
    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def skip(self, what: Placed, reason: str, advice: str = "") -> None:
        """Record that something was left out, and why."""
        self.skipped.append(Skipped(what.label, reason, advice, what.place))

    @property
    def size(self) -> int:
        """Bytes in all."""
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
        """Everything that is not as a person might think."""
        return [warning for section in self.sections for warning in section.warnings]

    def reason_text(self, item: Skipped) -> str:
        """Say why something was left out, and what to do about it unless that stands at the top."""
        advice = "" if item.advice in self.hints else item.advice
        return f"{item.reason}. {advice}".rstrip()

    def lines(self, verdict: str | None = None) -> list[Line]:
        """Return the lines of all sections, or those with one verdict."""
        every = [line for section in self.sections for line in section.lines]
        return every if verdict is None else [line for line in every if line.verdict == verdict]
