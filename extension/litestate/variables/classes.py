"""Classes of the notebook, by value.

A class is made empty and filled afterwards. Code of the notebook that would run while a class is
made (`__init_subclass__`, `__set_name__`, metaclasses, decorators) does not run again: what it has
done is in what is stored. That of libraries runs, for they may keep lists of their own.

What pickles call is `make_class`, `set_class`, `make_enum`, `make_namedtuple`, `make_typeddict`,
`make_typevar`, `make_newtype`, `make_alias`, `make_slotted` and `builtin_class`.
"""

from __future__ import annotations

import _collections_abc
import abc
import collections
import contextlib
import dataclasses
import enum
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from .failures import NotSavedError

NOTEBOOK = "__main__"

_HEAP, _IMMUTABLE = 1 << 9, 1 << 8
"""Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE (CPython, Include/object.h)."""

_MADE_AGAIN = frozenset(
    (
        *("__dict__", "__weakref__", "__module__", "__qualname__", "__annotations__"),
        *("__annotate__", "__annotate_func__", "__annotations_cache__", "__abc_tpflags__"),
        *("_abc_impl", "_abc_registry", "_abc_cache", "_abc_negative_cache"),
        *("_abc_negative_cache_version", "__firstlineno__"),
    )
)
"""What a class gets when it is made, or otherwise than by setting it."""

_GENERATED = frozenset(
    (
        *("__init__", "__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"),
        *("__setattr__", "__delattr__"),
    )
)
"""Methods that `dataclasses` writes, for one version of Python."""

_OF_NAMEDTUPLE = frozenset(
    (
        *("__new__", "_make", "_replace", "__replace__", "__repr__", "_asdict", "__getnewargs__"),
        *("_fields", "_field_defaults", "__match_args__", "__slots__"),
    )
)

_OF_ENUM = frozenset(
    (
        *("_generate_next_value_", "_member_names_", "_member_map_", "_member_type_"),
        *("_value2member_map_", "_unhashable_values_", "_unhashable_values_map_", "_hashable_values_"),
        *("_value_repr_", "_use_args_", "_singles_mask_", "_all_bits_", "_flag_mask_", "_inverted_"),
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
    if _is_namedtuple(cls):
        state["dict"] = _own(cls, _OF_NAMEDTUPLE | set(cls._fields))
        args = (cls.__name__, cls._fields, tuple(cls._field_defaults.values()), cls.__module__)
        return make_namedtuple, args, {**state, "qualname": cls.__qualname__}, None, None, set_class
    if typing.is_typeddict(cls):
        state["dict"] = _own(cls, frozenset())
        args = (cls.__name__, cls.__module__, cls.__total__)
        return make_typeddict, args, {**state, "qualname": cls.__qualname__}, None, None, set_class
    if isinstance(cls, enum.EnumMeta):
        return _reduce_enum(cls, state)
    state["dict"] = _own(cls, frozenset(_slots(cls)))
    if "__dataclass_fields__" in vars(cls):
        names = sorted(name for name in _GENERATED if _is_generated(cls, name))
        state["dataclass"] = {"names": names, "post_init": hasattr(cls, "__post_init__")}
        for name in (*names, "__replace__"):
            state["dict"].pop(name, None)
    if isinstance(cls, abc.ABCMeta):
        registry = abc._get_dump(cls)[0]  # type: ignore[attr-defined]
        state["registry"] = [found for reference in registry if (found := reference()) is not None]
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    if "__slots__" in vars(cls):
        body["__slots__"] = _slots(cls)
    bases = vars(cls).get("__orig_bases__", cls.__bases__)
    args = (type(cls), cls.__name__, bases, body)
    return make_class, args, state, None, None, set_class


def _own(cls: Any, without: frozenset[str] | set[str]) -> dict[str, Any]:
    # A name may be gone when its value has been looked at; the copy is of one moment.
    return {
        name: value
        for name, value in dict(vars(cls)).items()
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


def _is_namedtuple(cls: Any) -> bool:
    return cls.__bases__ == (tuple,) and all(
        name in vars(cls) for name in ("_fields", "_field_defaults", "_make", "_asdict")
    )


def _is_generated(cls: Any, name: str) -> bool:
    value = vars(cls).get(name)
    if not isinstance(value, FunctionType):
        return False
    code = inspect.unwrap(value).__code__
    return code.co_filename == "<string>" and value.__module__ in (cls.__module__, "dataclasses")


def make_class(metaclass: Any, name: str, bases: tuple[Any, ...], body: dict[str, Any]) -> type:
    """Return an empty class; only code of libraries runs."""
    body = dict(body)
    resolved = types.resolve_bases(bases)
    if resolved is not bases:
        body["__orig_bases__"] = bases
    library = next(kind for kind in metaclass.__mro__ if kind.__module__ != NOTEBOOK)
    with _silent(resolved):
        if library is metaclass:
            made = types.new_class(
                name, resolved, {"metaclass": metaclass}, lambda space: space.update(body)
            )
        else:
            made = library.__new__(metaclass, name, resolved, body)
    return typing.cast(type, made)


@contextlib.contextmanager
def _silent(bases: tuple[Any, ...]) -> Iterator[None]:
    """Keep `__init_subclass__` of the notebook's classes from running."""
    above = {cls: None for base in bases for cls in base.__mro__ if cls.__module__ == NOTEBOOK}
    kept = {cls: vars(cls)["__init_subclass__"] for cls in above if "__init_subclass__" in vars(cls)}
    for cls in kept:
        type.__setattr__(cls, "__init_subclass__", classmethod(_passing(cls)))
    try:
        yield
    finally:
        for cls, value in kept.items():
            type.__setattr__(cls, "__init_subclass__", value)


def _passing(owner: type) -> Any:
    def pass_on(cls: type) -> None:
        super(owner, cls).__init_subclass__()  # type: ignore[misc]

    return pass_on


def set_class(cls: Any, state: dict[str, Any]) -> None:
    """Fill a class."""
    for name, value in state["dict"].items():
        type.__setattr__(cls, name, value)
    if state["annotations"] is not None:
        cls.__annotations__ = state["annotations"]
    if "qualname" in state:
        cls.__qualname__ = state["qualname"]
    for other in state.get("registry", ()):
        abc.ABCMeta.register(cls, other)
    if "members" in state:
        _set_members(cls, state["members"])
    if "dataclass" in state:
        _generate(cls, state["dataclass"])
        if hasattr(dataclasses, "_replace"):
            cls.__replace__ = dataclasses._replace
    if hasattr(cls, "__protocol_attrs__"):
        cls.__protocol_attrs__ = typing._get_protocol_attrs(cls)  # type: ignore[attr-defined]


def _generate(cls: Any, state: dict[str, Any]) -> None:
    """Let `dataclasses` write its methods again, as it does in this version of Python.

    For a class that has nothing but the fields: those that this one inherits from may be empty yet.
    """
    names = state["names"]
    fields = vars(cls)["__dataclass_fields__"]
    body: dict[str, Any] = {name: _fresh(field) for name, field in fields.items()}
    body["__annotations__"] = {name: _plain_type(field) for name, field in fields.items()}
    body["__module__"] = cls.__module__
    body["__qualname__"] = cls.__qualname__
    if state["post_init"]:
        body["__post_init__"] = None
    written = dataclasses.dataclass(
        init="__init__" in names,
        repr="__repr__" in names,
        eq="__eq__" in names or "__lt__" in names,
        order="__lt__" in names,
        unsafe_hash="__hash__" in names,
        frozen="__setattr__" in names,
    )(type(cls.__name__, (), body))
    for name in names:
        method = vars(written)[name]
        for cell in method.__closure__ or ():
            if cell.cell_contents is written:
                cell.cell_contents = cls
        type.__setattr__(cls, name, method)


def _plain_type(field: Any) -> Any:
    special = {"_FIELD_CLASSVAR": typing.ClassVar, "_FIELD_INITVAR": dataclasses.InitVar[object]}
    return special.get(field._field_type.name, object)


def _fresh(field: Any) -> Any:
    if field._field_type.name == "_FIELD_CLASSVAR":
        return field.default
    options = {
        name: getattr(field, name)
        for name in ("init", "repr", "hash", "compare", "metadata", "kw_only")
    }
    for name in ("default", "default_factory"):
        if getattr(field, name) is not dataclasses.MISSING:
            options[name] = getattr(field, name)
    return dataclasses.field(**options)


def make_slotted(cls: type, values: dict[str, Any]) -> Any:
    """Return an object of `dataclasses` with those of the values that it has here."""
    made = cls.__new__(cls)
    for name in getattr(cls, "__slots__", ()):
        object.__setattr__(made, name, values.get(name))
    return made


def reduce_slotted(value: Any) -> Any:
    """Return what a `dataclasses.Field` or its like is stored as."""
    cls = type(value)
    names = [name for name in cls.__slots__ if hasattr(value, name)]
    return make_slotted, (cls, {name: getattr(value, name) for name in names})


def _reduce_enum(cls: Any, state: dict[str, Any]) -> Any:
    members = cls.__members__
    state["dict"] = _own(cls, _OF_ENUM | set(members))
    state["members"] = {
        name: {key: value for key, value in vars(member).items() if key != "__objclass__"}
        for name, member in members.items()
    }
    if not isinstance(state["dict"].get("__new_member__"), FunctionType):
        state["dict"].pop("__new_member__", None)
    boundary = getattr(cls, "_boundary_", None)
    names = [(name, member.name, _content(cls, member)) for name, member in members.items()]
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    args = (type(cls), cls.__name__, cls.__bases__, body, names, boundary and boundary.name)
    return make_enum, args, state, None, None, set_class


def _content(cls: Any, member: Any) -> tuple[Any, ...]:
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

    library = next(kind for kind in metaclass.__mro__ if kind.__module__ != NOTEBOOK)
    space = library.__prepare__(name, bases)
    space.update(body)
    if members:
        space["__new__"] = new
    for alias, canonical, content in members:
        space[alias] = content if alias == canonical else space[canonical]
    extra = {"boundary": enum.FlagBoundary[boundary]} if boundary else {}
    with _silent(bases):
        made = library.__new__(metaclass, name, bases, space, **extra)
    if members and "__new_member__" in vars(made):
        type.__delattr__(made, "__new_member__")
    return typing.cast(type, made)


def _set_members(cls: Any, members: dict[str, dict[str, Any]]) -> None:
    for name, values in members.items():
        vars(cls._member_map_[name]).update(values)


def make_namedtuple(
    name: str, fields: tuple[str, ...], defaults: tuple[Any, ...], module: str
) -> type:
    """Return a class of `collections.namedtuple`."""
    return collections.namedtuple(name, fields, defaults=defaults, module=module)  # type: ignore[misc]


def make_typeddict(name: str, module: str, total: bool) -> type:
    """Return a `typing.TypedDict` that is still to get its keys."""
    made = typing.TypedDict(name, {}, total=total)  # type: ignore[operator]
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
        options = {name: getattr(variable, f"__{name}__") for name in ("covariant", "contravariant")}
        options["bound"] = variable.__bound__
    constraints = getattr(variable, "__constraints__", ())
    return make_typevar, (kind, variable.__name__, options, constraints)


def make_newtype(name: str, supertype: Any) -> Any:
    """Return a `typing.NewType`."""
    made = typing.NewType(name, supertype)
    made.__module__ = NOTEBOOK
    return made


def make_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    """Return what ``type name = value`` makes, from Python 3.12 on; before, the value."""
    if sys.version_info < (3, 12):
        return value
    return typing.TypeAliasType(name, value, type_params=parameters)
