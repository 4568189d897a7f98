"""Paths of attributes in modules and their classes, and their values as a bundle has them."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from . import settings
from .settings import NotPlainError

MISSING = object()
"""Stands for an attribute that is not there."""

_WRAPPERS: dict[str, Any] = {
    "property": property,
    "staticmethod": staticmethod,
    "classmethod": classmethod,
}

ACCESSORS = ("CachedAccessor", "Accessor")
"""Classes of pandas that ``register_dataframe_accessor`` and the like put on a class."""


class AttributePath(NamedTuple):
    """The path from a module to an attribute.

    Attributes
    ----------
    module : str
        Full name of the module.
    names : tuple of str
        Names of the attributes on the way; the last one is the attribute itself.
    """

    module: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}:{'.'.join(self.names)}"

    @property
    def label(self) -> str:
        """The name in reports."""
        return ".".join((self.module, *self.names))

    def below(self, name: str) -> AttributePath:
        """Return the path of an attribute of this one."""
        return AttributePath(self.module, (*self.names, name))


def of_text(text: str) -> AttributePath:
    """Return the path that a bundle names.

    Raises
    ------
    ValueError
        If the text is not ``module:name.name``.
    """
    module, _, path = text.partition(":")
    parts = tuple(path.split("."))
    if not all(part.isidentifier() for part in (*module.split("."), *parts)):
        raise ValueError("it does not name an attribute of a module")
    return AttributePath(module, parts)


def owner_of(path: AttributePath) -> Any:
    """Return the object that has the attribute.

    Raises
    ------
    AttributeError
        If it is not there.
    """
    return functools.reduce(getattr, path.names[:-1], sys.modules[path.module])


def value_at(owner: Any, name: str) -> Any:
    """Return an attribute as it is stored, or `MISSING`. No property runs."""
    if isinstance(owner, ModuleType | type):
        return vars(owner).get(name, MISSING)
    return inspect.getattr_static(owner, name, MISSING)


def attribute_of(obj: Any, name: str) -> Any:
    """Return an attribute, or `MISSING`."""
    try:
        return getattr(obj, name, MISSING)
    except Exception:
        # A property of a library may raise anything.
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
    """Return the ``__module__`` of a class itself; None for classes of Python itself."""
    return type.__getattribute__(cls, "__dict__").get("__module__")


def of_class(cls: type) -> AttributePath | None:
    """Return the path of a class of a library, or None."""
    module = type.__getattribute__(cls, "__module__")
    if not isinstance(module, str) or module == "__main__" or module not in sys.modules:
        return None
    path = tuple(cls.__qualname__.split("."))
    try:
        found: Any = functools.reduce(getattr, path, sys.modules[module])
    except Exception:
        # A module may have a __getattr__ that raises anything.
        return None
    return AttributePath(module, path) if found is cls else None


def is_of_notebook(value: Any, names: Mapping[str, Any]) -> bool:
    """Tell whether a value is a function, class or instance that the notebook has defined.

    Parameters
    ----------
    value : object
        Any object. None of its code runs.
    names : mapping
        The notebook's namespace.
    """
    kind: Any = type(value)
    if kind is FunctionType:
        return bool(value.__globals__ is names)
    if kind in (staticmethod, classmethod):
        return is_of_notebook(value.__func__, names)
    if kind is MethodType:
        return is_of_notebook(value.__func__, names) or is_of_notebook(type(value.__self__), names)
    if kind is property:
        return is_of_notebook(value.fget, names)
    if kind is functools.partial:
        return is_of_notebook(value.func, names)
    cls = value if issubclass(kind, type) else kind
    module = module_of(cls)
    return bool(type(module) is str and module == names.get("__name__"))


def names_in(values: Iterable[Any], names: Mapping[str, Any]) -> list[str]:
    """Return the sorted names of those values that the notebook has defined."""
    return sorted({name_of(value) for value in values if is_of_notebook(value, names)})


def encode(value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value as a bundle has it: plain data, a variable, or something to import.

    `settings.encode` makes JSON of the result.

    Raises
    ------
    NotPlainError
        If the value is nothing of these.
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
    if isinstance(value, type) and (path := of_class(value)) is not None:
        return ["import", str(path)]
    if type(value) in (FunctionType, BuiltinFunctionType) and (found := _imported(value)):
        return ["import", found]
    # Only to check the value; the whole list is encoded later.
    settings.encode(value)
    return ["value", value]


def _variable(value: Any, names: Mapping[str, Any]) -> str | None:
    if settings.is_plain(value) or not is_of_notebook(value, names):
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
    return str(AttributePath(module, tuple(path))) if found is function else None


def decode(value: Any, names: Mapping[str, Any]) -> Any:
    """Return the value that a bundle names; import modules for it.

    Raises
    ------
    ValueError
        If litestate would not have written it, or this session does not have it.
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
        path = of_text(content)
        return functools.reduce(getattr, path.names, imported_module(path.module))
    raise ValueError("it is not as litestate saves it")


def imported_module(name: str) -> Any:
    """Import a module by its name."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError("it has an invalid module name")
    return importlib.import_module(name)
