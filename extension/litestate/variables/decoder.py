"""Make objects from a graph that anybody may have written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import places
from ..errors import DamagedBundleError
from ..imports import is_harmless
from . import graph_text
from .codecs import Codec, codec_of, package_for
from .failures import DamagedGraphError, NotLoadedError
from .needs import FailedError, Needs, NeedsTrustError

_MAX_WEIGHT = 64
"""Objects to look at to hash a tuple, for each byte of the graph: tuples that hold one another
twice can make it any number."""

_MAX_NESTING = 1000
"""Levels of tuples in tuples."""

_MAX_HASHED = 10**8
"""Objects to look at to hash all keys of a stranger's graph: that takes a second or two."""

_WRONG = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What codecs, and what they call, may raise for payloads that nobody has thought of."""


class _BusyError(Exception):
    """Something is needed that is being made."""


@dataclass
class Decoded:
    """What became of the names of a graph.

    Attributes
    ----------
    values : dict of str to object
        What could be made.
    failed, waiting : dict of str to str
        What could not, and what waits for trust: the reason for each name.
    """

    values: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


class Decoder:
    """One graph.

    Parameters
    ----------
    document : bytes
        JSON.
    buffers : sequence of memoryview
        Its buffers, which may be written to.
    load : callable
        Gets the number of a pickle and what resolves the numbers of nodes; returns its objects.
        Raises `NotLoadedError`.
    namespace : dict
        Of the notebook.
    trusted : bool
        Whether pickles are loaded.
    label : str
        What to call the graph in errors.
    replace : callable, optional
        Gets the names of an object and the object; returns the one to use instead.
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
        self.places = places.detect()
        self.trusted = trusted
        self.name = ""
        self._label = label
        self._buffers = buffers
        self._load = load
        self._graph = graph_text.parse(document, self.fail)
        self._replace = replace
        self._named: dict[int, list[str]] = {}
        for name, value in self._graph.names.items() if replace else ():
            if isinstance(value, list) and len(value) == 1 and type(value[0]) is int:
                self._named.setdefault(value[0], []).append(name)
        self._made: dict[int, Any] = {}
        self._weights: dict[int, tuple[int, int]] = {}
        self._hashed = 0
        self._copied: set[int] = set()
        self._needs = Needs()
        self._below: list[tuple[int, int]] = []
        self._loading: set[int] = set()
        self._loaded: dict[int, Sequence[Any]] = {}
        self._stopped: Exception | None = None
        self._broken: dict[int, str] = {}
        self._first: dict[int, int] = {}
        self._to_fill: deque[int] = deque()

    def decode(self) -> Decoded:
        """Make all names.

        Raises
        ------
        DamagedBundleError
            If the graph is not as it should be.
        """
        decoded = Decoded()
        self.make(self.names, decoded)
        return decoded

    @property
    def names(self) -> list[str]:
        """All names of the graph."""
        return list(self._graph.names)

    @property
    def runs(self) -> bool:
        """Whether the graph has pickles."""
        return bool(self._graph.pickles)

    def tag(self, name: str) -> str:
        """Return the tag of the node that a name stands for; empty if it is in place."""
        value = self._graph.names[name]
        is_node = isinstance(value, list) and len(value) == 1 and type(value[0]) is int
        if not is_node or not 0 <= value[0] < len(self._graph.nodes):
            return ""
        return str(self._graph.nodes[value[0]][0])

    def make(
        self,
        names: Iterable[str],
        decoded: Decoded,
        publish: Callable[[str, Any], object] = lambda name, value: None,
    ) -> None:
        """Make some names, beside those that are made already.

        Parameters
        ----------
        names : iterable of str
            Which.
        decoded : Decoded
            Gets what becomes of them.
        publish : callable, optional
            Gets a name and its object, which may still be an empty container.

        Raises
        ------
        DamagedBundleError
            If the graph is not as it should be.
        """
        try:
            for name in names:
                self._decode(name, self._graph.names[name], decoded, publish)
        except RecursionError:
            raise self.fail("it is nested too deeply") from None
        self._take_back(decoded)

    def forget_failures(self) -> None:
        """Let what could not be made be tried again; containers stay the same objects."""
        for number, (_, is_waiting) in list(self._needs.reasons.items()):
            if is_waiting:
                continue
            del self._needs.reasons[number]
            if number in self._made and self._codec(self._graph.nodes[number][0]).fill:
                self._empty(self._made[number])
                self._to_fill.append(number)
        self._broken.clear()
        self._copied.clear()

    def value(self, value: Any) -> Any:
        """Return the object that a value stands for."""
        if not isinstance(value, list):
            if isinstance(value, dict):
                raise self.fail("a value is none")
            return value
        if len(value) == 1 and type(value[0]) is int:
            return self._node(value[0])
        if len(value) != 2 or not isinstance(value[0], str):
            raise self.fail("a value is none")
        tag, payload = value
        if tag == "in":
            return self._inside(payload)
        codec = self._codec(tag)
        if not codec.atom:
            raise self.fail(f"a {tag} stands in place")
        with self._checked():
            return codec.decode(payload, self)

    def key(self, value: Any) -> Any:
        """Return the object that a value stands for, to be hashed."""
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
        """Return the content of a buffer to copy it, once only."""
        found = self.buffer(number)
        if number in self._copied:
            raise self.fail("a buffer is copied twice")
        self._copied.add(number)
        return found

    def fail(self, what: str) -> DamagedBundleError:
        """Return the error for a graph that is not as it should be."""
        error = DamagedGraphError(
            f"The bundle is damaged at {self._label}: {what}. Nothing was changed; use another "
            "copy of the file."
        )
        error.reason = what
        return error

    def missing(self, reason: str) -> Exception:
        """Return the error for what cannot be made here."""
        return NotLoadedError(reason)

    def waiting(self, what: str) -> Exception:
        """Return the error for what needs trust."""
        return NeedsTrustError(what)

    def _decode(
        self, name: str, value: Any, decoded: Decoded, publish: Callable[[str, Any], object]
    ) -> None:
        self.name = name
        try:
            decoded.values[name] = self.value(value)
            publish(name, decoded.values[name])
        except FailedError as error:
            reason, is_waiting = self._needs.reasons[error.node]
            (decoded.waiting if is_waiting else decoded.failed)[name] = reason
        except NotLoadedError as error:
            decoded.failed[name] = str(error)
        except NeedsTrustError as error:
            decoded.waiting[name] = str(error)
        finally:
            # What its containers hold may be found by the same name, but is not called by it.
            self.name = ""
        self._fill_all()

    def _node(self, number: int) -> Any:
        if not 0 <= number < len(self._graph.nodes):
            raise self.fail("there is no node of that number")
        self._needs.add(number)
        if number in self._needs.reasons:
            raise FailedError(number)
        if number not in self._made:
            self._make(number)
        if self._below:
            weight, depth = self._weights.get(number, (1, 1))
            total, deepest = self._below[-1]
            self._below[-1] = total + weight, max(deepest, depth)
        return self._made[number]

    def _make(self, number: int) -> None:
        tag, payload = self._graph.nodes[number]
        if number in self._needs.making:
            raise self.fail("something is built from itself")
        with self._needs.noted(number):
            if tag == "pickle":
                made = self._unpickled(payload)
            elif tag == "alias":
                made = self.value(payload)
            elif tag == "json":
                made = graph_text.nested(payload, self.fail)
            else:
                made = self._coded(number, self._codec(tag), payload)
            if self._replace is not None and number in self._named:
                made = self._replace(self._named[number], made)
            self._made[number] = made

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Make errors of what no codec has thought of those of the graph."""
        try:
            yield
        except RecursionError:
            raise
        except (*_WRONG, MemoryError) as error:
            raise self._wrong(error) from error

    def _wrong(self, error: Exception) -> Exception:
        text = f"{type(error).__name__}: {error}"[:200]
        if self._loaded or isinstance(error, MemoryError):
            # Somebody's own code, such as __hash__, has a part in it.
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
        if weight > _MAX_WEIGHT * self._graph.size or depth >= _MAX_NESTING:
            raise self.fail("something is built from too much")
        self._weights[number] = weight, depth + 1
        return made

    def _fill_all(self) -> None:
        later: list[int] = []
        while self._to_fill:
            number = self._to_fill.popleft()
            codec = self._codec(self._graph.nodes[number][0])
            obj, payload = self._made[number], self._graph.nodes[number][1]
            assert codec.fill is not None
            try:
                with self._needs.noted(number), self._checked():
                    codec.fill(obj, payload, self)
            except _BusyError:
                self._empty(obj)
                later.append(number)
            except FailedError:
                pass  # Noted; who holds it is found at the end.
        self._to_fill.extend(later)

    def _empty(self, obj: Any) -> None:
        if hasattr(obj, "clear"):
            obj.clear()

    def _unpickled(self, payload: Any) -> Any:
        blob, index = graph_text.pair(payload, self.fail)
        if not (
            0 <= blob < len(self._graph.pickles) and 0 <= index < len(self._graph.pickles[blob])
        ):
            raise self.fail("there is no pickle of that number")
        if not self.trusted:
            raise NeedsTrustError("")
        if blob in self._loading:
            raise _BusyError
        if blob not in self._loaded:
            self._load_blob(blob)
        # What one of its objects needs, all of them may need.
        self._needs.add(self._first[blob])
        found = self._loaded[blob]
        if index >= len(found):
            raise self.fail("a pickle holds less than it should")
        return found[index]

    def _load_blob(self, blob: int) -> None:
        if blob in self._broken:
            raise NotLoadedError(self._broken[blob])
        self._first[blob] = self._needs.making[-1]
        self._loading.add(blob)
        try:
            self._loaded[blob] = self._load(blob, self._resolved)
        except NotLoadedError as error:
            # What stopped it is this here, if the pickle needs something that cannot be made.
            stopped, self._stopped = self._stopped, None
            if isinstance(stopped, FailedError):
                reason, _ = self._needs.reasons[stopped.node]
                self._broken[blob] = reason
                raise NotLoadedError(reason) from error
            if stopped is not None:
                raise stopped from error
            self._broken[blob] = str(error)
            raise
        finally:
            self._loading.discard(blob)

    def _resolved(self, number: int) -> Any:
        """Return a node for a pickle, as complete as can be."""
        try:
            return self._complete(number)
        except Exception as error:
            self._stopped = error
            raise

    def _complete(self, number: int) -> Any:
        if type(number) is not int:
            raise self.fail("a pickle refers to something that is no node")
        found = self._node(number)
        state = self._needs.making, self._below
        self._needs.making, self._below = [], []
        try:
            self._fill_all()
        finally:
            self._needs.making, self._below = state
        return found

    def _inside(self, payload: Any) -> Any:
        number, path = graph_text.place(payload, self.fail)
        found = self._node(number)
        if self._graph.nodes[number][0] != "json":
            raise self.fail("a path leads through something else than nested data")
        return graph_text.at(found, path, self.fail)

    def _codec(self, tag: str) -> Codec:
        self._check_package(tag)
        try:
            codec = codec_of(tag)
        except ImportError as error:
            name = error.name or package_for(tag)
            raise NotLoadedError(f"the package {name} is not installed here") from error
        if codec is None:
            raise self.fail(f"there is nothing called {tag!r:.40}")
        return codec

    def _check_package(self, tag: str) -> None:
        package = package_for(tag)
        if package is not None and not self.trusted and not is_harmless(package):
            # A file of the bundle may be in its place.
            raise NeedsTrustError(f"the module {package} would be run")

    def _take_back(self, decoded: Decoded) -> None:
        """Find the names that hold something that could not be made after all."""
        if not self._needs.reasons:
            return
        for name in list(decoded.values):
            if (node := self._needs.failed_below(self._graph.names[name])) is not None:
                reason, is_waiting = self._needs.reasons[node]
                del decoded.values[name]
                (decoded.waiting if is_waiting else decoded.failed)[name] = reason
