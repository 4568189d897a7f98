"""The variables of a load: reading, comparing, and the step that sets them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import environment, packages
from ..bundle import CHUNK
from ..bundle.manifest import Member
from ..bundle.variable_members import group_member, is_graph, key_of
from ..errors import NeedsAsyncError
from ..platform import IN_BROWSER
from ..report import Section
from ..variables.capture import Taken
from ..variables.group import GRAPH, VALUES, Group, Memory, value_texts
from ..variables.namespace import take_away
from ..variables.open_connections import InPlace
from ..variables.pickles.code_listing import modules_of
from ..variables.restore import Restored, restore
from ..variables.stale_references import left_behind, sentences
from .protocol import Loadable


def stored(source: Loadable) -> Taken:
    """Return all variables of a checkpoint, for a save into a bundle."""
    graphs = [member for member in source.manifest.members if is_graph(member)]
    return Taken([group_of(source, member) for member in graphs])


def documents(source: Loadable) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the session and the packages of a checkpoint, for a save into a bundle."""
    members = {member.kind: member for member in source.manifest.members}
    return (
        environment.read(source.content(members["session"])) if "session" in members else None,
        packages.read(source.content(members["packages"])) if "packages" in members else None,
    )


def group_of(source: Loadable, graph: Member) -> Group:
    """Read a group of variables; its buffers are writable."""
    key = key_of(graph)
    assert key is not None
    members = {member.name: member for member in source.manifest.members if key_of(member) == key}

    def content(part: str) -> Memory:
        member = members[group_member(key, part)]
        found, at = Memory(member.size), 0
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


def unchanged(source: Loadable, taken: Taken) -> set[str]:
    """Return the variables whose stored values equal the present ones."""
    return {name for group in taken.groups for name in _same(source, group)}


def _same(source: Loadable, group: Group) -> Iterable[str]:
    """Return the variables of a present group whose stored values are equal."""
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


@dataclass
class SetVariables:
    """The step that sets variables in the namespace, after files and packages.

    Attributes
    ----------
    section : Section
        The section of the report, which gets the variables that could not be restored.
    current : dict
        The namespace.
    names : set of str
        The wanted variables.
    trusted : bool
        Whether to load pickles.
    partly : bool
        Whether a variable with a damaged encoding fails alone instead of failing the load.
    groups : list of Group
        The groups to restore.
    removed : list of str
        The variables to remove.
    later : frozenset of str
        Variables that another step of the same plan replaces.
    """

    section: Section
    current: dict[str, Any]
    names: set[str]
    trusted: bool
    partly: bool = False
    groups: list[Group] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    later: frozenset[str] = frozenset()
    _in_place: InPlace | None = None
    _before: dict[str, Any] | None = None

    def commit(self) -> None:
        """Make the change."""
        if IN_BROWSER:
            self._provide()
        # Before the restore, which may run code that sets names.
        self._before = dict(self.current)
        # Triggers of a stranger's database may call functions registered with the connection.
        self._in_place = InPlace(self._before, self.names) if self.trusted else None
        restored = restore(
            self.groups,
            self.current,
            trusted=self.trusted,
            partly=self.partly,
            wanted=self.names,
            replace=self._in_place,
        )
        if self._in_place is not None:
            self._in_place.fill(restored.values.values())
        for name in self.removed:
            take_away(name, self.current)
        for name, value in restored.values.items():
            if name in self.names:
                self.current[name] = value
        self._report(restored)
        self._report_left_behind()

    def _provide(self) -> None:
        """Load modules from the site, which otherwise happens only for imports in a cell's text."""
        from ..browser.package_install import provide

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
        if self._in_place is not None:
            self._in_place.empty()
        for name in [name for name in self.current if name not in self._before]:
            del self.current[name]
        self.current.update(self._before)

    def report_waiting(self) -> None:
        """Add the variables that would wait for trust to the section."""
        if IN_BROWSER:
            self._provide()
        self._report(restore(self.groups, self.current, trusted=False))

    def _report_left_behind(self) -> None:
        before, names = self._before or {}, {*self.names, *self.removed}
        old = {
            name: before[name]
            for name in names & before.keys()
            if self.current.get(name) is not before[name]
        }
        self.section.warnings += sentences(left_behind(self.current, old, self.later))

    def _report(self, restored: Restored) -> None:
        out = [each for each in (*restored.failed, *restored.waiting) if each.path in self.names]
        gone = {each.path for each in out}
        self.section.skipped += out
        self.section.lines = [line for line in self.section.lines if line.label not in gone]
