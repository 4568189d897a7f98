"""Walk through the objects that variables hold.

A cell changes the objects of names in its text, what these hold, and the names in the code among
them. Other objects it changes only through something else that holds them. So the walk follows all
references, as Python's garbage collector does, and counts them. An object with more references is
held by something else too: a library, a thread, an event loop, a C object.
"""

from __future__ import annotations

import builtins
import dataclasses
import sys
import types
import weakref
from collections.abc import Iterable
from typing import Any

from ..codecs import imported
from ..codecs.registry import package_of
from .code_words import globals_in, reaches_anything, words_of
from .holders import References, Region
from .object_kinds import (
    ATOMS,
    FIXED_CONTAINERS,
    PLAIN,
    Kinds,
    is_installed,
    is_library,
    is_made_here,
    is_of_library,
    leads_anywhere,
    referents,
    runs_code,
)

_CONSTANTS = frozenset(
    id(getattr(dataclasses, name, None))
    for name in (
        *("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"),
        *("_EMPTY_METADATA", "_HAS_DEFAULT_FACTORY"),
    )
)
"""Identities of objects that all dataclasses share."""

_MOST = 2_000_000
"""Objects, apart from plain containers, after which a walk ends; storing so many takes much longer
than walking through them."""

_SUSPENDED = {
    id(types.GeneratorType): "gi_frame",
    id(types.CoroutineType): "cr_frame",
    id(types.AsyncGeneratorType): "ag_frame",
}


def regions_of(
    names: Iterable[str],
    namespace: dict[str, Any],
    functions: Iterable[types.FunctionType] = (),
    known: Iterable[int] = (),
    dead: Iterable[Any] = (),
) -> list[Region]:
    """Return the regions of objects that some names hold; no two regions share an object.

    No code of the objects runs.

    Parameters
    ----------
    names : iterable of str
        The names; missing ones are left out.
    namespace : dict
        The notebook's.
    functions : iterable of function
        Other functions of the notebook, held by something else. Each gets a name of its own.
    known : iterable of int
        Ids of objects, one for each reference that does not matter.
    dead : iterable
        Objects that nothing uses any more; their references do not matter either.
    """
    walk = Walk(namespace)
    for name in names:
        if name in namespace:
            walk.add(name, namespace[name])
    for function in functions:
        # No variable has such a name.
        walk.add(f"<function {id(function)}>", function)
    return walk.finish(known, dead)


class Walk:
    """A walk through the objects that some names hold."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._kinds = Kinds()
        self._regions: list[Region] = []
        self._parents: list[int] = []
        self._home: str | None = namespace.get("__name__")
        self._found = References(self._home)
        self._by_name = {*imported.named(), *_CONSTANTS}
        self._left = _MOST
        self._at = 0

    def add(self, name: str, value: Any) -> None:
        """Walk through the objects that a name holds."""
        self._at = len(self._regions)
        self._regions.append(Region({name}))
        self._parents.append(self._at)
        self._found.edges[id(value)] += 1
        level = [value]
        while level:
            level = self._next(level)

    @property
    def _region(self) -> Region:
        return self._regions[self._at]

    def _next(self, level: list[Any]) -> list[Any]:
        """Note objects, and return the objects that the new ones refer to."""
        owner, at = self._found.owner, self._at
        plain, found = [], []
        for obj in level:
            key, kind = id(obj), id(type(obj))
            if key in owner:
                if owner[key] != at:
                    self._join(owner[key])
            elif kind in ATOMS or key in self._by_name:
                continue
            elif kind not in PLAIN:
                found += self._other(obj)
            elif kind not in FIXED_CONTAINERS or self._has_more(obj):
                owner[key] = at
                plain.append(obj)
        self._found.plain += plain
        found += self._referents(plain)
        self._found.edges.update(map(id, found))
        return found

    def _referents(self, plain: list[Any]) -> list[Any]:
        """Return the referents of plain containers; note those inside of libraries' objects."""
        inner = self._found.inner
        mine = [obj for obj in plain if id(obj) in inner] if inner else []
        if not mine:
            return referents(plain)
        found = referents(mine)
        others = referents([obj for obj in plain if id(obj) not in inner])
        inner.update(map(id, found))
        return found + others

    def _has_more(self, obj: Any) -> bool:
        """Tell whether an item of an immutable container may change."""
        for each in obj:
            kind = type(each)
            if id(kind) not in ATOMS and not self._kinds.is_fixed(kind):
                return True
        return False

    def _join(self, other: int) -> None:
        one, two = self._root(self._at), self._root(other)
        if one != two:
            self._parents[max(one, two)] = min(one, two)

    def _root(self, at: int) -> int:
        while self._parents[at] != at:
            at = self._parents[at]
        return at

    def _other(self, obj: Any) -> list[Any]:
        """Return the referents of an object other than a plain container."""
        kind = type(obj)
        if self._kinds.is_fixed(kind):
            return []
        if obj is self._namespace or leads_anywhere(obj):
            self._region.open = True
            return []
        if issubclass(kind, types.ModuleType):
            name = types.ModuleType.__getattribute__(obj, "__dict__").get("__name__")
            self._region.open |= not is_installed(obj) or runs_code(name)
            return []
        if issubclass(kind, type) and not is_made_here(obj, self._home):
            self._region.open |= not is_library(package_of(obj))
            return []
        if kind is types.FunctionType:
            return self._function(obj)
        if kind is types.BuiltinFunctionType and _is_static(obj):
            self._region.open |= runs_code(obj.__module__)
            return []
        if self._left == 0:
            self._region.open = self._region.held = True
            return []
        self._left -= 1
        self._take(obj)
        self._region.open |= self._kinds.is_opaque(kind)
        found = self._inside(obj, kind)
        is_inner = id(obj) in self._found.inner and not is_made_here(kind, self._home)
        if is_inner or is_of_library(kind):
            self._found.inner.update(map(id, found))
        return found

    def _take(self, obj: Any) -> None:
        self._found.owner[id(obj)] = self._at
        self._found.others.append(obj)

    def _inside(self, obj: Any, kind: type) -> list[Any]:
        found = referents([obj])
        if issubclass(kind, weakref.ReferenceType):
            target = weakref.ReferenceType.__call__(obj)
            if target is not None:
                self._found.weak.setdefault(id(target), set()).add(id(obj))
                # A weak reference is not among the references that are counted.
                self._found.edges[id(target)] -= 1
                found.append(target)
        elif issubclass(kind, (weakref.ProxyType, weakref.CallableProxyType)):
            self._region.open = True
        elif id(kind) in _SUSPENDED:
            frame = getattr(obj, _SUSPENDED[id(kind)])
            if frame is not None and frame.f_globals is self._namespace:
                self._code(frame.f_code)
        else:
            found += _of_numpy(obj, kind)
        return [each for each in found if each is not self._namespace]

    def _function(self, function: types.FunctionType) -> list[Any]:
        space = function.__globals__
        apart = {id(vars(builtins))}
        if space is self._namespace:
            self._region.functions += 1
            self._code(function.__code__)
            apart.add(id(space))
        elif _is_of_module(space):
            name = space["__name__"]
            self._region.open |= not is_library(name) or runs_code(name)
            if _is_found(function, space):
                return []
            apart.add(id(space))
        else:
            # Its globals belong to it alone.
            self._code(function.__code__)
        self._take(function)
        return [each for each in referents([function]) if id(each) not in apart]

    def _code(self, code: types.CodeType) -> None:
        self._region.wild |= reaches_anything(code, words_of(code))
        self._region.reads |= globals_in(code)

    def finish(self, known: Iterable[int], dead: Iterable[Any]) -> list[Region]:
        """Return the regions."""
        self._found.edges.update(known)
        self._found.leave_out(dead, self._namespace)
        for at in self._found.held():
            self._regions[at].held = True
        for key, at in self._found.owner.items():
            self._regions[at].ids.add(key)
        for at in range(len(self._regions) - 1, -1, -1):
            if (root := self._root(at)) != at:
                self._regions[root].add(self._regions[at])
        return [each for at, each in enumerate(self._regions) if self._parents[at] == at]


def _is_static(function: Any) -> bool:
    """Tell whether a function in C belongs to a module or class and is not a bound method."""
    owner = function.__self__
    return owner is None or issubclass(type(owner), (types.ModuleType, type))


def _is_of_module(space: dict[str, Any]) -> bool:
    for name in (space.get("__name__"), getattr(space.get("__spec__"), "name", None)):
        module = sys.modules.get(name) if type(name) is str else None
        if type(module) is types.ModuleType and vars(module) is space:
            return True
    return False


def _is_found(function: types.FunctionType, space: dict[str, Any]) -> bool:
    """Tell whether a module has a function under its own name, directly or in a class."""
    outer, _, inner = function.__qualname__.partition(".")
    found = space.get(outer)
    if not inner or not issubclass(type(found), type):
        return found is function
    found = type.__getattribute__(found, "__dict__").get(inner)
    return found is function or type(found) in (staticmethod, classmethod, property)


def _of_numpy(obj: Any, kind: type) -> list[Any]:
    """Return the referents of NumPy's objects, which the garbage collector does not know."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return []
    if issubclass(kind, numpy.ndarray):
        base = numpy.ndarray.base.__get__(obj)
        if base is not None:
            return [base]
        plain = obj.view(numpy.ndarray) if kind is not numpy.ndarray else obj
        return plain.ravel("K").tolist() if plain.dtype == object else []
    if kind is numpy.flatiter or issubclass(kind, numpy.void):
        base = obj.base
        return [] if base is None else [base]
    return []
