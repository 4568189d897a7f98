"""Ask the person for a file."""

from __future__ import annotations

import asyncio
from typing import IO, Any

from ..errors import CancelledError, SourceError
from .blobs import open_blob
from .form import Form

READY_TIMEOUT = 20.0
"""Seconds for the page to show the form. It takes well under one; a page without JavaScript
outputs never does."""

CHOICE_TIMEOUT = 600.0
"""Seconds for the person to choose: a kernel that waits cannot be interrupted."""

_FORM = """
  <label>
    <b>Load a bundle.</b> Choose a file that ends in .litestate.zip:<br>
    <input type="file" accept=".zip,.json" disabled>
  </label>
  <button type="button" disabled>Cancel</button>
"""

_SCRIPT = """
const input = form.querySelector("input");
input.addEventListener("change", () => {
  if (input.files.length) send({ type: "file", file: input.files[0] });
});
const button = form.querySelector("button");
button.addEventListener("click", () => send({ type: "cancel" }));
input.disabled = button.disabled = false;
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
        If the person cancels, or does nothing for ten minutes.
    SourceError
        If the page cannot show the form.
    """
    form = Form(_FORM, _SCRIPT)
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
