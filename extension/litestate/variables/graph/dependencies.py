"""Dependencies between the nodes of a graph while they are made, also through its pickles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..failures import NeedsTrustError, NotLoadedError
from . import graph_text
from .graph_text import Fail


class Failure(NamedTuple):
    """The reason why a node was not made, and whether it waits for trust."""

    reason: str
    needs_trust: bool


class NodeFailedError(Exception):
    """A node that another one needs could not be made."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class BusyError(Exception):
    """A pickle is needed while it is being loaded."""


class Dependencies:
    """Dependencies between nodes, and failures, recorded while nodes are made.

    Attributes
    ----------
    making : list of int
        The nodes that are being made, each for the one before.
    failures : dict of int to Failure
        By node, why it could not be made.
    """

    def __init__(self) -> None:
        self.making: list[int] = []
        self.failures: dict[int, Failure] = {}
        self._edges: dict[int, set[int]] = defaultdict(set)

    def add(self, number: int) -> None:
        """Record that the node that is being made needs this node."""
        if self.making:
            self._edges[self.making[-1]].add(number)

    @contextmanager
    def recorded(self, number: int) -> Iterator[None]:
        """Record what a node needs while it is made, and why it cannot be made.

        Raises
        ------
        NodeFailedError
            In place of any error that has a reason.
        """
        self.making.append(number)
        try:
            yield
        except NodeFailedError as error:
            self.failures[number] = error.failure
            raise NodeFailedError(error.failure) from None
        except (NotLoadedError, NeedsTrustError) as error:
            failure = Failure(str(error), isinstance(error, NeedsTrustError))
            self.failures[number] = failure
            raise NodeFailedError(failure) from None
        finally:
            self.making.pop()

    def failed_below(self, value: Any) -> Failure | None:
        """Return the failure of a node that a value needs, directly or through others, or None."""
        first = value[0] if isinstance(value, list) and type(value[0]) is int else None
        if isinstance(value, list) and value[0] == "in":
            first = value[1][0]
        todo, seen = [first] if first is not None else [], set()
        while todo:
            number = todo.pop()
            if number in self.failures:
                return self.failures[number]
            if number not in seen:
                seen.add(number)
                todo += self._edges[number]
        return None


class PickledNodes:
    """The objects of a graph's pickles; a pickle is loaded when one of its objects is needed.

    Parameters
    ----------
    roots : list of list
        For each pickle, its nodes.
    load : callable
        Gets the number of a pickle and a callable that returns the object of a node; returns the
        objects of the pickle. Raises `NotLoadedError`.
    resolve : callable
        Returns the object of a node, as complete as possible.
    dependencies : Dependencies
        Those of the graph.
    fail : callable
        Returns the error for a malformed graph.
    """

    def __init__(
        self,
        roots: list[list[int]],
        load: Callable[[int, Callable[[int], Any]], Sequence[Any]],
        resolve: Callable[[int], Any],
        dependencies: Dependencies,
        fail: Fail,
    ) -> None:
        self._roots = roots
        self._load = load
        self._resolve = resolve
        self._dependencies = dependencies
        self._fail = fail
        self._loading: set[int] = set()
        self._loaded: dict[int, Sequence[Any]] = {}
        self._stopped: Exception | None = None
        self._broken: dict[int, str] = {}
        self._first: dict[int, int] = {}

    @property
    def are_loaded(self) -> bool:
        """Whether code of a pickle may have run."""
        return bool(self._loaded)

    def forget_failures(self) -> None:
        """Allow pickles that could not be loaded to be tried again."""
        self._broken.clear()

    def get(self, payload: Any, *, trusted: bool) -> Any:
        """Return the object that the payload of a pickled node refers to.

        Raises
        ------
        NeedsTrustError
            If the graph is not trusted.
        """
        number, index = graph_text.pair(payload, self._fail)
        if not (0 <= number < len(self._roots) and 0 <= index < len(self._roots[number])):
            raise self._fail("there is no pickle of that number")
        if not trusted:
            raise NeedsTrustError("")
        if number in self._loading:
            raise BusyError
        if number not in self._loaded:
            self._load_pickle(number)
        # What one of its objects needs, all of them may need.
        self._dependencies.add(self._first[number])
        objects = self._loaded[number]
        if index >= len(objects):
            raise self._fail("a pickle holds less than it should")
        return objects[index]

    def _load_pickle(self, number: int) -> None:
        if number in self._broken:
            raise NotLoadedError(self._broken[number])
        self._first[number] = self._dependencies.making[-1]
        self._loading.add(number)
        try:
            self._loaded[number] = self._load(number, self._resolved)
        except NotLoadedError as error:
            # If the pickle needs a node that cannot be made, that error is the cause.
            stopped, self._stopped = self._stopped, None
            if isinstance(stopped, NodeFailedError):
                self._broken[number] = stopped.failure.reason
                raise NotLoadedError(stopped.failure.reason) from error
            if stopped is not None:
                raise stopped from error
            self._broken[number] = str(error)
            raise
        finally:
            self._loading.discard(number)

    def _resolved(self, number: int) -> Any:
        if type(number) is not int:
            self._stopped = self._fail("a pickle refers to something other than a node")
            raise self._stopped
        try:
            return self._resolve(number)
        except Exception as error:
            self._stopped = error
            raise
