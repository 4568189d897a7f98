"""Turn objects into a graph: what is plain as JSON and buffers, the rest as pickles.

Sharing survives: an object that is reached twice is one node. See ``docs/bundle-format.md``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import fastjson, imported, written
from .blobs import Blobs
from .codecs import Codec, OpaqueError, Value, codec_for, codec_of
from .failures import NotSavedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .group import Bytes
    from .spans import Spans

_ONLY_ONE = frozenset(map(id, ((), frozenset(), b"")))
"""Of objects of which Python has one only: to have them is to share nothing."""

_MAX_DEPTH = 40
"""Levels of tuples in tuples, and the like; what is deeper is pickled."""


_PATIENCE = 300_000
"""Containers that may be looked at for JSON in vain, and some more for each that is stored."""

_PATIENCE_PER_NODE = 8


class Encoder:
    """One graph.

    Parameters
    ----------
    namespace : dict, optional
        Of the notebook.
    fast : bool, optional
        Whether to look for what is JSON already.

    Attributes
    ----------
    namespace : dict or None
        As given.
    notes : list of str
        What will not be quite as it was.
    concerned : dict of str to set of int
        For each note the ids of the objects that it is about; none if it is about all.
    """

    def __init__(self, namespace: Any = None, *, fast: bool = True) -> None:
        self.namespace = namespace
        self._fast = fast
        self._by_name: dict[int, Value] = {
            key: ["global", list(place)] for key, place in imported.named().items()
        }
        if namespace is not None:
            self._by_name[id(namespace)] = ["namespace", None]
        self._scanned: dict[int, fastjson.Nested] = {}
        self.notes: list[str] = []
        self.concerned: dict[str, set[int]] = {}
        self.buffers: list[Bytes] = []
        self.pickles: list[bytes] = []
        self.opaque: set[int] = set()
        self._nodes: list[list[Any]] = []
        self._memo: dict[int, int] = {}
        self._alive: list[Any] = []
        self._apart: list[tuple[object, str, frozenset[int]]] = []
        self._nested: dict[int, fastjson.Nested] = {}
        self._inside: dict[int, int] = {}
        self._wasted = 0
        self._is_inner = False
        self._inner: set[int] = set()
        self._building: set[int] = set()
        self._pending: deque[tuple[list[Any], Codec, Any]] = deque()
        self._spans: Spans | None = None
        self._blobs = Blobs(self)

    def encode(self, values: Mapping[str, object]) -> bytes:
        """Return the graph of some names; `buffers` and `pickles` belong to it.

        Raises
        ------
        NotSavedError
            If something of it cannot be stored at all.
        ValueError
            If something that is JSON but for NaN and the like was taken for JSON: take another
            encoder, that is not `fast`.
        """
        names = {name: self.value(value) for name, value in self._largest_first(values)}
        self._drain()
        pickles = self._blobs.dump(self._drain)
        if self._spans is not None:
            self._spans.finish(self.buffers, self.opaque)
        self._name_what_is_apart()
        self.pickles = [data for data, _ in pickles]
        document = {
            "names": {name: names[name] for name in sorted(names)},
            "nodes": self._nodes,
            "pickles": [nodes for _, nodes in pickles],
        }
        return written.document(document)

    @property
    def is_doubtful(self) -> bool:
        """Whether code of the notebook decides if it can be loaded, and that can be tried."""
        return self._blobs.is_doubtful

    @property
    def shared(self) -> set[int]:
        """Ids of everything that another name may hold, too; valid while it lives."""
        ids = (
            {*self._memo, *(id(obj) for obj, _, _ in self._apart), *self._blobs.seen()}
            - _ONLY_ONE
            - self._by_name.keys()
        )
        # The one for large data is not copied.
        more = [found.ids for found in self._nested.values()]
        more += [] if self._spans is None else [self._spans.ids]
        return max(more, key=len).union(ids, *more) if more else ids

    def forget(self) -> None:
        """Refer no more to the objects of the graph: it refers to itself, and may stay for long.

        Who has what was made of it (`buffers`, `pickles`) keeps it.
        """
        self.buffers, self.pickles, self._nodes = [], [], []
        self._memo, self._inside, self._nested, self._scanned = {}, {}, {}, {}
        self._alive, self.opaque, self._spans, self.namespace = [], set(), None, None
        self._pending.clear()
        self._blobs = Blobs(self)

    def value(self, obj: object) -> Value:
        """Return the value of anything; what is not plain gets into a pickle."""
        simple = written.in_place(obj, is_exact=not self._fast)
        if simple is not None or obj is None:
            return simple
        if (known := self._known(obj)) is not None:
            return known
        try:
            return self._new(obj)
        except OpaqueError:
            return [self.root(obj)]

    def plain(self, obj: object) -> Value:
        """Return the value of what an object is built from.

        Raises
        ------
        OpaqueError
            If that is not plain, or leads back to the object.
        """
        simple = written.in_place(obj, is_exact=not self._fast)
        if simple is not None or obj is None:
            return simple
        if id(obj) in self._building or id(obj) in self.opaque:
            raise OpaqueError
        return self._known(obj) or self._new(obj)

    def node(self, obj: object) -> int | None:
        """Return the number of the node for an object, if it has one."""
        number = self._memo.get(id(obj))
        if number is None and (place := imported.place_of_method(obj)):
            self._by_name[id(obj)] = ["global", list(place)]
        if number is None and (known := self._known(obj)) is not None:
            # It is a node of its own from now on, found in the other one.
            number = self._add("alias", known, obj)
        return number

    def number(self, obj: object) -> int | None:
        """Return the number of the node for an object, if it has one of its own already."""
        return self._memo.get(id(obj))

    def root(self, obj: object) -> int:
        """Return the number of the node of something that is pickled."""
        self.opaque.add(id(obj))
        number = self._memo.get(id(obj))
        if number is None:
            number = self._add("pickle", [0, 0], obj)
            self._blobs.add(obj, number)
        return number

    def place(self, number: int, blob: int, index: int) -> None:
        """Say where in the pickles a node is."""
        self._nodes[number][1] = [blob, index]

    def memory(self, array: Any, holder: str | None = None) -> dict[str, Any]:
        """Return where the memory of an array is; see `Put`."""
        memory = self._all_memory()
        if holder is None and (owner := memory.lender(array)) is not None:
            return {"owner": self.plain(owner), **memory.place_in(owner, array)}
        if holder is None and self._is_inner:
            holder = "inner"
        return memory.add(array, holder, frozenset(self._building))

    def copied(self, array: Any, holder: str) -> None:
        """Register an array whose items are stored, and not its memory; see `Put`."""
        self._all_memory().copy(array, holder, frozenset(self._building))

    def _all_memory(self) -> Spans:
        if self._spans is None:
            from .spans import Spans

            self._spans = Spans()
        return self._spans

    @contextmanager
    def inside_of_pickles(self) -> Iterator[None]:
        """Treat nodes made in this context as parts of a pickled object."""
        before, self._is_inner = self._is_inner, True
        try:
            yield
        finally:
            self._is_inner = before

    def apart(self, obj: object, note: str) -> None:
        """Register an object stored as a part of another; see `Put`."""
        self._alive.append(obj)
        self._apart.append((obj, note, frozenset(self._building)))

    def numbered(self, ids: Iterable[int]) -> bool:
        """Tell whether one of the objects with these ids has a node, or is inside of one."""
        return not (self._memo.keys().isdisjoint(ids) and self._inside.keys().isdisjoint(ids))

    def raw(self, data: Any) -> int:
        """Add a buffer of bytes, and return its number."""
        self.buffers.append(data)
        return len(self.buffers) - 1

    def approximate(self, text: str, ids: Iterable[int] = ()) -> None:
        """Say what will not be quite as it was; `ids` of the objects that it is about, if known."""
        if text not in self.notes:
            self.notes.append(text)
        self.concerned.setdefault(text, set()).update(ids)

    def _name_what_is_apart(self) -> None:
        for note, key in self._spans.notes() if self._spans is not None else ():
            self.approximate(note, [key])
        seen = self._blobs.seen() if self._apart else set()
        for obj, note, builders in self._apart:
            is_node = id(obj) in self._memo and id(obj) not in self._inner
            is_elsewhere = is_node or id(obj) in self._inside or id(obj) in seen
            # If building failed, the pickle holds the object itself.
            if is_elsewhere and self.opaque.isdisjoint(builders):
                self.approximate(note, [id(obj)])

    def _known(self, obj: object) -> Value:
        if id(obj) in self._by_name:
            return self._by_name[id(obj)]
        number = self._memo.get(id(obj))
        if number is not None:
            return [number]
        number = self._inside.get(id(obj))
        if number is None:
            return None
        return ["in", [number, self._nested[number].path_to(obj)]]

    def _new(self, obj: Any) -> Value:
        codec = _codec(obj)
        if codec is None or not (codec.accepts is None or codec.accepts(obj)):
            raise OpaqueError
        if codec.atom:
            return [codec.tag, codec.encode(obj, self)]
        if codec.fill is not None:
            return [self._container(obj, codec)]
        with self._built(obj):
            payload = codec.encode(obj, self)
        return [self._add(codec.tag, payload, obj)]

    def _container(self, obj: Any, codec: Codec) -> int:
        if type(obj) is dict and imported.is_namespace(obj):
            raise NotSavedError("it holds the namespace of a module (vars)")
        if (type(obj) is dict or type(obj) is list) and (found := self._as_json(obj)):
            number = self._add("json", {"value": obj, "int_keys": found.int_keys}, obj)
            self._nested[number] = found
            self._inside.update(dict.fromkeys(found.ids, number))
            return number
        number = self._add(codec.tag, None, obj)
        self._pending.append((self._nodes[number], codec, obj))
        return number

    def _as_json(self, obj: Any) -> fastjson.Nested | None:
        found = self._scanned.pop(id(obj), None) or self._scan(obj)
        if found is None:
            return None
        elsewhere = (self._memo, self._inside, self._by_name)
        is_apart = all(seen.keys().isdisjoint(found.ids) for seen in elsewhere)
        return found if is_apart else None

    def _scan(self, obj: Any) -> fastjson.Nested | None:
        patience = _PATIENCE + _PATIENCE_PER_NODE * len(self._nodes)
        if not obj or not self._fast or self._wasted > patience:
            return None
        found = fastjson.nested(obj)
        if isinstance(found, int):
            self._wasted += found
            return None
        return found

    def _drain(self) -> None:
        while self._pending:
            node, codec, obj = self._pending.popleft()
            try:
                node[1] = codec.encode(obj, self)
            except OpaqueError:
                # The container itself, and nobody has seen its node but by number.
                node[:] = ["pickle", [0, 0]]
                self.opaque.add(id(obj))
                self._blobs.add(obj, self._memo[id(obj)])

    def _largest_first(self, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return the values in an order in which what is inside of others comes after them."""
        if len(values) > 1 and self._fast:
            for value in values.values():
                is_container = type(value) is dict or type(value) is list
                if is_container and (found := self._scan(value)):
                    self._scanned[id(value)] = found
        sizes = {key: -len(found.ids) for key, found in self._scanned.items()}
        return sorted(values.items(), key=lambda pair: (sizes.get(id(pair[1]), 0), pair[0]))

    def _add(self, tag: str, payload: Any, obj: Any) -> int:
        self._nodes.append([tag, payload])
        self._memo[id(obj)] = len(self._nodes) - 1
        if self._is_inner:
            self._inner.add(id(obj))
        self._alive.append(obj)
        return len(self._nodes) - 1

    @contextmanager
    def _built(self, obj: object) -> Iterator[None]:
        if len(self._building) >= _MAX_DEPTH:
            raise OpaqueError
        self._building.add(id(obj))
        try:
            yield
        except OpaqueError:
            self.opaque.add(id(obj))
            self._alive.append(obj)
            raise
        finally:
            self._building.discard(id(obj))


def _codec(obj: Any) -> Codec | None:
    if issubclass(type(obj), type):
        return codec_of("global")
    if imported.of_page(obj) is not None:
        return codec_of("module")
    return codec_for(type(obj))
