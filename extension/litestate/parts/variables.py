"""The notebook's variables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .. import environment, packages
from ..bundle import CHUNK, Writer
from ..errors import NeedsAsyncError
from ..groups import group_member, is_graph, key_of, variables_of
from ..items import Survey
from ..loadable import Loadable
from ..manifest import Member, Skipped
from ..places import IN_BROWSER
from ..plan import Plan
from ..report import Line, Section
from ..variables.group import GRAPH, VALUES, Group, value_texts
from ..variables.modules import modules_of
from ..variables.namespace import Choice, chosen, namespace, user_names
from ..variables.restoring import Restored, restore
from ..variables.taking import Taken, take
from .wanted import Wanted

TITLE = "variables"

_SHOWN = 3


def describe(survey: Survey) -> Section:
    """Say what would be saved."""
    section = Section(TITLE)
    if survey.taken is not None:
        _tell(survey.taken, section)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write variables into a bundle; one that cannot be stored takes no others with it."""
    section = Section(TITLE)
    if survey.taken is None:
        return section
    for group in survey.taken.groups:
        for part, content in group.members():
            details = details_of(group) if part == GRAPH else {}
            name = group_member(group.key, part)
            sink.add(name, "variables", pieces(content), size=len(content), details=details)
    _tell(survey.taken, section)
    return section


def apply(source: Loadable, wanted: Wanted, plan: Plan) -> Section:
    """Compare variables with what is there, and stage what differs."""
    section = Section(TITLE)
    graphs = [member for member in source.manifest.members if is_graph(member)]
    names = _names(graphs, wanted)
    current = namespace()
    here = take(current, [name for name in names if name in current])
    same = {name for group in here.groups for name in _same(source, group)}
    for member in graphs:
        section.lines += [
            _line(name, about, _verdict(name, current, is_same=name in same))
            for name, about in member.details["names"].items()
            if name in names
        ]
    change = SetVariables(section, current, names - same, wanted.trusted)
    change.groups = [
        group_of(source, member)
        for member in graphs
        if not change.names.isdisjoint(member.details["names"])
    ]
    if wanted.clean and source.manifest.scope.variables:
        _remove(source, current, wanted, section, plan)
    if not plan.dry_run:
        plan.finally_(change)
    elif not wanted.trusted:
        change.tell_what_waits()
    return section


def remove(taken: Taken, section: Section, plan: Plan) -> None:
    """Stage the removal of all variables that were taken."""
    change = SetVariables(section, namespace(), set(), trusted=False)
    for group in taken.groups:
        change.removed += group.names
        section.lines += [_line(name, group.about[name], "removed") for name in group.names]
    plan.finally_(change)


def stored(source: Loadable) -> Taken:
    """Return all variables of a checkpoint, to be saved into a bundle."""
    graphs = [member for member in source.manifest.members if is_graph(member)]
    return Taken([group_of(source, member) for member in graphs])


def documents(source: Loadable) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the session and the packages of a checkpoint, to be saved into a bundle."""
    kept = {member.kind: member for member in source.manifest.members}
    return (
        environment.read(source.content(kept["session"])) if "session" in kept else None,
        packages.read(source.content(kept["packages"])) if "packages" in kept else None,
    )


def details_of(group: Group) -> dict[str, Any]:
    """Return what a manifest says of a group's graph."""
    return {
        "names": {name: group.about[name] for name in group.names},
        "pickles": len(group.pickles),
        "buffers": len(group.buffers),
    }


def group_of(source: Loadable, graph: Member) -> Group:
    """Read a group; its buffers can be written to."""
    key = key_of(graph)
    assert key is not None
    members = {member.name: member for member in source.manifest.members if key_of(member) == key}

    def content(part: str) -> bytearray:
        member = members[group_member(key, part)]
        found, at = bytearray(member.size), 0
        for chunk in source.chunks(member):
            found[at : at + len(chunk)] = chunk
            at += len(chunk)
        return found

    about = graph.details["names"]
    return Group(
        key,
        tuple(sorted(about)),
        bytes(content(GRAPH)),
        [content(f"{n}.bin") for n in range(graph.details["buffers"])],
        [bytes(content(f"{n}.pickle")) for n in range(graph.details["pickles"])],
        about,
    )


def pieces(content: bytes | bytearray | memoryview) -> Iterator[bytes]:
    """Yield content in pieces."""
    view = memoryview(content)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])


@dataclass
class SetVariables:
    """Put what was stored into the namespace, when files and packages are there.

    Attributes
    ----------
    section : Section
        What could not be made is added to it.
    current : dict
        The namespace.
    names : set of str
        Those that are wanted.
    trusted : bool
        Whether pickles are loaded.
    groups : list of Group
        What is to be made.
    removed : list of str
        What is to be removed.
    """

    section: Section
    current: dict[str, Any]
    names: set[str]
    trusted: bool
    groups: list[Group] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    _before: dict[str, Any] | None = None

    def commit(self) -> None:
        """Make the change."""
        if IN_BROWSER:
            self._provide()
        # Before anything is made: what runs for that may set names by itself.
        self._before = dict(self.current)
        restored = restore(self.groups, self.current, trusted=self.trusted)
        for name in self.removed:
            self.current.pop(name, None)
        for name, value in restored.values.items():
            if name in self.names:
                self.current[name] = value
        self._tell(restored)

    def _provide(self) -> None:
        """Load what the site has: only an import in a cell's own text does this by itself."""
        from ..browser.packages import provide

        modules = set().union(*map(modules_of, self.groups))
        try:
            trouble = provide(modules - sys.modules.keys())
        except NeedsAsyncError as error:
            self.section.warnings.append(str(error))
            return
        self.section.warnings += [f"{module}: {reason}." for module, reason in trouble.items()]

    def revert(self) -> None:
        """Undo it."""
        if self._before is None:
            return
        for name in [name for name in self.current if name not in self._before]:
            del self.current[name]
        self.current.update(self._before)

    def tell_what_waits(self) -> None:
        """Add to the section what would wait for trust."""
        if IN_BROWSER:
            self._provide()
        self._tell(restore(self.groups, self.current, trusted=False))

    def _tell(self, restored: Restored) -> None:
        out = [each for each in (*restored.failed, *restored.waiting) if each.path in self.names]
        gone = {each.path for each in out}
        self.section.skipped += out
        self.section.lines = [line for line in self.section.lines if line.label not in gone]


def _tell(taken: Taken, section: Section) -> None:
    for group in taken.groups:
        section.lines += [_line(name, group.about[name]) for name in group.names]
    section.skipped += taken.skipped
    section.warnings += notes_of(taken)


def notes_of(taken: Taken) -> list[str]:
    """Return what will not be quite as it was, in sentences."""
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


def _verdict(name: str, current: dict[str, Any], *, is_same: bool) -> str:
    if name not in current:
        return "added"
    return "unchanged" if is_same else "changed"


def _names(graphs: Iterable[Member], wanted: Wanted) -> set[str]:
    return wanted.names(name for member in graphs for name in member.details["names"])


def _same(source: Loadable, group: Group) -> Iterable[str]:
    """Return which names of a group that is here are stored just so."""
    if _is_same(source, group):
        return group.names
    return _same_values(source, group) if group.key == VALUES else ()


def _same_values(source: Loadable, group: Group) -> Iterator[str]:
    for member in source.manifest.members:
        if is_graph(member) and key_of(member) == VALUES:
            stored = value_texts(source.content(member))
            here = value_texts(group.document)
            yield from (name for name, text in here.items() if stored.get(name) == text)


def _is_same(source: Loadable, group: Group) -> bool:
    members = {member.name: member for member in source.manifest.members}
    parts = dict(group.members())
    graph = members.get(group_member(group.key, GRAPH))
    if graph is None or set(graph.details["names"]) != set(group.names):
        return False
    if (graph.details["pickles"], graph.details["buffers"]) != (
        len(group.pickles),
        len(group.buffers),
    ):
        return False
    return all(
        (member := members[group_member(group.key, part)]).size == len(content)
        and source.matches(member, pieces(content))
        for part, content in parts.items()
    )


def _remove(
    source: Loadable, current: dict[str, Any], wanted: Wanted, section: Section, plan: Plan
) -> None:
    known = {skipped.path for skipped in source.manifest.skipped if _is_variable(skipped)}
    known.update(variables_of(source.manifest.members))
    others = [name for name in _looked_at(source, current, wanted) if name not in known]
    # What cannot be saved is not removed: nothing would bring it back.
    remove(take(current, others), section, plan)


def _looked_at(source: Loadable, current: dict[str, Any], wanted: Wanted) -> list[str]:
    looked = source.manifest.scope.variables
    names = user_names(current)
    if not isinstance(looked, bool):
        names = [name for name in names if name in looked]
    return [name for name in names if wanted.covers(name)]


def _is_variable(skipped: Skipped) -> bool:
    return skipped.place.startswith("variables/")


def look(found: Survey, choice: Choice) -> Survey:
    """Add the variables to what was found.

    Parameters
    ----------
    found : Survey
        The files and databases.
    choice : bool, str or sequence of str
        Which variables.

    Raises
    ------
    SelectionError
        If one is named that is not there.
    """
    if choice is False:
        return found
    names = namespace()
    which = chosen(names, choice)
    scope = replace(found.scope, variables=True if choice is True else tuple(which))
    found = replace(found, taken=take(names, which), scope=scope)
    if choice is True:
        found.session, found.packages = environment.describe(), packages.describe()
    return found
