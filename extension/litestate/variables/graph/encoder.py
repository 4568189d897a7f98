"""The encoder of graphs: plain objects become JSON and buffers, the others pickles.

Sharing survives: an object that is reached twice is one node. See ``docs/bundle-format.md``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..codecs import imported
from ..codecs.registry import Codec, OpaqueError, Value
from ..failures import NotSavedError
from ..group import Bytes
from . import graph_text
from .json_nodes import JsonNodes
from .pickle_groups import Pickles

if TYPE_CHECKING:
    from .array_memory import Spans

_ONLY_ONE = frozenset(map(id, ((), frozenset(), b"")))
"""Ids of singletons: referring to one shares nothing."""

_MAX_DEPTH = 40
"""Levels of tuples within tuples, and the like; deeper ones are pickled."""


class Encoder:
    """One graph, as it is built. Codecs write to it: see `codecs.Put`.

    Parameters
    ----------
    namespace : dict, optional
        The namespace of the notebook.
    fast : bool, optional
        Whether to scan containers for JSON.

    Attributes
    ----------
    notes : dict of str to set of int
        Differences between the objects and their restored copies. For each, the ids of the objects
        that it is about; empty if it is about all.
    """

    def __init__(self, namespace: Any = None, *, fast: bool = True) -> None:
        self.namespace = namespace
        self._by_name: dict[int, Value] = {
            key: ["global", list(place)] for key, place in imported.named().items()
        }
        if namespace is not None:
            self._by_name[id(namespace)] = ["namespace", None]
        self.notes: dict[str, set[int]] = {}
        self.buffers: list[Bytes] = []
        self.pickles: list[bytes] = []
        self.opaque: set[int] = set()
        self._nodes: list[list[Any]] = []
        self._memo: dict[int, int] = {}
        self._alive: list[Any] = []
        self._apart: list[tuple[object, str, frozenset[int]]] = []
        self._json = JsonNodes(is_enabled=fast)
        self._is_exact = not fast
        self._is_inner = False
        self._inner: set[int] = set()
        self._building: set[int] = set()
        self._pending: deque[tuple[list[Any], Codec, Any]] = deque()
        self._spans: Spans | None = None
        self._pickles = Pickles(self)

    def encode(self, values: Mapping[str, object]) -> bytes:
        """Return the JSON of a graph of some names; `buffers` and `pickles` belong to it.

        Raises
        ------
        NotSavedError
            If an object in it cannot be stored at all.
        ValueError
            If a container that was taken for JSON has NaN or the like in it: use another encoder
            that is not `fast`.
        """
        names = {name: self.value(value) for name, value in self._json.largest_first(values)}
        self._drain()
        pickles = self._pickles.dump(self._drain)
        if self._spans is not None:
            self._spans.finish(self.buffers, self.opaque)
        self._report_parts()
        for number, (_, roots) in enumerate(pickles):
            for index, node in enumerate(roots):
                self._nodes[node][1] = [number, index]
        self.pickles = [data for data, _ in pickles]
        document = {
            "names": {name: names[name] for name in sorted(names)},
            "nodes": self._nodes,
            "pickles": [roots for _, roots in pickles],
        }
        return graph_text.document(document)

    @property
    def needs_trial(self) -> bool:
        """Whether code of the notebook decides if the graph can be loaded, and a trial is safe."""
        return self._pickles.needs_trial

    @property
    def shared(self) -> set[int]:
        """Ids of all objects that another name may hold, too; valid while the objects live."""
        ids = (
            {*self._memo, *(id(obj) for obj, _, _ in self._apart), *self._pickles.seen()}
            - _ONLY_ONE
            - self._by_name.keys()
        )
        # The largest set is not copied.
        more = [*self._json.ids, *([] if self._spans is None else [self._spans.ids])]
        return max(more, key=len).union(ids, *more) if more else ids

    def forget(self) -> None:
        """Drop all references to the objects of the graph: the encoder itself may stay for long.

        Lists that were taken from `buffers` and `pickles` before stay as they are.
        """
        self.buffers, self.pickles, self._nodes = [], [], []
        self._memo, self._json = {}, JsonNodes(is_enabled=not self._is_exact)
        self._alive, self.opaque, self._spans, self.namespace = [], set(), None, None
        self._apart, self._pickles = [], Pickles(self)
        self._pending.clear()

    def value(self, obj: object) -> Value:
        """Return the value of any object; one that is not plain gets into a pickle."""
        simple = graph_text.in_place(obj, is_exact=self._is_exact)
        if simple is not None or obj is None:
            return simple
        if (known := self._known(obj)) is not None:
            return known
        try:
            return self._new(obj)
        except OpaqueError:
            return [self.root(obj)]

    def plain(self, obj: object) -> Value:
        """Return the value of a part from which an object is built.

        Raises
        ------
        OpaqueError
            If the part is not plain, or leads back to the object.
        """
        simple = graph_text.in_place(obj, is_exact=self._is_exact)
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
            # From now on it is a node of its own, which refers to the other one.
            number = self._add("alias", known, obj)
        return number

    def number(self, obj: object) -> int | None:
        """Return the number of the node for an object, if it has one of its own already."""
        return self._memo.get(id(obj))

    def root(self, obj: object) -> int:
        """Return the number of the node of an object that is pickled."""
        self.opaque.add(id(obj))
        number = self._memo.get(id(obj))
        if number is None:
            number = self._add("pickle", [0, 0], obj)
            self._pickles.add(obj, number)
        return number

    def memory(self, array: Any, holder: str | None = None) -> dict[str, Any]:
        """Return the location of the memory of an array; see `Put`."""
        spans = self._all_spans()
        if holder is None and (owner := spans.lender(array)) is not None:
            return {"owner": self.plain(owner), **spans.place_in(owner, array)}
        if holder is None and self._is_inner:
            holder = "inner"
        return spans.add(array, holder, frozenset(self._building))

    def copied(self, array: Any, holder: str) -> None:
        """Register an array of which the items are stored, and not the memory; see `Put`."""
        self._all_spans().copy(array, holder, frozenset(self._building))

    def _all_spans(self) -> Spans:
        if self._spans is None:
            from .array_memory import Spans  # It imports NumPy.

            self._spans = Spans()
        return self._spans

    @contextmanager
    def within_pickles(self) -> Iterator[None]:
        """Treat nodes made in this context as parts of a pickled object."""
        before, self._is_inner = self._is_inner, True
        try:
            yield
        finally:
            self._is_inner = before

    def apart(self, obj: object, note: str) -> None:
        """Register a part of an object; see `Put`."""
        self._alive.append(obj)
        self._apart.append((obj, note, frozenset(self._building)))

    def has_nodes(self, ids: Iterable[int]) -> bool:
        """Tell whether one of the objects with these ids has a node, or is within one."""
        return not (self._memo.keys().isdisjoint(ids) and self._json.inside.keys().isdisjoint(ids))

    def raw(self, data: Any) -> int:
        """Add a buffer of bytes, and return its number."""
        self.buffers.append(data)
        return len(self.buffers) - 1

    def approximate(self, text: str, ids: Iterable[int] = ()) -> None:
        """Report a difference; `ids` are those of the objects that it is about, if known."""
        self.notes.setdefault(text, set()).update(ids)

    def _report_parts(self) -> None:
        for note, key in self._spans.notes() if self._spans is not None else ():
            self.approximate(note, [key])
        seen = self._pickles.seen() if self._apart else set()
        for obj, note, builders in self._apart:
            is_node = id(obj) in self._memo and id(obj) not in self._inner
            is_elsewhere = is_node or id(obj) in self._json.inside or id(obj) in seen
            # If building failed, the pickle holds the object itself.
            if is_elsewhere and self.opaque.isdisjoint(builders):
                self.approximate(note, [id(obj)])

    def _known(self, obj: object) -> Value:
        if id(obj) in self._by_name:
            return self._by_name[id(obj)]
        number = self._memo.get(id(obj))
        if number is not None:
            return [number]
        return self._json.value_of(obj) if id(obj) in self._json.inside else None

    def _new(self, obj: Any) -> Value:
        codec = imported.codec_for_object(obj)
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
        if (type(obj) is dict or type(obj) is list) and (
            found := self._json.scan(obj, len(self._nodes), (self._memo, self._by_name))
        ):
            number = self._add("json", {"value": obj, "int_keys": found.int_keys}, obj)
            self._json.add(number, found)
            return number
        number = self._add(codec.tag, None, obj)
        self._pending.append((self._nodes[number], codec, obj))
        return number

    def _drain(self) -> None:
        while self._pending:
            node, codec, obj = self._pending.popleft()
            try:
                node[1] = codec.encode(obj, self)
            except OpaqueError:
                # It is the container that is opaque; other nodes refer to it by number only.
                node[:] = ["pickle", [0, 0]]
                self.opaque.add(id(obj))
                self._pickles.add(obj, self._memo[id(obj)])

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
