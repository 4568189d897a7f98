"""The sources of executed cells: words in them, and dotted names that they set or call."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from typing import NamedTuple

from ..shell.cell_log import CUT, Executed, Log, current

_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)

_BROKEN = (SyntaxError, ValueError, OverflowError, TypeError, RecursionError, MemoryError)

Chain = tuple[str, ...]
"""A dotted name in a cell, as a tuple of its parts."""


def cells_mention(*words: str, if_unknown: bool = True) -> bool:
    """Tell whether an executed cell contains one of these words.

    Parameters
    ----------
    *words : str
        The words.
    if_unknown : bool, default: True
        What to return if the cells are not known: outside of IPython, and when there were so many
        that the log has dropped the first ones.
    """
    log = current()
    own = log.own
    if not own or log.dropped:
        return if_unknown
    known = _mentions.get(words)
    if known is None or known.log is not log or known.loaded != len(log.loaded):
        known = _mentions[words] = _Mention(words, log, len(log.loaded), log.cells)
    else:
        known.read(own)
    return known.found


class _Mention:
    """Whether cells contain one of some words; each cell is searched once."""

    def __init__(
        self, words: tuple[str, ...], log: Log, loaded: int, cells: list[Executed]
    ) -> None:
        self.log, self.loaded = log, loaded
        self.found = False
        self._words = words
        self._last: Executed | None = None
        self.read(cells)

    def read(self, cells: list[Executed]) -> None:
        """Search the cells from the last searched one on."""
        if self.found:
            return
        for cell in reversed(cells):
            source = cell.source
            if any(word in source for word in self._words) or source.endswith(CUT):
                self.found = True
                return
            if cell is self._last:
                break
        self._last = cells[-1]


_mentions: dict[tuple[str, ...], _Mention] = {}


class Targets(NamedTuple):
    """Dotted names in a cell.

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
    """Parses the cells of this session, each once."""

    def __init__(self) -> None:
        self._last: Executed | None = None

    def unread(self) -> list[Targets]:
        """Return the dotted names in the cells from the last parsed one on.

        The last one is parsed again: it may have been running.
        """
        cells: list[Executed] = []
        for cell in reversed(current().own):
            cells.append(cell)
            if cell is self._last:
                break
        if cells:
            self._last = cells[0]
        return [targets(cell.source) for cell in reversed(cells)]


@lru_cache(maxsize=8)
def targets(source: str) -> Targets:
    """Return the dotted names in a cell; a text that is not Python has none."""
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
    """Return the parts of a dotted name; () for any other expression."""
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
