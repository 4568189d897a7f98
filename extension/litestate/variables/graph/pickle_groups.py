"""Grouping of objects without a codec into pickles.

A pickle that cannot be loaded, because a package is missing, does not affect the others. Pickles
that share an object are joined. The notebook's classes and functions have pickles of their own, to
which the others refer.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...trust import RESTRICTED
from ..codecs.registry import OpaqueError, Put, codec_for, package_of
from ..failures import NotSavedError
from ..group import Bytes
from ..pickles import pickling

_ATOMS = (str, int, float, complex, bool, bytes, types.NoneType)
_IMMUTABLE = (tuple, frozenset)

_ALIKE = frozenset(map(id, (*_ATOMS, *_IMMUTABLE, types.CodeType)))
"""Ids of types whose equal objects are interchangeable."""

_SORTABLE = frozenset(map(id, _ATOMS))

_BY_NAME = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)

_ROUNDS = 100
"""Attempts to find the pickles that share objects; each joins two at least."""


class Graph(Put, Protocol):
    """The encoder, as its pickles see it; for the methods see `encoder.Encoder`."""

    namespace: Any
    buffers: list[Bytes]
    opaque: set[int]

    def node(self, obj: object) -> int | None: ...  # noqa: D102
    def number(self, obj: object) -> int | None: ...  # noqa: D102
    def has_nodes(self, ids: Iterable[int]) -> bool: ...  # noqa: D102
    def root(self, obj: object) -> int: ...  # noqa: D102
    def within_pickles(self) -> AbstractContextManager[None]: ...  # noqa: D102


@dataclass
class _Pickle:
    """One pickle.

    Attributes
    ----------
    roots : dict of int to object
        Its objects that are nodes, by node number.
    seen : dict of int to object
        All objects in it, by id.
    needs : set of int
        Nodes of other pickles that it refers to.
    buffers : list of int
        Numbers of its buffers.
    runs_user_code, is_apart : bool
        See `pickling.Pickle`.
    """

    roots: dict[int, Any]
    data: bytes = b""
    seen: dict[int, Any] = field(default_factory=dict)
    needs: set[int] = field(default_factory=set)
    buffers: list[int] = field(default_factory=list)
    runs_user_code: bool = False
    is_apart: bool = True

    @property
    def defines(self) -> bool:
        """Whether one of its roots is a class or function of the notebook."""
        return any(map(pickling.is_definition, self.roots.values()))


class Pickles:
    """All pickles of a graph.

    Parameters
    ----------
    graph : Graph
        The encoder that builds the graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._new: dict[int, Any] = {}
        self._pickles: list[_Pickle] = []
        self._free: list[int] = []
        self._kinds: dict[type, pickling.Kind] = {}

    def add(self, obj: object, number: int) -> None:
        """Add an object whose node has this number."""
        self._new[number] = obj
        if _is_array(obj):
            self._graph.copied(obj, "pickle")

    def seen(self) -> set[int]:
        """Return the ids of all objects within pickles."""
        return {key for pickle in self._pickles for key in pickle.seen}

    @property
    def needs_trial(self) -> bool:
        """Whether code of the notebook decides if they can be loaded, and a trial is safe."""
        runs_user_code = any(pickle.runs_user_code for pickle in self._pickles)
        return runs_user_code and all(pickle.is_apart for pickle in self._pickles)

    def dump(self, drain: Callable[[], None]) -> list[tuple[bytes, list[int]]]:
        """Make the pickles, each with the numbers of its roots; `drain` fills pending nodes.

        Raises
        ------
        NotSavedError
            If an object cannot be pickled.
        """
        if self._new and RESTRICTED:
            raise NotSavedError("it would be a pickle, and LITESTATE_RESTRICT=1 is set here")
        self._dump_new(drain)
        for _ in range(_ROUNDS):
            together = _together(self._pickles)
            is_stale = any(map(self._is_stale, self._pickles))
            if len(together) == len(self._pickles) and not is_stale:
                break
            self._pickles = [self._joined(pickles) for pickles in together]
            drain()
            self._dump_new(drain)
        for number in self._free:
            self._graph.buffers[number] = b""
        self._pickles.sort(key=lambda pickle: min(pickle.roots))
        return [(pickle.data, list(pickle.roots)) for pickle in self._pickles]

    def _dump_new(self, drain: Callable[[], None]) -> None:
        while self._new:
            number = next(iter(self._new))
            self._pickles.append(self._dumped({number: self._new.pop(number)}))
            drain()

    def _is_stale(self, pickle: _Pickle) -> bool:
        """Tell whether an object in a pickle has become a node after it was pickled."""
        return self._graph.has_nodes(pickle.seen)

    def _joined(self, pickles: list[_Pickle]) -> _Pickle:
        if len(pickles) == 1 and not self._is_stale(pickles[0]):
            return pickles[0]
        self._free += [number for pickle in pickles for number in pickle.buffers]
        roots = {number: obj for pickle in pickles for number, obj in pickle.roots.items()}
        return self._dumped(dict(sorted(roots.items(), key=_order)))

    def _dumped(self, roots: dict[int, Any]) -> _Pickle:
        pickle = _Pickle(roots)
        graph = self._graph

        def raw(data: Any) -> int:
            pickle.buffers.append(self._buffer(data))
            return pickle.buffers[-1]

        def again() -> None:
            self._free += pickle.buffers
            pickle.buffers.clear()

        hook = _Hook(graph, pickle)
        made = pickling.dump(
            list(roots.values()),
            hook,
            namespace=graph.namespace,
            raw=raw,
            approximate=graph.approximate,
            again=again,
            known=self._kinds,
        )
        pickle.data, pickle.runs_user_code, pickle.is_apart = (
            made.data,
            made.runs_user_code,
            made.is_apart,
        )
        pickle.seen = _alive(pickle.seen)
        return pickle

    def _buffer(self, data: Any) -> int:
        # Another view: the pickler releases its own.
        view = memoryview(data)
        if not self._free:
            return self._graph.raw(view)
        number = self._free.pop()
        self._graph.buffers[number] = view
        return number


class _Hook:
    """Decide for each object that a pickler reaches whether it becomes a node of its own."""

    def __init__(self, graph: Graph, pickle: _Pickle) -> None:
        self._graph = graph
        self._pickle = pickle
        self._defines = pickle.defines
        self._ids = set(map(id, pickle.roots.values()))

    def __call__(self, obj: Any) -> int | None:
        if id(obj) in self._ids:
            return None
        if id(type(obj)) in _ALIKE:
            number = self._graph.number(obj) if type(obj) in _IMMUTABLE else None
            return self._needed(obj, number) if number is not None else None
        number = self._graph.node(obj)
        if number is None:
            number = self._separate(obj)
        if number is not None:
            return self._needed(obj, number)
        if not issubclass(type(obj), _BY_NAME) or pickling.is_definition(obj):
            self._pickle.seen[id(obj)] = obj
        if _is_array(obj):
            self._graph.copied(obj, "pickle")
        return None

    def knows(self, obj: Any) -> bool:
        """Tell whether an object is stored elsewhere already; this makes no node."""
        return id(obj) not in self._ids and self._graph.number(obj) is not None

    def _needed(self, obj: Any, number: int) -> int:
        if id(obj) in self._graph.opaque:
            self._pickle.needs.add(number)
        return number

    def _separate(self, obj: Any) -> int | None:
        """Make a node of an array, a table or a definition; return its number, else None."""
        if pickling.is_definition(obj):
            return None if self._defines else self._graph.root(obj)
        if not _is_set_of_atoms(obj) and package_of(type(obj)) not in ("numpy", "pandas"):
            return None
        codec = codec_for(type(obj))
        if codec is None or codec.atom:
            return None
        try:
            with self._graph.within_pickles():
                (number,) = self._graph.plain(obj)
        except OpaqueError:
            return None
        return int(number)


def _is_array(obj: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(type(obj), numpy.ndarray)


def _order(root: tuple[int, Any]) -> tuple[int, int]:
    """Sort classes before their subclasses, and these before all else."""
    number, obj = root
    return (len(type.mro(obj)) if issubclass(type(obj), type) else sys.maxsize), number


def _is_set_of_atoms(obj: Any) -> bool:
    """Tell whether a set can be sorted; in a pickle its order would differ between processes."""
    return type(obj) is set and all(id(type(each)) in _SORTABLE for each in obj)


def _together(pickles: list[_Pickle]) -> list[list[_Pickle]]:
    """Return lists of pickles that have to be joined."""
    sets = {id(pickle): [pickle] for pickle in pickles}
    owner: dict[int, _Pickle] = {}
    by_root = {number: pickle for pickle in pickles for number in pickle.roots}
    for pickle in pickles:
        for key in (*pickle.seen, *map(id, pickle.roots.values())):
            _join(sets, pickle, owner.setdefault(key, pickle))
        for number in pickle.needs:
            other = by_root.get(number)
            if other is not None and (pickle.defines or not other.defines):
                _join(sets, pickle, other)
    return list({id(each): each for each in sets.values()}.values())


def _join(sets: dict[int, list[_Pickle]], one: _Pickle, other: _Pickle) -> None:
    mine, others = sets[id(one)], sets[id(other)]
    if mine is not others:
        mine += others
        sets.update((id(pickle), mine) for pickle in others)


def _alive(objects: dict[int, Any]) -> dict[int, Any]:
    """Return the objects that did not exist only while they were pickled.

    Another object may get the id of one that is gone.
    """
    counts = _references(objects)
    return {
        key: obj for (key, obj), count in zip(objects.items(), counts, strict=True) if count > _OWN
    }


def _references(objects: dict[int, Any]) -> list[int]:
    # One function for both: the references of a loop itself differ between versions of Python.
    return [sys.getrefcount(obj) for obj in objects.values()]


_OWN = _references({0: object()})[0]
"""References to an object that only this function holds."""
