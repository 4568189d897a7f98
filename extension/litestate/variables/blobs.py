"""What is not plain in a graph, in as many pickles as sharing allows.

One that cannot be loaded somewhere, because a package is missing there, takes no other with it.
What two of them share makes them one, but not the notebook's own classes and functions: these have
pickles of their own, to which the others refer.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..trust import RESTRICTED
from . import pickling
from .codecs import OpaqueError, codec_for, package_of
from .failures import NotSavedError

if TYPE_CHECKING:
    from .encoder import Encoder

_ATOMS = (str, int, float, complex, bool, bytes, types.NoneType)
_IMMUTABLE = (tuple, frozenset)

_ALIKE = frozenset(map(id, (*_ATOMS, *_IMMUTABLE, types.CodeType)))
"""Types, by identity, of which two equal objects are as good as one."""

_SORTABLE = frozenset(map(id, _ATOMS))

_BY_NAME = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)

_ROUNDS = 100
"""Tries to find out what belongs together; each makes one pickle of two at least."""


@dataclass
class _Blob:
    """One pickle.

    Attributes
    ----------
    roots : dict of int to object
        By node number.
    seen : dict of int to object
        What is inside, by id.
    needs : set of int
        Nodes of other pickles.
    buffers : list of int
        Numbers of those that it has.
    runs_own, is_apart : bool
        As of `pickling.Pickle`.
    """

    roots: dict[int, Any]
    data: bytes = b""
    seen: dict[int, Any] = field(default_factory=dict)
    needs: set[int] = field(default_factory=set)
    buffers: list[int] = field(default_factory=list)
    runs_own: bool = False
    is_apart: bool = True

    @property
    def defines(self) -> bool:
        """Whether it has one of the notebook's classes or functions."""
        return any(map(pickling.is_definition, self.roots.values()))


class Blobs:
    """All pickles of a graph.

    Parameters
    ----------
    encoder : Encoder
        Makes the graph.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._new: dict[int, Any] = {}
        self._blobs: list[_Blob] = []
        self._free: list[int] = []
        self._kinds: dict[type, pickling.Kind] = {}

    def add(self, obj: object, number: int) -> None:
        """Let an object be pickled; its node has this number."""
        self._new[number] = obj
        if _is_array(obj):
            self._encoder.copied(obj, "pickle")

    def seen(self) -> set[int]:
        """Return the ids of all that is inside of pickles."""
        return {key for blob in self._blobs for key in blob.seen}

    @property
    def is_doubtful(self) -> bool:
        """Whether code of the notebook decides if they can be loaded, and that can be tried."""
        runs_own = any(blob.runs_own for blob in self._blobs)
        return runs_own and all(blob.is_apart for blob in self._blobs)

    def dump(self, drain: Callable[[], None]) -> list[tuple[bytes, list[int]]]:
        """Make the pickles, each with the numbers of its roots; `drain` ends what is begun.

        Raises
        ------
        NotSavedError
            If something cannot be pickled.
        """
        if self._new and RESTRICTED:
            raise NotSavedError("it would be a pickle, and LITESTATE_RESTRICT=1 is set here")
        self._dump_new(drain)
        for _ in range(_ROUNDS):
            together = _together(self._blobs)
            is_stale = any(map(self._is_stale, self._blobs))
            if len(together) == len(self._blobs) and not is_stale:
                break
            self._blobs = [self._joined(blobs) for blobs in together]
            drain()
            self._dump_new(drain)
        for number in self._free:
            self._encoder.buffers[number] = b""
        self._blobs.sort(key=lambda blob: min(blob.roots))
        for number, blob in enumerate(self._blobs):
            for index, node in enumerate(blob.roots):
                self._encoder.place(node, number, index)
        return [(blob.data, list(blob.roots)) for blob in self._blobs]

    def _dump_new(self, drain: Callable[[], None]) -> None:
        while self._new:
            number = next(iter(self._new))
            self._blobs.append(self._dumped({number: self._new.pop(number)}))
            drain()

    def _is_stale(self, blob: _Blob) -> bool:
        """Tell whether something inside has become a node after it was pickled."""
        return self._encoder.numbered(blob.seen)

    def _joined(self, blobs: list[_Blob]) -> _Blob:
        if len(blobs) == 1 and not self._is_stale(blobs[0]):
            return blobs[0]
        self._free += [number for blob in blobs for number in blob.buffers]
        roots = {number: obj for blob in blobs for number, obj in blob.roots.items()}
        return self._dumped(dict(sorted(roots.items(), key=_order)))

    def _dumped(self, roots: dict[int, Any]) -> _Blob:
        blob = _Blob(roots)
        encoder = self._encoder

        def raw(data: Any) -> int:
            blob.buffers.append(self._buffer(data))
            return blob.buffers[-1]

        def again() -> None:
            self._free += blob.buffers
            blob.buffers.clear()

        hook = _Hook(encoder, blob)
        made = pickling.dump(
            list(roots.values()),
            hook,
            namespace=encoder.namespace,
            raw=raw,
            approximate=encoder.approximate,
            again=again,
            known=self._kinds,
        )
        blob.data, blob.runs_own, blob.is_apart = made.data, made.runs_own, made.is_apart
        blob.seen = _alive(blob.seen)
        return blob

    def _buffer(self, data: Any) -> int:
        # A view of its own: the pickler closes the one that it has.
        view = memoryview(data)
        if not self._free:
            return self._encoder.raw(view)
        number = self._free.pop()
        self._encoder.buffers[number] = view
        return number


class _Hook:
    """Decide for each object that a pickler meets where it goes."""

    def __init__(self, encoder: Encoder, blob: _Blob) -> None:
        self._encoder = encoder
        self._blob = blob
        self._defines = blob.defines
        self._ids = set(map(id, blob.roots.values()))

    def __call__(self, obj: Any) -> int | None:
        if id(obj) in self._ids:
            return None
        if id(type(obj)) in _ALIKE:
            number = self._encoder.number(obj) if type(obj) in _IMMUTABLE else None
            return self._needed(obj, number) if number is not None else None
        number = self._encoder.node(obj)
        if number is None:
            number = self._of_its_own(obj)
        if number is not None:
            return self._needed(obj, number)
        if not issubclass(type(obj), _BY_NAME) or pickling.is_definition(obj):
            self._blob.seen[id(obj)] = obj
        if _is_array(obj):
            self._encoder.copied(obj, "pickle")
        return None

    def knows(self, obj: Any) -> bool:
        """Tell whether an object is elsewhere already; asking makes no node."""
        return id(obj) not in self._ids and self._encoder.number(obj) is not None

    def _needed(self, obj: Any, number: int) -> int:
        if id(obj) in self._encoder.opaque:
            self._blob.needs.add(number)
        return number

    def _of_its_own(self, obj: Any) -> int | None:
        """Give a node to what is better off outside: arrays, tables and definitions."""
        if pickling.is_definition(obj):
            return None if self._defines else self._encoder.root(obj)
        if not _is_set_of_atoms(obj) and package_of(type(obj)) not in ("numpy", "pandas"):
            return None
        codec = codec_for(type(obj))
        if codec is None or codec.atom:
            return None
        try:
            with self._encoder.inside_of_pickles():
                (number,) = self._encoder.plain(obj)
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
    """Tell whether this is a set to be sorted; in a pickle its order is one of many."""
    return type(obj) is set and all(id(type(each)) in _SORTABLE for each in obj)


def _together(blobs: list[_Blob]) -> list[list[_Blob]]:
    """Return which pickles have to be one."""
    sets = {id(blob): [blob] for blob in blobs}
    owner: dict[int, _Blob] = {}
    by_root = {number: blob for blob in blobs for number in blob.roots}
    for blob in blobs:
        for key in (*blob.seen, *map(id, blob.roots.values())):
            _join(sets, blob, owner.setdefault(key, blob))
        for number in blob.needs:
            other = by_root.get(number)
            if other is not None and (blob.defines or not other.defines):
                _join(sets, blob, other)
    return _unique(sets.values())


def _join(sets: dict[int, list[_Blob]], one: _Blob, other: _Blob) -> None:
    mine, others = sets[id(one)], sets[id(other)]
    if mine is not others:
        mine += others
        sets.update((id(blob), mine) for blob in others)


def _unique(lists: Iterable[list[_Blob]]) -> list[list[_Blob]]:
    return list({id(each): each for each in lists}.values())


def _alive(objects: dict[int, Any]) -> dict[int, Any]:
    """Leave out what only lived while it was pickled: another object may get its id."""
    counts = _references(objects)
    return {
        key: obj for (key, obj), count in zip(objects.items(), counts, strict=True) if count > _OURS
    }


def _references(objects: dict[int, Any]) -> list[int]:
    # One function for both: what a loop itself refers to differs between versions of Python.
    return [sys.getrefcount(obj) for obj in objects.values()]


_OURS = _references({0: object()})[0]
"""References to something that nobody else has."""
