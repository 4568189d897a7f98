"""The variables from one look to the next: only those that may have changed are taken again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..manifest import Skipped
from .group import VALUES
from .interpreter import no_collection
from .namespace import Choice, chosen, namespace
from .suspects import Heap, changed, whole
from .taking import One, Taken, look_at, put, together

_FULL_EVERY = 20
"""Looks of which one takes everything again, for what `suspects` cannot see (see there)."""


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
    heap: Heap
    groups: dict[str, _Known] = field(default_factory=dict)
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
        self._seen: _State | None = None

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
        references = sys.getrefcount(values)
        names = self._names(values)
        known = self._known
        with no_collection():
            if known is not None and used is not None and known.looks < _FULL_EVERY:
                found = changed(known.heap, used, values, names, references)
                if found is not None:
                    return self._look_at_some(known, *found, names, values)
            heap = whole(values, names, references, known.heap if known is not None else None)
            return self._keep(_State(heap), *_looked_at(names, values))

    def _look_at_some(
        self,
        known: _State,
        suspects: set[str],
        heap: Heap,
        names: list[str],
        values: Mapping[str, Any],
    ) -> Looked:
        suspects = _with_their_groups(known, suspects)
        ones, skipped = _looked_at(suspects & set(names), values)
        while more := _sharing(known, ones, suspects):
            suspects |= more
            others, also = _looked_at(more & set(names), values)
            ones, skipped = ones + others, skipped + also
        kept = _State(
            heap,
            {key: each for key, each in known.groups.items() if suspects.isdisjoint(each.names)},
            {name: each for name, each in known.skipped.items() if name not in suspects},
            {name: each for name, each in known.notes.items() if name not in suspects},
            known.looks + 1,
        )
        return self._keep(kept, ones, skipped)

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

    def _keep(self, state: _State, ones: list[One], skipped: list[Skipped]) -> Looked:
        carried = frozenset(state.groups)
        taken = Taken(skipped=skipped)
        for group in together(ones):
            count = len(taken.groups)
            put(group, taken)
            if len(taken.groups) > count:
                made = taken.groups[-1]
                shared = set() if made.key == VALUES else set().union(*(o.shared for o in group))
                state.groups[made.key] = _Known(made.names, shared)
        state.skipped |= {each.path: each for each in taken.skipped}
        state.notes |= taken.notes
        self._seen = state
        told = Taken(taken.groups, [*state.skipped.values()], state.notes)
        names = frozenset(name for each in state.groups.values() for name in each.names)
        return Looked(told, carried, names)


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
