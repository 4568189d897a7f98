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

from . import pickling
from .codecs import OpaqueError, codec_for

if TYPE_CHECKING:
    from .encoder import Encoder

_ALIKE = frozenset(
    {str, int, float, complex, bool, bytes, tuple, frozenset, types.NoneType, types.CodeType}
)
"""Types of which two equal objects are as good as one."""

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
    """

    roots: dict[int, Any]
    data: bytes = b""
    seen: dict[int, Any] = field(default_factory=dict)
    needs: set[int] = field(default_factory=set)

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

    def add(self, obj: object, number: int) -> None:
        """Let an object be pickled; its node has this number."""
        self._new[number] = obj

    def seen(self) -> set[int]:
        """Return the ids of all that is inside of pickles."""
        return {key for blob in self._blobs for key in blob.seen}

    def dump(self, drain: Callable[[], None]) -> list[tuple[bytes, list[int]]]:
        """Make the pickles, each with the numbers of its roots; `drain` ends what is begun.

        Raises
        ------
        NotSavedError
            If something cannot be pickled.
        """
        self._dump_new(drain)
        for _ in range(_ROUNDS):
            together = _together(self._blobs)
            if len(together) == len(self._blobs):
                break
            self._blobs = [self._joined(blobs) for blobs in together]
            self._dump_new(drain)
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

    def _joined(self, blobs: list[_Blob]) -> _Blob:
        if len(blobs) == 1:
            return blobs[0]
        roots = {number: obj for blob in blobs for number, obj in blob.roots.items()}
        return self._dumped(dict(sorted(roots.items())))

    def _dumped(self, roots: dict[int, Any]) -> _Blob:
        blob = _Blob(roots)
        hook = _Hook(self._encoder, blob)
        encoder = self._encoder
        blob.data = pickling.dump(
            list(roots.values()), hook, raw=encoder.raw, approximate=encoder.approximate
        ).data
        blob.seen = _alive(blob.seen)
        return blob


class _Hook:
    """Decide for each object that a pickler meets where it goes."""

    def __init__(self, encoder: Encoder, blob: _Blob) -> None:
        self._encoder = encoder
        self._blob = blob
        self._defines = blob.defines
        self._ids = set(map(id, blob.roots.values()))

    def __call__(self, obj: Any) -> int | None:
        if type(obj) in _ALIKE or id(obj) in self._ids:
            return None
        number = self._encoder.node(obj)
        if number is None:
            number = self._of_its_own(obj)
        if number is not None:
            if id(obj) in self._encoder.opaque:
                self._blob.needs.add(number)
            return number
        if not isinstance(obj, _BY_NAME) or pickling.is_definition(obj):
            self._blob.seen[id(obj)] = obj
        return None

    def _of_its_own(self, obj: Any) -> int | None:
        """Give a node to what is better off outside: arrays, tables and definitions."""
        if pickling.is_definition(obj):
            return None if self._defines else self._encoder.root(obj)
        if type(obj).__module__.partition(".")[0] not in ("numpy", "pandas"):
            return None
        codec = codec_for(type(obj))
        if codec is None or codec.atom:
            return None
        try:
            (number,) = self._encoder.plain(obj)
        except OpaqueError:
            return None
        return int(number)


def _together(blobs: list[_Blob]) -> list[list[_Blob]]:
    """Return which pickles have to be one."""
    sets = {id(blob): [blob] for blob in blobs}
    owner: dict[int, _Blob] = {}
    by_root = {number: blob for blob in blobs for number in blob.roots}
    for blob in blobs:
        for key in blob.seen:
            _join(sets, blob, owner.setdefault(key, blob))
        for number in blob.needs:
            other = by_root[number]
            if blob.defines or not other.defines:
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
    return {key: obj for key, obj in objects.items() if sys.getrefcount(obj) > _OF_NOBODY}


def _of_nobody() -> int:
    """Return the references that `_alive` has itself to something that nobody else has."""
    objects = {0: object()}
    return next(sys.getrefcount(obj) for _, obj in objects.items())


_OF_NOBODY = _of_nobody()
