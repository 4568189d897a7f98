"""Variables that a restore could not rebuild, kept in the checkpoints that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from .. import packages
from ..bundle.variable_members import GRAPH
from ..errors import CheckpointError, DamagedCheckpointError
from ..variables.group import key_of, only
from ..variables.namespace import namespace, own_names
from .scan import KernelScan
from .store.entries import VARIABLES, Entry, Tree
from .store.history import History


@dataclass(frozen=True)
class _Group:
    """A stored group, and the names in it that could not be rebuilt.

    Attributes
    ----------
    names : frozenset of str
        The names.
    parts : dict of str to Entry
        Entries of the group by the last part of their paths.
    """

    names: frozenset[str]
    parts: dict[str, Entry]


class Unrestored:
    """Variables that a restore could not rebuild, for example because a module is missing.

    The next checkpoint would lack them, and the older ones are dropped in time. So each is added to
    the following checkpoints until its name has a value again.
    """

    def __init__(self) -> None:
        self._source = 0
        self._known: list[_Group] = []
        self._seen: list[_Group] = []
        self._added: list[dict[str, Any]] = []

    @property
    def names(self) -> frozenset[str]:
        """Names of the variables."""
        return frozenset().union(*(group.names for group in self._known))

    def restored(
        self, history: History, number: int, entries: Iterable[Entry], failed: Iterable[str]
    ) -> None:
        """Remember which variables of a restored checkpoint could not be rebuilt.

        Parameters
        ----------
        history : History
            History of the checkpoint.
        number : int
            Number of the checkpoint.
        entries : iterable of Entry
            Its undamaged entries.
        failed : iterable of str
            Names of the variables.
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
        """Forget these variables, because the user has cleared the state."""
        self._known, self._seen, self._added = [], [], []

    def reopen(self, history: History) -> None:
        """Find the same variables in a history that another tab has written to."""
        missing, found = self.names, list[_Group]()
        newest_first = [each.number for each in reversed(history.checkpoints)]
        for number in (self._source, *newest_first) if missing else ():
            with suppress(CheckpointError):
                groups = list(_groups(history.entries(number), missing))
                found += groups
                missing -= frozenset().union(*(group.names for group in groups))
        self._known = self._seen = found

    def with_packages(self, kernel: KernelScan) -> KernelScan:
        """Add the packages of the restored checkpoint that this kernel lacks."""
        return kernel.with_added(self._added) if self._added and self.names else kernel

    def take(self, history: History, kernel: KernelScan) -> Tree:
        """Return the entries of the variables whose names have no value yet, by place."""
        bound = own_names(namespace()) | kernel.variables.names
        self._seen = []
        for group in self._known:
            names = group.names - bound
            if names and all(entry.content.whole for entry in group.parts.values()):
                # Only what is damaged is lost.
                with suppress(DamagedCheckpointError, ValueError):
                    self._seen.append(_only(history, group, names))
        return {it.place: it for group in self._seen for it in group.parts.values()}

    def settle(self) -> None:
        """Rely on the last `take`: it is in a checkpoint."""
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
    """Return a group with only these names, under the key of exactly these names."""
    key, parts = key_of(sorted(names)), group.parts
    about = _names(parts)
    if about.keys() != names:
        graph = parts[GRAPH]
        content, _ = history.put([only(b"".join(history.read(graph.content)), names)])
        details = {**graph.details, "names": {name: about[name] for name in sorted(names)}}
        # Nodes of other names stay: older checkpoints store them anyway.
        graph = replace(graph, size=content.size, content=content, details=details)
        parts = {**parts, GRAPH: graph}
    elif parts[GRAPH].relative == f"{key}/{GRAPH}":
        return group
    renamed = {
        part: replace(entry, root=VARIABLES, relative=f"{key}/{part}")
        for part, entry in parts.items()
    }
    return _Group(names, renamed)
