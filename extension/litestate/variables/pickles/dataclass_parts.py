"""Parts of dataclasses: the methods that Python generates, and the fields.

Pickles call `make_slotted` through `rebuilding`.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from types import FunctionType
from typing import Any

from ..failures import NotSavedError

GENERATED = frozenset(
    (
        *("__init__", "__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"),
        *("__setattr__", "__delattr__"),
    )
)
"""Methods that `dataclasses` generates; their code depends on the version of Python."""


_FIELD_KINDS = ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR")


def is_generated(cls: Any, name: str) -> bool:
    """Tell whether `dataclasses` has generated a method of a class."""
    value = vars(cls).get(name)
    if not isinstance(value, FunctionType):
        return False
    code = inspect.unwrap(value).__code__
    return code.co_filename == "<string>" and value.__module__ in (cls.__module__, "dataclasses")


def generate(cls: Any, state: dict[str, Any]) -> None:
    """Generate the methods of a dataclass again, as this version of Python does.

    They are generated for a new class that has only the fields: the bases of this one may still be
    empty.
    """
    names = state["names"]
    fields = vars(cls)["__dataclass_fields__"]
    body: dict[str, Any] = {name: _fresh(field) for name, field in fields.items()}
    body["__annotations__"] = {name: _plain_type(field) for name, field in fields.items()}
    body["__module__"] = cls.__module__
    body["__qualname__"] = cls.__qualname__
    if state["post_init"]:
        body["__post_init__"] = None
    written: Any = dataclasses.dataclass(
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


def make_slotted(cls: Any, values: dict[str, Any]) -> Any:
    """Return an object of `dataclasses` with the values whose slots exist in this Python."""
    made = cls.__new__(cls)
    for name in getattr(cls, "__slots__", ()):
        object.__setattr__(made, name, values.get(name))
    return made


def reduce_slotted(value: Any) -> Any:
    """Return the reduced value of a `dataclasses.Field` or a similar object."""
    cls = type(value)
    names = [name for name in cls.__slots__ if hasattr(value, name)]
    return make_slotted, (cls, {name: getattr(value, name) for name in names})


def reduce_marker(obj: Any, _: Any) -> Any:
    """Store a marker of dataclasses by name, because they compare it by identity."""
    for name in ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY", *_FIELD_KINDS):
        if getattr(dataclasses, name, None) is obj:
            return name
    raise NotSavedError("it holds an unknown marker of dataclasses")
