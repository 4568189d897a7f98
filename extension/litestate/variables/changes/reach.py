"""Variables that a cell may reach through the functions and objects that it names.

The search goes only a little way into objects. `suspects` knows completely what the objects held
at the last scan, and functions defined since then are named in the texts of cells.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable
from itertools import islice
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
    TracebackType,
)
from typing import Any

from . import code_words
from .cell_names import CellNames, cell_names
from .code_words import reaches_anything, words_of

_OBJECTS = 200
"""Objects inside a variable that are searched for functions and objects of notebook classes."""

_ITEMS = 32
"""Items of a container that are searched."""

_CONTAINERS = (list, tuple, set, frozenset, deque)

_SUSPENDED = (GeneratorType, CoroutineType, AsyncGeneratorType)


def names_used(source: str, namespace: dict[str, Any], shell: Any = None) -> frozenset[str] | None:
    """Return the names of the variables that a cell may have changed.

    These are the names in its text, those in the functions of the notebook that it can call
    through them, those in the functions that these can call, and so on. Objects that several
    variables share, and what classes, closures and bound methods hold, are added by `suspects`.
    Names with ``_`` are not saved, so what they share with variables is unknown: a cell that reads
    one that holds a list, say, may change anything.

    Parameters
    ----------
    source : str
        The cell: as typed if there is a `shell`, otherwise as Python.
    namespace : dict
        The notebook's. What a function reaches depends on what it holds: call this before the
        cell runs and after it.
    shell : InteractiveShell, optional
        Transforms the cell to Python.

    Returns
    -------
    frozenset of str or None
        Includes names that are no variables (`print`, for example). None: any variable may have
        changed.
    """
    return reached(cell_names(source, shell), namespace)[0]


def reached(cell: CellNames, namespace: dict[str, Any]) -> tuple[frozenset[str] | None, bool]:
    """Do the work of `names_used` for a cell whose names have been read.

    Returns
    -------
    names : frozenset of str or None
        As for `names_used`.
    later : bool
        Whether the cell may start something that runs on after it.
    """
    if cell.anything:
        return None, cell.later
    reach = Reach(namespace)
    reach.follow(cell.names, cell.read)
    later = cell.later or reach.later
    return (None if reach.anything else frozenset(reach.names)), later


class Reach:
    """Search from names through a namespace; no code of the objects runs.

    Parameters
    ----------
    namespace : dict
        The notebook's.

    Attributes
    ----------
    names : set of str
        Found so far.
    anything : bool
        Whether something was found that may reach any variable.
    later : bool
        Whether something was found that may start code that runs on after the cell.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._seen: set[int] = set()
        self._names_todo: list[str] = []
        self.names: set[str] = set()
        self.anything = False
        self.later = False

    def follow(self, names: Iterable[str], read: Iterable[str]) -> None:
        """Add names and the names that their values reach.

        Parameters
        ----------
        names : iterable of str
            Names in a cell.
        read : iterable of str
            The names that are not only bound.
        """
        for name in read:
            if name in self._namespace:
                self._check_unsaved(name)
        self._add(names)
        while self._names_todo and not self.anything:
            name = self._names_todo.pop()
            if name in self._namespace:
                self._search(self._namespace[name])

    def _add(self, names: Iterable[str]) -> None:
        new = set(names) - self.names
        self.names |= new
        self._names_todo += new

    def _check_unsaved(self, name: str) -> None:
        # It is not saved, so what it shares with other variables is unknown.
        if name.startswith("_") or name == "Out":
            self.anything |= not _is_inert(self._namespace[name])

    def _search(self, value: Any) -> None:
        if value is self._namespace or code_words.is_ipython(value):
            self.anything = True
            return
        todo = deque([value])
        left = _OBJECTS
        while todo and left and not self.anything:
            obj = todo.popleft()
            if id(obj) in self._seen or not gc.is_tracked(obj) or obj is self._namespace:
                continue
            if id(obj) in code_words.FUNCTIONS:
                self.anything = True
            self._seen.add(id(obj))
            left -= 1
            todo.extend(self._inside(obj))

    def _inside(self, obj: Any) -> Iterable[Any]:
        """Return the objects inside an object that may be or hold a function."""
        kind = type(obj)
        if kind is FunctionType:
            return self._function(obj)
        if issubclass(kind, type):
            return self._class(obj)
        if issubclass(kind, (ModuleType, FrameType, TracebackType)) or code_words.is_ipython(obj):
            return ()
        if issubclass(kind, _SUSPENDED):
            return self._suspended(obj)
        inside: list[Any] = [kind] if self._is_ours(kind) else []
        if issubclass(kind, dict):
            return inside + list(islice(dict.values(obj), _ITEMS))
        for container in _CONTAINERS:
            if issubclass(kind, container):
                return inside + list(islice(container.__iter__(obj), _ITEMS))
        return inside + gc.get_referents(obj)[:_ITEMS]

    def _function(self, function: FunctionType) -> Iterable[Any]:
        if function.__globals__ is self._namespace:
            self._code(function.__code__)
        inside = gc.get_referents(*(function.__closure__ or ()))
        inside += function.__defaults__ or ()
        inside += (function.__kwdefaults__ or {}).values()
        inside += islice(vars(function).values(), _ITEMS)
        return inside

    def _class(self, kind: type) -> Iterable[Any]:
        inside: list[Any] = []
        for base in (*type.__dict__["__mro__"].__get__(kind), type(kind)):
            if self._is_here(base):
                inside += type.__getattribute__(base, "__dict__").values()
        return inside

    def _is_ours(self, kind: type) -> bool:
        return any(map(self._is_here, type.__dict__["__mro__"].__get__(kind)))

    def _is_here(self, kind: type) -> bool:
        # Bypasses attributes that a metaclass defines.
        module = type.__getattribute__(kind, "__dict__").get("__module__")
        return type(module) is str and module == self._namespace.get("__name__")

    def _suspended(self, obj: Any) -> Iterable[Any]:
        prefix = {GeneratorType: "gi", CoroutineType: "cr", AsyncGeneratorType: "ag"}[type(obj)]
        frame: FrameType | None = getattr(obj, f"{prefix}_frame")
        if frame is None:
            return ()
        if frame.f_globals is self._namespace:
            self._code(frame.f_code)
            names = {id(value): name for name, value in self._namespace.items()}
            for value in frame.f_locals.values():
                if _is_inert(value):
                    continue
                if id(value) in names:
                    self._add([names[id(value)]])
                else:
                    # It may be part of any variable.
                    self.anything = True
        return gc.get_referents(obj)

    def _code(self, code: CodeType) -> None:
        words = words_of(code)
        self.later = self.later or not code_words.LATER.isdisjoint(words)
        if reaches_anything(code, words):
            self.anything = True
        used = [name for name in words if name in self._namespace]
        for name in used:
            self._check_unsaved(name)
        self._add(used)


def _is_inert(value: Any) -> bool:
    """Tell whether an object holds nothing that other variables may share."""
    atoms = (bool, int, float, complex, str, bytes, range)
    return (
        value is None
        or type(value) in atoms
        or issubclass(type(value), (FunctionType, type, ModuleType))
    )
