"""HTML forms in a cell's output that exchange messages with the kernel.

The kernel's worker has no document, so the HTML goes into the cell's output and a script beside it
connects the two. The script is removed from the output as soon as it has run: otherwise it would
run again whenever the notebook is opened.

An output is stored with the notebook, and outlives its kernel. So it shows by default the texts for
later, and hides those that are true only now. A style sheet in the page swaps the two. The script
of a form adds the style sheet, and removes it when it gets a lock that this worker holds until it
ends. A page that opens the notebook later has no such style sheet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from functools import cache
from typing import Any

import js
from pyodide.code import run_js
from pyodide.ffi import create_proxy, to_js

from ..output import Output
from ..platform import ipython_shell

CHANNEL = "litestate"
"""Name of the BroadcastChannel between kernels and pages; each message carries a nonce."""

_STYLE = """
<style>
.litestate-form { font: 13px/1.6 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, inherit); max-width: 36rem; padding: 10px 14px;
  border: 1px dashed var(--jp-border-color1, #bdbdbd); border-radius: 4px; }
.litestate-form input, .litestate-form button { font: inherit; color: inherit;
  max-width: 100%; margin: 4px 8px 4px 0; }
.litestate-form button { background: var(--jp-layout-color2, #eee); padding: 1px 12px;
  border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; cursor: pointer; }
.litestate-form button:disabled { opacity: 0.5; cursor: default; }
.litestate-form progress { width: 100%; accent-color: var(--jp-brand-color1, #2196f3); }
.litestate-form .litestate-now { display: none; }
.litestate-form .litestate-later { margin: 0; max-height: 0; overflow: hidden;
  animation: litestate-later 0s 3s forwards; }
@keyframes litestate-later { to { max-height: 6em; } }
</style>
"""

HIDDEN = """
<style>.litestate-form:has(.litestate-hidden) { display: none; }</style>
<span class="litestate-hidden"></span>
"""
"""An invisible form, for its script."""

_LATER = """
<p class="litestate-later">This ended with its kernel. Run the cell again.</p>
"""
"""Text in a notebook that was saved with an open form."""

_SCRIPT = """
const nonce = NONCE;
const channel = new BroadcastChannel(CHANNEL);
const form = document.getElementById("litestate-" + nonce);
const send = (message) => channel.postMessage({ nonce, ...message });
const receive = (handle) => channel.addEventListener("message", (event) => {
  if (event.data.nonce === nonce && event.data.kernel) handle(event.data);
});
const watched = (window.litestateWatched ??= new Set());
if (!watched.has(LOCK)) {
  watched.add(LOCK);
  const style = document.createElement("style");
  style.textContent = STYLE;
  document.head.append(style);
  // The kernel's worker holds the lock as long as it lives. It may get it only after this script
  // has run: whoever asked first would end the kernel's outputs while the kernel runs.
  const isHeld = async () => (await navigator.locks.query()).held.some(({ name }) => name === LOCK);
  const watch = async (seconds) => {
    while (!(await isHeld())) {
      if (seconds <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
      seconds -= 0.2;
    }
    await navigator.locks.request(LOCK, () => style.remove());
  };
  if (navigator.locks) watch(60).catch(() => {});
}
"""

WATCH_TIMEOUT = 2.0
"""Seconds for a page to run a script, which takes 0.05."""

_KERNEL = secrets.token_hex(6)
"""Name of this kernel in outputs."""

_LOCK = f"litestate kernel {_KERNEL}"
"""Name of the lock that this worker holds until it ends."""

_ALIVE_STYLE = (
    f".litestate-of-{_KERNEL} .litestate-now {{ display: block !important; }}"
    f".litestate-of-{_KERNEL} .litestate-later {{ display: none !important; }}"
)
"""Styles for a page in which this kernel runs."""

_HOLD = """
(name) => { navigator.locks?.request(name, () => new Promise(() => {})).catch(() => {}); }
"""

_page_watches = False


class Form:
    """HTML in the cell's output, with a channel to it.

    Parameters
    ----------
    html : str
        The content.
    script : str
        JavaScript that runs once in the page. It can use ``form``, the element around the HTML,
        ``send(message)``, and ``receive(handler)``.

    Attributes
    ----------
    messages : asyncio.Queue
        Messages from the page.
    """

    def __init__(self, html: str, script: str) -> None:
        self._nonce = secrets.token_hex(8)
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self._proxy = create_proxy(self._receive)
        self._channel = js.BroadcastChannel.new(CHANNEL)
        self._channel.addEventListener("message", self._proxy)
        element = (
            f'<div class="litestate-form litestate-of-{_KERNEL}" id="litestate-{self._nonce}">'
            f'<div class="litestate-now">{html}</div>{_LATER}</div>'
        )
        self._form = Output("text/html", _STYLE + element)
        connect = _SCRIPT.replace("NONCE", json.dumps(self._nonce))
        connect = connect.replace("CHANNEL", json.dumps(CHANNEL))
        connect = connect.replace("LOCK", json.dumps(_LOCK))
        connect = connect.replace("STYLE", json.dumps(_ALIVE_STYLE))
        self._script: Output | None = Output(
            "application/javascript", f'{connect}{script}send({{ type: "ready" }});'
        )

    def send(self, **message: Any) -> None:
        """Send a message to the page."""
        content = {"nonce": self._nonce, "kernel": True, **message}
        self._channel.postMessage(to_js(content, dict_converter=js.Object.fromEntries))

    def forget_script(self) -> None:
        """Remove the script from the output, after it has run."""
        if self._script:
            self._script.clear()
            self._script = None

    def close(self) -> None:
        """Remove everything from the output."""
        self.forget_script()
        self._form.clear()
        self._channel.close()
        self._proxy.destroy()

    def _receive(self, event: Any) -> None:
        global _page_watches  # noqa: PLW0603 - there is one kernel
        # All views of this notebook hear what the kernel sends, the kernel itself included.
        if getattr(event.data, "nonce", None) == self._nonce and not hasattr(event.data, "kernel"):
            _page_watches = True
            self.messages.put_nowait(event.data)


def mark() -> tuple[str, str]:
    """Return a class for an output's element, and HTML to stand before it.

    Returns
    -------
    (str, str)
        In an element of this class, elements of class ``litestate-now`` are shown while this kernel
        lives, and must have the attribute ``hidden``; those of class ``litestate-later`` are shown
        afterwards.
    """
    name = f"litestate-of-{_KERNEL}"
    if _page_watches:
        return name, ""
    # Without the watch this style sheet, in the worker's memory, shows the link. A page that is
    # reloaded may still have it in its cache.
    return name, f'<link rel="stylesheet" href="{_style_sheet()}">'


async def watch() -> None:
    """Make the page watch for the end of this kernel, unless it does already."""
    if _page_watches or ipython_shell() is None:
        return
    form = Form(HIDDEN, "")
    try:
        # Receiving the message notes that the page watches.
        await asyncio.wait_for(form.messages.get(), WATCH_TIMEOUT)
    except TimeoutError:
        logging.getLogger(__name__).debug("the page runs no scripts")
    finally:
        form.close()


@cache
def _style_sheet() -> str:
    options = to_js({"type": "text/css"}, dict_converter=js.Object.fromEntries)
    return str(js.URL.createObjectURL(js.Blob.new(to_js([_ALIVE_STYLE]), options)))


run_js(_HOLD)(_LOCK)
