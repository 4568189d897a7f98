"""Cycles through sets and dictionaries, found and pickled so that their keys can be hashed.

An object of such a cycle first gets the attributes that do not lead back to it: its hash is mostly
made from these. Containers are empty until the whole cycle exists; then `hashed.fill` fills them.
"""

from __future__ import annotations

import collections
import gc
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import delayed_fill, instances
from .definitions import NOTEBOOK

_MOST_OBJECTS = 500_000
"""Objects that are walked through; with more of them, cycles are not searched for."""

_FLAT = (int, float, complex, str, bytes, bytearray, bool, types.NoneType, types.CodeType)

_WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
HASHED = (set, frozenset, dict, weakref.WeakSet, weakref.WeakKeyDictionary)

_EXACT: dict[type, Any] = {set: delayed_fill.empty_set, dict: delayed_fill.empty_dict}
_BUILT_IN = (set, dict, list, tuple, frozenset)
_LATER = (set, dict, weakref.WeakSet, weakref.WeakKeyDictionary)


@dataclass
class Cycle:
    """Objects that lead to one another, and a container among them that hashes some of them.

    Attributes
    ----------
    ids : set of int
        Ids of its objects.
    entered : bool
        Whether the pickle already has one of them.
    is_late : bool
        Whether it is complete only at the end of the pickle.
    fills : list
        Containers that are to be filled, with their items.
    """

    ids: set[int]
    entered: bool = False
    is_late: bool = False
    fills: list[Any] = field(default_factory=list)


class Cycles:
    """The cycles of a pickle that lead through a key of a container.

    Parameters
    ----------
    roots : sequence of object
        Objects that are pickled.
    knows : callable
        Tells whether an object is stored elsewhere.
    """

    def __init__(self, roots: Sequence[Any], knows: Callable[[Any], bool]) -> None:
        self.of: dict[int, Cycle] = {}
        self._knows = knows
        self._first = set(map(id, roots))
        self._index: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._open: list[Any] = []
        self._is_open: set[int] = set()
        # Objects must stay alive, or another object gets the same id.
        self._alive: list[Any] = []
        for root in roots:
            if id(root) not in self._index and len(self._index) < _MOST_OBJECTS:
                self._walk(root)
        if len(self._index) >= _MOST_OBJECTS:
            self.of.clear()

    def _walk(self, root: Any) -> None:
        """Find strongly connected components (Tarjan), without recursion."""
        todo: list[tuple[Any, Iterator[Any]]] = [self._enter(root)]
        while todo and len(self._index) < _MOST_OBJECTS:
            obj, inside = todo[-1]
            key = id(obj)
            found = next((each for each in inside if type(each) not in _FLAT), _END)
            if found is _END:
                todo.pop()
                if todo:
                    above = id(todo[-1][0])
                    self._low[above] = min(self._low[above], self._low[key])
                if self._low[key] == self._index[key]:
                    self._close(key)
            elif id(found) not in self._index:
                if id(found) in self._first or not self._knows(found):
                    todo.append(self._enter(found))
            elif id(found) in self._is_open:
                self._low[key] = min(self._low[key], self._index[id(found)])

    def _enter(self, obj: Any) -> tuple[Any, Iterator[Any]]:
        key = id(obj)
        self._index[key] = self._low[key] = len(self._index)
        self._alive.append(obj)
        self._open.append(obj)
        self._is_open.add(key)
        return obj, iter(_inside(obj))

    def _close(self, key: int) -> None:
        found = []
        while True:
            found.append(self._open.pop())
            self._is_open.discard(id(found[-1]))
            if id(found[-1]) == key:
                break
        ids = set(map(id, found))
        if any(hashes_one_of(each, ids) for each in found if isinstance(each, HASHED)):
            has_class = any(issubclass(type(each), type) for each in found)
            cycle = Cycle(ids, is_late=has_class)
            self.of.update(dict.fromkeys(ids, cycle))


_END = object()


def runs_code(kind: type) -> bool:
    """Tell whether the hash of objects of a type runs Python code."""
    return type(getattr(kind, "__hash__", None)) is types.FunctionType


def hashes_one_of(container: Any, ids: set[int]) -> bool:
    """Tell whether hashing the keys of a container runs code of one of these objects."""
    todo = list(_keys(container))
    while todo:
        key = todo.pop()
        if id(key) in ids and runs_code(type(key)):
            return True
        if isinstance(key, tuple | frozenset):
            todo += key
    return False


def _keys(container: Any) -> Any:
    if isinstance(container, dict):
        return dict.keys(container)
    return container if isinstance(container, _WEAK) else frozenset.union(frozenset(), container)


def _inside(obj: Any) -> list[Any]:
    kind = type(obj)
    if kind is types.FunctionType:
        return [*(obj.__closure__ or ()), *(obj.__defaults__ or ()), obj.__kwdefaults__, vars(obj)]
    if issubclass(kind, type):
        own = obj.__module__ == NOTEBOOK
        return [*vars(obj).values(), *obj.__bases__] if own else []
    if kind is types.ModuleType:
        return []
    if isinstance(obj, _WEAK):
        pairs = [] if isinstance(obj, weakref.WeakSet) else [*obj.values()]
        return [*obj, *pairs]
    return gc.get_referents(obj)


class Fills:
    """Placeholder in a pickle for the containers of a cycle that are to be filled."""

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = cycle


class Early:
    """Placeholder in a pickle for setting some attributes of an object before the others."""

    def __init__(self, obj: Any, state: Any) -> None:
        self.obj = obj
        self.state = state


class Late:
    """The cycles of one pickle, and the containers that are filled at its end."""

    def __init__(self, cycles: Cycles) -> None:
        self._cycles = cycles
        self._stand_ins: dict[int, tuple[str, Any, int]] = {}
        self.last = Cycle(set())

    def belongs(self, obj: Any) -> Cycle | None:
        """Return the cycle that an object belongs to, or None."""
        return self._cycles.of.get(id(obj))

    def stand_in(self, obj: Any) -> Any:
        """Return the persistent id of a container that is filled later, or None."""
        cycle = self._cycles.of.get(id(obj))
        if cycle is None:
            return None
        kind = type(obj)
        if kind in _BUILT_IN and not cycle.entered:
            # It contains all others, and nothing tells when it is complete.
            cycle.entered = cycle.is_late = True
        if kind not in _EXACT or not hashes_one_of(obj, cycle.ids):
            return None
        if id(obj) not in self._stand_ins:
            self._stand_ins[id(obj)] = ("hashed", _EXACT[kind], len(self._stand_ins))
            self.later(obj, cycle)
        return self._stand_ins[id(obj)]

    def later(self, obj: Any, cycle: Cycle) -> None:
        """Register a container to be filled later."""
        fills = self.last.fills if cycle.is_late else cycle.fills
        fills.append((obj, _items(obj)))

    def reduced(self, obj: Any, reduced: Any, cycle: Cycle) -> Any:
        """Return the reduced value of an object of a cycle, with its fills and early attributes."""
        if not isinstance(reduced, tuple) or issubclass(type(obj), type):
            cycle.entered = True
            return reduced
        is_first = not cycle.entered and not cycle.is_late
        cycle.entered = True
        maker, args, state, items, pairs, setter = (*reduced, None, None, None, None)[:6]
        if isinstance(obj, _LATER) and hashes_one_of(obj, cycle.ids):
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


REDUCERS: dict[type, Callable[[Any], Any]] = {
    Late: lambda late: (delayed_fill.fill, (Fills(late.last),)),
    Fills: lambda fills: (list, (), None, _growing(fills.cycle.fills)),
    Early: lambda early: (instances.set_early, (early.obj, early.state)),
}
"""For the classes above: how pickle stores their objects."""


def _growing(fills: list[Any]) -> Iterator[Any]:
    """Yield fills, also those added meanwhile; pickle takes two at a time, hence the None."""
    at = 0
    while at < len(fills):
        yield fills[at]
        yield None
        at += 1


def _items(obj: Any) -> list[Any]:
    if isinstance(obj, dict):
        return [each for pair in dict.items(obj) for each in pair]
    if isinstance(obj, set):
        return list(set.__iter__(obj))
    if isinstance(obj, weakref.WeakSet):
        return list(obj)
    return [each for pair in obj.items() for each in pair]


def _emptied(obj: Any, maker: Any, args: Any, state: Any, pairs: Any) -> tuple[Any, Any, Any, Any]:
    """Return the parts of a reduced value for an empty container."""
    if isinstance(obj, (weakref.WeakSet, weakref.WeakKeyDictionary)):
        return maker, args, None, None
    if maker is collections.Counter or maker is set:
        args = ()
    if type(state) is dict and "base" in state:
        state = {key: value for key, value in state.items() if key not in ("items", "pairs")}
    return maker, args, state, None


def _with_early(obj: Any, whole: dict[str, Any], cycle: Cycle) -> dict[str, Any]:
    """Split the state of an object into attributes outside its cycle, and the rest."""
    state = whole.get("state")
    slots: Any = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    parts = [each if type(each) is dict else {} for each in (state, slots)]
    early, rest = zip(*(_split(each, cycle) for each in parts), strict=True)
    if not any(early) or not any(rest):
        return whole
    found: dict[str, Any] = {"early": Early(obj, early), **whole, "state": rest}
    if early[0] and rest[0]:
        found["order"] = list(parts[0])
    return found


def _split(state: dict[str, Any], cycle: Cycle) -> tuple[dict[str, Any], dict[str, Any]]:
    early = {name: value for name, value in state.items() if id(value) not in cycle.ids}
    return early, {name: value for name, value in state.items() if name not in early}
