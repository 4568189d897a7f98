"""The variables from one look to the next: only those that may have changed are taken again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..manifest import Skipped
from .group import VALUES
from .namespace import Choice, chosen, namespace
from .taking import One, Taken, look_at, put, together

_FULL_EVERY = 20
"""Looks of which one takes everything again: what changed behind a cell's back is found then."""


@dataclass
class _Known:
    """A group that was taken.

    Attributes
    ----------
    names : tuple of str
        Its names.
    shared : set of int
        Ids of objects that other names may hold, as of then.
    """

    names: tuple[str, ...]
    shared: set[int]


@dataclass
class Looked:
    """The outcome of one look.

    Attributes
    ----------
    taken : Taken
        What may have changed; and of everything what cannot be stored, and what is not quite as it
        was.
    carried : frozenset of str
        Keys of the groups that are as they were.
    names : frozenset of str
        All that is stored, of what was taken and of those groups.
    """

    taken: Taken
    carried: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass
class _State:
    groups: dict[str, _Known] = field(default_factory=dict)
    bindings: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, Skipped] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    looks: int = 0


class Tracker:
    """Looks at the variables of this session.

    Parameters
    ----------
    choice : bool, str or sequence of str
        Which variables; see `Choice`.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._known: _State | None = None
        self._seen = _State()

    @property
    def scope(self) -> bool | tuple[str, ...]:
        """Which variables are looked at, for a `Scope`."""
        if self.choice is None or isinstance(self.choice, bool):
            return True
        return (self.choice,) if isinstance(self.choice, str) else tuple(self.choice)

    def look(self, used: frozenset[str] | None) -> Looked:
        """Look at what may have changed since the last look that was settled.

        Parameters
        ----------
        used : frozenset of str or None
            Names that cells have used since then; None for any.
        """
        values = namespace()
        names = self._names(values)
        known = self._known
        if known is None or used is None or known.looks >= _FULL_EVERY:
            return self._keep(_State(), *_looked_at(names, values), values)
        suspects = _with_their_groups(known, _suspects(known, names, values, used))
        ones, skipped = _looked_at(suspects & set(names), values)
        while more := _sharing(known, ones, suspects):
            suspects |= more
            found, also = _looked_at(more & set(names), values)
            ones, skipped = ones + found, skipped + also
        kept = _State(
            {key: each for key, each in known.groups.items() if suspects.isdisjoint(each.names)},
            {name: known.bindings[name] for name in names if name not in suspects},
            {name: each for name, each in known.skipped.items() if name not in suspects},
            {name: each for name, each in known.notes.items() if name not in suspects},
            known.looks + 1,
        )
        return self._keep(kept, ones, skipped, values)

    def settle(self) -> None:
        """Take it that what was looked at last is in a checkpoint."""
        self._known = self._seen

    def forget(self) -> None:
        """Know nothing: the next look is at everything."""
        self._known = None

    def _names(self, values: Mapping[str, Any]) -> list[str]:
        if isinstance(self.choice, bool) or self.choice is None:
            return chosen(values, self.choice)
        wanted = [self.choice] if isinstance(self.choice, str) else self.choice
        return sorted({name for name in wanted if name in values})

    def _keep(
        self, state: _State, ones: list[One], skipped: list[Skipped], values: Mapping[str, Any]
    ) -> Looked:
        carried = frozenset(state.groups)
        taken = Taken(skipped=skipped)
        for group in together(ones):
            count = len(taken.groups)
            put(group, taken)
            if len(taken.groups) > count:
                made = taken.groups[-1]
                shared = set() if made.key == VALUES else set().union(*(o.shared for o in group))
                state.groups[made.key] = _Known(made.names, shared)
        state.bindings |= {one.name: id(values[one.name]) for one in ones}
        state.bindings |= {each.path: id(values[each.path]) for each in taken.skipped}
        state.skipped |= {each.path: each for each in taken.skipped}
        state.notes |= taken.notes
        self._seen = state
        told = Taken(taken.groups, [*state.skipped.values()], state.notes)
        names = frozenset(name for each in state.groups.values() for name in each.names)
        return Looked(told, carried, names)


def _suspects(
    known: _State, names: Iterable[str], values: Mapping[str, Any], used: frozenset[str]
) -> set[str]:
    """Return the names that cells have used, and those that mean another object now, or nothing."""
    here = set(names)
    bound = {name for name in here if known.bindings.get(name) != id(values[name])}
    return set(used & here) | bound | (known.bindings.keys() - here)


def _with_their_groups(known: _State, names: set[str]) -> set[str]:
    together = (each.names for each in known.groups.values() if not names.isdisjoint(each.names))
    return names.union(*together)


def _sharing(known: _State, ones: Iterable[One], suspects: set[str]) -> set[str]:
    """Return the names of groups that share something with what was looked at now."""
    ids: set[int] = set().union(*(one.shared for one in ones))
    simple = any(one.is_simple for one in ones)
    found: set[str] = set()
    for key, each in known.groups.items():
        if (key == VALUES and simple) or not each.shared.isdisjoint(ids):
            found.update(each.names)
    return found - suspects


def _looked_at(names: Iterable[str], values: Mapping[str, Any]) -> tuple[list[One], list[Skipped]]:
    ones, skipped = [], []
    for name in sorted(names):
        one = look_at(name, values)
        if isinstance(one, Skipped):
            skipped.append(one)
        else:
            ones.append(one)
    return ones, skipped
