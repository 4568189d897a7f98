"""Search for objects that something besides the variables holds.

An object has as many references as a walk found, unless something else holds it too: a library, a
thread, an event loop, an object in C that does not show its references.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import sub
from typing import Any

from ...platform import ipython_shell
from .object_kinds import (
    ATOMS,
    FIXED_CONTAINERS,
    PLAIN,
    is_library,
    is_made_here,
    is_of_library,
    referents,
)

_LAST = frozenset({"In", "Out", "_ih", "_oh", "_dh", "_", "__", "___"})
"""IPython's names for the outputs of cells. Each output is in ``_1``, ``_2`` and so on, too."""

_OF_MODULES = frozenset({"__builtins__", "__builtin__", "__loader__", "__spec__"})
"""Names that Python gives to every module."""

_MOST_DEAD = 10_000
"""Objects of dead frames that are searched."""

_FIGURE_MANAGER = "FigureManagerBase"
"""Matplotlib's class of which pyplot has an object for each figure that it may still draw in."""

_IMMORTAL = 1 << 28
"""References from which on their number says nothing: objects that Python never frees have more."""

_NAME = type.__dict__["__name__"].__get__
_MRO = type.__dict__["__mro__"].__get__


@dataclass
class Region:
    """Names that hold some objects in common, which no other names hold.

    Attributes
    ----------
    names : set of str
        The names.
    ids : set of int
        Ids of the objects.
    reads : set of str
        Names in the notebook's code among the objects.
    functions : int
        Number of the notebook's functions among the objects.
    open : bool
        Whether the names may hold more than was found: with them, anything may be changed.
    wild : bool
        Whether the notebook's code among the objects may change anything.
    held : bool
        Whether something besides the namespace holds one of the objects.
    """

    names: set[str] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    functions: int = 0
    open: bool = False
    wild: bool = False
    held: bool = False

    def add(self, other: Region) -> None:
        """Merge a region that holds the same objects into this one."""
        self.names |= other.names
        self.ids |= other.ids
        self.reads |= other.reads
        self.functions += other.functions
        self.open |= other.open
        self.wild |= other.wild
        self.held |= other.held


@dataclass
class References:
    """Objects that a walk has visited, and the references to them that it has found.

    Attributes
    ----------
    home : str or None
        Name of the notebook's module.
    owner : dict of int to int
        By id of an object, the number of the region in which it was found first.
    plain, others : list
        The objects: plain containers, and the rest.
    edges : Counter
        By id, the number of references found.
    weak : dict of int to set of int
        By id, the ids of weak references found.
    inner : set of int
        Ids of objects found inside objects of libraries.
    """

    home: str | None
    owner: dict[int, int] = field(default_factory=dict)
    plain: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    edges: Counter[int] = field(default_factory=Counter)
    weak: dict[int, set[int]] = field(default_factory=dict)
    inner: set[int] = field(default_factory=set)

    def leave_out(self, dead: Iterable[Any], but: dict[str, Any]) -> None:
        """Count the references of dead objects, and of containers that only these have, as found.

        Parameters
        ----------
        dead : iterable
            The objects.
        but : dict
            The namespace, whose references are alive.
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
        """Return the numbers of the regions of which something else holds an object."""
        held = {
            self.owner[id(obj)]
            for objects in (self.plain, self.others)
            for obj in self._more_referred(objects)
            if self._matters(obj)
        }
        return held | {self.owner[id(obj)] for obj in self.others if self._is_weakly_held(obj)}

    def _more_referred(self, objects: list[Any]) -> list[Any]:
        # The list has one reference; how many the call has depends on the version of Python.
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
        """Tell whether code that has an object can change something with it."""
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


def names_with_objects(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names whose objects may share something with variables, hidden ones included.

    Names that IPython has set are left out, except outputs of cells. Objects of libraries come
    last, so that an object that another name holds too is found there first.
    """
    hidden = _hidden()
    found = [
        name
        for name, value in namespace.items()
        if isinstance(name, str)
        and id(type(value)) not in ATOMS
        and name not in _LAST
        and name not in _OF_MODULES
        and (name not in hidden or hidden[name] is not value or name[1:].isdecimal())
    ]
    return sorted(found, key=lambda name: is_of_library(type(namespace[name])))


def of_ipython(namespace: Mapping[str, Any]) -> list[int]:
    """Return an id for each reference that IPython itself has to an output of a cell.

    A cell reaches them only by naming `_` and the like.
    """
    found = [namespace[name] for name in _LAST if name in namespace]
    found += _hidden().values()
    shell = ipython_shell()
    if shell is not None:
        outputs = namespace.get("Out")
        found += outputs.values() if isinstance(outputs, dict) else ()
        found += vars(shell.displayhook).values()
        result = getattr(shell, "last_execution_result", None)
        found += vars(result).values() if result is not None else ()
    return list(map(id, found))


def dead_frames() -> list[types.FrameType]:
    """Return the frames of the last error, which Python keeps for a debugger."""
    error = getattr(sys, "last_value", None)
    trace = error.__traceback__ if isinstance(error, BaseException) else None
    found = []
    while trace is not None:
        found.append(trace.tb_frame)
        trace = trace.tb_next
    return found


@dataclass(frozen=True)
class Loose:
    """The notebook's functions that no variable holds, such as a lambda that a library calls.

    Each function refers to the namespace. So the number of references to it shows whether there
    are new functions; only then all objects are searched for them.

    Attributes
    ----------
    others : int
        Number of references to the namespace that functions do not have.
    """

    others: int = -1
    _functions: tuple[weakref.ReferenceType[types.FunctionType], ...] = ()

    def functions(self) -> list[types.FunctionType]:
        """Return the functions that still exist."""
        return [each for it in self._functions if (each := it()) is not None]

    def updated(
        self, namespace: dict[str, Any], regions: Sequence[Region], references: int
    ) -> Loose | None:
        """Return an updated object, or None if this one is still right.

        Parameters
        ----------
        namespace : dict
            The notebook's.
        regions : sequence of Region
            Regions of all variables and of these functions.
        references : int
            Number of references to the namespace, always counted in the same function.
        """
        if references == self.others + sum(each.functions for each in regions):
            return None
        every = [
            each
            for each in gc.get_referrers(namespace)
            if type(each) is types.FunctionType
            and each.__globals__ is namespace
            # Not the code of a cell: it runs once, and is followed then.
            and each.__code__.co_name != "<module>"
        ]
        known: set[int] = set().union(*(each.ids for each in regions))
        loose = [each for each in every if id(each) not in known]
        return Loose(references - len(every), tuple(map(weakref.ref, [*self.functions(), *loose])))


def _hidden() -> Mapping[str, Any]:
    return getattr(ipython_shell(), "user_ns_hidden", {})
