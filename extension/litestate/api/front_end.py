"""The kernel's part of the front end: autosave as the page asks for it, and answers to the page.

The page sends one request per kernel; see `litestate.api.page_requests`. Everything else goes over
the channel of ``docs/front-end.md``: the kernel pushes the state of saving after each cell, and
answers questions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import IO, Any

from ..browser import drive
from ..browser.blobs import BlobSink
from ..browser.frontend import Channel, Reply
from ..browser.notebook import Page
from ..checkpoints import Checkpoint, Retention
from ..checkpoints.adoption import adopt
from ..checkpoints.checkpoint_list import title
from ..checkpoints.checkpoint_session import Session
from ..errors import LitestateError
from ..output import quiet
from ..report import Report, count_text, when_text
from ..shell.after_cell import AfterCell
from . import page_commands
from .autosave import Listener, autosave
from .kernel_session import current, newest_before, other_history
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
    restore : bool
        Whether to restore the last state.
    original : str or None
        Name of the history of another notebook, of which this one is a copy.
    exclude : list of str
        Files that checkpoints leave out, in gitignore syntax.
    retention : dict or None
        Which checkpoints are kept: the fields of `Retention`.
    """

    nonce: str
    path: str
    name: str
    cause: str
    tab: str = ""
    title: str = ""
    persisted: bool | None = None
    automatic: bool = True
    restore: bool = True
    original: str | None = None
    exclude: list[str] = field(default_factory=list)
    retention: dict[str, int] | None = None

    @property
    def page(self) -> Page:
        """The page's knowledge about this notebook."""
        return Page(
            path=self.path,
            name=self.name,
            restarted=self.cause == "restarted",
            persisted=self.persisted,
            tab=self.tab,
            title=self.title,
        )


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
        self._over = 0
        self._seen: tuple[AfterCell | None, int] = (None, 0)
        self._settling: asyncio.Task[None] | None = None
        self._is_copied = False

    async def start(self) -> None:
        """Start autosave, restore what the page asks for, and report it to the page."""
        failure, report = "", None
        autosave.listener = self
        if self._request.automatic:
            try:
                with quiet():
                    report = await self._start_autosave()
            except LitestateError as error:
                failure = str(error)
            except Exception as error:  # The notebook works without checkpoints.
                failure = f"Autosave could not start ({type(error).__name__}: {error})."
        follower = autosave.follower
        self._seen = (follower, 0 if follower is None else follower.ended)
        self._stored = self._over = cells.begun
        if follower is not None and follower.pending:
            # The notebook was closed and opened again, and its last cell is not stored yet.
            self._stored -= 1
        self._channel.push(
            "started",
            {
                "cause": self._request.cause,
                "failure": failure,
                "report": report and report_json(report),
                "copied": self._is_copied,
                "offer": None if _restores(self._request) else _about(newest_before()),
                "state": self._state(),
            },
        )

    async def _start_autosave(self) -> Report:
        request, session = self._request, current()
        if session is not None and autosave.follower and autosave.follower.active:
            # The notebook was closed and opened again while its kernel went on.
            return Report("")
        retention = None if request.retention is None else Retention(**request.retention)
        report = await autosave.start_for(
            request.page, restore=request.restore, exclude=request.exclude, retention=retention
        )
        report.headline = _restored_text(report, newest_before())
        if request.original and _restores(request):
            await self._copy(request.original, report)
        return report

    async def _copy(self, name: str, report: Report) -> None:
        """Begin with the newest state of the original, if this notebook has no state yet."""
        session = current()
        if session is None or not session.storage.writable:
            return
        if len(session.history.checkpoints) <= 1:
            try:
                async with other_history(name) as original:
                    copied = adopt(session, original)
            except LitestateError as error:
                report.sections[0].warnings.append(
                    f"The state of {name} was not copied: {error} To have it here, open {name}, "
                    "save its state into a file, and load the file here."
                )
                return
            if copied is not None:
                report.headline = copied.headline
                report.sections += copied.sections
                report.notes += copied.notes
        self._is_copied = True

    async def _bring_back(self, name: str) -> Report | None:
        """Load the newest state of another history: the page offers that of a deleted notebook."""
        session = current()
        if session is None:
            raise LitestateError(
                'Autosave is off here. Turn on "Save the state after each cell" in the settings '
                "of litestate, and restart the kernel."
            )
        session.history.check_writable()
        async with other_history(name) as other:
            return adopt(session, other)

    def close(self) -> None:
        """Answer no more."""
        if self._settling is not None:
            self._settling.cancel()
        self._channel.close()

    def changed(self) -> None:
        """Push the state of saving; what is stored counts once the drive has it, too."""
        self._note_stored()
        self._channel.push("state", self._state())

    def _note_stored(self) -> None:
        follower = autosave.follower
        if follower is None:
            return
        # A scan may come after the next cell has begun, while the kernel loads its imports.
        self._over = max(self._over, cells.ended)
        seen, self._seen = self._seen, (follower, follower.ended)
        if seen != self._seen and follower.ended:
            # This is the end of a cell, and the kernel has yet to note it.
            self._over = cells.begun
        if not follower.pending:
            self._settle(self._over)

    def show(self, sentence: str) -> None:
        """Let the page show a sentence, unless a cell has turned autosave on."""
        if self._request.automatic:
            self._channel.push("notice", sentence)
        else:
            super().show(sentence)

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
            "chosen": _is_chosen(session),
            "trouble": follower.trouble,
            "unsaved": drive.unsaved(),
            "writable": session.storage.writable,
            "transient": session.storage.transient,
            "temporary": drive.is_temporary(),
            "newest": _about(session.newest),
        }

    async def _answer(self, command: str, args: dict[str, Any], file: IO[bytes] | None) -> Reply:
        if command == "state":
            self._note_stored()
            return Reply(self._state())
        if command == "store":
            return Reply(await self._store())
        if command == "adopt":
            async with changes:
                with quiet():
                    report = await self._bring_back(args["name"])
            self.changed()
            return Reply(report and report_json(report))
        with quiet():
            if command in page_commands.READING:
                return await self._run(command, args, file)
            # No cell runs meanwhile, and none begins.
            async with changes:
                return await self._run(command, args, file)

    async def _run(self, command: str, args: dict[str, Any], file: IO[bytes] | None) -> Reply:
        answer = await page_commands.run(command, args, file, BlobSink, self._request.page)
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


def _is_chosen(session: Session) -> bool:
    """Return whether a cell has chosen with ``autosave(…)`` what checkpoints have."""
    scope = session.scanner.scope
    return scope.paths is not None or scope.variables is not True


def _restored_text(report: Report, checkpoint: Checkpoint | None) -> str:
    """Return what came back in words for a user, who has asked for nothing."""
    lines = [line for line in report.lines() if line.kind != "session"]
    if checkpoint is None or not lines:
        return report.headline
    note = checkpoint.note
    cell = "" if note.cell is None else f" after cell [{note.cell}]"
    return f"Restored what was saved{cell} at {when_text(note.created)}: {count_text(lines)}"


def _restores(request: Request) -> bool:
    return request.restore and request.cause != "restarted"


def _about(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    if checkpoint is None:
        return None
    note = checkpoint.note
    return {
        "number": checkpoint.number,
        "title": title(note, checkpoint.number),
        "created": note.created,
        "cell": note.cell,
    }
