"""Autosave: a checkpoint after every cell, and a restore after a reload of the page."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..checkpoints import Retention
from ..checkpoints.checkpoint_list import title
from ..checkpoints.checkpoint_session import NewCheckpoint, Session
from ..checkpoints.checkpoint_writer import Captured
from ..errors import LitestateError
from ..files.survey import Paths
from ..report import Report, Section, show, size_text, when_text
from ..shell.after_cell import AfterCell
from ..variables.namespace import Choice
from ..waiting import Waiter, awaitable, blocking_call, wait
from .autosave_start import explain, first_restore, further_offer, offer
from .kernel_session import Opened, close, opened, opened_before

if TYPE_CHECKING:
    from ..browser.notebook import Page

_NEARLY_FULL = 0.8
"""Used share of the browser's storage, or of the disk, at which a warning is shown."""

_MOMENT = "%Y-%m-%d at %H:%M"

_CHECK_AFTER = 1 / 8
"""Share of the free room that the log may take before the free room is checked again."""


class Listener:
    """Receives what autosave reports after cells; by default an output of the cell shows it."""

    def changed(self) -> None:
        """Note that something was stored, or that it was not. Must not raise."""

    def show(self, sentence: str) -> None:
        """Show a sentence to the user."""
        # With a date: it may be read much later.
        when = f"Autosave, on {time.strftime(_MOMENT)}"
        show(Report(when, [Section("autosave", warnings=[sentence])]))


class Autosave:
    """The object ``litestate.autosave``: a call starts it, and methods pause and stop it."""

    def __init__(self) -> None:
        self.listener = Listener()
        self._follower: AfterCell | None = None
        self._session: Session | None = None
        self._check_at = 0.0
        self._reported: set[str] = set()

    @blocking_call
    async def __call__(
        self,
        waiter: Waiter,
        /,
        name: str | None = None,
        *,
        restore: bool = True,
        paths: Paths = None,
        exclude: Sequence[str] | str = (),
        retention: Retention | None = None,
        variables: Choice = None,
    ) -> Report:
        """Restore the state of this notebook, and make a checkpoint after every cell from now on.

        In the site, the last checkpoint is restored after a reload of the page. It is not restored
        after a restart of the kernel, which is a request for a clean session, nor in plain Python,
        where files outlive the kernel. Then a note says how to restore it.

        Checkpoints are made between cells, in less than 2.5 % of the time. A cell that changes
        nothing makes none.

        Parameters
        ----------
        name : str, optional
            Name of the history, by default the notebook's path. Notebooks with the same name share
            one history.
        restore : bool, optional
            Whether to restore anything.
        paths : path or sequence of path, optional
            Files that belong to the state, by default those that `save_state` saves.
        exclude : str or sequence of str, optional
            Files to leave out, in gitignore syntax.
        retention : Retention, optional
            Which checkpoints are kept: by default the last 20, one for each of the last 24 hours
            and of the last 30 days that have any, and all that have a label.
        variables : bool or str or sequence of str, optional
            Variables that belong to the state: by default all, unless ``paths`` names files.

        Returns
        -------
        Report
            What was restored.

        Some browsers have no storage for checkpoints, above all in private windows. There the
        checkpoints are in memory until the page is reloaded, and the report says so.

        Raises
        ------
        StorageError
            If the storage cannot be opened or written to. `save_state` works in any case.
        NeedsAsyncError
            If this browser cannot wait inside a call; use `aautosave`.
        LitestateError
            Outside of a notebook and of IPython, where there are no cells.
        """
        now = opened_before(name, paths, exclude, retention, variables)
        if now is None:
            opening = opened(
                name, paths=paths, exclude=exclude, retention=retention, variables=variables
            )
            now = await waiter(opening, "its storage")
        report = self._begin(now, restore=restore)
        report.later = (
            f"Autosave was turned on for {now.session.name} on {time.strftime(_MOMENT)}. "
            f"{report.headline}"
        ).strip()
        limit = ", but only until the page is reloaded" if now.session.storage.transient else ""
        report.headline = f"Autosave is on for {now.session.name}{limit}. {report.headline}".strip()
        return show(report)

    async def start_for(
        self,
        page: Page,
        *,
        restore: bool,
        exclude: Sequence[str] = (),
        retention: Retention | None = None,
    ) -> Report:
        """Do what a call does, for a notebook that the page has named, and show nothing.

        Parameters
        ----------
        page : Page
            What the page knows of the notebook.
        restore, exclude, retention
            As for a call.

        Returns
        -------
        Report
            What was restored.
        """
        now = await opened(page=page, exclude=exclude, retention=retention)
        return self._begin(now, restore=restore)

    @property
    def follower(self) -> AfterCell | None:
        """The scheduler of checkpoints, or None before the first call."""
        return self._follower

    def pause(self) -> None:
        """Make no checkpoints until `resume`."""
        self._active().pause()

    def resume(self) -> None:
        """Make checkpoints again; the next one has all changes since the pause."""
        self._active().resume()

    def stop(self) -> None:
        """Stop automatic checkpoints; existing ones are kept, and `checkpoint` still works."""
        if self._follower is not None:
            self._follower.stop()

    def __repr__(self) -> str:
        if self._session is None or self._follower is None or not self._follower.active:
            return "Autosave is off: autosave() starts it"
        session, follower = self._session, self._follower
        if not session.storage.writable:
            return f"Autosave waits: another tab makes the checkpoints of {session.name}"
        newest, last = session.newest, "no checkpoint yet"
        if newest is not None:
            last = f"{title(newest.note, newest.number)} at {when_text(newest.note.created)}"
        state = "paused" if follower.paused else "on"
        # With a date: the output may be read after this kernel has ended.
        limit = " until the page is reloaded" if session.storage.transient else ""
        text = f"Autosave is {state} for {session.name}{limit}; {last} "
        text += f"(on {time.strftime(_MOMENT)})"
        if follower.trouble:
            return f"{text}. What has changed since is not in it: {follower.trouble}"
        return f"{text}. What has changed since is not in it yet" if follower.pending else text

    def _active(self) -> AfterCell:
        if self._follower is None or not self._follower.active:
            raise LitestateError("Autosave is off: call autosave() first.")
        return self._follower

    def _begin(self, now: Opened, *, restore: bool) -> Report:
        session = now.session
        # Another page may become the listener later.
        follower = AfterCell(
            self._checkpoint,
            lambda sentence: self.listener.show(sentence),
            changed=lambda: self.listener.changed(),
        )
        follower.start()
        if self._follower is not None:
            self._follower.stop()
        before, self._session = self._session, session
        self._follower, self._reported = follower, set()
        self._check_at = 0
        try:
            report = (
                first_restore(now, restore=restore)
                if session.is_fresh
                else further_offer(now, before)
            )
        except BaseException:
            # A checkpoint now would lack the state that could not be restored.
            self.stop()
            close()
            raise
        explain(report, now)
        return report

    def _checkpoint(self, cell: int | None) -> None:
        session = self._session
        if session is None or not (session.storage.writable or self._take_over(session)):
            return
        made = session.checkpoint("cell", cell=cell, thorough=False)
        self._report_problems(session.captured, made)
        if session.history.wants_compaction():
            session.history.compact()
        if session.history.size >= self._check_at:
            self._check_at = math.inf
            self._check_room(session)

    def _take_over(self, session: Session) -> bool:
        before = session.newest
        if not session.take_over():
            return False
        text = "The other tab was closed: this one makes the checkpoints now."
        if session.newest and session.newest != before:
            text += f" The last state of the other one is {offer(session.newest)}"
        self._report(text)
        return True

    def _report_problems(self, captured: Captured, made: NewCheckpoint | None) -> None:
        for warning in captured.warnings:
            self._report(warning)
        for skipped in captured.skipped:
            self._report(
                f"The checkpoint has no current version of {skipped.path}: {skipped.reason}. "
                f"{skipped.advice}"
            )
        if made is not None and made.dropped:
            self._report(
                f"There is little room: {len(made.dropped)} older checkpoints were dropped. "
                "Give a label to those that you want to keep, and download a bundle with "
                "save_state()."
            )

    def _check_room(self, session: Session) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            wait(self._report_if_nearly_full(session), "")
            return
        task = loop.create_task(self._report_if_nearly_full(session))
        # The loop only has a weak reference: without another one the task may be collected.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _report_if_nearly_full(self, session: Session) -> None:
        usage = await session.storage.usage()
        session.note_usage(usage)
        if usage is None:
            return
        self._check_at = session.history.size + _CHECK_AFTER * (usage.quota - usage.used)
        if usage.used < _NEARLY_FULL * usage.quota:
            return
        self._report(
            f"The storage is nearly full: {size_text(usage.used)} of {size_text(usage.quota)} are "
            f"used. Checkpoints of {session.name} take {size_text(session.history.size)} of it. "
            "When it is full, the oldest ones are dropped. To be safe, download a bundle with "
            "save_state()."
        )

    def _report(self, sentence: str) -> None:
        # Only once: the same may be true after every cell.
        if sentence not in self._reported and self._follower is not None:
            self._reported.add(sentence)
            self._follower.say(sentence)


autosave = Autosave()


aautosave = awaitable(autosave.__call__)
