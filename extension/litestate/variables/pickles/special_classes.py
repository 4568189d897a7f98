"""Enums, named tuples, typed dictionaries and type variables in pickles.

The standard library makes them from a few values, and so does a load. Pickles call `make_enum`,
`make_namedtuple`, `make_generic_namedtuple`, `make_typeddict`, `make_typevar`, `make_newtype` and
`make_alias`, under their names in `rebuilding`.
"""

from __future__ import annotations

import collections
import contextlib
import enum
import sys
import typing
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from ..failures import NotSavedError
from .definitions import NOTEBOOK, by_name

_MADE_AGAIN = frozenset(
    (
        *("__dict__", "__weakref__", "__module__", "__qualname__", "__annotations__"),
        *("__annotate__", "__annotate_func__", "__annotations_cache__", "__abc_tpflags__"),
        *("_abc_impl", "_abc_registry", "_abc_cache", "_abc_negative_cache"),
        *("_abc_negative_cache_version", "__slotnames__", "__protocol_attrs__"),
        *("__non_callable_proto_members__", "__callable_proto_members_only__"),
        "__classdictcell__",
    )
)
"""Attributes that a class gets when it is made, and not by assignment."""

OF_NAMEDTUPLE = frozenset(
    (
        *("__new__", "_make", "_replace", "__replace__", "__repr__", "_asdict", "__getnewargs__"),
        *("_fields", "_field_defaults", "__match_args__", "__slots__"),
    )
)

OF_ENUM = frozenset(
    (
        *("_generate_next_value_", "_member_names_", "_member_map_", "_member_type_"),
        *(
            "_value2member_map_",
            "_unhashable_values_",
            "_unhashable_values_map_",
            "_hashable_values_",
        ),
        *(
            "_value_repr_",
            "_use_args_",
            "_singles_mask_",
            "_all_bits_",
            "_flag_mask_",
            "_inverted_",
        ),
        *("_boundary_", "__new__"),
    )
)

_CONTENT: dict[type, Any] = {
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda member: bytes.__getitem__(member, slice(None)),
    tuple: lambda member: tuple.__getitem__(member, slice(None)),
}


def library_of(metaclass: Any) -> Any:
    """Return the first of a metaclass and its bases that is not the notebook's."""
    return next(kind for kind in metaclass.__mro__ if kind.__module__ != NOTEBOOK)


@contextlib.contextmanager
def silent(bases: tuple[Any, ...]) -> Iterator[None]:
    """Keep `__init_subclass__` of the notebook's classes from running."""
    above = {cls: None for base in bases for cls in base.__mro__ if cls.__module__ == NOTEBOOK}
    replaced = {
        cls: vars(cls)["__init_subclass__"] for cls in above if "__init_subclass__" in vars(cls)
    }
    for cls in replaced:
        type.__setattr__(cls, "__init_subclass__", classmethod(_passing(cls)))
    try:
        yield
    finally:
        for cls, value in replaced.items():
            type.__setattr__(cls, "__init_subclass__", value)


def _passing(owner: Any) -> Any:
    def pass_on(cls: type) -> None:
        super(owner, cls).__init_subclass__()

    return pass_on


def is_namedtuple(cls: Any) -> bool:
    """Tell whether `collections.namedtuple` or `typing.NamedTuple` has made a class."""
    return cls.__bases__ in ((tuple,), (tuple, typing.Generic)) and all(
        name in vars(cls) for name in ("_fields", "_field_defaults", "_make", "_asdict")
    )


def content_of(cls: Any, member: Any) -> tuple[Any, ...]:
    """Return a member of an enum as a plain value of its other base, and its value.

    Raises
    ------
    NotSavedError
        If that base is not a plain type.
    """
    kind = cls._member_type_
    if kind is object:
        return (None, member._value_)
    if kind in _CONTENT:
        return (_CONTENT[kind](member), member._value_)
    raise NotSavedError(f"it holds members of an Enum that are also {kind.__qualname__}s")


def reduce_special(cls: Any, state: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return what makes a named tuple or typed dictionary, and add its attributes to a state."""
    if not is_namedtuple(cls):
        state["dict"] = own_attributes(cls, frozenset())
        return make_typeddict, (cls.__name__, cls.__module__, cls.__total__)
    args = (cls.__name__, cls._fields, tuple(cls._field_defaults.values()), cls.__module__)
    state["dict"] = own_attributes(cls, OF_NAMEDTUPLE | set(cls._fields))
    if typing.Generic not in cls.__bases__:
        return make_namedtuple, args
    state["dict"].pop("__class_getitem__", None)
    return make_generic_namedtuple, args


def reduce_enum(cls: Any, state: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return what makes an enum with its members, and add its attributes to a state."""
    members = cls.__members__
    state["dict"] = own_attributes(cls, OF_ENUM | set(members))
    state["members"] = {
        name: {key: value for key, value in vars(member).items() if key != "__objclass__"}
        for name, member in members.items()
    }
    if not isinstance(state["dict"].get("__new_member__"), FunctionType):
        state["dict"].pop("__new_member__", None)
    boundary = getattr(cls, "_boundary_", None)
    names = [(name, member.name, content_of(cls, member)) for name, member in members.items()]
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    args = (type(cls), cls.__name__, cls.__bases__, body, names, boundary and boundary.name)
    return make_enum, args


def own_attributes(cls: Any, without: frozenset[str] | set[str]) -> dict[str, Any]:
    """Return the attributes that fill a class after it was made."""
    # A copy: reading a value may remove a name.
    own = dict(vars(cls))
    # A class that is made empty gets its docstring first; the same order is stored here.
    text = own.pop("__doc__", None)
    documented = {} if text is None else {"__doc__": text}
    return {
        name: value
        for name, value in (documented | own).items()
        if name not in _MADE_AGAIN and name not in without and not _is_put(value)
    }


def _is_put(value: Any) -> bool:
    """Tell whether `typing` or `enum` has added an attribute, and will add it again."""
    function = getattr(value, "__func__", value)
    return isinstance(function, FunctionType) and function.__module__ in ("typing", "enum")


def make_enum(
    metaclass: Any,
    name: str,
    bases: tuple[Any, ...],
    body: dict[str, Any],
    members: list[tuple[str, str, tuple[Any, Any]]],
    boundary: str | None,
) -> type:
    """Return an `enum.Enum` with its members; only code of libraries runs."""

    def new(cls: Any, content: Any, value: Any) -> Any:
        kind = cls._member_type_
        made = object.__new__(cls) if kind is object else kind.__new__(cls, content)
        made._value_ = value
        return made

    library = library_of(metaclass)
    space = library.__prepare__(name, bases)
    space.update(body)
    if members:
        space["__new__"] = new
    for alias, canonical, content in members:
        space[alias] = content if alias == canonical else space[canonical]
    extra = {"boundary": enum.FlagBoundary[boundary]} if boundary else {}
    with silent(bases):
        made = library.__new__(metaclass, name, bases, space, **extra)
    if members and "__new_member__" in vars(made):
        type.__delattr__(made, "__new_member__")
    return typing.cast(type, made)


def set_members(cls: Any, members: dict[str, dict[str, Any]]) -> None:
    """Set the attributes that members got from their own `__init__` or `__new__`."""
    for name, values in members.items():
        vars(cls._member_map_[name]).update(values)


def make_namedtuple(
    name: str, fields: tuple[str, ...], defaults: tuple[Any, ...], module: str
) -> type:
    """Return a class of `collections.namedtuple`."""
    return collections.namedtuple(name, fields, defaults=defaults, module=module)


def make_generic_namedtuple(
    name: str, fields: tuple[str, ...], defaults: tuple[Any, ...], module: str
) -> type:
    """Return a class as ``class name(NamedTuple, Generic[T])`` makes it, without type variables."""
    made: Any = make_namedtuple(name, fields, defaults, module)
    # As typing.NamedTuple does it: a class that is made with Generic could not be a tuple.
    made.__bases__ = (tuple, typing.Generic)
    # From Python 3.12 on it is a function of the module.
    get = getattr(typing, "_generic_class_getitem", None)
    made.__class_getitem__ = classmethod(
        vars(typing.Generic)["__class_getitem__"].__func__ if get is None else get
    )
    return typing.cast(type, made)


def make_typeddict(name: str, module: str, total: bool) -> type:
    """Return a `typing.TypedDict` without keys."""
    made: Any = typing.TypedDict(name, {}, total=total)  # type: ignore[misc]
    made.__module__ = module
    return typing.cast(type, made)


def make_typevar(kind: str, name: str, options: dict[str, Any], constraints: Any) -> Any:
    """Return a `typing.TypeVar`, ``ParamSpec`` or ``TypeVarTuple``."""
    made = getattr(typing, kind)(name, *constraints, **options)
    made.__module__ = NOTEBOOK
    return made


def reduce_typevar(variable: Any) -> Any:
    """Reduce a type variable for pickle, one of a library by name."""
    if _is_named(variable):
        return variable.__name__
    kind = type(variable).__name__
    options: dict[str, Any] = {}
    if kind != "TypeVarTuple":
        options = {
            name: getattr(variable, f"__{name}__") for name in ("covariant", "contravariant")
        }
        options["bound"] = variable.__bound__
    constraints = getattr(variable, "__constraints__", ())
    return make_typevar, (kind, variable.__name__, options, constraints)


def reduce_newtype(made: Any, namespace: dict[str, Any] | None) -> Any:
    """Reduce a `typing.NewType` for pickle, one of a library by name."""
    if by_name(made, namespace):
        return made.__qualname__
    return make_newtype, (made.__name__, made.__supertype__)


def reduce_alias(alias: Any) -> Any:
    """Reduce a type alias for pickle, one of a library by name."""
    if _is_named(alias):
        return alias.__name__
    return make_alias, (alias.__name__, alias.__value__, alias.__type_params__)


def _is_named(obj: Any) -> bool:
    """Tell whether a library has an object under its own name."""
    module = sys.modules.get(obj.__module__ or "")
    is_there = module is not None and vars(module).get(obj.__name__) is obj
    return is_there and obj.__module__ != NOTEBOOK


def make_newtype(name: str, supertype: Any) -> Any:
    """Return a `typing.NewType`."""
    made = typing.NewType(name, supertype)  # type: ignore[misc]
    made.__module__ = NOTEBOOK
    return made


def make_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    """Return a type alias as ``type name = value`` makes it; before Python 3.12, the value."""
    if sys.version_info < (3, 12):
        return value
    return typing.TypeAliasType(name, value, type_params=parameters)
