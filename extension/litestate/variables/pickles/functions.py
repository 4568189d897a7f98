"""Pickling of functions and closures of the notebook.

Pickles call `make_cell`, `set_cell`, `make_function`, `set_function` and `module_globals`, under
their names in `rebuilding`.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from ..failures import NotLoadedError
from .code_objects import PYTHON, walk
from .definitions import NOTEBOOK, interned

NAMESPACE = "namespace"
"""The persistent id of the notebook's globals."""

_EMPTY = "empty"
_FULL = "full"


class NotebookGlobals:
    """Stand-in for the notebook's globals while functions are pickled."""


@dataclass(frozen=True)
class ModuleGlobals:
    """Stand-in for the globals of a library's functions."""

    name: str


class Globals:
    """The globals of all functions of one pickle.

    Parameters
    ----------
    namespace : dict or None
        The notebook's; None for every one whose ``__name__`` is ``"__main__"``.
    """

    def __init__(self, namespace: dict[str, Any] | None) -> None:
        self._namespace = namespace
        self._notebook = NotebookGlobals()
        self._copies: dict[int, dict[str, Any]] = {}
        self._modules: dict[str, ModuleGlobals] = {}

    def stand_in(self, space: dict[str, Any]) -> tuple[Any, ModuleType | None, bool]:
        """Return a stand-in for globals, their module, and whether they are stored by value."""
        name = space.get("__name__")
        is_main = self._namespace is None and name == NOTEBOOK
        if is_main or space is self._namespace:
            return self._notebook, None, False
        module = sys.modules.get(name) if isinstance(name, str) else None
        if isinstance(module, ModuleType) and vars(module) is space:
            found = self._modules.setdefault(str(name), ModuleGlobals(str(name)))
            return found, module, False
        copy: dict[str, Any] = {
            key: space[key] for key in ("__name__", "__package__") if key in space
        }
        return self._copies.setdefault(id(space), copy), None, True


def make_cell() -> CellType:
    """Return a new, empty cell for a variable of a closure."""
    return CellType()


def set_cell(cell: CellType, state: tuple[str, Any]) -> None:
    """Fill a cell."""
    if state[0] == _FULL:
        cell.cell_contents = state[1]


def reduce_cell(cell: CellType, filled_later: bool) -> Any:
    """Reduce a cell for pickle; a cell of a function is filled when that function exists."""
    if filled_later:
        return make_cell, ()
    return make_cell, (), _content(cell), None, None, set_cell


def _content(cell: CellType) -> tuple[str, Any]:
    try:
        return _FULL, cell.cell_contents
    except ValueError:
        return _EMPTY, None


def module_globals(name: str) -> dict[str, Any]:
    """Return the namespace of a module, imported if need be."""
    return vars(import_module(name))


def make_function(
    code: CodeType, namespace: dict[str, Any], name: str, closure: dict[str, CellType]
) -> FunctionType:
    """Return a function that `set_function` completes.

    Raises
    ------
    NotLoadedError
        If the code, compiled by this Python, needs other variables than it was given.
    """
    missing = [free for free in code.co_freevars if free not in closure]
    if missing:
        raise NotLoadedError(f"{name} needs {', '.join(missing)} in Python {PYTHON}")
    cells = tuple(closure[free] for free in code.co_freevars)
    return FunctionType(code, namespace, name, None, cells or None)


def set_function(function: FunctionType, state: dict[str, Any]) -> None:
    """Complete a function."""
    for cell, content in state["cells"]:
        set_cell(cell, content)
    for name, value in state.get("globals", {}).items():
        function.__globals__.setdefault(name, value)
    for name, value in state["attributes"].items():
        setattr(function, name, value)
    function.__dict__.update(state["dict"])
    for name in state["submodules"]:
        # The function may work without a submodule that is not installed here.
        with suppress(ImportError):
            import_module(name)


def function_state(
    function: FunctionType, annotations: dict[str, Any], with_globals: bool
) -> dict[str, Any]:
    """Return the state that completes a function.

    Parameters
    ----------
    function : function
        The function.
    annotations : dict
        Its annotations, evaluated.
    with_globals : bool
        Whether to add the globals that it uses, because they are not the notebook's.
    """
    attributes: dict[str, Any] = {
        "__qualname__": interned(function.__qualname__),
        "__module__": interned(function.__module__),
        "__doc__": function.__doc__,
    }
    if function.__defaults__:
        attributes["__defaults__"] = function.__defaults__
    if function.__kwdefaults__:
        attributes["__kwdefaults__"] = function.__kwdefaults__
    if annotations:
        attributes["__annotations__"] = annotations
    if parameters := getattr(function, "__type_params__", ()):
        attributes["__type_params__"] = parameters
    used = _used_globals(function)
    cells = [(cell, _content(cell)) for cell in function.__closure__ or ()]
    values = (*used.values(), *(content for _, (_, content) in cells))
    state = {
        "cells": cells,
        "attributes": attributes,
        "dict": dict(function.__dict__),
        "submodules": _submodules(function.__code__, values),
    }
    return {**state, "globals": used} if with_globals else state


def annotations_of(obj: Any, approximate: Callable[[str], None]) -> dict[str, Any] | None:
    """Return the own annotations of a function or class, evaluated; None if it has none.

    From Python 3.14 on they are evaluated on access (PEP 649).
    """
    if sys.version_info < (3, 14):
        own = vars(obj) if isinstance(obj, type) else {"__annotations__": obj.__annotations__}
        found = own.get("__annotations__")
        return dict(found) if isinstance(found, dict) else None
    import annotationlib  # type: ignore[import-not-found]

    try:
        return annotationlib.get_annotations(obj) or None
    except Exception:
        # They are code of the user: they may name something that is not defined yet, or raise.
        approximate("annotations that cannot be evaluated become text")
    return annotationlib.get_annotations(obj, format=annotationlib.Format.STRING) or None


_GLOBAL_OPS = ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME")


def _used_globals(function: FunctionType) -> dict[str, Any]:
    names = {
        str(instruction.argval)
        for code in walk(function.__code__)
        for instruction in dis.get_instructions(code)
        if instruction.opname in _GLOBAL_OPS
    }
    space = function.__globals__
    return {name: space[name] for name in sorted(names) if name in space}


def _submodules(code: CodeType, values: Iterable[Any]) -> list[str]:
    """Return the submodules that a function reaches through their packages."""
    attributes = {name for inner in walk(code) for name in inner.co_names}
    prefixes = tuple(
        f"{value.__name__}."
        for value in values
        if isinstance(value, ModuleType) and "__path__" in vars(value)
    )
    if not prefixes:
        return []
    return sorted(
        name
        for name in list(sys.modules)
        for prefix in prefixes
        if name.startswith(prefix) and attributes.issuperset(name[len(prefix) :].split("."))
    )
