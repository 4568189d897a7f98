"""Pickling of the notebook's classes by value.

A class is made empty and filled afterwards. Code of the notebook that would run while a class is
made (`__init_subclass__`, `__set_name__`, metaclasses, decorators) does not run again: its effects
are stored. Such code of libraries runs, because they may keep lists of subclasses.

Pickles call `make_class`, `begin_class`, `set_class` and `builtin_class`, under their names in
`rebuilding`.
"""

from __future__ import annotations

import _collections_abc
import abc
import dataclasses
import enum
import functools
import sys
import types
import typing
from collections.abc import Callable, Mapping
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from ..failures import NotSavedError
from . import dataclass_parts, special_classes
from .definitions import NOTEBOOK, interned, is_definition, is_python
from .special_classes import library_of, own_attributes, silent

_SINCE_3_13 = ("__firstlineno__", "__static_attributes__")
"""Attributes that Python 3.13 adds to classes; older versions of `typing` do not know them."""


def builtin_class(name: str) -> type:
    """Return a class of the interpreter that has no importable name of its own."""
    for module in (types, _collections_abc):
        if isinstance(found := getattr(module, name, None), type):
            return found
    raise NotSavedError(f"the built-in class {name} has no name here")


def reduce_builtin(cls: type) -> Any:
    """Reduce a class of the interpreter for pickle; None for an ordinary class.

    Raises
    ------
    NotSavedError
        If the class has no name under which it can be found.
    """
    if is_python(cls):
        return None
    for module in (types, _collections_abc):
        for name, value in vars(module).items():
            if value is cls:
                return builtin_class, (name,)
    raise NotSavedError(f"it holds the built-in class {cls.__qualname__}, which has no name")


def reduce_class(cls: Any, annotations: dict[str, Any] | None) -> Any:
    """Reduce a class for pickle, by value.

    Parameters
    ----------
    cls : type
        The class.
    annotations : dict or None
        Its own, evaluated; None if it has none.
    """
    state: dict[str, Any] = {"annotations": annotations}
    if special_classes.is_namedtuple(cls) or typing.is_typeddict(cls):
        state["qualname"] = cls.__qualname__
        return *special_classes.reduce_special(cls, state), state, None, None, set_class
    if isinstance(cls, enum.EnumMeta):
        return *special_classes.reduce_enum(cls, state), state, None, None, set_class
    state["dict"] = own_attributes(cls, frozenset(_slots(cls)))
    if "__dataclass_fields__" in vars(cls):
        names = sorted(
            name for name in dataclass_parts.GENERATED if dataclass_parts.is_generated(cls, name)
        )
        state["dataclass"] = {"names": names, "post_init": hasattr(cls, "__post_init__")}
        for name in (*names, "__replace__"):
            state["dict"].pop(name, None)
    if holds_objects(state["dict"]):
        state = {"begun": Begun(cls, _methods_of(state)), **state}
    if isinstance(cls, abc.ABCMeta):
        registry = abc._get_dump(cls)[0]  # type: ignore[attr-defined]
        state["registry"] = [found for reference in registry if (found := reference()) is not None]
    body = {"__module__": interned(cls.__module__), "__qualname__": interned(cls.__qualname__)}
    if "__slots__" in vars(cls):
        body["__slots__"] = _slots(cls)
    bases = vars(cls).get("__orig_bases__", cls.__bases__)
    made_from = (type(cls), interned(cls.__name__), bases, body)
    return make_class, made_from, state, None, None, set_class


class Begun:
    """Stand-in that gives a class its methods before its other attributes.

    The attributes may be objects of this very class: making them needs its methods.
    """

    def __init__(self, cls: Any, state: dict[str, Any]) -> None:
        self.cls = cls
        self.state = state


def reduce_begun(begun: Begun) -> Any:
    """Reduce for pickle the step that gives a class its methods."""
    return begin_class, (begun.cls, begun.state)


def begin_class(cls: Any, state: dict[str, Any]) -> None:
    """Give a class its methods."""
    set_class(cls, state)


def _methods_of(state: dict[str, Any]) -> dict[str, Any]:
    """Move the methods from a state to a new one."""
    whole = state["dict"]
    methods = {
        name: value
        for name, value in whole.items()
        if _runs_nothing(value) or name in _OF_DATACLASS
    }
    for name in methods:
        del whole[name]
    found: dict[str, Any] = {"annotations": None, "dict": methods}
    if "dataclass" in state:
        found["dataclass"] = state.pop("dataclass")
    return found


def holds_objects(own: Mapping[str, Any]) -> bool:
    """Tell whether a class has attributes other than methods and plain values."""
    return not all(name.startswith("__") or _runs_nothing(each) for name, each in own.items())


def _runs_nothing(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_runs_nothing, value))
    return type(value) in _SIMPLE or issubclass(type(value), type)


_SIMPLE = (
    *(FunctionType, classmethod, staticmethod, property, functools.cached_property),
    *(str, int, float, complex, bool, bytes, types.NoneType, types.ModuleType),
    *(MemberDescriptorType, GetSetDescriptorType),
)
_OF_DATACLASS = ("__dataclass_fields__", "__dataclass_params__")


def _slots(cls: Any) -> tuple[str, ...]:
    """Return the slots of a class, under their names in it."""
    own = vars(cls)
    if "__slots__" not in own:
        return ()
    members = [
        name
        for name, value in own.items()
        if isinstance(value, MemberDescriptorType) and value.__objclass__ is cls
    ]
    extra = [n for n in ("__dict__", "__weakref__") if isinstance(own.get(n), GetSetDescriptorType)]
    return (*members, *extra)


def can_be_made_twice(cls: Any) -> bool:
    """Tell whether a second class like this affects no library and runs no `__del__`."""
    every = (*cls.__mro__, *type(cls).__mro__)
    homes = {str(each.__module__).partition(".")[0] for each in every}
    known = sys.stdlib_module_names | {NOTEBOOK}
    return homes <= known and not any("__del__" in vars(each) for each in cls.__mro__)


class Finished:
    """Stand-in that fills a class which was made empty."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls


class Bases:
    """The classes of one pickle, each made once although its base holds it.

    A class is made from its bases. If one of them holds the class, in a list of its subclasses
    perhaps, pickle would make it twice: ``__subclasses__()`` would have both. So such a base stays
    empty until the class exists.

    Parameters
    ----------
    namespace : dict or None
        The notebook's.
    knows : callable
        Tells whether an object is stored elsewhere.
    """

    def __init__(self, namespace: dict[str, Any] | None, knows: Callable[[Any], bool]) -> None:
        self._namespace = namespace
        self._knows = knows
        self._met: set[int] = set()
        self._empty: set[int] = set()

    def reduced(self, cls: Any, reduced: Any) -> Any:
        """Reduce a class for pickle; bases that may hold it are still empty when it is made."""
        is_known = id(cls) in self._met
        self._met.add(id(cls))
        if reduced[0] is not make_class or is_known:
            return reduced
        if id(cls) in self._empty:
            return reduced[:2]
        above = [base for base in reversed(cls.__mro__[1:]) if self._may_hold(base)]
        self._empty.update(map(id, above))
        if not above:
            return reduced
        state = {"above": [Finished(base) for base in above], **reduced[2]}
        return *reduced[:2], state, *reduced[3:]

    def _may_hold(self, base: Any) -> bool:
        return (
            id(base) not in self._met | self._empty
            and not isinstance(base, enum.EnumMeta)
            and is_definition(base, self._namespace)
            and not self._knows(base)
            and holds_objects(vars(base))
        )


def make_class(metaclass: Any, name: str, bases: tuple[Any, ...], body: dict[str, Any]) -> type:
    """Return an empty class; only code of libraries runs."""
    body = dict(body)
    resolved = types.resolve_bases(bases)
    if resolved is not bases:
        body["__orig_bases__"] = bases
    library = library_of(metaclass)
    with silent(resolved):
        if library is metaclass:
            made = types.new_class(
                name, resolved, {"metaclass": metaclass}, lambda space: space.update(body)
            )
        else:
            made = library.__new__(metaclass, name, resolved, body)
    return made


def set_class(cls: Any, state: dict[str, Any]) -> None:
    """Fill a class."""
    for name, value in state["dict"].items():
        if name not in _SINCE_3_13 or sys.version_info >= (3, 13):
            type.__setattr__(cls, name, value)
    if state["annotations"] is not None:
        cls.__annotations__ = state["annotations"]
        if special_classes.is_namedtuple(cls):
            cls.__new__.__annotations__ = state["annotations"]
    if "qualname" in state:
        cls.__qualname__ = state["qualname"]
    for other in state.get("registry", ()):
        abc.ABCMeta.register(cls, other)
    if "members" in state:
        special_classes.set_members(cls, state["members"])
    if "dataclass" in state:
        dataclass_parts.generate(cls, state["dataclass"])
        if hasattr(dataclasses, "_replace"):
            cls.__replace__ = dataclasses._replace
    if vars(cls).get("_is_protocol"):
        _complete_protocol(cls)


def _complete_protocol(cls: Any) -> None:
    """Let `typing` compute its data on a protocol again, as in this version of Python."""
    if hasattr(typing, "_get_protocol_attrs") and hasattr(cls, "__protocol_attrs__"):
        cls.__protocol_attrs__ = typing._get_protocol_attrs(cls)
    if vars(cls).get("_is_runtime_protocol"):
        typing.runtime_checkable(cls)
