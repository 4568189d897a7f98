"""What pickled objects are made from: their `__dict__`, or what their own code gives for them.

They are made from what is there at that moment. So it must not be stored elsewhere, where it may
still be empty, and not be a container of the same pickle that is being filled.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

APART = "the attributes of an object in it, held as a dict (vars), are a dict of their own"

FROM_COPY = "an object in it is made from a copy of a list, dict or set that holds it"

COPIED = frozenset({list, dict, set})

_FAR = 100_000
"""Objects to look at for a way back; if there are more it is taken that there is one."""

_NO_WAY = (type, FunctionType, ModuleType, str, int, float, bytes)


class Attributes:
    """Those of all objects of one pickle."""

    def __init__(self) -> None:
        self._own: dict[int, dict[str, Any]] = {}
        self._met: dict[int, Any] = {}
        self._empty: set[int] = set()
        self._found: dict[type, Any] = {}

    def note(self, obj: Any) -> dict[str, Any] | None:
        """Register the attributes of an object, and return them."""
        own = self._of(obj)
        if own is not None:
            self._own[id(own)] = own
            if not own:
                # Empty attributes are no part of a pickle.
                self._empty.add(id(own))
        return own

    def are_met(self, own: dict[str, Any] | None) -> bool:
        """Tell whether the pickle has these attributes already."""
        return id(own) in self._met

    def met(self, found: Any, *, is_node: bool) -> bool:
        """Note a container; tell whether it is an object's attributes, and something else, too."""
        if id(found) in self._own:
            # Once, as the attributes, it is in the pickle anyway.
            is_again = id(found) in self._met or (not found and id(found) in self._empty)
            self._met[id(found)] = found
            return is_node or is_again
        if not is_node:
            self._met[id(found)] = found
        return False

    def reduced(self, obj: Any, table: Any, hook: Callable[[Any], int | None]) -> tuple[Any, bool]:
        """Return how an object is made again, and whether that is from copies.

        What it is made from is complete by then only if it is in the pickle first: it must be no
        node, and nothing that is being filled, if the object itself is in it.
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
        """Return the attributes of an object, if to ask for them makes none."""
        return self._of(obj)

    def _of(self, obj: Any) -> dict[str, Any] | None:
        kind = type(obj)
        if kind not in self._found:
            self._found[kind] = _descriptor(kind)
        descriptor = self._found[kind]
        return None if descriptor is None else descriptor.__get__(obj)


def _descriptor(kind: type) -> Any:
    """Return what gives the attributes of objects of a type without running code of the user.

    Of types that are pickled in a way of their own, in C, they are left alone: some of them only
    get a dictionary when somebody asks for it.
    """
    if issubclass(kind, type) or not _is_usual(kind):
        return None
    found = next((vars(cls)["__dict__"] for cls in kind.__mro__ if "__dict__" in vars(cls)), None)
    return found if type(found) is GetSetDescriptorType else None


def _is_usual(kind: type) -> bool:
    for cls in kind.__mro__:
        found = {"__reduce__", "__reduce_ex__"} & vars(cls).keys()
        if found:
            return cls is object or all(type(vars(cls)[name]) is FunctionType for name in found)
    return False


def _leads_to(start: Any, goal: Any) -> bool:
    """Tell whether an object is reached from another one; without running code of the user."""
    todo, seen = [start], {id(start)}
    while todo and len(seen) < _FAR:
        for found in gc.get_referents(todo.pop()):
            if found is goal:
                return True
            if id(found) not in seen and not issubclass(type(found), _NO_WAY):
                seen.add(id(found))
                todo.append(found)
    return bool(todo)
