"""Forms in the cell's output: a file chooser, and a progress bar with a button to cancel."""

from __future__ import annotations

import asyncio
from html import escape
from typing import IO, Any

from pyodide.ffi import can_run_sync, run_sync

from ..errors import CancelledError, SourceError
from .blobs import open_blob
from .form import Form

READY_TIMEOUT = 20.0
"""Seconds for the page to show the form, which takes less than one. A page that runs no JavaScript
in outputs never does."""

CHOICE_TIMEOUT = 600.0
"""Seconds for the user to choose: a waiting kernel cannot be interrupted."""

_CHOOSER = """
  <label>
    <b>Load a bundle.</b> Choose a file that ends in .litestate.zip:<br>
    <input type="file" accept=".zip,.json" disabled>
  </label>
  <button type="button" disabled>Cancel</button>
"""

_CHOOSER_SCRIPT = """
const input = form.querySelector("input");
input.addEventListener("change", () => {
  if (input.files.length) send({ type: "file", file: input.files[0] });
});
const button = form.querySelector("button");
button.addEventListener("click", () => send({ type: "cancel" }));
input.disabled = button.disabled = false;
"""

WAIT, LAST_WAIT = 0.004, 0.1
"""Seconds to wait for a click, which takes some milliseconds to arrive; the last wait is longer,
since a later click is lost."""

_BAR = """
  <label>{label} <span></span>
    <progress aria-label="{label}" max="{total}" value="0"></progress>
  </label>
  <button type="button" hidden>Cancel</button>
"""

_BAR_SCRIPT = """
const bar = form.querySelector("progress");
const text = form.querySelector("span");
const button = form.querySelector("button");
button.addEventListener("click", () => {
  button.disabled = true;
  send({ type: "cancel" });
});
receive((message) => {
  bar.value = message.done;
  text.textContent = Math.min(100, Math.floor(100 * message.done / bar.max)) + " %";
  button.hidden = !message.cancellable;
});
"""


async def choose() -> IO[bytes]:
    """Show a form in the cell's output and wait until a file is chosen.

    Returns
    -------
    binary file
        Reads the chosen file where it is, a slice at a time; ``name`` is the file's name.

    Raises
    ------
    CancelledError
        If the user cancels, or does nothing for ten minutes.
    SourceError
        If the page cannot show the form.
    """
    form = Form(_CHOOSER, _CHOOSER_SCRIPT)
    try:
        await _connected(form)
        message = await _choice(form)
    finally:
        form.close()
    if message.type != "file":
        raise CancelledError("No file was chosen: nothing was loaded.")
    return open_blob(message.file)


async def _connected(form: Form) -> None:
    try:
        await asyncio.wait_for(form.messages.get(), READY_TIMEOUT)
    except TimeoutError:
        raise SourceError(
            "This page cannot show a form to choose a file. Upload the bundle with the file "
            "browser instead, and give its name to load_state()."
        ) from None
    form.forget_script()


async def _choice(form: Form) -> Any:
    try:
        async with asyncio.timeout(CHOICE_TIMEOUT):
            message = await form.messages.get()
            # A notebook that is open in two views runs the script, and says "ready", twice.
            while message.type == "ready":
                message = await form.messages.get()
            return message
    except TimeoutError:
        raise CancelledError(
            f"No file was chosen in {CHOICE_TIMEOUT / 60:.0f} minutes: nothing was loaded. "
            "Run the cell again."
        ) from None


class HtmlBar:
    """A bar in the cell's output.

    Parameters
    ----------
    label : str
        Name of the work.
    total : int
        Total number of bytes.
    """

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._form = Form(_BAR.format(label=escape(label), total=max(total, 1)), _BAR_SCRIPT)

    def update(self, done: int, *, last: bool = False) -> None:
        """Show the number of bytes that are done, and check for a click on the button.

        Raises
        ------
        CancelledError
            If the user clicked.
        """
        # A click arrives only while the kernel waits, which not every browser can do here.
        cancellable = can_run_sync()
        self._form.send(done=done, cancellable=cancellable)
        if cancellable:
            run_sync(asyncio.sleep(LAST_WAIT if last else WAIT))
        while not self._form.messages.empty():
            message = self._form.messages.get_nowait()
            self._form.forget_script()
            if message.type == "cancel":
                raise CancelledError(f"{self._label}: cancelled. Nothing was changed.")

    def close(self) -> None:
        """Remove the bar from the output."""
        self._form.close()
