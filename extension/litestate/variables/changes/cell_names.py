"""Names in the text of a cell."""

from __future__ import annotations

import ast
import warnings
from typing import Any, NamedTuple

from .code_words import (
    ATTRIBUTES,
    HERE,
    IDENTIFIER,
    LATER,
    MODULES,
    NAMES,
    code_of_magic,
    is_get_ipython,
    words_of,
)

_LONGEST = 100_000
"""Characters of a cell that are read; reading more takes longer than scanning all variables."""

_BROKEN = (SyntaxError, ValueError, OverflowError, TypeError)
"""Raised for invalid Python. IPython parses a whole cell before it runs any of it."""


class CellNames(NamedTuple):
    """The names in the text of a cell.

    Attributes
    ----------
    names : frozenset of str
        Names that are read, bound or deleted, without those of local variables.
    read : frozenset of str
        The names that are not only bound.
    anything : bool
        Whether it may reach variables that it does not name.
    later : bool
        Whether it may start something that runs on after the cell.
    """

    names: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    anything: bool = False
    later: bool = False


ANYTHING = CellNames(anything=True)


def cell_names(source: str, shell: Any = None, *, python: bool = False) -> CellNames:
    """Return the names in the text of a cell.

    Parameters
    ----------
    source : str
        The cell: as typed if there is a `shell`, otherwise as Python.
    shell : InteractiveShell, optional
        Transforms the cell to Python.
    python : bool
        Whether the shell has already transformed it. Quoted parts, such as the body of a
        ``%%time``, are still as typed.

    Returns
    -------
    CellNames
        Empty for invalid Python, because then nothing runs.
    """
    if len(source) > _LONGEST:
        return ANYTHING
    if shell is not None:
        if shell.ast_transformers:
            return ANYTHING
        if not python:
            try:
                source = shell.transform_cell(source)
            except SyntaxError:
                return CellNames()
    with warnings.catch_warnings():
        # Warnings are shown when the cell runs.
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source)
        except _BROKEN:
            return CellNames()
        except (MemoryError, RecursionError):
            # Nested too deeply to parse here, but perhaps not where it runs.
            return ANYTHING
        words = _Words(shell)
        words.walk(tree)
        return words.found(_globals(tree))


def _globals(tree: ast.Module) -> set[str] | None:
    """Return the names of globals and attributes, or None if they are unknown."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        return words_of(compile(tree, "<cell>", "exec", flags, dont_inherit=True))
    except (*_BROKEN, MemoryError, RecursionError):
        # IPython compiles one statement after the other: those before a bare `return` have run.
        return None


class _Words:
    """Collector of the names in a syntax tree."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names: set[str] = set()
        self._read: set[str] = set()
        self._attributes: set[str] = set()
        # Names found by a regular expression only: they may be those of anything.
        self._loose: set[str] = set()
        self._anything = False
        self._later = False

    def found(self, globals_: set[str] | None) -> CellNames:
        """Return the names found, without those that are only local."""
        names = self._names
        if globals_ is not None:
            # The compiler mangles private names of classes; the text has them unmangled.
            private = {name for name in globals_ if name.startswith("_")}
            names = (names & globals_) | (private - self._attributes)
        names = names | self._loose
        words = names | self._attributes
        anything = (
            self._anything
            or not NAMES.isdisjoint(names)
            or not MODULES.isdisjoint(names)
            or not ATTRIBUTES.isdisjoint(self._attributes)
        )
        later = self._later or not LATER.isdisjoint(words)
        return CellNames(frozenset(names), frozenset(names & self._read), anything, later)

    def walk(self, tree: ast.AST) -> None:
        """Visit all nodes below one."""
        todo = [tree]
        while todo:
            node = todo.pop()
            visit = _VISIT.get(type(node))
            if visit is not None and visit(self, node):
                continue
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    todo += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST):
                    todo.append(value)

    def _name(self, node: Any) -> bool:
        self._names.add(node.id)
        if type(node.ctx) is not ast.Store:
            self._read.add(node.id)
            self._anything |= node.id == "locals"
        return True

    def _attribute(self, node: Any) -> None:
        self._attributes.add(node.attr)

    def _constant(self, node: Any) -> bool:
        # The module that has the variables.
        self._anything |= node.value == "__main__"
        return True

    def _compare(self, node: Any) -> bool:
        """Leave out ``__name__ == "__main__"``."""
        sides = [node.left, *node.comparators]
        return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and all(
            isinstance(side, (ast.Name, ast.Constant)) for side in sides
        )

    def _definition(self, node: Any) -> None:
        self._names.add(node.name)

    def _capture(self, node: Any) -> None:
        # `except` and `match` may bind a name.
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._names.add(name)

    def _import(self, node: Any) -> None:
        if getattr(node, "module", None) == "__main__":
            self._anything = True
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self._names.add(alias.asname or first)
            renamed = alias.asname and alias.name in NAMES
            if alias.name == "*" or renamed or first in MODULES | ATTRIBUTES:
                self._anything = True

    def _global(self, node: Any) -> bool:
        self._names.update(node.names)
        return True

    def _augmented(self, node: Any) -> None:
        if isinstance(node.target, ast.Name):
            self._read.add(node.target.id)

    def _call(self, node: Any) -> bool:
        function = node.func
        if isinstance(function, ast.Name) and function.id == "vars" and not node.args:
            self._anything = True
        if not (isinstance(function, ast.Attribute) and is_get_ipython(function.value)):
            return False
        code = code_of_magic(node)
        if code is None:
            self._anything = True
            return True
        line, body = code
        self._line(line)
        if body:
            self._body(body)
        return True

    def _line(self, line: str) -> None:
        """Add every word of a line: options and code look alike."""
        words = set(IDENTIFIER.findall(line))
        self._loose |= words
        self._read |= words
        self._anything |= not words.isdisjoint(HERE | ATTRIBUTES | NAMES)

    def _body(self, body: str) -> None:
        inner = cell_names(body, self._shell)
        self._loose |= inner.names
        self._read |= inner.read
        self._anything |= inner.anything
        self._later |= inner.later
        if self._shell is None and not inner.names and any(mark in body for mark in "%!?"):
            # Commands in the body; only a shell can transform them to Python.
            self._anything = True


_VISIT: dict[type, Any] = {
    ast.Name: _Words._name,
    ast.Attribute: _Words._attribute,
    ast.Compare: _Words._compare,
    ast.Constant: _Words._constant,
    ast.FunctionDef: _Words._definition,
    ast.AsyncFunctionDef: _Words._definition,
    ast.ClassDef: _Words._definition,
    ast.ExceptHandler: _Words._capture,
    ast.MatchAs: _Words._capture,
    ast.MatchStar: _Words._capture,
    ast.MatchMapping: _Words._capture,
    ast.Import: _Words._import,
    ast.ImportFrom: _Words._import,
    ast.Global: _Words._global,
    ast.AugAssign: _Words._augmented,
    ast.Call: _Words._call,
}
