"""Variables that could not be made when a checkpoint was restored: later ones keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from .. import packages
from ..errors import CheckpointError, DamagedCheckpointError
from ..groups import GRAPH
from ..variables.group import key_of, only
from ..variables.namespace import namespace, own_names
from .differences import Tree, place_of
from .history import History
from .looking import Seen
from .tree import Entry
from .variables import ROOT


@dataclass(frozen=True)
class _Group:
    """What some names of a stored group need.

    Attributes
    ----------
    names : frozenset of str
        The names that could not be made.
    parts : dict of str to Entry
        The group's contents by the last part of their names.
    """

    names: frozenset[str]
    parts: dict[str, Entry]


class Owed:
    """What a kernel has not, although its notebook does: a module is missing, perhaps.

    Without it the next checkpoint would be one without these variables, and in time all older ones
    would go. It holds a name until that stands for something again.
    """

    def __init__(self) -> None:
        self._source = 0
        self._known: list[_Group] = []
        self._seen: list[_Group] = []
        self._added: list[dict[str, Any]] = []

    @property
    def names(self) -> frozenset[str]:
        """The variables that could not be made."""
        return frozenset().union(*(group.names for group in self._known))

    def restored(
        self, history: History, number: int, entries: Iterable[Entry], failed: Iterable[str]
    ) -> None:
        """Take note of what could not be made of the checkpoint that was restored.

        Parameters
        ----------
        history : History
            Where it is.
        number : int
            Of the checkpoint.
        entries : iterable of Entry
            What of it is whole.
        failed : iterable of str
            The variables.
        """
        every = list(entries)
        self._source = number
        self._known = self._seen = list(_groups(every, frozenset(failed)))
        self._added = []
        for entry in every if self._known else ():
            if entry.kind == "packages":
                document = packages.read(b"".join(history.read(entry.content)))
                self._added = document.get("added", [])

    def forget(self) -> None:
        """Take it that nobody wants these variables any more."""
        self._known, self._seen, self._added = [], [], []

    def reopen(self, history: History) -> None:
        """Find the same in a history that was opened again: another tab has written there."""
        missing, found = self.names, list[_Group]()
        newest_first = [each.number for each in reversed(history.checkpoints)]
        for number in (self._source, *newest_first) if missing else ():
            with suppress(CheckpointError):
                groups = list(_groups(history.entries(number), missing))
                found += groups
                missing -= frozenset().union(*(group.names for group in groups))
        self._known = self._seen = found

    def packages(self, looked: Seen) -> Seen:
        """Add the packages that the kernel lacks, too, to those that it has."""
        return looked.with_added(self._added) if self._added and self.names else looked

    def take(self, history: History, looked: Seen) -> Tree:
        """Return the entries of what still stands for nothing here, by place."""
        bound = own_names(namespace()) | looked.variables.names
        self._seen = []
        for group in self._known:
            names = group.names - bound
            if names and all(entry.content.whole for entry in group.parts.values()):
                # What is found to be damaged only now is lost; the rest need not be.
                with suppress(DamagedCheckpointError, ValueError):
                    self._seen.append(_only(history, group, names))
        return {place_of(it): it for group in self._seen for it in group.parts.values()}

    def settle(self) -> None:
        """Rely on what was taken last: it is in a checkpoint."""
        self._known = self._seen


def _groups(entries: Iterable[Entry], names: frozenset[str]) -> Iterator[_Group]:
    by_key: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        if entry.kind == "variables":
            key, _, part = entry.relative.partition("/")
            by_key.setdefault(key, {})[part] = entry
    for parts in by_key.values():
        if mine := names & _names(parts).keys():
            yield _Group(frozenset(mine), parts)


def _names(parts: Mapping[str, Entry]) -> dict[str, Any]:
    found: dict[str, Any] = parts[GRAPH].details["names"] if GRAPH in parts else {}
    return found


def _only(history: History, group: _Group, names: frozenset[str]) -> _Group:
    """Return a group with only these names, under the key that no other names have."""
    key, parts = key_of(sorted(names)), group.parts
    about = _names(parts)
    if about.keys() != names:
        graph = parts[GRAPH]
        content, _ = history.put([only(b"".join(history.read(graph.content)), names)])
        details = {**graph.details, "names": {name: about[name] for name in sorted(names)}}
        # What the others alone need stays: it is stored anyway, where they are as they were.
        graph = replace(graph, size=content.size, content=content, details=details)
        parts = {**parts, GRAPH: graph}
    elif parts[GRAPH].relative == f"{key}/{GRAPH}":
        return group
    renamed = {
        part: replace(entry, root=ROOT, relative=f"{key}/{part}") for part, entry in parts.items()
    }
    return _Group(names, renamed)
