"""Containers from which pickled objects are made: their `__dict__`, or copies.

An object is made from a container as it is at that moment. So the container must not be stored
elsewhere, where it may still be empty, and must not be one that the same pickle is still filling.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

FROM_COPY = "an object in it is made from a copy of a list, dict or set that holds it"

COPIED = frozenset({list, dict, set})

_FAR = 100_000
"""Objects to search for a path back; with more, a path is assumed."""

_NO_WAY = (type, FunctionType, ModuleType, str, int, float, bytes)


class Attributes:
    """The attributes of all objects of one pickle."""

    def __init__(self) -> None:
        self._own: dict[int, dict[str, Any]] = {}
        self._met: dict[int, Any] = {}
        self._empty: set[int] = set()
        self._found: dict[type, Any] = {}

    def note(self, obj: Any) -> dict[str, Any] | None:
        """Note the attributes of an object, and return them."""
        own = self._of(obj)
        if own is not None:
            self._own[id(own)] = own
            if not own:
                # Empty attributes are not in a pickle.
                self._empty.add(id(own))
        return own

    def are_met(self, own: dict[str, Any] | None) -> bool:
        """Tell whether the pickle has these attributes already."""
        return id(own) in self._met

    def met(self, found: Any, *, is_node: bool) -> bool:
        """Note a container; tell whether it is attributes of an object and used otherwise too."""
        if id(found) in self._own:
            # The pickle has it once in any case, as the attributes.
            is_again = id(found) in self._met or (not found and id(found) in self._empty)
            self._met[id(found)] = found
            return is_node or is_again
        if not is_node:
            self._met[id(found)] = found
        return False

    def reduced(self, obj: Any, table: Any, hook: Callable[[Any], int | None]) -> tuple[Any, bool]:
        """Reduce an object; return also whether containers in the result are copies.

        A container is complete when the object is made only if it comes first in the pickle. So a
        container that holds the object must be neither a node nor one that is being filled.
        """
        reduce = table.get(type(obj))
        reduced = obj.__reduce_ex__(5) if reduce is None else reduce(obj)
        if not isinstance(reduced, tuple) or len(reduced) < 2 or type(reduced[1]) is not tuple:
            return reduced, False
        copies = []

        def part(found: Any) -> Any:
            if type(found) not in COPIED:
                return found
            if id(found) in self._own:
                return found.copy() if id(found) in self._met else found
            if (id(found) in self._met or hook(found) is not None) and _leads_to(found, obj):
                copies.append(found)
                return found.copy()
            return found

        maker, args, *rest = reduced
        if rest:
            state = rest[0]
            is_pair = type(state) is tuple and len(state) == 2
            rest[0] = tuple(map(part, state)) if is_pair else part(state)
        return (maker, tuple(map(part, args)), *rest), bool(copies)

    def dictionary(self, obj: Any) -> dict[str, Any] | None:
        """Return the attributes of an object, if reading them creates none."""
        return self._of(obj)

    def _of(self, obj: Any) -> dict[str, Any] | None:
        kind = type(obj)
        if kind not in self._found:
            self._found[kind] = _descriptor(kind)
        descriptor = self._found[kind]
        return None if descriptor is None else descriptor.__get__(obj)


def _descriptor(kind: type) -> Any:
    """Return a descriptor that reads `__dict__` of a type's objects without code of the user.

    None for types that C code pickles: some of their objects get a dictionary only when it is
    read.
    """
    if issubclass(kind, type) or not _has_usual_reduce(kind):
        return None
    found = next((vars(cls)["__dict__"] for cls in kind.__mro__ if "__dict__" in vars(cls)), None)
    return found if type(found) is GetSetDescriptorType else None


def _has_usual_reduce(kind: type) -> bool:
    for cls in kind.__mro__:
        found = {"__reduce__", "__reduce_ex__"} & vars(cls).keys()
        if found:
            return cls is object or all(type(vars(cls)[name]) is FunctionType for name in found)
    return False


def _leads_to(start: Any, goal: Any) -> bool:
    """Tell whether one object leads to another one; no code of the user runs."""
    todo, seen = [start], {id(start)}
    while todo and len(seen) < _FAR:
        for found in gc.get_referents(todo.pop()):
            if found is goal:
                return True
            if id(found) not in seen and not issubclass(type(found), _NO_WAY):
                seen.add(id(found))
                todo.append(found)
    return bool(todo)
