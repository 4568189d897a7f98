"""How deeply objects are nested, before they are pickled, and how deeply their own code may go.

The pickler calls itself for what an object holds, and an object's ``__getattr__`` may. In the
browser that ends the kernel where other Pythons raise RecursionError: the stack is JavaScript's.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from ..platform import IN_BROWSER
from .failures import NotSavedError

LIMIT = 600
"""Levels of objects within objects; an object with attributes is two."""

CALLS = 800
"""Calls within calls that somebody's code may make in the browser. Measured there, through
``__getattr__``: 1000 are well, and those that IPython allows (3000) end the kernel."""

_FLAT = (int, float, complex, str, bytes, bytearray, bool, type(None), ModuleType, CodeType)


def check(roots: Sequence[Any], knows: Callable[[Any], bool], limit: int = LIMIT) -> None:
    """Refuse what is nested too deeply.

    Parameters
    ----------
    roots : sequence of object
        What is to be pickled.
    knows : callable
        Tells whether an object is elsewhere. What is found here may not be pickled at all, so
        this must change nothing.
    limit : int, optional
        Levels.

    Raises
    ------
    NotSavedError
        If a way into the objects is longer than the limit.
    """
    seen: set[int] = set()
    first = {id(root) for root in roots}
    # What is looked at must stay, or another object gets its id.
    kept: list[Any] = []
    waiting: list[Iterator[Any]] = [iter(roots)]
    while waiting:
        found = next(waiting[-1], _END)
        if found is _END:
            waiting.pop()
        elif type(found) not in _FLAT and id(found) not in seen:
            seen.add(id(found))
            kept.append(found)
            if id(found) in first or not knows(found):
                waiting.append(iter(_inside(found)))
            if len(waiting) > limit:
                raise NotSavedError("it is nested too deeply")


@contextmanager
def bounded_calls() -> Iterator[None]:
    """Let code that calls itself for ever end in RecursionError, and not with the kernel."""
    before = sys.getrecursionlimit()
    if IN_BROWSER:
        sys.setrecursionlimit(min(before, _depth() + CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _depth() -> int:
    frame: FrameType | None = sys._getframe()
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


_END = object()


def _inside(obj: Any) -> list[Any]:
    if isinstance(obj, FunctionType):
        return [*(obj.__closure__ or ()), *(obj.__defaults__ or ()), obj.__dict__]
    if isinstance(obj, type):
        return list(vars(obj).values()) if obj.__module__ == "__main__" else []
    kind = type(obj)
    return [inner for inner in gc.get_referents(obj) if inner is not kind]
