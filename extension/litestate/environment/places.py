"""Attributes of modules and of their classes, and objects, as a bundle names them."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from . import plain_options
from .plain_options import NotPlainError

MISSING = object()

_WRAPPERS: dict[str, Any] = {
    "property": property,
    "staticmethod": staticmethod,
    "classmethod": classmethod,
}

ACCESSORS = ("CachedAccessor", "Accessor")
"""Classes of pandas for what ``register_dataframe_accessor`` and its like put on a class."""


class Place(NamedTuple):
    """An attribute that a module leads to.

    Attributes
    ----------
    module : str
        Its full name.
    path : tuple of str
        The attributes that lead to it, the last of which is the one that is meant.
    """

    module: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}:{'.'.join(self.path)}"

    @property
    def label(self) -> str:
        """The name for a person."""
        return ".".join((self.module, *self.path))


def of_text(text: str) -> Place:
    """Return the place that a bundle names.

    Raises
    ------
    ValueError
        If it is none.
    """
    module, _, path = text.partition(":")
    parts = tuple(path.split("."))
    if not all(part.isidentifier() for part in (*module.split("."), *parts)):
        raise ValueError("it is no attribute of a module")
    return Place(module, parts)


def owner_of(place: Place) -> Any:
    """Return the object that has the attribute.

    Raises
    ------
    AttributeError
        If it is not there.
    """
    return functools.reduce(getattr, place.path[:-1], sys.modules[place.module])


def value_at(owner: Any, name: str) -> Any:
    """Return an attribute as it is stored, or `MISSING`; no property of a class runs."""
    if isinstance(owner, ModuleType | type):
        return vars(owner).get(name, MISSING)
    return inspect.getattr_static(owner, name, MISSING)


def step(obj: Any, name: str) -> Any:
    """Return an attribute of something that a module leads to, or `MISSING`."""
    try:
        return getattr(obj, name, MISSING)
    except Exception:
        # Whatever a property of a library raises.
        return MISSING


def name_of(value: Any) -> str:
    """Return the name of a function or class, or that of an object's class."""
    if type(value) in (FunctionType, BuiltinFunctionType):
        return str(value.__name__)
    if type(value) is MethodType:
        return name_of(value.__func__)
    cls = value if issubclass(type(value), type) else type(value)
    return str(type.__getattribute__(cls, "__name__"))


def module_of(cls: type) -> Any:
    """Return what a class says about where it is from; None of those of Python itself."""
    return type.__getattribute__(cls, "__dict__").get("__module__")


def of_class(cls: type) -> Place | None:
    """Return where a class of a library is found, or None."""
    module = type.__getattribute__(cls, "__module__")
    if not isinstance(module, str) or module == "__main__" or module not in sys.modules:
        return None
    path = tuple(cls.__qualname__.split("."))
    try:
        found: Any = functools.reduce(getattr, path, sys.modules[module])
    except Exception:
        # A module may have a __getattr__ that raises anything.
        return None
    return Place(module, path) if found is cls else None


def is_notebooks(value: Any, names: Mapping[str, Any]) -> bool:
    """Tell whether something is a function or class of the notebook, or made of one.

    Parameters
    ----------
    value : object
        Anything; nothing of it runs.
    names : mapping
        The notebook's namespace.
    """
    kind: Any = type(value)
    if kind is FunctionType:
        return bool(value.__globals__ is names)
    if kind in (staticmethod, classmethod):
        return is_notebooks(value.__func__, names)
    if kind is MethodType:
        return is_notebooks(value.__func__, names) or is_notebooks(type(value.__self__), names)
    if kind is property:
        return is_notebooks(value.fget, names)
    if kind is functools.partial:
        return is_notebooks(value.func, names)
    cls = value if issubclass(kind, type) else kind
    module = module_of(cls)
    return bool(type(module) is str and module == names.get("__name__"))


def encode(value: Any, names: Mapping[str, Any]) -> Any:
    """Return what a bundle has for a value: plain data, a variable, or something to import.

    `plain_options` has still to make JSON of it.

    Raises
    ------
    NotPlainError
        If it is none of these.
    """
    for name, wrapper in _WRAPPERS.items():
        if type(value) is wrapper:
            inner = value.fget if wrapper is property else value.__func__
            if wrapper is property and (value.fset or value.fdel):
                raise NotPlainError("it is a property that can be set")
            return [name, encode(inner, names)]
    if type(value).__name__ in ACCESSORS and "_accessor" in vars(value):
        return ["accessor", encode(value._accessor, names)]
    if (variable := _variable(value, names)) is not None:
        return ["variable", variable]
    if isinstance(value, ModuleType) and sys.modules.get(value.__name__) is value:
        return ["module", value.__name__]
    if isinstance(value, type) and (place := of_class(value)) is not None:
        return ["import", str(place)]
    if type(value) in (FunctionType, BuiltinFunctionType) and (found := _imported(value)):
        return ["import", found]
    # Only to see that it can be; all of it is encoded together.
    plain_options.encode(value)
    return ["value", value]


def _variable(value: Any, names: Mapping[str, Any]) -> str | None:
    if plain_options.is_plain(value) or not is_notebooks(value, names):
        return None
    own = name_of(value)
    if names.get(own) is value and not own.startswith("_"):
        return own
    for name, other in names.items():
        if other is value and not name.startswith("_"):
            return name
    raise NotPlainError("no variable holds what it was set to")


def _imported(function: Any) -> str | None:
    module, path = getattr(function, "__module__", None), function.__qualname__.split(".")
    if not isinstance(module, str) or module not in sys.modules:
        return None
    try:
        found = functools.reduce(getattr, path, sys.modules[module])
    except Exception:
        # As above.
        return None
    return str(Place(module, tuple(path))) if found is function else None


def decode(value: Any, names: Mapping[str, Any]) -> Any:
    """Return what a bundle's value stands for; modules are imported for it.

    Raises
    ------
    ValueError
        If litestate would not have written it, or it is not here.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("it is not as litestate saves it")
    kind, content = value
    if kind == "value":
        return content
    if kind in _WRAPPERS:
        return _WRAPPERS[kind](decode(content, names))
    if not isinstance(content, str):
        raise ValueError("it is not as litestate saves it")
    if kind == "variable":
        if content not in names:
            raise ValueError(f"the variable {content} is not here")
        return names[content]
    if kind == "module":
        return imported_module(content)
    if kind == "import":
        place = of_text(content)
        return functools.reduce(getattr, place.path, imported_module(place.module))
    raise ValueError("it is not as litestate saves it")


def imported_module(name: str) -> Any:
    """Import a module by its name."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError("a module has a name that is none")
    return importlib.import_module(name)
