"""The scheduler of scans: between cells, when the pace allows it or the kernel rests."""

from __future__ import annotations

import asyncio
import atexit
import functools
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from ..errors import LitestateError
from ..platform import ipython_shell
from .cell_hooks import Cells
from .pacing import Pace

_SOON = 0.001
"""Seconds that are not worth waiting for; clocks and timers are not more exact either."""

IDLE = 0.5
"""Seconds without a cell after which the kernel rests, and a postponed scan runs whatever the pace
says. Half of the second within which everything is to be stored; cells that run in a series follow
each other faster."""


class AfterCell:
    """A scan for changes after every cell, as often as the pace allows.

    The pace only counts while cells follow each other. A postponed scan runs as soon as no cell has
    run for `IDLE` seconds, by a timer on the kernel's event loop, or at the end of a later cell,
    whichever comes first. In IPython's terminal the event loop of the prompt has the timer. Where
    there is no loop (IPython's simple prompt), the scan runs at the end of the session. Nothing is
    scheduled while no scan is postponed.

    An error of a scan never reaches the user's cell, and never stops this scheduler. It is reported
    after the cell, and the next cell is followed by another scan. The same kind of error is not
    reported again until a scan has succeeded in between.

    Parameters
    ----------
    scan : callable
        Gets the number of the last cell, or None if it has none. Not called while a cell runs.
    show : callable
        Shows a message to the user. Only called at the end of a cell, so that its output is below
        that cell.
    pace : Pace, optional
        When a scan may start.
    clock : callable, optional
        Returns seconds; of the same clock as `pace`.
    changed : callable, optional
        Called when `pending` or `trouble` may have changed. Must not raise.

    Attributes
    ----------
    paused : bool
        Whether scans are paused.
    ended : int
        Number of cells that have ended since the start.
    pending : bool
        Whether something ran since the last scan that succeeded.
    trouble : str
        Why the last scan failed; empty if it succeeded.
    """

    def __init__(
        self,
        scan: Callable[[int | None], object],
        show: Callable[[str], object],
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._scan = scan
        self._show = show
        self._clock = clock
        self._changed = changed
        self._pace = pace or Pace(clock())
        self._cells: Cells | None = None
        self._shell: Any = None
        self._number: int | None = None
        self._ended_at = clock()
        self._session_end: _SessionEnd | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._messages: list[str] = []
        self._reported: set[str] = set()
        self.ended = 0
        self.paused = False
        self.pending = False
        self.trouble = ""

    @property
    def active(self) -> bool:
        """Whether it was started and not stopped."""
        return self._cells is not None

    def start(self, shell: Any = None) -> None:
        """Scan after every cell from now on, including the one that calls this.

        Another `AfterCell` of the same shell is stopped.

        Parameters
        ----------
        shell : InteractiveShell, optional
            By default that of this session.

        Raises
        ------
        LitestateError
            Outside of IPython.
        """
        shell = shell or ipython_shell()
        if shell is None:
            raise LitestateError(
                "There are no cells to follow: this is plain Python. Autosave works in notebooks "
                "and in IPython; elsewhere, make checkpoints with checkpoint()."
            )
        self.stop()
        self._shell = shell
        self._cells = Cells(shell, self._begun, self._ended, self.stop, silent=self._schedule)
        self._session_end = _SessionEnd(shell, self._scan_at_end)

    def stop(self) -> None:
        """Stop scanning. A postponed scan is dropped."""
        self._cancel()
        if self._session_end is not None:
            self._session_end.close()
            self._session_end = None
        if self._cells is not None:
            self._cells.close()
            self._cells = None

    def pause(self) -> None:
        """Postpone all scans until `resume`."""
        self.paused = True
        self._cancel()

    def resume(self) -> None:
        """Scan again. A scan that `pause` postponed runs in the next rest at the latest."""
        self.paused = False
        self._schedule()

    def say(self, message: str) -> None:
        """Show a message at the end of this cell or of the next one. For a scan to call."""
        self._messages.append(message)

    def _begun(self) -> None:
        # The end of this cell decides anew.
        self._cancel()

    def _ended(self, number: int | None) -> None:
        self._number = number
        self.ended += 1
        self.pending = True
        self._ended_at = self._clock()
        self._run_or_postpone()
        self._changed()
        self._show_messages()

    @property
    def _may_scan(self) -> bool:
        """Whether a scan is postponed, and no pause and no cell keeps it from running."""
        is_idle = self._cells is not None and not self._cells.running
        return self.pending and not self.paused and is_idle

    def _schedule(self) -> None:
        """Start the timer of a postponed scan: silent code, or a pause, had stopped it."""
        if self._may_scan:
            self._postpone()

    def store_now(self) -> None:
        """Run a postponed scan now, unless a cell is running."""
        if self._may_scan:
            self._cancel()
            self._run(self._pace.idled)

    def _scan_at_end(self) -> None:
        """Run a postponed scan before the session ends."""
        if self._may_scan:
            self._run(self._pace.idled)
            self._show_messages()

    def _due(self) -> None:
        """Run a postponed scan, unless a cell is running: the loop goes on while a cell awaits."""
        self._timer = None
        if self._cells is not None and not self._cells.running:
            self._run_or_postpone()
            self._changed()

    def _run_or_postpone(self) -> None:
        if self.paused:
            return
        is_leaving = self._session_end is not None and self._session_end.is_asked
        if self._pace.due(self._clock()) < _SOON:
            self._run(self._pace.spent)
        elif self._until_rest() < _SOON or is_leaving:
            self._run(self._pace.idled)
        else:
            self._postpone()

    def _until_rest(self) -> float:
        """Return the seconds until the kernel rests, if no cell begins before."""
        return self._ended_at + IDLE - self._clock()

    def _run(self, account: Callable[[float, float], None]) -> None:
        self.pending = False
        start = self._clock()
        try:
            self._scan(self._number)
            self._reported.clear()
            self.trouble = ""
        except KeyboardInterrupt:
            self._failed("KeyboardInterrupt", "This checkpoint was interrupted")
        except LitestateError as error:
            self._failed(type(error).__name__, str(error))
        except Exception as error:
            # Whatever it is, the user's cell must not look as if it had failed.
            name = type(error).__name__
            logging.getLogger(__name__).debug("scan failed", exc_info=True)
            self._failed(name, f"No checkpoint could be made ({name}: {error})")
        finally:
            end = self._clock()
            account(end - start, end)

    def _failed(self, kind: str, message: str) -> None:
        self.pending, self.trouble = True, message
        if kind not in self._reported:
            self._reported.add(kind)
            self.say(f"Autosave: {message.rstrip('.')}. It is tried again after the next cell.")

    def _postpone(self) -> None:
        self._cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._wait_for_prompt()
            return
        wait = min(self._pace.due(self._clock()), self._until_rest())
        self._timer = loop.call_later(max(wait, 0.0), self._due)

    def _wait_for_prompt(self) -> None:
        """Start the timer when the next prompt of the terminal starts its event loop."""
        prompt = getattr(self._shell, "pt_app", None)
        if prompt is None:
            # The end of the next cell, or that of the session, runs the scan.
            return
        callables = prompt.app.pre_run_callables
        # The prompt empties this list when it begins.
        if self._schedule not in callables:
            callables.append(self._schedule)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _show_messages(self) -> None:
        messages, self._messages = self._messages, []
        for message in dict.fromkeys(messages):
            try:
                self._show(message)
            except Exception:
                # An output that cannot be shown must not let the cell fail.
                logging.getLogger(__name__).exception("not shown: %s", message)


class _SessionEnd:
    """A call before a session of IPython ends and its variables are gone.

    IPython in a terminal removes the variables before Python's own end (``atexit``). It is asked to
    end by ``exit()``, which is a cell, or by Ctrl-D, which is not: both call ``ask_exit``. Other
    sessions end with Python.

    Parameters
    ----------
    shell : InteractiveShell
        The shell of the session.
    call : callable
        Called before the end. When a cell ends the session, this is called too early: check
        `is_asked` when that cell ends.

    Attributes
    ----------
    is_asked : bool
        Whether the session has been asked to end.
    """

    def __init__(self, shell: Any, call: Callable[[], None]) -> None:
        self.is_asked = False
        self._shell = shell
        self._call = call
        self._process = os.getpid()
        original = getattr(shell, "ask_exit", None)
        self._method = None if original is None else self._wrap(original)
        if self._method is not None:
            shell.ask_exit = self._method
        atexit.register(self._at_exit)

    def close(self) -> None:
        """Call nothing at the end, and leave the shell as it was."""
        atexit.unregister(self._at_exit)
        # Other code may have wrapped the method again, and still calls it.
        if self._method is not None and vars(self._shell).get("ask_exit") is self._method:
            del self._shell.ask_exit

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def ask_exit(*args: Any, **options: Any) -> Any:
            self.is_asked = True
            self._call()
            return original(*args, **options)

        return ask_exit

    def _at_exit(self) -> None:
        # A forked process has the same handlers, and variables that are gone must not be scanned.
        is_own = os.getpid() == self._process
        if is_own and not getattr(self._shell, "_atexit_once_called", False):
            self._call()
