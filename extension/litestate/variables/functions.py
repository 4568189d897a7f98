"""Functions of the notebook, by their source where it is known.

Bytecode belongs to one version of Python, and a bundle is opened by several. So a code object is
stored as the text of its cell and where in it the code is; the text is compiled again, and not run.

What pickles call is `source_code`, `module_code`, `stored_code`, `make_cell`, `set_cell`,
`make_function`, `set_function` and `module_globals`: bundles name them, so that they stay.
"""

from __future__ import annotations

import __future__
import ast
import dis
import hashlib
import linecache
import marshal
import platform
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import MAGIC_NUMBER
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from .failures import NotLoadedError

PYTHON = ".".join(platform.python_version_tuple()[:2])
"""The version that bytecode and what is generated belong to."""

_INLINED = re.compile(r"<(?:list|dict|set)comp>\.(?:<locals>\.)?")
"""Scopes that are none from Python 3.12 on (PEP 709)."""

_EMPTY = "empty"
_FULL = "full"


def source_code(
    source: str, features: tuple[str, ...], path: str, line: int, index: int
) -> CodeType:
    """Return a code object of a text, without running anything of it.

    Parameters
    ----------
    source : str
        A whole cell or file.
    features : tuple of str
        Names of the `__future__` features that it is compiled with.
    path : str
        Qualified name, without comprehensions.
    line : int
        Its first line, from 1.
    index : int
        Which one of those with this name and line, from 0.

    Raises
    ------
    NotLoadedError
        If this Python cannot compile the text.
    """
    known = tuple(feature for feature in features if feature in __future__.all_feature_names)
    try:
        found = _compiled(source, _show(source), known).get((path, line), [])
    except (SyntaxError, ValueError) as error:
        raise NotLoadedError(
            f"Python {PYTHON} cannot compile the source of {path}: {error}"
        ) from None
    if index >= len(found):
        raise NotLoadedError(f"{path} is not in its source, as Python {PYTHON} compiles it")
    return found[index]


def module_code(module: str, path: str, index: int, python: str) -> CodeType:
    """Return the code of a function that a function of a library makes.

    Parameters
    ----------
    module : str
        Which one to import.
    path : str
        Qualified name, such as ``contextmanager.<locals>.helper``.
    index : int
        Which one of that name, from 0.
    python : str
        The version of Python that it was seen in.

    Raises
    ------
    NotLoadedError
        If the library has none here.
    """
    found = _in_module(import_module(module), path)
    if index >= len(found):
        raise NotLoadedError(f"{module} has no {path} here (it was made with Python {python})")
    return found[index]


def stored_code(magic: bytes, python: str, data: bytes) -> CodeType:
    """Return code of which only the bytecode was stored.

    Raises
    ------
    NotLoadedError
        If it belongs to another version of Python.
    """
    if magic != MAGIC_NUMBER:
        raise NotLoadedError(
            f"its source was not known, and its bytecode is for Python {python}; "
            f"this is Python {PYTHON}"
        )
    code = marshal.loads(data)
    if not isinstance(code, CodeType):
        raise NotLoadedError("its bytecode is damaged")
    return code


def reduce_code(code: CodeType, module: ModuleType | None, sources: dict[str, str]) -> Any:
    """Return what a code object is stored as.

    Parameters
    ----------
    code : code
        Of a function, or any.
    module : module or None
        Where its function belongs to, unless it is the notebook.
    sources : dict
        Texts that the pickle has already; equal ones become the same object.
    """
    path = _plain_name(code.co_qualname)
    if module is not None:
        found = _in_module(module, code.co_qualname)
        if code in found:
            return module_code, (module.__name__, code.co_qualname, found.index(code), PYTHON)
    features = _features(code)
    for source in _texts(code.co_filename) if module is None else ():
        with suppress(SyntaxError, ValueError):
            found = _compiled(source, code.co_filename, features).get(
                (path, code.co_firstlineno), []
            )
            if code in found:
                source = sources.setdefault(source, source)
                place = (path, code.co_firstlineno, found.index(code))
                return source_code, (source, features, *place)
    return stored_code, (MAGIC_NUMBER, PYTHON, _marshalled(code))


def _marshalled(code: CodeType) -> bytes:
    # Version 2 has no references, which would differ from time to time.
    try:
        return marshal.dumps(code, 2)
    except ValueError:
        return marshal.dumps(code)


def _texts(filename: str) -> Iterator[str]:
    yield from filter(None, ["".join(linecache.getlines(filename))])
    # The file of a script may have been written again and run again.
    linecache.checkcache(filename)
    yield from filter(None, ["".join(linecache.getlines(filename))])


def _show(source: str) -> str:
    """Make a text known to tracebacks and `inspect`, and return its name."""
    name = f"<litestate-{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}>"
    # Without a time, checkcache leaves it.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return name


def _features(code: CodeType) -> tuple[str, ...]:
    return tuple(
        name
        for name in __future__.all_feature_names
        if code.co_flags & getattr(__future__, name).compiler_flag
        and name not in ("nested_scopes", "generators")
    )


@lru_cache(maxsize=64)
def _compiled(
    source: str, filename: str, features: tuple[str, ...]
) -> dict[tuple[str, int], list[CodeType]]:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for name in features:
        flags |= getattr(__future__, name).compiler_flag
    with warnings.catch_warnings():
        # They were shown when the cell ran.
        warnings.simplefilter("ignore")
        whole = compile(source, filename, "exec", flags, dont_inherit=True)
    found: dict[tuple[str, int], list[CodeType]] = {}
    for code in _walk(whole):
        found.setdefault((_plain_name(code.co_qualname), code.co_firstlineno), []).append(code)
    return found


def _walk(code: CodeType) -> Iterator[CodeType]:
    waiting = [code]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [const for const in reversed(current.co_consts) if isinstance(const, CodeType)]


def _plain_name(qualified: str) -> str:
    return _INLINED.sub("", qualified)


def _in_module(module: ModuleType, path: str) -> list[CodeType]:
    """Return the codes with a qualified name inside a function of a module."""
    outer, _, inner = path.partition(".<locals>.")
    owner: Any = module
    for name in outer.split("."):
        owner = vars(owner).get(name) if isinstance(owner, ModuleType | type) else None
    owner = getattr(owner, "__func__", owner)
    while isinstance(owner, FunctionType) and "__wrapped__" in owner.__dict__:
        owner = owner.__wrapped__
    if not isinstance(owner, FunctionType):
        return []
    return [code for code in _walk(owner.__code__) if code.co_qualname == path] if inner else []


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
    return FunctionType(code, namespace, name, None, cells)


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
        "__qualname__": function.__qualname__,
        "__module__": function.__module__,
        "__doc__": function.__doc__,
    }
    if function.__defaults__:
        attributes["__defaults__"] = function.__defaults__
    if function.__kwdefaults__:
        attributes["__kwdefaults__"] = function.__kwdefaults__
    if annotations:
        attributes["__annotations__"] = annotations
    if getattr(function, "__type_params__", ()):
        attributes["__type_params__"] = function.__type_params__
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
    import annotationlib

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
        for code in _walk(function.__code__)
        for instruction in dis.get_instructions(code)
        if instruction.opname in _GLOBAL_OPS
    }
    space = function.__globals__
    return {name: space[name] for name in sorted(names) if name in space}


def _submodules(code: CodeType, values: Iterable[Any]) -> list[str]:
    """Return the submodules that a function reaches through their packages."""
    attributes = {name for inner in _walk(code) for name in inner.co_names}
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
