"""Scan of the variables for checkpoints; only the suspects are captured."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...bundle.manifest import Skipped
from ..capture import EncodedVariable, Taken, add_group, encode_variable, sharing_sets
from ..group import VALUES
from ..interpreter_limits import no_collection
from ..namespace import Choice, chosen, namespace
from .suspects import Heap, changed, whole

_FULL_EVERY = 20
"""Full scan every N scans, for changes that `suspects` cannot see (see there)."""


@dataclass
class _Known:
    """A captured group.

    Attributes
    ----------
    names : tuple of str
        Its names.
    shared : set of int
        Ids of objects that other names may hold, at the time of the scan.
    """

    names: tuple[str, ...]
    shared: set[int]


@dataclass
class VariablesScan:
    """The outcome of one scan.

    Attributes
    ----------
    taken : Taken
        Groups that may have changed; skipped variables and notes of all groups.
    carried : frozenset of str
        Keys of the groups that are unchanged.
    names : frozenset of str
        Variables in captured and unchanged groups.
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
    scans: int = 0


class VariableScanner:
    """Scanner of this session's variables.

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
        """Which variables are scanned, for a `Scope`."""
        if self.choice is None or isinstance(self.choice, bool):
            return True
        return (self.choice,) if isinstance(self.choice, str) else tuple(self.choice)

    def scan(self, used: frozenset[str] | None) -> VariablesScan:
        """Capture the variables that may have changed since the last settled scan.

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
            if known is not None and used is not None and known.scans < _FULL_EVERY:
                found = changed(known.heap, used, values, names, references)
                if found is not None:
                    return self._scan_suspects(known, *found, names, values)
            heap = whole(values, names, references, known.heap if known is not None else None)
            return self._capture(_State(heap), *_encode_all(names, values))

    def _scan_suspects(
        self,
        known: _State,
        suspects: set[str],
        heap: Heap,
        names: list[str],
        values: Mapping[str, Any],
    ) -> VariablesScan:
        suspects = _with_their_groups(known, suspects)
        ones, skipped = _encode_all(suspects & set(names), values)
        while more := _sharing(known, ones, suspects):
            suspects |= more
            others, also = _encode_all(more & set(names), values)
            ones, skipped = ones + others, skipped + also
        state = _State(
            heap,
            {key: each for key, each in known.groups.items() if suspects.isdisjoint(each.names)},
            {name: each for name, each in known.skipped.items() if name not in suspects},
            {name: each for name, each in known.notes.items() if name not in suspects},
            known.scans + 1,
        )
        return self._capture(state, ones, skipped)

    def settle(self) -> None:
        """Note that the last scan is in a checkpoint."""
        self._known = self._seen

    def forget(self) -> None:
        """Forget all scans: the next one is full."""
        self._known = None

    def _names(self, values: Mapping[str, Any]) -> list[str]:
        if isinstance(self.choice, bool) or self.choice is None:
            return chosen(values, self.choice)
        wanted = [self.choice] if isinstance(self.choice, str) else self.choice
        return sorted({name for name in wanted if name in values})

    def _capture(
        self, state: _State, ones: list[EncodedVariable], skipped: list[Skipped]
    ) -> VariablesScan:
        carried = frozenset(state.groups)
        taken = Taken(skipped=skipped)
        for group in sharing_sets(ones):
            count = len(taken.groups)
            add_group(group, taken)
            if len(taken.groups) > count:
                made = taken.groups[-1]
                shared = set() if made.key == VALUES else set().union(*(o.shared for o in group))
                state.groups[made.key] = _Known(made.names, shared)
        state.skipped |= {each.path: each for each in taken.skipped}
        state.notes |= taken.notes
        self._seen = state
        reported = Taken(taken.groups, [*state.skipped.values()], state.notes)
        names = frozenset(name for each in state.groups.values() for name in each.names)
        return VariablesScan(reported, carried, names)


def _with_their_groups(known: _State, names: set[str]) -> set[str]:
    together = (each.names for each in known.groups.values() if not names.isdisjoint(each.names))
    return names.union(*together)


def _sharing(known: _State, ones: Iterable[EncodedVariable], suspects: set[str]) -> set[str]:
    """Return the names of groups that share objects with the variables encoded now."""
    ids: set[int] = set().union(*(one.shared for one in ones))
    simple = any(one.is_simple for one in ones)
    found: set[str] = set()
    for key, each in known.groups.items():
        if (key == VALUES and simple) or not each.shared.isdisjoint(ids):
            found.update(each.names)
    return found - suspects


def _encode_all(
    names: Iterable[str], values: Mapping[str, Any]
) -> tuple[list[EncodedVariable], list[Skipped]]:
    ones, skipped = [], []
    for name in sorted(names):
        one = encode_variable(name, values)
        if isinstance(one, Skipped):
            skipped.append(one)
        else:
            ones.append(one)
    return ones, skipped
