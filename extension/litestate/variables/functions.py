"""Functions and closures of the notebook.

What pickles call is `make_cell`, `set_cell`, `make_function`, `set_function` and
`module_globals`: bundles name them, so that they stay.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from .code_objects import PYTHON, walk
from .failures import NotLoadedError
from .quiet import steady

_EMPTY = "empty"
_FULL = "full"


def make_cell() -> CellType:
    """Return a new cell for a variable of a closure, with nothing in it."""
    return CellType()


def set_cell(cell: CellType, state: tuple[str, Any]) -> None:
    """Fill a cell."""
    if state[0] == _FULL:
        cell.cell_contents = state[1]


def reduce_cell(cell: CellType, filled_later: bool) -> Any:
    """Return what a cell is stored as; functions fill theirs when they exist themselves."""
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
    """Return a function that is still to be completed.

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
        # Without it the function is as good as it was where this is not installed.
        with suppress(ImportError):
            import_module(name)


def function_state(
    function: FunctionType, annotations: dict[str, Any], with_globals: bool
) -> dict[str, Any]:
    """Return what completes a function.

    Parameters
    ----------
    function : function
        Which one.
    annotations : dict
        Its annotations, evaluated.
    with_globals : bool
        Whether to add the globals that it uses, which are not the notebook's.
    """
    attributes: dict[str, Any] = {
        "__qualname__": steady(function.__qualname__),
        "__module__": steady(function.__module__),
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
    """Return the annotations of a function or a class itself, evaluated; None if it has none.

    From Python 3.14 on they are evaluated when they are asked for (PEP 649).
    """
    if sys.version_info < (3, 14):
        own = vars(obj) if isinstance(obj, type) else {"__annotations__": obj.__annotations__}
        found = own.get("__annotations__")
        return dict(found) if isinstance(found, dict) else None
    import annotationlib  # type: ignore[import-not-found]

    try:
        return annotationlib.get_annotations(obj) or None
    except Exception:
        # They name what is not there (yet), or do anything else: they are code of the user.
        approximate("annotations that cannot be evaluated are text")
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
