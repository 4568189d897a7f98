"""Time two ways of doing one thing, turn by turn. Runs in the kernel."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 5


def against(
    what: str,
    peer: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    *,
    prepare: Callable[[], Any] = lambda: None,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """Time both in turns, so that what else the machine does meets both.

    Parameters
    ----------
    what, peer : str
        What is done, and who does it besides litestate.
    ours, theirs : callable
        The two ways.
    prepare : callable, optional
        Runs before each and is not timed.
    rounds : int, optional
        How often.

    Returns
    -------
    dict
        ``what``, ``peer``, and ``ours`` and ``theirs``: the median in seconds.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for way, taken in zip((ours, theirs), times, strict=True):
            prepare()
            start = time.perf_counter()
            way()
            taken.append(time.perf_counter() - start)
    return {
        "what": what,
        "peer": peer,
        "ours": statistics.median(times[0]),
        "theirs": statistics.median(times[1]),
    }
