"""Call from a plain function what may wait elsewhere, and waits for nothing here."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def finished(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Return the result of a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: _Result = stop.value
        return result
    coroutine.close()
    raise AssertionError("it waits for something")
