"""Classes and type variables that the standard library makes of a few values.

What pickles call is `make_enum`, `make_namedtuple`, `make_generic_namedtuple`, `make_typeddict`,
`make_typevar`, `make_newtype` and `make_alias`.
"""

from __future__ import annotations

import collections
import enum
import sys
import typing
from typing import Any

from .failures import NotSavedError
from .quiet import NOTEBOOK, library_of, silent

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


def is_namedtuple(cls: Any) -> bool:
    """Tell whether `collections.namedtuple` or `typing.NamedTuple` has made a class."""
    return cls.__bases__ in ((tuple,), (tuple, typing.Generic)) and all(
        name in vars(cls) for name in ("_fields", "_field_defaults", "_make", "_asdict")
    )


def content_of(cls: Any, member: Any) -> tuple[Any, ...]:
    """Return what a member of an enum is as its other base, and its value.

    Raises
    ------
    NotSavedError
        If that base is none of the plain types.
    """
    kind = cls._member_type_
    if kind is object:
        return (None, member._value_)
    if kind in _CONTENT:
        return (_CONTENT[kind](member), member._value_)
    raise NotSavedError(f"it holds members of an Enum that are also {kind.__qualname__}s")


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
    """Give members what their own `__init__` or `__new__` had given them."""
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
    """Return what ``class name(NamedTuple, Generic[T])`` makes, without its type variables yet."""
    made: Any = make_namedtuple(name, fields, defaults, module)
    # As typing.NamedTuple does it: a class that is made with Generic could not be a tuple.
    made.__bases__ = (tuple, typing.Generic)
    # From Python 3.12 on it is a function beside the class.
    get = getattr(typing, "_generic_class_getitem", None)
    made.__class_getitem__ = classmethod(
        vars(typing.Generic)["__class_getitem__"].__func__ if get is None else get
    )
    return typing.cast(type, made)


def make_typeddict(name: str, module: str, total: bool) -> type:
    """Return a `typing.TypedDict` that is still to get its keys."""
    made: Any = typing.TypedDict(name, {}, total=total)  # type: ignore[misc]
    made.__module__ = module
    return typing.cast(type, made)


def make_typevar(kind: str, name: str, options: dict[str, Any], constraints: Any) -> Any:
    """Return a `typing.TypeVar`, ``ParamSpec`` or ``TypeVarTuple``."""
    made = getattr(typing, kind)(name, *constraints, **options)
    made.__module__ = NOTEBOOK
    return made


def reduce_typevar(variable: Any) -> Any:
    """Return what a type variable of the notebook is stored as."""
    kind = type(variable).__name__
    options: dict[str, Any] = {}
    if kind != "TypeVarTuple":
        options = {
            name: getattr(variable, f"__{name}__") for name in ("covariant", "contravariant")
        }
        options["bound"] = variable.__bound__
    constraints = getattr(variable, "__constraints__", ())
    return make_typevar, (kind, variable.__name__, options, constraints)


def make_newtype(name: str, supertype: Any) -> Any:
    """Return a `typing.NewType`."""
    made = typing.NewType(name, supertype)  # type: ignore[misc]
    made.__module__ = NOTEBOOK
    return made


def make_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    """Return what ``type name = value`` makes, from Python 3.12 on; before, the value."""
    if sys.version_info < (3, 12):
        return value
    return typing.TypeAliasType(name, value, type_params=parameters)
