"""A scan of all modules for functions, classes and objects of the notebook.

It finds callbacks and registrations: objects of the notebook that a library keeps in a module, in a
class, or in a table of one of these. All modules are scanned when a bundle is saved. After a cell
only some are, in turn, within a time limit.
"""

from __future__ import annotations

import copyreg
import functools
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from . import attribute_paths
from .attribute_paths import AttributePath

_NOT_SCANNED = frozenset(
    (
        *("__main__", "__mp_main__", "litestate", "IPython", "ipykernel", "pyodide_kernel"),
        *("debugpy", "pydevd", "_pydevd_bundle", "pytest", "_pytest", "jedi", "comm"),
        *("cloudpickle", "dill", "linecache", "ctypes", "typing", "abc", "weakref", "gc"),
        *("pyodide", "_pyodide", "js", "piplite"),
    )
)
"""Modules that have the notebook's own names, or keep track of its classes."""

_INERT = frozenset(
    (
        *(str, int, float, bool, bytes, tuple, type(None), BuiltinFunctionType, ModuleType),
        *(ClassMethodDescriptorType, GetSetDescriptorType, MemberDescriptorType),
        *(MethodDescriptorType, WrapperDescriptorType),
    )
)
"""Types whose objects are never the notebook's."""
_INERT_ENTRIES = _INERT - {tuple}
_TABLES = (dict, list, set)

_FUNCTOOLS = vars(functools)
"""Globals of the functions that `functools` makes."""

_MOST = 500
"""Entries of the largest table that is scanned."""

_BUDGET = 0.001
"""Seconds of a scan after a cell."""

Names = Mapping[str, Any]
"""The notebook's namespace."""

_CHANGEABLE = 1 << 9
"""Py_TPFLAGS_HEAPTYPE (https://docs.python.org/3/c-api/typeobj.html): others cannot be changed."""


class Scanner:
    """A scan of the modules that remembers where it found something."""

    def __init__(self) -> None:
        self._attributes: dict[AttributePath, None] = {}
        self._tables: dict[int, tuple[str, Any]] = {}
        self._left: list[str] = []

    def scan(
        self, names: Names, *, thorough: bool
    ) -> tuple[list[AttributePath], dict[str, list[str]]]:
        """Return where objects of the notebook are.

        Parameters
        ----------
        names : mapping
            The notebook's namespace.
        thorough : bool
            Whether to scan all modules now.

        Returns
        -------
        attributes : list of AttributePath
            Attributes that hold an object of the notebook, or once did.
        tables : dict of str to list of str
            Path of a table that holds objects of the notebook, to the names of these.
        """
        if thorough or not self._left:
            self._left = list(sys.modules)
        end = time.perf_counter() + _BUDGET
        while self._left and (thorough or time.perf_counter() < end):
            name = self._left.pop()
            module = sys.modules.get(name)
            # Some packages put other objects there; the notebook can have several names.
            if not isinstance(module, ModuleType) or name.partition(".")[0] in _NOT_SCANNED:
                continue
            # No __getattr__ of the module runs, which might import it.
            space = object.__getattribute__(module, "__dict__")
            if space is not names and space.get("__name__") != "__main__":
                self._in_module(AttributePath(name, ()), space, names)
        held = {label: _held(table, names) for label, table in self._tables.values()}
        return list(self._attributes), {label: found for label, found in held.items() if found}

    def _in_module(self, path: AttributePath, space: Mapping[str, Any], names: Names) -> None:
        for name, value in list(space.items()):
            kind = type(value)
            if kind in _INERT or name.startswith("__"):
                continue
            if kind is FunctionType:
                self._function(path, name, value, names)
            elif kind is type or issubclass(kind, type):
                self._class(path, name, value, names)
            elif kind in _TABLES or issubclass(kind, _TABLES):
                if _held(value, names):
                    self._table(path.below(name).label, value)
            elif attribute_paths.is_of_notebook(value, names):
                if not name.startswith("_"):
                    self._attributes[path.below(name)] = None
            else:
                self._in_object(path, name, value, names)

    def _function(self, path: AttributePath, name: str, function: Any, names: Names) -> None:
        space = function.__globals__
        if space is names:
            self._attributes[path.below(name)] = None
        elif space is _FUNCTOOLS and _held(_registry(function), names):
            self._table(path.below(name).label, _registry(function))

    def _class(self, path: AttributePath, name: str, cls: Any, names: Names) -> None:
        module = attribute_paths.module_of(cls)
        # Only in the module that defines it, not in those that import it.
        if module == path.module and cls.__flags__ & _CHANGEABLE:
            self._in_class(cls, names)
        elif module == names.get("__name__"):
            self._attributes[path.below(name)] = None

    def _in_object(self, path: AttributePath, at: str, value: Any, names: Names) -> None:
        """Scan the tables of an object in a module, such as a registry."""
        try:
            inside = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return
        if type(inside) is dict and len(inside) <= _MOST:
            for name, inner in list(inside.items()):
                if type(inner) not in _TABLES or not inner or str(name).startswith("__"):
                    continue
                if _held(inner, names):
                    self._table(f"{path.module}.{at}.{name}", inner)

    def _in_class(self, cls: type, names: Names) -> None:
        for name, value in list(type.__getattribute__(cls, "__dict__").items()):
            kind = type(value)
            if kind in _INERT:
                continue
            if kind is FunctionType:
                is_set = value.__globals__ is names
            elif kind in _TABLES:
                if _held(value, names) and (path := attribute_paths.of_class(cls)):
                    self._table(path.below(name).label, value)
                continue
            else:
                is_set = _is_set(value, names)
            if is_set and (path := attribute_paths.of_class(cls)):
                self._attributes[path.below(name)] = None

    def _table(self, label: str, table: Any) -> None:
        label = "copyreg.dispatch_table" if table is copyreg.dispatch_table else label
        known = self._tables.get(id(table), (label, table))[0]
        # Several modules can have the table; one without private names in its path is preferred.
        self._tables[id(table)] = (min(known, label, key=_privacy), table)


def _registry(function: Any) -> Any:
    """Return the functions of a `functools.singledispatch` function by type, or None."""
    return getattr(function, "registry", None)


def _privacy(label: str) -> tuple[bool, int]:
    return any(part.startswith("_") for part in label.split(".")), len(label)


def _is_set(value: Any, names: Names) -> bool:
    """Tell whether an attribute of a class is an object of the notebook, or an accessor of one."""
    if attribute_paths.is_of_notebook(value, names):
        return True
    return type(value).__name__ in attribute_paths.ACCESSORS and attribute_paths.is_of_notebook(
        vars(value).get("_accessor"), names
    )


def _held(table: Any, names: Names) -> list[str]:
    """Return the names of the notebook's objects in a table."""
    if type(table) is MappingProxyType:
        table = dict(table)
    if not table or len(table) > _MOST:
        return []
    try:
        if isinstance(table, dict):
            kinds = {*map(type, dict.keys(table)), *map(type, dict.values(table))}
        else:
            kinds = {*map(type, table)}
        if kinds <= _INERT_ENTRIES:
            return []
        entries = list(dict.items(table)) if isinstance(table, dict) else list(table)
    except RuntimeError:
        # Another thread changes it.
        return []
    found = (each for each in _flat(entries) if type(each) not in _INERT)
    return attribute_paths.names_in(found, names)


def _flat(entries: Iterable[Any]) -> Iterator[Any]:
    for entry in entries:
        if type(entry) in (tuple, list):
            for part in entry[:3]:
                # Keys of pairs are pairs themselves, as in sqlite3's table of adapters.
                yield from part[:3] if type(part) in (tuple, list) else (part,)
        else:
            yield entry
