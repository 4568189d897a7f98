"""Time several ways to do the same thing, in turns. Runs in the kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rows import Row, Taken, Target

ROUNDS = 5


class Side(Protocol):
    """One way to store a folder.

    Attributes
    ----------
    name : str
        Name of the side.
    folder : Path
        The folder that it stores.
    """

    name: str
    folder: Path

    def store(self) -> Any:
        """Store the changes."""

    def written(self) -> int | None:
        """Return how many bytes it has written so far, or None if that is unknown."""


S = TypeVar("S", bound=Side)


def against(
    what: str,
    peer: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    *,
    prepare: Callable[[], Any] = lambda: None,
    rounds: int = ROUNDS,
) -> Row:
    """Time both in turns, so that other load of the machine affects both.

    Parameters
    ----------
    what, peer : str
        The operation, and the peer of litestate.
    ours, theirs : callable
        The two ways.
    prepare : callable, optional
        Runs before each and is not timed.
    rounds : int, optional
        Number of rounds.
    """
    row = Row(what, peer, Taken(), Taken())
    for _ in range(rounds):
        for way, taken in ((ours, row.ours), (theirs, row.theirs)):
            prepare()
            taken.seconds.append(timed(way))
    return row


def contest(
    what: str,
    ours: S,
    peers: Sequence[S],
    prepare: Callable[[S, int], Any],
    *,
    target: Target | None = None,
    rounds: int = ROUNDS,
) -> list[Row]:
    """Time how long each side takes to store the changes of its folder.

    Parameters
    ----------
    what : str
        Description of the change.
    ours, peers : sides
        The sides that store it.
    prepare : callable
        Makes the change; gets the side and the number of the round, and is not timed.
    target : Target, optional
        The target for ours.
    rounds : int, optional
        Number of rounds.

    Returns
    -------
    list of Row
        One per peer, with the same times of ours.
    """
    sides = (ours, *peers)
    taken = [Taken() for _ in sides]
    for number in range(rounds):
        for side, its in zip(sides, taken, strict=True):
            prepare(side, number)
            before = side.written()
            its.seconds.append(timed(side.store))
            after = side.written()
            if before is not None and after is not None:
                its.written.append(after - before)
    return [
        Row(what, peer.name, taken[0], its, target)
        for peer, its in zip(peers, taken[1:], strict=True)
    ]


def timed(way: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    way()
    return time.perf_counter() - start
