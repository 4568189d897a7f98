"""Facts about the kernel's worker, and waiting inside a synchronous call (JSPI)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import js
import pyodide_js
from pyodide.ffi import can_run_sync, run_sync

from ..errors import NeedsAsyncError

_Result = TypeVar("_Result")

_MARK = "extensions/@jupyterlite/"
"""Path below the site of JupyterLite's extensions, one of which has the script of this worker."""


def started() -> float:
    """Return when the kernel's worker was started, in seconds since 1970."""
    return float(js.performance.timeOrigin) / 1000


def site() -> str:
    """Return the base URL of the site that this kernel belongs to."""
    href = str(js.location.href)
    base, mark, _ = href.partition(_MARK)
    return base if mark else f"{js.location.origin}/"


def configured() -> dict[str, str]:
    """Return the environment variables that the site's settings name, and Pyodide's own.

    They are ``env`` of ``loadPyodideOptions`` in ``jupyter-lite.json``. Pyodide keeps what it was
    started with (``config`` in its ``src/js/pyodide.ts``); nothing of it is public.
    """
    config = getattr(pyodide_js._api, "config", None)
    environment = getattr(config, "env", None)
    return {} if environment is None else dict(environment.to_py())


def wait_in_call(coroutine: Coroutine[Any, Any, _Result], advice: str) -> _Result:
    """Wait for a coroutine inside of a synchronous call; see `litestate.waiting.wait`.

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
    # The kernel shows an error that leaves run_sync(), even where the caller catches it.
    try:
        return await coroutine, None
    except BaseException as error:  # It is raised again.
        return None, error
