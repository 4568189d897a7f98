"""What the text of a cell says that it sets, and calls, by dotted names."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

from .executed import Executed, current
from .places import MISSING, step

_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)

_BROKEN = (SyntaxError, ValueError, OverflowError, TypeError, RecursionError, MemoryError)

Chain = tuple[str, ...]


class Targets(NamedTuple):
    """Dotted names in a cell, as tuples of their parts.

    Attributes
    ----------
    set : tuple
        Attributes that are bound: by ``=``, by ``setattr`` with a text, by ``del``.
    called : tuple
        Functions that are called, or that decorate.
    imported : tuple
        ``(name, module, name in it or "")`` of each import.
    """

    set: tuple[Chain, ...] = ()
    called: tuple[Chain, ...] = ()
    imported: tuple[tuple[str, str, str], ...] = ()


class Reader:
    """Reads the cells of this session, each once."""

    def __init__(self) -> None:
        self._last: Executed | None = None

    def unread(self) -> list[Targets]:
        """Return what stands in the cells from the last one on that was read.

        That one again: it may have been running.
        """
        cells: list[Executed] = []
        for cell in reversed(current().own):
            cells.append(cell)
            if cell is self._last:
                break
        if cells:
            self._last = cells[0]
        return [targets(cell.source) for cell in reversed(cells)]


def start_of(name: str, found: Targets, names: Mapping[str, Any]) -> Any:
    """Return the module or class that a name in a cell stands for, or something else, or nothing.

    Parameters
    ----------
    name : str
        The first part of a dotted name.
    found : Targets
        Of the cell: a function in it may import something for itself.
    names : mapping
        The notebook's namespace.
    """
    here = names.get(name, MISSING)
    if isinstance(here, ModuleType | type):
        return here
    for bound, module, inner in found.imported:
        if bound == name and module in sys.modules:
            return step(sys.modules[module], inner) if inner else sys.modules[module]
    return here


@lru_cache(maxsize=8)
def targets(source: str) -> Targets:
    """Return the dotted names in a cell; none of a text that is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(_MAGIC.sub(r"\1pass", source))
    except _BROKEN:
        return Targets()
    bound: dict[Chain, None] = {}
    called: dict[Chain, None] = {}
    imported: list[tuple[str, str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            bound[_chain(node)] = None
        elif isinstance(node, ast.Call):
            called[_chain(node.func)] = None
            bound[_by_setattr(node)] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            called |= {_chain(decorator): None for decorator in node.decorator_list}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported += _imports(node)
    long = tuple(chain for chain in bound if len(chain) > 1)
    return Targets(long, tuple(chain for chain in called if chain), tuple(imported))


def _chain(node: ast.AST) -> Chain:
    """Return the parts of a dotted name; nothing of any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def _by_setattr(node: ast.Call) -> Chain:
    if not isinstance(node.func, ast.Name) or node.func.id != "setattr" or len(node.args) != 3:
        return ()
    owner, name = _chain(node.args[0]), node.args[1]
    is_text = isinstance(name, ast.Constant) and isinstance(name.value, str)
    return (*owner, name.value) if owner and is_text else ()  # type: ignore[attr-defined]


def _imports(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str, str]]:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return [(alias.asname or alias.name, module, alias.name) for alias in node.names]
    return [
        (alias.asname, alias.name, "")
        if alias.asname
        else (alias.name.partition(".")[0], alias.name.partition(".")[0], "")
        for alias in node.names
    ]
