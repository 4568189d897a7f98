"""What a pickle does with cycles through hashed containers.

An object of such a cycle gets the attributes first that do not lead back to it: its hash is mostly
made from these. Containers are empty until the whole cycle is there; then `hashed.fill` fills them.
"""

from __future__ import annotations

import collections
import weakref
from collections.abc import Iterator
from typing import Any

from . import hashed, instances
from .cycles import Cycle, Cycles, hashes_one_of

_EXACT: dict[type, Any] = {set: hashed.empty_set, dict: hashed.empty_dict}
_BUILT_IN = (set, dict, list, tuple, frozenset)


class Fills:
    """Stands for the containers of a cycle that are to be filled."""

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = cycle


class Early:
    """Stands for setting some attributes of an object before the others."""

    def __init__(self, obj: Any, state: Any) -> None:
        self.obj = obj
        self.state = state


class Late:
    """The cycles of one pickle, and what is to be filled at its end."""

    def __init__(self, cycles: Cycles) -> None:
        self._cycles = cycles
        self._stand_ins: dict[int, tuple[str, Any, int]] = {}
        self.last = Cycle(set())

    def belongs(self, obj: Any) -> Cycle | None:
        """Return the cycle of an object, if it has one."""
        return self._cycles.of.get(id(obj))

    def stand_in(self, obj: Any) -> Any:
        """Return the persistent id of a container that is filled later, or None."""
        cycle = self._cycles.of.get(id(obj))
        if cycle is None:
            return None
        kind = type(obj)
        if kind in _BUILT_IN and not cycle.entered:
            # It is around all others, and nothing says when it is complete.
            cycle.entered = cycle.is_late = True
        if kind not in _EXACT or not _is_hashed(obj, cycle):
            return None
        if id(obj) not in self._stand_ins:
            self._stand_ins[id(obj)] = ("hashed", _EXACT[kind], len(self._stand_ins))
            self.later(obj, cycle)
        return self._stand_ins[id(obj)]

    def later(self, obj: Any, cycle: Cycle) -> None:
        """Let a container be filled later."""
        fills = self.last.fills if cycle.is_late else cycle.fills
        fills.append((obj, _items(obj)))

    def reduced(self, obj: Any, reduced: Any, cycle: Cycle) -> Any:
        """Return how an object of a cycle is made again."""
        if not isinstance(reduced, tuple) or issubclass(type(obj), type):
            cycle.entered = True
            return reduced
        is_first = not cycle.entered and not cycle.is_late
        cycle.entered = True
        maker, args, state, items, pairs, setter = (*reduced, None, None, None, None)[:6]
        if isinstance(obj, _LATER) and _is_hashed(obj, cycle):
            maker, args, state, pairs = _emptied(obj, maker, args, state, pairs)
            self.later(obj, cycle)
        plain = setter is None or setter is instances.complete
        whole = dict(state) if setter is instances.complete else {"state": state}
        if plain and not hasattr(type(obj), "__setstate__"):
            whole = _with_early(obj, whole, cycle)
        if whole.get("state") is None:
            whole.pop("state", None)
        if is_first:
            whole["fills"] = Fills(cycle)
        if not plain or not whole:
            return maker, args, state, items, pairs, setter
        return maker, args, whole, items, pairs, instances.complete


def reduce_all(late: Late) -> Any:
    """Return what fills all that is left."""
    return hashed.fill, (Fills(late.last),)


def reduce_fills(fills: Fills) -> Any:
    """Return what a list of containers with their items is stored as."""
    return list, (), None, _found(fills.cycle.fills)


def reduce_early(early: Early) -> Any:
    """Return what sets attributes while a pickle is loaded."""
    return instances.set_early, (early.obj, early.state)


def _found(fills: list[Any]) -> Iterator[Any]:
    """Yield what is found while that is pickled, too: pickle asks for two at a time."""
    at = 0
    while at < len(fills):
        yield fills[at]
        yield None
        at += 1


_LATER = (set, dict, weakref.WeakSet, weakref.WeakKeyDictionary)


def _is_hashed(obj: Any, cycle: Cycle) -> bool:
    return hashes_one_of(obj, cycle.ids)


def _items(obj: Any) -> list[Any]:
    if isinstance(obj, dict):
        return [each for pair in dict.items(obj) for each in pair]
    if isinstance(obj, set):
        return list(set.__iter__(obj))
    if isinstance(obj, weakref.WeakSet):
        return list(obj)
    return [each for pair in obj.items() for each in pair]


def _emptied(obj: Any, maker: Any, args: Any, state: Any, pairs: Any) -> tuple[Any, Any, Any, Any]:
    """Return how a container is made empty: what was to fill it is left out."""
    if isinstance(obj, (weakref.WeakSet, weakref.WeakKeyDictionary)):
        return maker, args, None, None
    if maker is collections.Counter or maker is set:
        args = ()
    if type(state) is dict and "base" in state:
        state = {key: value for key, value in state.items() if key not in ("items", "pairs")}
    return maker, args, state, None


def _with_early(obj: Any, whole: dict[str, Any], cycle: Cycle) -> dict[str, Any]:
    """Part the state of an object into what does not lead back to it, and the rest."""
    state = whole.get("state")
    slots: Any = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    parts = [each if type(each) is dict else {} for each in (state, slots)]
    early, rest = zip(*(_parted(each, cycle) for each in parts), strict=True)
    if not any(early) or not any(rest):
        return whole
    found: dict[str, Any] = {"early": Early(obj, early), **whole, "state": rest}
    if early[0] and rest[0]:
        found["order"] = list(parts[0])
    return found


def _parted(state: dict[str, Any], cycle: Cycle) -> tuple[dict[str, Any], dict[str, Any]]:
    early = {name: value for name, value in state.items() if id(value) not in cycle.ids}
    return early, {name: value for name, value in state.items() if name not in early}
