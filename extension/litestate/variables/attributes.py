"""The `__dict__` of objects that are pickled, which a variable may hold by itself, too.

In a pickle an object gets copies of its attributes, from a dictionary that is complete by then: so
that one must not be stored elsewhere, and not be one that is being filled.
"""

from __future__ import annotations

from types import FunctionType, GetSetDescriptorType
from typing import Any

APART = "the attributes of an object in it, held as a dict (vars), are a dict of their own"


class Attributes:
    """Those of all objects of one pickle."""

    def __init__(self) -> None:
        self._own: dict[int, dict[str, Any]] = {}
        self._dicts: dict[int, dict[Any, Any]] = {}
        self._found: dict[type, Any] = {}

    def belong_to(self, obj: Any) -> bool:
        """Note those of an object; tell whether the pickle has them already."""
        own = self._of(obj)
        if own is None:
            return False
        self._own[id(own)] = own
        return id(own) in self._dicts

    def met(self, found: dict[Any, Any], *, is_node: bool) -> bool:
        """Note a dictionary; tell whether it is an object's attributes, and something else, too."""
        if id(found) in self._own:
            # Once, as the attributes, it is in the pickle anyway.
            is_again = id(found) in self._dicts
            self._dicts[id(found)] = found
            return is_node or is_again
        if not is_node:
            self._dicts[id(found)] = found
        return False

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


def copied(obj: Any, table: Any) -> Any:
    """Return how an object is made again, from a copy of its attributes."""
    reduce = table.get(type(obj))
    reduced = obj.__reduce_ex__(5) if reduce is None else reduce(obj)
    if not isinstance(reduced, tuple) or len(reduced) < 3:
        return reduced
    maker, args, state, *rest = reduced
    if type(state) is dict:
        state = dict(state)
    elif type(state) is tuple and len(state) == 2 and type(state[0]) is dict:
        state = (dict(state[0]), state[1])
    return (maker, args, state, *rest)
