"""The report itself, without how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from .. import ui
from ..manifest import Kind, Skipped

LineKind = Literal[Kind, "variable", "package"]
"""What a line can be about: each variable of a group and each package has its own."""


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
        What a rule left out: the rule to paths.
    skipped_title : str
        What to call what was left out although it belongs to the state.
    path : str or None
        Where the bundle was written, if it was written to a file.
    size : int
        Bytes of the bundle; 0 where there is none.
    digest : str
        Content digest of the bundle: equal for equal states.
    hints : dict of str to str
        What to do, said once at the top: the advice for which this stands to a sentence.
    later : str
        The outcome as it is told when the kernel has ended, where the headline is no longer true
        then. An output is stored with the notebook, and read again later.
    link : str
        HTML of a link to download the bundle.
    link_later : str
        What stands in the place of the link when the kernel has ended.
    shown_in : int or None
        Number of the cell that has shown it already.
    """

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

    def __str__(self) -> str:
        from .text import render

        return render(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from .html import render

        return render(self)

    def _ipython_display_(self) -> None:
        # As the last value of the cell that has shown it already, it has nothing to add.
        if self.shown_in is None or self.shown_in != ui.execution_count():
            ui.Output("text/html", self._repr_html_(), self._text_for_later())

    def _text_for_later(self) -> str:
        from .text import render

        return render(replace(self, headline=self.later or self.headline))
