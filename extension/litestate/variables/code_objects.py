"""Code objects, by their source where it is known.

Bytecode belongs to one version of Python, and a bundle is opened by several. So a code object is
stored as the text of its cell and where in it the code is; the text is compiled again, and not run.

What pickles call is `source_code`, `module_code` and `stored_code`: bundles name them, so that
they stay.
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

from .failures import NotLoadedError
from .quiet import steady

PYTHON = ".".join(platform.python_version_tuple()[:2])
"""The version that bytecode and what is generated belong to."""

_INLINED = re.compile(r"<(?:list|dict|set)comp>\.(?:<locals>\.)?")
"""Scopes that are none from Python 3.12 on (PEP 709)."""


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
                place = (steady(path), code.co_firstlineno, found.index(code))
                return source_code, (sources.setdefault(source, source), features, *place)
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
    for code in walk(whole):
        found.setdefault((_plain_name(code.co_qualname), code.co_firstlineno), []).append(code)
    return found


def walk(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those inside of it."""
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
        owner = vars(owner)["__wrapped__"]
    if not isinstance(owner, FunctionType):
        return []
    return [code for code in walk(owner.__code__) if code.co_qualname == path] if inner else []
