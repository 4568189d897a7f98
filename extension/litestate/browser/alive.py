"""Let an output look alive only while this kernel runs.

An output is stored with the notebook, and outlives its kernel. So what it says for later is its
default, and what is true only now is hidden. A style sheet in the page swaps the two. The script of
`form` puts it there, and takes it away when it gets a lock that this worker holds as long as it
lives. A page that opens the notebook later has no such style sheet.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from functools import cache

import js
from pyodide.code import run_js
from pyodide.ffi import to_js

from .. import ui

TIMEOUT = 2.0
"""Seconds for a page to run a script. It takes a twentieth of one."""

KERNEL = secrets.token_hex(6)
"""Names this kernel in outputs."""

LOCK = f"litestate kernel {KERNEL}"
"""Name of the lock that this worker holds until it ends."""

STYLE = (
    f".litestate-of-{KERNEL} .litestate-now {{ display: block !important; }}"
    f".litestate-of-{KERNEL} .litestate-later {{ display: none !important; }}"
)
"""Styles for a page in which this kernel runs."""

_HOLD = """
(name) => { navigator.locks?.request(name, () => new Promise(() => {})).catch(() => {}); }
"""

_page_watches = False


def mark() -> tuple[str, str]:
    """Return a class for an output's element, and HTML to stand before it.

    Returns
    -------
    (str, str)
        In an element of this class, ``litestate-now`` is what holds while this kernel lives, and
        is to have the attribute ``hidden``; ``litestate-later`` is what holds afterwards.
    """
    name = f"litestate-of-{KERNEL}"
    if _page_watches:
        return name, ""
    # Better than a link that is never seen. It is in this worker's memory; yet a page that is
    # reloaded may have it in its cache.
    return name, f'<link rel="stylesheet" href="{_style_sheet()}">'


def noted() -> None:
    """Know that a page waits for the end of this kernel."""
    global _page_watches  # noqa: PLW0603 - there is one kernel
    _page_watches = True


async def watch() -> None:
    """Let the page wait for the end of this kernel, if it does not yet."""
    from .form import HIDDEN, Form

    if _page_watches or not ui.is_notebook():
        return
    form = Form(HIDDEN, "")
    try:
        # It then knows; see `noted`.
        await asyncio.wait_for(form.messages.get(), TIMEOUT)
    except TimeoutError:
        logging.getLogger(__name__).debug("the page runs no scripts")
    finally:
        form.close()


@cache
def _style_sheet() -> str:
    options = to_js({"type": "text/css"}, dict_converter=js.Object.fromEntries)
    return str(js.URL.createObjectURL(js.Blob.new(to_js([STYLE]), options)))


run_js(_HOLD)(LOCK)
