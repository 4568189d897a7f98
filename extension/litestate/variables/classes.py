"""Classes of the notebook, by value.

A class is made empty and filled afterwards. Code of the notebook that would run while a class is
made (`__init_subclass__`, `__set_name__`, metaclasses, decorators) does not run again: what it has
done is in what is stored. That of libraries runs, for they may keep lists of their own.

What pickles call is `make_class`, `begin_class`, `set_class` and `builtin_class`, and what
`special_classes` has.
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
from collections.abc import Mapping
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from . import dataclass_parts, special_classes
from .failures import NotSavedError
from .quiet import NOTEBOOK, library_of, silent, steady

_HEAP, _IMMUTABLE = 1 << 9, 1 << 8
"""Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE (CPython, Include/object.h)."""

_MADE_AGAIN = frozenset(
    (
        *("__dict__", "__weakref__", "__module__", "__qualname__", "__annotations__"),
        *("__annotate__", "__annotate_func__", "__annotations_cache__", "__abc_tpflags__"),
        *("_abc_impl", "_abc_registry", "_abc_cache", "_abc_negative_cache"),
        *(
            "_abc_negative_cache_version",
            "__slotnames__",
            "__protocol_attrs__",
            "__non_callable_proto_members__",
            "__callable_proto_members_only__",
            "__classdictcell__",
        ),
    )
)
"""What a class gets when it is made, or otherwise than by setting it."""


_SINCE_3_13 = ("__firstlineno__", "__static_attributes__")
"""What later versions of Python note in a class; before, `typing` takes them for the user's."""


def builtin_class(name: str) -> type:
    """Return a class of the interpreter that has no importable name of its own."""
    for module in (types, _collections_abc):
        if isinstance(found := getattr(module, name, None), type):
            return found
    raise NotSavedError(f"the built-in class {name} has no name here")


def reduce_builtin(cls: type) -> Any:
    """Return what such a class is stored as; None if this is an ordinary one.

    Raises
    ------
    NotSavedError
        If nothing leads to it.
    """
    if cls.__flags__ & _HEAP and not cls.__flags__ & _IMMUTABLE:
        return None
    for module in (types, _collections_abc):
        for name, value in vars(module).items():
            if value is cls:
                return builtin_class, (name,)
    raise NotSavedError(f"it holds the built-in class {cls.__qualname__}, which has no name")


def reduce_class(cls: Any, annotations: dict[str, Any] | None) -> Any:
    """Return what a class is stored as, by value.

    Parameters
    ----------
    cls : type
        Which one.
    annotations : dict or None
        Its own, evaluated; None if it has none.
    """
    state: dict[str, Any] = {"annotations": annotations}
    if special_classes.is_namedtuple(cls) or typing.is_typeddict(cls):
        return _reduce_special(cls, {**state, "qualname": cls.__qualname__})
    if isinstance(cls, enum.EnumMeta):
        return _reduce_enum(cls, state)
    state["dict"] = _own(cls, frozenset(_slots(cls)))
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
    body = {"__module__": steady(cls.__module__), "__qualname__": steady(cls.__qualname__)}
    if "__slots__" in vars(cls):
        body["__slots__"] = _slots(cls)
    bases = vars(cls).get("__orig_bases__", cls.__bases__)
    made_from = (type(cls), steady(cls.__name__), bases, body)
    return make_class, made_from, state, None, None, set_class


class Begun:
    """Stands for giving a class its methods before its other attributes.

    These may be objects of this very class: to make them, its methods are needed.
    """

    def __init__(self, cls: Any, state: dict[str, Any]) -> None:
        self.cls = cls
        self.state = state


def reduce_begun(begun: Begun) -> Any:
    """Return what gives a class its methods while a pickle is loaded."""
    return begin_class, (begun.cls, begun.state)


def begin_class(cls: Any, state: dict[str, Any]) -> None:
    """Give a class its methods."""
    set_class(cls, state)


def _methods_of(state: dict[str, Any]) -> dict[str, Any]:
    """Take the methods out of a state, and return one that has only them."""
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


def _reduce_special(cls: Any, state: dict[str, Any]) -> Any:
    args: tuple[Any, ...]
    if special_classes.is_namedtuple(cls):
        is_generic = typing.Generic in cls.__bases__
        make: Any = special_classes.make_namedtuple
        if is_generic:
            make = special_classes.make_generic_namedtuple
        args = (cls.__name__, cls._fields, tuple(cls._field_defaults.values()), cls.__module__)
        state["dict"] = _own(cls, special_classes.OF_NAMEDTUPLE | set(cls._fields))
        if is_generic:
            state["dict"].pop("__class_getitem__", None)
    else:
        make = special_classes.make_typeddict
        args = (cls.__name__, cls.__module__, cls.__total__)
        state["dict"] = _own(cls, frozenset())
    return make, args, state, None, None, set_class


def _own(cls: Any, without: frozenset[str] | set[str]) -> dict[str, Any]:
    # A name may be gone when its value has been looked at; the copy is of one moment.
    own = dict(vars(cls))
    # A class that is made empty gets this one first, so that it is stored alike later.
    text = own.pop("__doc__", None)
    documented = {} if text is None else {"__doc__": text}
    return {
        name: value
        for name, value in (documented | own).items()
        if name not in _MADE_AGAIN and name not in without and not _is_put(value)
    }


def _is_put(value: Any) -> bool:
    """Tell whether this was put into a class by `typing` or `enum`, which will do so again."""
    function = getattr(value, "__func__", value)
    return isinstance(function, FunctionType) and function.__module__ in ("typing", "enum")


def _slots(cls: Any) -> tuple[str, ...]:
    """Return the slots of a class under the names that they have in it."""
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
    """Tell whether no library keeps lists of its subclasses, and nothing runs when they go."""
    every = (*cls.__mro__, *type(cls).__mro__)
    homes = {str(each.__module__).partition(".")[0] for each in every}
    known = sys.stdlib_module_names | {NOTEBOOK}
    return homes <= known and not any("__del__" in vars(each) for each in cls.__mro__)


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
    """Let `typing` find again what it keeps about a protocol, as it does in this version."""
    if hasattr(typing, "_get_protocol_attrs") and hasattr(cls, "__protocol_attrs__"):
        cls.__protocol_attrs__ = typing._get_protocol_attrs(cls)
    if vars(cls).get("_is_runtime_protocol"):
        typing.runtime_checkable(cls)


def _reduce_enum(cls: Any, state: dict[str, Any]) -> Any:
    members = cls.__members__
    state["dict"] = _own(cls, special_classes.OF_ENUM | set(members))
    state["members"] = {
        name: {key: value for key, value in vars(member).items() if key != "__objclass__"}
        for name, member in members.items()
    }
    if not isinstance(state["dict"].get("__new_member__"), FunctionType):
        state["dict"].pop("__new_member__", None)
    boundary = getattr(cls, "_boundary_", None)
    names = [
        (name, member.name, special_classes.content_of(cls, member))
        for name, member in members.items()
    ]
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    args = (type(cls), cls.__name__, cls.__bases__, body, names, boundary and boundary.name)
    return special_classes.make_enum, args, state, None, None, set_class
