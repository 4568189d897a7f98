"""The kernel's part of the front end: autosave as the page asks for it, and answers to the page.

The page sends one request per kernel; see `litestate.api.page_requests`. Everything else goes over
the channel of ``docs/front-end.md``: the kernel pushes the state of saving after each cell, and
answers questions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import IO, Any

from ..browser import drive
from ..browser.blobs import BlobSink
from ..browser.frontend import Channel, Reply
from ..browser.notebook import Page
from ..checkpoints import Checkpoint
from ..checkpoints.checkpoint_list import title
from ..errors import LitestateError
from ..output import quiet
from . import page_commands
from .autosave import Listener, autosave
from .kernel_session import current
from .page_reports import report_json
from .page_requests import cells, changes


@dataclass(frozen=True)
class Request:
    """The page's request to a kernel that has just started.

    Attributes
    ----------
    nonce : str
        Name of this kernel in messages.
    path : str
        The notebook, as a path in the site's contents.
    name : str
        Name of its history.
    cause : {"opened", "reloaded", "restarted"}
        Why the kernel was started.
    tab : str
        Identity of the page, until it is reloaded.
    title : str
        The page's title.
    persisted : bool or None
        Whether the browser promises to keep the site's storage; None if it does not say.
    automatic : bool
        Whether to make checkpoints after cells.
    restore : {"always", "ask", "never"}
        Whether to restore the last state after a reload.
    """

    nonce: str
    path: str
    name: str
    cause: str
    tab: str = ""
    title: str = ""
    persisted: bool | None = None
    automatic: bool = True
    restore: str = "always"


async def start(message: dict[str, Any]) -> None:
    """Start autosave for a notebook, and answer the page's questions from now on."""
    global _front_end  # noqa: PLW0603 - a kernel has one notebook
    if _front_end is not None:
        # Two views of a notebook, or a page that was not told of the first answer.
        _front_end.close()
    _front_end = FrontEnd(Request(**message))
    await _front_end.start()


class FrontEnd(Listener):
    """The front end of this kernel's notebook."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._channel = Channel(request.nonce, self._answer)
        self._stored = 0
        self._settling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start autosave, restore what the page asks for, and report it to the page."""
        request = self._request
        failure, report = "", None
        autosave.listener = self
        if request.automatic:
            page = Page(
                path=request.path,
                name=request.name,
                restarted=request.cause == "restarted",
                persisted=request.persisted,
                tab=request.tab,
                title=request.title,
            )
            try:
                with quiet():
                    report = await autosave.start_for(page, restore=request.restore == "always")
            except LitestateError as error:
                failure = str(error)
            except Exception as error:  # The notebook works without checkpoints.
                failure = f"Autosave could not start ({type(error).__name__}: {error})."
        self._channel.push(
            "started",
            {
                "cause": request.cause,
                "failure": failure,
                "report": report and report_json(report),
                "state": self._state(),
            },
        )

    def close(self) -> None:
        """Answer no more."""
        self._channel.close()

    def changed(self) -> None:
        """Push the state of saving; what is stored counts once the drive has it, too."""
        follower = autosave.follower
        if follower is not None and not follower.pending:
            self._settle(cells.begun)
        self._channel.push("state", self._state())

    def show(self, sentence: str) -> None:
        """Let the page show a sentence."""
        self._channel.push("notice", sentence)

    def _settle(self, stored: int) -> None:
        if drive.is_settled():
            self._stored = stored
            return
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().create_task(self._when_settled(stored))

    async def _when_settled(self, stored: int) -> None:
        await drive.settled()
        self._stored = max(self._stored, stored)
        self._channel.push("state", self._state())

    def _state(self) -> dict[str, Any]:
        """Return the state of saving: small, and without any value of the notebook."""
        session, follower = current(), autosave.follower
        state: dict[str, Any] = {
            "active": follower is not None and follower.active,
            "begun": cells.begun,
            "stored": self._stored,
        }
        if session is None or follower is None:
            return state
        return state | {
            "name": session.name,
            "paused": follower.paused,
            "trouble": follower.trouble,
            "unsaved": drive.unsaved(),
            "writable": session.storage.writable,
            "transient": session.storage.transient,
            "newest": session.newest and _about(session.newest),
        }

    async def _answer(self, command: str, args: dict[str, Any], file: IO[bytes] | None) -> Reply:
        if command == "state":
            return Reply(self._state())
        if command == "store":
            return Reply(await self._store())
        with quiet():
            if command in page_commands.READING:
                return await self._run(command, args, file)
            # No cell runs meanwhile, and none begins.
            async with changes:
                return await self._run(command, args, file)

    async def _run(self, command: str, args: dict[str, Any], file: IO[bytes] | None) -> Reply:
        answer = await page_commands.run(command, args, file, BlobSink)
        self.changed()
        return Reply(answer.result, answer.file, answer.name)

    async def _store(self) -> dict[str, Any]:
        """Store now what waits for a pause between cells; the page is about to go."""
        follower = autosave.follower
        if follower is not None:
            follower.store_now()
        await drive.settled()
        self.changed()
        return self._state()


_front_end: FrontEnd | None = None


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    note = checkpoint.note
    return {
        "number": checkpoint.number,
        "title": title(note, checkpoint.number),
        "created": note.created,
        "cell": note.cell,
    }
