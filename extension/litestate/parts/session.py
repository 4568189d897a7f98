"""The part for the session: folder, environment, options, random numbers, executed cells."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field

from .. import environment
from ..bundle import Writer
from ..bundle.variable_members import SESSION_MEMBER
from ..environment import AFTER_VARIABLES, BEFORE_VARIABLES, Applied
from ..files.survey_items import Survey
from ..host.installed_modules import only_installed
from ..report import Line, Section
from ..transaction.plan import Plan
from .protocol import Loadable, LoadRequest

TITLE = "settings"


def describe(survey: Survey) -> Section:
    """Report what would be saved."""
    section = Section(TITLE)
    if survey.session is not None:
        _report(survey, section)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write the session into a bundle."""
    section = Section(TITLE)
    if survey.session is not None:
        data = environment.dump(survey.session)
        sink.add(SESSION_MEMBER, "session", [data], size=len(data))
        _report(survey, section)
    return section


def apply(source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
    """Stage the session: one step before the variables, and one after them."""
    section = Section(TITLE)
    member = next((each for each in source.manifest.members if each.kind == "session"), None)
    if member is None or wanted.variables is not True:
        return section
    document = environment.read(source.content(member))
    section.lines.append(Line("settings", "session", 0, verdict="changed"))
    if plan.dry_run and not wanted.trusted:
        with only_installed():
            section.skipped += environment.waiting(document)
    plan.add_last(_Restore(document, BEFORE_VARIABLES, wanted.trusted, section))
    plan.add_last(_Restore(document, AFTER_VARIABLES, wanted.trusted, section), late=True)
    return section


@dataclass
class _Restore:
    """The step that restores a part of the session."""

    document: dict[str, object]
    parts: Iterable[environment.Part]
    trusted: bool
    section: Section
    _applied: Applied = field(default_factory=Applied)

    def commit(self) -> None:
        """Make the change."""
        with nullcontext() if self.trusted else only_installed():
            self._applied = environment.apply(self.document, trusted=self.trusted, parts=self.parts)
        self.section.skipped += [*self._applied.skipped, *self._applied.waiting]
        self.section.warnings += self._applied.warnings
        messages = [line for line in (self.section.lines[0].detail, *self._applied.lines) if line]
        self.section.lines = [
            Line("settings", "session", 0, detail="; ".join(messages), verdict="changed")
        ]

    def revert(self) -> None:
        """Undo it."""
        self._applied.undo()


def _report(survey: Survey, section: Section) -> None:
    assert survey.session is not None
    section.skipped += environment.left_out(survey.session)
    section.lines.append(Line("settings", "session", 0, detail=_text(survey.session)))


def _text(document: dict[str, object]) -> str:
    cells = document.get("cells")
    rows = cells.get("rows", []) if isinstance(cells, dict) else []
    count = len(rows) if isinstance(rows, list) else 0
    executed = f", {count:,} executed cell{'' if count == 1 else 's'}" if count else ""
    return f"current folder, environment variables, options, random numbers{executed}"
