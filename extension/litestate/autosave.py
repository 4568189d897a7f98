"""A checkpoint after every cell, and everything back after a refresh."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

from .after_cell import AfterCell
from .checkpoints import Checkpoint, Retention
from .checkpoints.capture import Captured
from .checkpoints.restoring import never_stored, restore_missing
from .checkpoints.session import Made, Session
from .checkpoints.table import title
from .current import Opened, close, opened
from .errors import BundleError, DamagedCheckpointError, LitestateError
from .platform import IN_BROWSER
from .report import Report, Section, show, size_text, when_text
from .survey import Paths
from .variables.namespace import Choice
from .waiting import Waiter, awaitable, blocking_call, wait

_NEARLY_FULL = 0.8
"""Share of the browser's storage, or of the disk, from which on it is said to be nearly full."""

_MOMENT = "%Y-%m-%d at %H:%M"

_CHECK_AFTER = 1 / 8
"""Share of the free room that the log may take before somebody looks again how much is left."""


class Autosave:
    """What ``litestate.autosave`` is: call it to start, and it has methods to stop."""

    def __init__(self) -> None:
        self._follower: AfterCell | None = None
        self._session: Session | None = None
        self._check_at = 0.0
        self._said: set[str] = set()

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
        """Bring back what this notebook had, and make a checkpoint after every cell from now on.

        In the site, what the last checkpoint holds comes back after the page was reloaded. After
        the kernel was restarted it does not, because who restarts wants a clean session; nor does
        it in plain Python, where files outlive the kernel. Then one line says how to get at it.

        Checkpoints are made between cells, in less than 2.5 % of the time; a cell in which nothing
        changed makes none.

        Parameters
        ----------
        name : str, optional
            Of the history, by default the notebook's path. Two notebooks with one name share it.
        restore : bool, optional
            Whether to bring anything back.
        paths : path or sequence of path, optional
            What belongs to the state, by default what `save_state` saves.
        exclude : str or sequence of str, optional
            What to leave out, in gitignore syntax.
        retention : Retention, optional
            Which checkpoints are kept: by default the last 20, one for each of the last 24 hours
            and 30 days in which there are any, and all that have a label.
        variables : bool or str or sequence of str, optional
            Which variables belong to the state, by default all, unless ``paths`` names files.

        Returns
        -------
        Report
            What came back.

        Raises
        ------
        StorageError
            If this browser has no storage for it (a private window, perhaps), or the folder cannot
            be written to. `save_state` works in any case.
        NeedsAsyncError
            If this browser cannot wait inside a call; use `aautosave`.
        LitestateError
            Outside of a notebook and of IPython: there are no cells to follow.
        """
        opening = opened(
            name, paths=paths, exclude=exclude, retention=retention, variables=variables
        )
        return self._begin(await waiter(opening, "its storage"), restore=restore)

    def pause(self) -> None:
        """Make no checkpoints until `resume`."""
        self._active().pause()

    def resume(self) -> None:
        """Make checkpoints again; what has changed meanwhile is in the next one."""
        self._active().resume()

    def stop(self) -> None:
        """Make no more checkpoints by itself; what there are stay, and so does `checkpoint`."""
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
        # It may be read in an output, when this kernel has ended.
        text = f"Autosave is {state} for {session.name}; {last} (on {time.strftime(_MOMENT)})"
        if follower.trouble:
            return f"{text}. What has changed since is not in it: {follower.trouble}"
        return f"{text}. What has changed since is not in it yet" if follower.pending else text

    def _active(self) -> AfterCell:
        if self._follower is None or not self._follower.active:
            raise LitestateError("Autosave is off: call autosave() first.")
        return self._follower

    def _begin(self, now: Opened, *, restore: bool) -> Report:
        session = now.session
        follower = AfterCell(self._look, self._tell)
        follower.start()
        if self._follower is not None:
            self._follower.stop()
        before, self._session = self._session, session
        self._follower, self._said = follower, set()
        self._check_at = 0
        try:
            report = _first(now, restore=restore) if session.is_fresh else _again(now, before)
        except BaseException:
            # What could not be brought back must not be followed by a checkpoint without it.
            self.stop()
            close()
            raise
        report.later = (
            f"Autosave was turned on for {session.name} on {time.strftime(_MOMENT)}. "
            f"{report.headline}"
        ).strip()
        report.headline = f"Autosave is on for {session.name}. {report.headline}".strip()
        _explain(report, now)
        return show(report)

    def _look(self, cell: int | None) -> None:
        session = self._session
        if session is None or not (session.storage.writable or self._take_over(session)):
            return
        made = session.checkpoint("cell", cell=cell, thorough=False)
        self._say_what_is_wrong(session.captured, made)
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
            text += f" What the other one had last is {_offer(session.newest)}"
        self._say(text)
        return True

    def _say_what_is_wrong(self, captured: Captured, made: Made | None) -> None:
        for warning in captured.warnings:
            self._say(warning)
        for skipped in captured.skipped:
            self._say(
                f"{skipped.path} is not in the checkpoint as it is now: {skipped.reason}. "
                f"{skipped.advice}"
            )
        if made is not None and made.dropped:
            self._say(
                f"There is little room: {len(made.dropped)} older checkpoints were dropped. "
                "Give those a label that you want to keep, and download save_state()."
            )

    def _check_room(self, session: Session) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            wait(self._say_if_nearly_full(session), "")
            return
        task = loop.create_task(self._say_if_nearly_full(session))
        # A task that nobody refers to may vanish.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _say_if_nearly_full(self, session: Session) -> None:
        usage = await session.storage.usage()
        session.note_usage(usage)
        if usage is None:
            return
        self._check_at = session.history.size + _CHECK_AFTER * (usage.quota - usage.used)
        if usage.used < _NEARLY_FULL * usage.quota:
            return
        self._say(
            f"The storage is nearly full: {size_text(usage.used)} of {size_text(usage.quota)} are "
            f"used. Checkpoints of {session.name} take {size_text(session.history.size)} of it. "
            "When no room is left, older ones go first. Download save_state() to be safe."
        )

    def _say(self, sentence: str) -> None:
        # Once is enough for what is so after every cell.
        if sentence not in self._said and self._follower is not None:
            self._said.add(sentence)
            self._follower.say(sentence)

    @staticmethod
    def _tell(sentence: str) -> None:
        # It may be read much later.
        when = f"Autosave, on {time.strftime(_MOMENT)}"
        show(Report(when, [Section("autosave", warnings=[sentence])]))


autosave = Autosave()


aautosave = awaitable(autosave.__call__)


def _first(now: Opened, *, restore: bool) -> Report:
    """Bring back what belongs to this notebook, or say what could be brought back."""
    session, newest = now.session, now.session.newest
    if newest is not None and IN_BROWSER and restore and not now.restarted:
        return _newest_whole(session)
    lost = never_stored(session, newest) if newest else ""
    made = None
    if session.storage.writable:
        # Also of nothing, so that what the first cell does can be undone.
        made = session.checkpoint("start", always=newest is None)
    # Elsewhere it is there: files outlive the process. But variables of these cells do not.
    if newest is None or (made is None and not IN_BROWSER and not lost):
        return Report("")
    offer = f"What it had last is {_offer(newest)}"
    return Report("", notes=[f"{offer}; {lost}" if lost else offer])


def _again(now: Opened, before: Session | None) -> Report:
    """Say what could be brought back where something else was kept or restored before."""
    if before is now.session or now.newest is None:
        return Report("")
    return Report("", notes=[f"What it had last is {_offer(now.newest)}"])


def _newest_whole(session: Session) -> Report:
    """Restore what is whole of the newest checkpoint, or of one before if it cannot be read."""
    damage: dict[int, str] = {}
    # Twice each: from the first time on, it is known what is damaged.
    for checkpoint in (each for each in reversed(session.history.checkpoints) for _ in range(2)):
        try:
            report = restore_missing(session, checkpoint)
        except (DamagedCheckpointError, BundleError) as error:
            # Of the second kind is what is stored just as it was written, and makes no sense.
            name = title(checkpoint.note, checkpoint.number)
            damage[checkpoint.number] = f"{name} is not whole. {error}"
        else:
            # What it lacks is in the report.
            damage.pop(checkpoint.number, None)
            break
    else:
        report = Report("No checkpoint could be restored.")
    report.sections = report.sections or [Section("autosave")]
    report.sections[0].warnings += damage.values()
    return report


def _offer(checkpoint: Checkpoint) -> str:
    when = when_text(checkpoint.note.created)
    return f"in {title(checkpoint.note, checkpoint.number)} of {when}: restore({checkpoint.number})"


def _explain(report: Report, now: Opened) -> None:
    session = now.session
    report.sections = report.sections or [Section("autosave")]
    warnings = report.sections[0].warnings
    warnings += session.history.problems
    if not session.storage.writable:
        warnings.append(
            "This notebook is open in another tab, which makes the checkpoints. This tab reads "
            "them, and takes over when the other one is closed; until then, what changes here is "
            "not kept."
        )
    if now.path is not None:
        report.notes.append(f"{now.path} was called {session.name} when its history began.")
    if now.persisted is False:
        report.notes.append(
            "The browser may delete what this site stores when it needs the room: download a "
            "bundle with save_state() from time to time."
        )
