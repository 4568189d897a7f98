"""Sets and dictionaries that what they hold leads back to."""

from __future__ import annotations

import gc
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .quiet import NOTEBOOK

_FAR = 500_000
"""Objects to look at; with more of them, cycles are not looked for."""

_FLAT = (int, float, complex, str, bytes, bytearray, bool, types.NoneType, types.CodeType)

_WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
HASHED = (set, frozenset, dict, weakref.WeakSet, weakref.WeakKeyDictionary)


@dataclass
class Cycle:
    """Objects that lead to one another, with a container that hashes some of them.

    Attributes
    ----------
    ids : set of int
        Of its objects.
    entered : bool
        Whether the pickle has one of them.
    is_late : bool
        Whether it is complete at the end of the pickle only.
    fills : list
        Containers that are to be filled, with their items.
    """

    ids: set[int]
    entered: bool = False
    is_late: bool = False
    fills: list[Any] = field(default_factory=list)


class Cycles:
    """The cycles of a pickle through what a container hashes.

    Parameters
    ----------
    roots : sequence of object
        What is pickled.
    knows : callable
        Tells whether an object is elsewhere.
    """

    def __init__(self, roots: Sequence[Any], knows: Callable[[Any], bool]) -> None:
        self.of: dict[int, Cycle] = {}
        self._knows = knows
        self._first = set(map(id, roots))
        self._index: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._open: list[Any] = []
        self._is_open: set[int] = set()
        # What is looked at must stay, or another object gets its id.
        self._alive: list[Any] = []
        for root in roots:
            if id(root) not in self._index and len(self._index) < _FAR:
                self._walk(root)
        if len(self._index) >= _FAR:
            self.of.clear()

    def _walk(self, root: Any) -> None:
        """Find strongly connected components (Tarjan), without recursion."""
        todo: list[tuple[Any, Iterator[Any]]] = [self._enter(root)]
        while todo and len(self._index) < _FAR:
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
    """Tell whether Python code makes the hash of objects of a type."""
    return type(getattr(kind, "__hash__", None)) is types.FunctionType


def hashes_one_of(container: Any, ids: set[int]) -> bool:
    """Tell whether a container runs code of some objects to hash its keys."""
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
