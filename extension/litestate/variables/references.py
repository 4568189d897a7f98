"""Which objects are held by something that a walk has not come through.

An object has as many references as were found, unless something else holds it too: a library, a
thread, an event loop, an object in C that does not show what it has.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import sub
from typing import Any

from .leaves import FIXED_CONTAINERS, PLAIN, is_library, is_made_here, referents

_MOST_DEAD = 10_000
"""Objects of dead frames that are looked at."""

_FIGURE_MANAGER = "FigureManagerBase"
"""Matplotlib's class of which pyplot has an object for each figure that it may still draw in."""

_IMMORTAL = 1 << 28
"""References from which on a number of them says nothing: what Python never frees has more."""

_NAME = type.__dict__["__name__"].__get__
_MRO = type.__dict__["__mro__"].__get__


@dataclass
class References:
    """The objects that a walk has come through, and the references to them that it has found.

    Attributes
    ----------
    home : str or None
        Name of the notebook's module.
    owner : dict of int to int
        By id of an object, the number of the region in which it was found first.
    plain, others : list
        The objects: plain containers, and the rest.
    edges : Counter
        By id, references that were found.
    weak : dict of int to set of int
        By id, weak references that were found.
    inner : set of int
        Ids of what was found in objects of libraries.
    """

    home: str | None
    owner: dict[int, int] = field(default_factory=dict)
    plain: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    edges: Counter[int] = field(default_factory=Counter)
    weak: dict[int, set[int]] = field(default_factory=dict)
    inner: set[int] = field(default_factory=set)

    def leave_out(self, dead: Iterable[Any], but: dict[str, Any]) -> None:
        """Take the references of dead objects, and of containers that these alone have, as found.

        Parameters
        ----------
        dead : iterable
            The objects.
        but : dict
            The namespace, whose references are no dead ones.
        """
        seen = {id(but)}
        level, left = list(dead), _MOST_DEAD
        while level and left > 0:
            left -= len(level)
            seen.update(map(id, level))
            found = referents(level)
            self.edges.update(map(id, found))
            level = [
                each
                for each in {id(each): each for each in found}.values()
                if id(type(each)) in PLAIN and id(each) not in seen and id(each) not in self.owner
            ]

    def held(self) -> set[int]:
        """Return the numbers of the regions of which something else holds a part."""
        held = {
            self.owner[id(obj)]
            for objects in (self.plain, self.others)
            for obj in self._more_referred(objects)
            if self._matters(obj)
        }
        return held | {self.owner[id(obj)] for obj in self.others if self._is_weakly_held(obj)}

    def _more_referred(self, objects: list[Any]) -> list[Any]:
        # One reference is of the list, and what the call itself has depends on the version.
        objects.append(object())
        counts = list(map(sys.getrefcount, objects))
        usual = counts.pop()
        objects.pop()
        found = map(self.edges.__getitem__, map(id, objects))
        return [
            objects[at]
            for at, more in enumerate(map(sub, counts, found))
            if more != usual and counts[at] < _IMMORTAL
        ]

    def _matters(self, obj: Any) -> bool:
        """Tell whether who has an object can change something with it."""
        kind = type(obj)
        if id(obj) in self.inner and not is_made_here(kind, self.home):
            # Libraries share constants among their objects.
            return any(_NAME(base) == _FIGURE_MANAGER for base in _MRO(kind))
        if id(kind) in FIXED_CONTAINERS or kind is types.MappingProxyType:
            inside = [each for each in gc.get_referents(obj) if not _is_empty(each)]
            return any(id(each) in self.owner for each in inside)
        return not (_NAME(kind) == "_lru_list_elem" or _is_constant(obj, kind))

    def _is_weakly_held(self, obj: Any) -> bool:
        count = 0 if issubclass(type(obj), type) else weakref.getweakrefcount(obj)
        if count <= len(self.weak.get(id(obj), ())):
            return False
        kind = type(obj)
        return kind is types.FunctionType or is_made_here(kind, self.home) or _is_data(kind)


def _is_constant(obj: Any, kind: type) -> bool:
    """Tell whether an object is one of a library's own, under a name in its module."""
    name = type.__getattribute__(kind, "__dict__").get("__module__")
    module = sys.modules.get(name) if type(name) is str else None
    if name == "builtins" or type(module) is not types.ModuleType or not is_library(name):
        return False
    return any(each is obj for each in vars(module).values())


def _is_empty(obj: Any) -> bool:
    return id(type(obj)) in PLAIN and not obj


def _is_data(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    kinds = (set, frozenset, deque, *([numpy.ndarray] if numpy else []))
    return any(kind is each for each in kinds)
