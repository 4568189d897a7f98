"""Wait inside a synchronous call, where the browser can (JSPI)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from pyodide.ffi import can_run_sync, run_sync

from ..errors import NeedsAsyncError

_Result = TypeVar("_Result")


def wait(coroutine: Coroutine[Any, Any, _Result], advice: str) -> _Result:
    """Wait for a coroutine, and return or raise what it does.

    Parameters
    ----------
    coroutine : coroutine
        What to wait for.
    advice : str
        What to do in a browser that cannot wait.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot.
    """
    if not can_run_sync():
        coroutine.close()
        raise NeedsAsyncError(advice)
    result, error = run_sync(_caught(coroutine))
    if error is not None:
        raise error
    return cast("_Result", result)


async def _caught(
    coroutine: Coroutine[Any, Any, _Result],
) -> tuple[_Result | None, BaseException | None]:
    # The kernel shows an error that leaves run_sync(), also to who catches it.
    try:
        return await coroutine, None
    except BaseException as error:  # It is raised again.
        return None, error
