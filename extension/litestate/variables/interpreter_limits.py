"""Garbage collection and recursion limits while objects are stored or made."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..platform import IN_BROWSER

_CALLS = 800
"""Calls within calls that other code may make in the browser. Measured there, through
``__getattr__``: 1000 work, and those that IPython allows (3000) end the kernel."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Pause the garbage collector: it would scan very many new objects again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def bounded_calls() -> Iterator[None]:
    """Make endless recursion raise RecursionError in the browser instead of ending the kernel.

    The stack there is JavaScript's.
    """
    before = sys.getrecursionlimit()
    if IN_BROWSER:
        sys.setrecursionlimit(min(before, _frames() + _CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _frames() -> int:
    frame: FrameType | None = sys._getframe()
    count = 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count
