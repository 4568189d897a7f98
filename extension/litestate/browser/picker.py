"""Ask the person for a file.

The kernel's worker has no document, so a form goes into the cell's output and a script beside it
connects the form to the kernel. The script is taken out of the output as soon as it has run: left
there, it
would run again whenever the notebook is opened.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import js
from pyodide.ffi import can_run_sync, create_proxy, run_sync

from .. import ui
from ..errors import CancelledError, NeedsAsyncError, SourceError
from .blobs import open_blob

CHANNEL = "litestate"
"""Name of the BroadcastChannel between kernels and pages; each message carries a nonce."""

READY_TIMEOUT = 20.0
"""Seconds for the page to show the form. It takes well under one; a page without JavaScript
outputs never does."""

CHOICE_TIMEOUT = 600.0
"""Seconds for the person to choose: a kernel that waits cannot be interrupted."""

_FORM = """
<style>
.litestate-form {{ font: 13px/1.6 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, inherit); max-width: 36rem; padding: 10px 14px;
  border: 1px dashed var(--jp-border-color1, #bdbdbd); border-radius: 4px; }}
.litestate-form input, .litestate-form button {{ font: inherit; color: inherit;
  max-width: 100%; margin: 4px 8px 4px 0; }}
.litestate-form button {{ background: var(--jp-layout-color2, #eee); padding: 1px 12px;
  border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; cursor: pointer; }}
</style>
<div class="litestate-form" id="litestate-{nonce}">
  <label for="litestate-file-{nonce}">
    <b>Load a bundle.</b> Choose a file that ends in .litestate.zip, or the .json file of the
    Pyodide state persistence demo:
  </label><br>
  <input id="litestate-file-{nonce}" type="file" accept=".zip,.json" disabled>
  <button type="button">Cancel</button>
</div>
"""

_SCRIPT = """
const nonce = {nonce};
const channel = new BroadcastChannel({channel});
const form = document.getElementById("litestate-" + nonce);
const send = (message) => channel.postMessage({{ nonce, ...message }});
const input = form.querySelector("input");
input.addEventListener("change", () => {{
  if (input.files.length) send({{ type: "file", file: input.files[0] }});
}});
form.querySelector("button").addEventListener("click", () => send({{ type: "cancel" }}));
input.disabled = false;
send({{ type: "ready" }});
"""


def choose_now() -> IO[bytes]:
    """Do what `choose` does, and wait for it here.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot do that.
    """
    if not can_run_sync():
        raise NeedsAsyncError(
            "This browser cannot wait for a file inside a call. Write `await aload_state()` "
            "instead (from litestate import aload_state), or give load_state() a path or a URL."
        )
    chosen: IO[bytes] = run_sync(choose())
    return chosen


async def choose() -> IO[bytes]:
    """Show a form in the cell's output and wait until a file is chosen.

    Returns
    -------
    binary file
        Reads the chosen file where it is, a slice at a time; ``name`` is the file's name.

    Raises
    ------
    CancelledError
        If the person cancels, or does nothing for ten minutes.
    SourceError
        If the page cannot show the form.
    """
    nonce = secrets.token_hex(8)
    form = ui.Output("text/html", _FORM.format(nonce=nonce))
    try:
        with _messages(nonce) as messages:
            await _connect(nonce, messages)
            message = await _choice(messages)
    finally:
        form.clear()
    if message.type != "file":
        raise CancelledError("No file was chosen: nothing was loaded.")
    return open_blob(message.file)


async def _connect(nonce: str, messages: asyncio.Queue[Any]) -> None:
    code = _SCRIPT.format(nonce=json.dumps(nonce), channel=json.dumps(CHANNEL))
    script = ui.Output("application/javascript", code)
    try:
        await asyncio.wait_for(messages.get(), READY_TIMEOUT)
    except TimeoutError:
        raise SourceError(
            "This page cannot show a form to choose a file. Upload the bundle with the file "
            "browser instead, "
            "and give its name to load_state()."
        ) from None
    finally:
        script.clear()


async def _choice(messages: asyncio.Queue[Any]) -> Any:
    try:
        async with asyncio.timeout(CHOICE_TIMEOUT):
            message = await messages.get()
            # A notebook that is open in two views runs the script, and says "ready", twice.
            while message.type == "ready":
                message = await messages.get()
            return message
    except TimeoutError:
        raise CancelledError(
            f"No file was chosen in {CHOICE_TIMEOUT / 60:.0f} minutes: nothing was loaded. "
            "Run the cell again."
        ) from None


@contextmanager
def _messages(nonce: str) -> Iterator[asyncio.Queue[Any]]:
    """Collect what the page sends about one form."""
    messages: asyncio.Queue[Any] = asyncio.Queue()

    def receive(event: Any) -> None:
        if getattr(event.data, "nonce", None) == nonce:
            messages.put_nowait(event.data)

    proxy = create_proxy(receive)
    channel = js.BroadcastChannel.new(CHANNEL)
    channel.addEventListener("message", proxy)
    try:
        yield messages
    finally:
        channel.close()
        proxy.destroy()
