"""An extension of IPython that takes the page's requests out of the code that the kernel runs.

The page can run code in the kernel, but JupyterLite's kernel ignores ``silent`` and
``store_history``: the code would be in ``In``, in the histories, and shift the numbers of the
user's cells. So a request is a comment, `PREFIX` and JSON, and it never reaches IPython. A kernel
without litestate ignores it.

``kernel/litestate.mjs`` lets the kernel load this module before the first cell. It imports little,
as every start of a kernel waits for it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from typing import Any

PREFIX = "# litestate: "
"""Begin of a request, which JSON follows."""

changes = asyncio.Lock()
"""Held while a cell runs, or while a command of the page changes the state of the kernel."""


class Cells:
    """A count of the cells that the kernel was asked to run.

    Attributes
    ----------
    begun : int
        Number of cells that have begun in this kernel, those of other clients included.
    ended : int
        How many of these have ended.
    """

    begun = 0
    ended = 0


cells = Cells()


def load_ipython_extension(shell: Any) -> None:
    """Take requests of the page from now on, if this is JupyterLite's kernel."""
    kernel: Any = getattr(shell, "kernel", None)
    if not hasattr(kernel, "lite_transform_manager"):
        return
    original = kernel.run

    @functools.wraps(original)
    async def run(code: str) -> Any:
        request = _request(code)
        if request is not None:
            return await _answer(request)
        async with changes:
            cells.begun += 1
            try:
                return await original(code)
            finally:
                cells.ended += 1

    kernel.run = run


def _request(code: str) -> dict[str, Any] | None:
    """Return the page's request, or None if the user's cell begins with such a comment."""
    if not code.startswith(PREFIX):
        return None
    try:
        request = json.loads(code.removeprefix(PREFIX))
    except ValueError:
        return None
    return request if isinstance(request, dict) and "nonce" in request else None


async def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Serve a request; the page gets its outcome over the channel."""
    try:
        from . import front_end

        await front_end.start(request)
    except Exception:
        # JupyterLite sends no reply if this raises, and the page would wait forever. Without an
        # answer over the channel, it says that litestate could not be loaded.
        logging.getLogger(__name__).exception("the front end could not be started")
    return {"status": "ok", "payload": []}
