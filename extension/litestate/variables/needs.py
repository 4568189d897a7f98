"""Which nodes of a graph need which, and why some of them could not be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .failures import NotLoadedError


class NeedsTrustError(Exception):
    """What is to be made would run code; the message says which."""


class FailedError(Exception):
    """Something that is needed could not be made."""

    def __init__(self, node: int) -> None:
        self.node = node


class Needs:
    """What is known of nodes while they are made.

    Attributes
    ----------
    making : list of int
        The nodes that are being made, each for the one before.
    reasons : dict of int to (str, bool)
        Why a node could not be made, and whether it waits for trust.
    """

    def __init__(self) -> None:
        self.making: list[int] = []
        self.reasons: dict[int, tuple[str, bool]] = {}
        self._edges: dict[int, set[int]] = defaultdict(set)

    def add(self, number: int) -> None:
        """Note that what is being made needs this node."""
        if self.making:
            self._edges[self.making[-1]].add(number)

    @contextmanager
    def noted(self, number: int) -> Iterator[None]:
        """Make a node; note why it cannot be made, and what it needs."""
        self.making.append(number)
        try:
            yield
        except FailedError as error:
            self.reasons[number] = self.reasons[error.node]
            raise FailedError(number) from None
        except (NotLoadedError, NeedsTrustError) as error:
            self.reasons[number] = str(error), isinstance(error, NeedsTrustError)
            raise FailedError(number) from None
        finally:
            self.making.pop()

    def failed_below(self, value: Any) -> int | None:
        """Return a node in a value, or below it, that could not be made after all."""
        first = value[0] if isinstance(value, list) and type(value[0]) is int else None
        if isinstance(value, list) and value[0] == "in":
            first = value[1][0]
        todo, seen = [first] if first is not None else [], set()
        while todo:
            number = todo.pop()
            if number in self.reasons:
                return number
            if number not in seen:
                seen.add(number)
                todo += self._edges[number]
        return None
