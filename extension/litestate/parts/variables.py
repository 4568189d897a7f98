"""The part for the variables of the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .. import environment, packages
from ..bundle import Writer
from ..bundle.manifest import Member, Skipped
from ..bundle.variable_members import group_member, is_graph, variables_of
from ..files.survey_items import Survey
from ..report import Line, Section
from ..shell.secret_detection import looks_secret
from ..transaction.plan import Plan
from ..variables.capture import Taken, take
from ..variables.group import GRAPH, VALUES, Group
from ..variables.namespace import Choice, chosen, is_initial, namespace, own_names, user_names
from .protocol import Loadable, LoadRequest
from .stored_variables import SetVariables, group_of, pieces, unchanged

TITLE = "variables"

_SHOWN = 3

_SECRET = (
    "this looks like a secret, and anyone who gets the bundle can read it; `del` it before you "
    "share the bundle"
)


def describe(survey: Survey) -> Section:
    """Report what would be saved."""
    section = Section(TITLE)
    if survey.taken is not None:
        _report(survey.taken, section)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write variables into a bundle; one that cannot be stored does not affect the others."""
    section = Section(TITLE)
    if survey.taken is None:
        return section
    for group in survey.taken.groups:
        for part, content in group.members():
            details = details_of(group) if part == GRAPH else {}
            name = group_member(group.key, part)
            sink.add(name, "variables", pieces(content), size=len(content), details=details)
    _report(survey.taken, section)
    return section


def apply(source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
    """Compare variables with the present ones, and stage those that differ."""
    section = Section(TITLE)
    graphs = [member for member in source.manifest.members if is_graph(member)]
    names = _names(graphs, wanted)
    current = namespace()
    # Objects of IPython are not the user's, even if they are equal to a variable.
    own = own_names(current)
    here = reuse_or_take(current, names & own, wanted.here)
    same = unchanged(source, here)
    for member in graphs:
        section.lines += [
            _line(name, about, _verdict(name, own, is_same=name in same))
            for name, about in member.details["names"].items()
            if name in names
        ]
    change = SetVariables(section, current, names - same, wanted.trusted, wanted.partly)
    change.groups = [
        group_of(source, member)
        for member in graphs
        if not change.names.isdisjoint(member.details["names"])
    ]
    if wanted.clean and source.manifest.scope.variables:
        _remove(source, current, wanted, change, plan)
    if not plan.dry_run:
        plan.add_last(change)
    elif not wanted.trusted:
        change.report_waiting()
    return section


def remove(taken: Taken, section: Section, plan: Plan, later: frozenset[str] = frozenset()) -> None:
    """Stage the removal of the captured variables, except those of a new session.

    Parameters
    ----------
    taken : Taken
        The captured variables.
    section : Section
        Gets a line for each removed variable.
    plan : Plan
        The plan to extend.
    later : frozenset of str, optional
        Variables that another step of the same plan replaces.
    """
    current = namespace()
    change = SetVariables(section, current, set(), trusted=False, later=later)
    for group in taken.groups:
        names = [name for name in group.names if not is_initial(name, current.get(name))]
        change.removed += names
        section.lines += [_line(name, group.about[name], "removed") for name in names]
    plan.add_last(change)


def reuse_or_take(current: dict[str, Any], names: set[str], known: Taken | None) -> Taken:
    """Return some variables as they are now, reusing what a scan has just taken.

    A group is reused if all of its names are asked for. Simple values share nothing, so any of them
    can be reused.
    """
    groups = []
    for group in known.groups if known is not None else ():
        asked = tuple(name for name in group.names if name in names)
        if asked and (asked == group.names or group.key == VALUES):
            groups.append(replace(group, names=asked))
    rest = names.difference(*(group.names for group in groups))
    taken = take(current, sorted(rest))
    return replace(taken, groups=[*groups, *taken.groups])


def details_of(group: Group) -> dict[str, Any]:
    """Return the details of a group's graph for the manifest."""
    return {
        "names": {name: group.about[name] for name in group.names},
        "pickles": len(group.pickles),
        "buffers": len(group.buffers),
    }


def _report(taken: Taken, section: Section) -> None:
    for group in taken.groups:
        section.lines += [_line(name, group.about[name]) for name in group.names]
    section.skipped += taken.skipped
    section.warnings += notes_of(taken)


def notes_of(taken: Taken) -> list[str]:
    """Return sentences about variables that a restore will change."""
    texts: dict[str, list[str]] = {}
    for name, notes in taken.notes.items():
        for note in notes:
            texts.setdefault(note, []).append(name)
    return [f"{_listed(names)}: {note}." for note, names in texts.items()]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _line(name: str, about: dict[str, Any], verdict: str = "") -> Line:
    detail = ", ".join(filter(None, (about["type"], about["text"])))
    return Line(name, "variable", about["size"], detail=detail, verdict=verdict)


def _verdict(name: str, own: set[str], *, is_same: bool) -> str:
    if name not in own:
        return "added"
    return "unchanged" if is_same else "changed"


def _names(graphs: Iterable[Member], wanted: LoadRequest) -> set[str]:
    return wanted.names(name for member in graphs for name in member.details["names"])


def _remove(
    source: Loadable, current: dict[str, Any], wanted: LoadRequest, change: SetVariables, plan: Plan
) -> None:
    known = {skipped.path for skipped in source.manifest.skipped if _is_variable(skipped)}
    known.update(variables_of(source.manifest.members))
    others = [name for name in _in_scope(source, current, wanted) if name not in known]
    # A variable that cannot be saved is not removed: no undo could restore it.
    here = reuse_or_take(current, set(others), wanted.here)
    remove(here, change.section, plan, frozenset(change.names))


def _in_scope(source: Loadable, current: dict[str, Any], wanted: LoadRequest) -> list[str]:
    considered = source.manifest.scope.variables
    names = user_names(current)
    if not isinstance(considered, bool):
        names = [name for name in names if name in considered]
    return [name for name in names if wanted.covers(name)]


def _is_variable(skipped: Skipped) -> bool:
    return skipped.place.startswith("variables/")


def _taken(names: dict[str, Any], which: Sequence[str]) -> Taken:
    taken = take(names, which)
    for name in sorted(taken.names):
        if looks_secret(name, names[name]):
            taken.notes.setdefault(name, []).append(_SECRET)
    return taken


def add_variables(found: Survey, choice: Choice) -> Survey:
    """Add the selected variables, with session and packages, to a survey.

    Parameters
    ----------
    found : Survey
        The survey of files and databases.
    choice : bool, str or sequence of str
        Which variables.

    Raises
    ------
    SelectionError
        If the user named one that does not exist.
    """
    names = namespace()
    which = chosen(names, choice)
    scope = replace(found.scope, variables=True if choice is True else tuple(which))
    found = replace(found, taken=_taken(names, which), scope=scope)
    if choice is True:
        found.session, found.packages = environment.describe(), packages.describe()
    return found
