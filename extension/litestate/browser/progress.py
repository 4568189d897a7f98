"""A progress bar in the cell's output, with a button to cancel."""

from __future__ import annotations

import asyncio
from html import escape

from pyodide.ffi import can_run_sync, run_sync

from ..errors import CancelledError
from .form import Form

LOOK, LAST_LOOK = 0.004, 0.1
"""Seconds for a click to come through. It takes some milliseconds, and what is not heard by the
last look is not heard at all."""

_BAR = """
  <label>{label} <span></span>
    <progress aria-label="{label}" max="{total}" value="0"></progress>
  </label>
  <button type="button" hidden>Cancel</button>
"""

_SCRIPT = """
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


class HtmlBar:
    """A bar in the cell's output.

    Parameters
    ----------
    label : str
        What is being done.
    total : int
        Bytes in all.
    """

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._form = Form(_BAR.format(label=escape(label), total=max(total, 1)), _SCRIPT)

    def update(self, done: int, *, last: bool = False) -> None:
        """Show how far it has come, and look whether the button was clicked.

        Raises
        ------
        CancelledError
            If it was.
        """
        # A click is heard only while the kernel waits, and not every browser lets it wait here.
        cancellable = can_run_sync()
        self._form.send(done=done, cancellable=cancellable)
        if cancellable:
            run_sync(asyncio.sleep(LAST_LOOK if last else LOOK))
        while not self._form.messages.empty():
            message = self._form.messages.get_nowait()
            self._form.forget_script()
            if message.type == "cancel":
                raise CancelledError(f"{self._label}: cancelled. Nothing was changed.")

    def close(self) -> None:
        """Take the bar out of the output."""
        self._form.close()
