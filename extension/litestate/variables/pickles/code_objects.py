"""Pickling of code objects by their source where it is known.

Bytecode belongs to one version of Python, but any version may open a bundle. So a code object is
stored as the text of its cell and its position there; the text is compiled again and not run.

Pickles call `source_code`, `module_code` and `stored_code`, under their names in `rebuilding`.
"""

from __future__ import annotations
import __future__

import ast
import hashlib
import linecache
import marshal
import platform
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import MAGIC_NUMBER
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..failures import NotLoadedError
from .definitions import interned

PYTHON = ".".join(platform.python_version_tuple()[:2])
"""The version of Python that bytecode and generated code belong to."""

_INLINED = re.compile(r"<(?:list|dict|set)comp>\.(?:<locals>\.)?")
"""Scopes that Python inlines from version 3.12 on (PEP 709)."""


def source_code(
    source: str, features: tuple[str, ...], path: str, line: int, index: int
) -> CodeType:
    """Return a code object of a text, which is compiled but not run.

    Parameters
    ----------
    source : str
        A whole cell or file.
    features : tuple of str
        Names of `__future__` features that were active.
    path : str
        Qualified name, without comprehensions.
    line : int
        Its first line, from 1.
    index : int
        Its number among the code objects with this name and line, from 0.

    Raises
    ------
    NotLoadedError
        If this Python cannot compile the text.
    """
    known = tuple(feature for feature in features if feature in __future__.all_feature_names)
    try:
        found = _compiled(source, _register(source), known).get((path, line), [])
    except (SyntaxError, ValueError) as error:
        raise NotLoadedError(
            f"Python {PYTHON} cannot compile the source of {path}: {error}"
        ) from None
    if index >= len(found):
        raise NotLoadedError(f"{path} is not in its source, as Python {PYTHON} compiles it")
    return found[index]


def module_code(module: str, path: str, index: int, python: str) -> CodeType:
    """Return the code of a function that is nested in a function of a library.

    Parameters
    ----------
    module : str
        Name of the module to import.
    path : str
        Qualified name, such as ``contextmanager.<locals>.helper``.
    index : int
        Its number among the code objects with this name, from 0.
    python : str
        The version of Python that stored it.

    Raises
    ------
    NotLoadedError
        If the library has no such function here.
    """
    found = _in_module(import_module(module), path)
    if index >= len(found):
        raise NotLoadedError(f"{module} has no {path} here (it was made with Python {python})")
    return found[index]


def stored_code(magic: bytes, python: str, data: bytes) -> CodeType:
    """Return code that was stored as bytecode, because its source was not known.

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
    """Reduce a code object for pickle.

    Parameters
    ----------
    code : code
        The code object.
    module : module or None
        The module of its function, unless that is the notebook.
    sources : dict
        Texts in the pickle so far, so that equal ones become the same object.
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
                place = (interned(path), code.co_firstlineno, found.index(code))
                return source_code, (sources.setdefault(source, source), features, *place)
    return stored_code, (MAGIC_NUMBER, PYTHON, _marshalled(code))


def _marshalled(code: CodeType) -> bytes:
    # Version 2 of the format has no references, which would differ between runs.
    try:
        return marshal.dumps(code, 2)
    except ValueError:
        return marshal.dumps(code)


def _texts(filename: str) -> Iterator[str]:
    yield from filter(None, ["".join(linecache.getlines(filename))])
    # The file of a script may have changed since it was cached.
    linecache.checkcache(filename)
    yield from filter(None, ["".join(linecache.getlines(filename))])


def _register(source: str) -> str:
    """Register a text for tracebacks and `inspect`, and return its file name."""
    name = f"<litestate-{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}>"
    # checkcache leaves entries without a time.
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
        # Warnings were shown when the cell ran.
        warnings.simplefilter("ignore")
        whole = compile(source, filename, "exec", flags, dont_inherit=True)
    found: dict[tuple[str, int], list[CodeType]] = {}
    for code in walk(whole):
        found.setdefault((_plain_name(code.co_qualname), code.co_firstlineno), []).append(code)
    return found


def walk(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all those nested in it."""
    waiting = [code]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [const for const in reversed(current.co_consts) if isinstance(const, CodeType)]


def _plain_name(qualified: str) -> str:
    return _INLINED.sub("", qualified)


def _in_module(module: ModuleType, path: str) -> list[CodeType]:
    """Return the code objects with a qualified name that are nested in a function of a module."""
    outer, _, inner = path.partition(".<locals>.")
    owner: Any = module
    for name in outer.split("."):
        owner = vars(owner).get(name) if isinstance(owner, ModuleType | type) else None
    owner = getattr(owner, "__func__", owner)
    while isinstance(owner, FunctionType) and "__wrapped__" in owner.__dict__:
        owner = vars(owner)["__wrapped__"]
    if not isinstance(owner, FunctionType):
        return []
    return [code for code in walk(owner.__code__) if code.co_qualname == path] if inner else []
