"""An extension of IPython that takes the page's requests out of the code that the kernel runs.

The page can run code in the kernel, but JupyterLite's kernel ignores ``silent`` and
``store_history``: the code would be in ``In``, in the histories, and shift the numbers of the
user's cells. So a request is a comment that begins with `PREFIX`, and it never reaches IPython.
A kernel without litestate ignores it.

``kernel/litestate.mjs`` lets the kernel load this module before the first cell. It imports little,
as every start of a kernel waits for it.
"""

from __future__ import annotations

import asyncio
import functools
import json
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
    """

    begun = 0


cells = Cells()


def load_ipython_extension(shell: Any) -> None:
    """Take requests of the page from now on, if this is JupyterLite's kernel."""
    kernel: Any = getattr(shell, "kernel", None)
    if not hasattr(kernel, "lite_transform_manager"):
        return
    original = kernel.run

    @functools.wraps(original)
    async def run(code: str) -> Any:
        if code.startswith(PREFIX):
            return await _answer(code)
        async with changes:
            cells.begun += 1
            return await original(code)

    kernel.run = run


async def _answer(code: str) -> dict[str, Any]:
    """Serve a request; the page gets its outcome over the channel."""
    from . import front_end

    await front_end.start(json.loads(code.removeprefix(PREFIX)))
    return {"status": "ok", "payload": []}
