"""The decoder of graphs: objects made from nodes that anyone may have written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...errors import DamagedBundleError
from ...host import roots
from ..codecs.payload_checks import UNEXPECTED
from ..codecs.registry import Codec, codec_for_reading
from ..failures import DamagedGraphError, NeedsTrustError, NotLoadedError
from . import graph_text
from .dependencies import BusyError, Dependencies, Failure, NodeFailedError, PickledNodes

_MAX_WEIGHT = 64
"""Objects that hashing a tuple may visit, for each byte of the graph: tuples that hold one another
twice can make it any number."""

_MAX_NESTING = 1000
"""Levels of tuples within tuples."""

_MAX_HASHED = 10**8
"""Objects that hashing all keys of an untrusted graph may visit: a second or two."""


class Decoder:
    """The objects of one graph, made when they are needed. Codecs read from it: see `codecs.Get`.

    Parameters
    ----------
    document : bytes
        The graph as JSON.
    buffers : sequence of memoryview
        Its buffers, which may be written to.
    load : callable
        Loads a pickle; see `PickledNodes`.
    namespace : dict
        The namespace of the notebook.
    trusted : bool
        Whether pickles are loaded.
    label : str
        Name of the graph in errors.
    replace : callable, optional
        Gets the names of an object and the object; returns the one to use instead.

    Attributes
    ----------
    graph : GraphText
        The parsed graph.
    """

    def __init__(
        self,
        document: bytes,
        buffers: Sequence[memoryview],
        load: Callable[[int, Callable[[int], Any]], Sequence[Any]],
        namespace: dict[str, Any],
        *,
        trusted: bool,
        label: str,
        replace: Callable[[Collection[str], Any], Any] | None = None,
    ) -> None:
        self.namespace = namespace
        self.places = roots.detect()
        self.trusted = trusted
        self.name = ""
        self._label = label
        self._buffers = buffers
        self.graph = graph_text.parse(document, self.fail)
        self._replace = replace
        self._named: dict[int, list[str]] = {}
        for name, value in self.graph.names.items() if replace else ():
            if (number := graph_text.node_of(value)) is not None:
                self._named.setdefault(number, []).append(name)
        self._made: dict[int, Any] = {}
        self._weights: dict[int, tuple[int, int]] = {}
        self._hashed = 0
        self._copied: set[int] = set()
        self._dependencies = Dependencies()
        self._below: list[tuple[int, int]] = []
        self._to_fill: deque[int] = deque()
        self._pickled = PickledNodes(
            self.graph.pickles, load, self._complete, self._dependencies, self.fail
        )

    def named(self, name: str) -> Any:
        """Return the object of a name; containers in it are empty until `fill` is called.

        Raises
        ------
        NodeFailedError, NotLoadedError, NeedsTrustError
            If it cannot be made.
        """
        self.name = name
        try:
            return self.value(self.graph.names[name])
        finally:
            # Objects within its containers may have this name too, but it is not theirs.
            self.name = ""

    def failure_below(self, name: str) -> Failure | None:
        """Return the failure of a node that a name needs, or None."""
        return self._dependencies.failed_below(self.graph.names[name])

    def forget_failures(self) -> None:
        """Allow nodes that could not be made to be tried again; containers stay the same objects.

        Nodes that wait for trust keep waiting.
        """
        for number, failure in list(self._dependencies.failures.items()):
            if failure.needs_trust:
                continue
            del self._dependencies.failures[number]
            if number in self._made and codec_for_reading(self.graph.nodes[number][0], self).fill:
                _empty(self._made[number])
                self._to_fill.append(number)
        self._pickled.forget_failures()
        self._copied.clear()

    def value(self, value: Any) -> Any:
        """Return the object that a value stands for."""
        if not isinstance(value, list):
            if isinstance(value, dict):
                raise self.fail("a value is malformed")
            return value
        if len(value) == 1 and type(value[0]) is int:
            return self._node(value[0])
        if len(value) != 2 or not isinstance(value[0], str):
            raise self.fail("a value is malformed")
        tag, payload = value
        if tag == "in":
            return self._inside(payload)
        codec = codec_for_reading(tag, self)
        if not codec.atom:
            raise self.fail(f"a {tag} stands in place")
        with self._checked():
            return codec.decode(payload, self)

    def key(self, value: Any) -> Any:
        """Return the object that a value stands for, which is then hashed."""
        found = self.value(value)
        is_node = isinstance(value, list) and len(value) == 1
        self._hashed += self._weights.get(value[0], (1, 1))[0] if is_node else 1
        if self._hashed > _MAX_HASHED and not self.trusted:
            raise self.fail("its keys are built from too much")
        try:
            hash(found)
        except Exception as error:
            raise self._wrong(error) from error
        return found

    def buffer(self, number: int) -> memoryview:
        """Return the content of a buffer."""
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise self.fail("there is no buffer of that number")
        return self._buffers[number]

    def content(self, number: int) -> memoryview:
        """Return the content of a buffer for a copy; each buffer may be copied once."""
        found = self.buffer(number)
        if number in self._copied:
            raise self.fail("a buffer is copied twice")
        self._copied.add(number)
        return found

    def fail(self, what: str) -> DamagedBundleError:
        """Return the error for a malformed graph."""
        error = DamagedGraphError(
            f"The bundle is damaged at {self._label}: {what}. Nothing was changed; use another "
            "copy of the file."
        )
        error.reason = what
        return error

    def missing(self, reason: str) -> Exception:
        """Return the error for an object that cannot be made here."""
        return NotLoadedError(reason)

    def waiting(self, what: str) -> Exception:
        """Return the error for an object that needs trust."""
        return NeedsTrustError(what)

    def _node(self, number: int) -> Any:
        if not 0 <= number < len(self.graph.nodes):
            raise self.fail("there is no node of that number")
        self._dependencies.add(number)
        if number in self._dependencies.failures:
            raise NodeFailedError(self._dependencies.failures[number])
        if number not in self._made:
            self._make(number)
        if self._below:
            weight, depth = self._weights.get(number, (1, 1))
            total, deepest = self._below[-1]
            self._below[-1] = total + weight, max(deepest, depth)
        return self._made[number]

    def _make(self, number: int) -> None:
        tag, payload = self.graph.nodes[number]
        if number in self._dependencies.making:
            raise self.fail("something is built from itself")
        with self._dependencies.recorded(number):
            if tag == "pickle":
                made = self._pickled.get(payload, trusted=self.trusted)
            elif tag == "alias":
                made = self.value(payload)
            elif tag == "json":
                made = graph_text.nested(payload, self.fail)
            else:
                made = self._coded(number, codec_for_reading(tag, self), payload)
            if self._replace is not None and number in self._named:
                made = self._replace(self._named[number], made)
            self._made[number] = made

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Turn errors that codecs do not expect into errors about the graph."""
        try:
            yield
        except RecursionError:
            raise
        except (*UNEXPECTED, MemoryError) as error:
            raise self._wrong(error) from error

    def _wrong(self, error: Exception) -> Exception:
        text = f"{type(error).__name__}: {error}"[:200]
        if self._pickled.are_loaded or isinstance(error, MemoryError):
            # Code of a pickle, such as __hash__, may have raised it.
            return NotLoadedError(f"making it again raised {text}")
        return self.fail(f"its content makes no sense ({text})")

    def _coded(self, number: int, codec: Codec, payload: Any) -> Any:
        size = len(payload) if isinstance(payload, list | str) else 1
        self._below.append((1 + size, 1))
        try:
            with self._checked():
                made = codec.decode(payload, self)
        finally:
            weight, depth = self._below.pop()
        if codec.fill is not None:
            self._to_fill.append(number)
            return made
        if weight > _MAX_WEIGHT * self.graph.size or depth >= _MAX_NESTING:
            raise self.fail("something is built from too much")
        self._weights[number] = weight, depth + 1
        return made

    def fill(self) -> None:
        """Fill all containers that are still empty."""
        later: list[int] = []
        while self._to_fill:
            number = self._to_fill.popleft()
            codec = codec_for_reading(self.graph.nodes[number][0], self)
            obj, payload = self._made[number], self.graph.nodes[number][1]
            assert codec.fill is not None
            try:
                with self._dependencies.recorded(number), self._checked():
                    codec.fill(obj, payload, self)
            except BusyError:
                _empty(obj)
                later.append(number)
            except NodeFailedError:
                pass  # Recorded; the names that need it are found at the end.
        self._to_fill.extend(later)

    def _complete(self, number: int) -> Any:
        """Return the object of a node, filled as far as possible."""
        found = self._node(number)
        dependencies = self._dependencies
        state = dependencies.making, self._below
        dependencies.making, self._below = [], []
        try:
            self.fill()
        finally:
            dependencies.making, self._below = state
        return found

    def _inside(self, payload: Any) -> Any:
        number, path = graph_text.place(payload, self.fail)
        found = self._node(number)
        if self.graph.nodes[number][0] != "json":
            raise self.fail("a path leads through something other than nested data")
        return graph_text.at(found, path, self.fail)


def _empty(obj: Any) -> None:
    if hasattr(obj, "clear"):
        obj.clear()
