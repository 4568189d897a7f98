"""Do something after cells, never in one: when the pace allows it, or in the next rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from .cells import Cells
from .errors import LitestateError
from .leaving import Leaving
from .pacing import Pace
from .platform import ipython_shell

_SOON = 0.001
"""Seconds that are not worth waiting for; clocks and timers are not more exact either."""

IDLE = 0.5
"""Seconds without a cell that are a rest: what was put off is then done, whatever the pace says.
Half of the second after which it is to be stored; cells of a series follow each other faster."""


class AfterCell:
    """Look after every cell what has changed, as often as the pace allows.

    The pace only counts while cells follow each other. A look that it puts off is made as soon as
    no cell has run for `IDLE` seconds, by a timer on the kernel's event loop, or by the end of a
    later cell, whatever comes first. In IPython's terminal the loop of the prompt has the timer.
    Where there is none (IPython's simple prompt), the end of the session makes up for it. Nothing
    is scheduled while nothing is put off.

    An error of a look never reaches the user's cell, and never ends this: it is told after the
    cell, and after the next cell another look is made. The same kind of error is not told again
    until a look has succeeded in between.

    Parameters
    ----------
    look : callable
        Gets the number of the last cell, or None if it has none. Not called while a cell runs.
    tell : callable
        Shows a sentence to the person. Only called at the end of a cell, when what is shown lands
        below it.
    pace : Pace, optional
        When a look may start.
    clock : callable, optional
        Returns seconds; of the same clock as `pace`.

    Attributes
    ----------
    paused : bool
        Whether no looks are made for now.
    pending : bool
        Whether something ran since the last look that succeeded.
    trouble : str
        Why the last look failed; empty if it did not.
    """

    def __init__(
        self,
        look: Callable[[int | None], object],
        tell: Callable[[str], object],
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._tell = tell
        self._clock = clock
        self._pace = pace or Pace(clock())
        self._cells: Cells | None = None
        self._shell: Any = None
        self._number: int | None = None
        self._ended_at = clock()
        self._leaving: Leaving | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._untold: list[str] = []
        self._told: set[str] = set()
        self.paused = False
        self.pending = False
        self.trouble = ""

    @property
    def active(self) -> bool:
        """Whether cells are followed: started and not stopped."""
        return self._cells is not None

    def start(self, shell: Any = None) -> None:
        """Follow the cells from now on, the one that calls this included.

        Whatever else followed them through this class is stopped.

        Parameters
        ----------
        shell : InteractiveShell, optional
            Whose cells; by default those of this session.

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
        self._cells = Cells(shell, self._begun, self._ended, self.stop, silent=self._wait_again)
        self._leaving = Leaving(shell, self._leave)

    def stop(self) -> None:
        """Follow no more cells. What was put off is not made up for."""
        self._cancel()
        if self._leaving is not None:
            self._leaving.close()
            self._leaving = None
        if self._cells is not None:
            self._cells.close()
            self._cells = None

    def pause(self) -> None:
        """Make no looks until `resume`."""
        self.paused = True
        self._cancel()

    def resume(self) -> None:
        """Make looks again; what ran since `pause` is looked at in the next rest at the latest."""
        self.paused = False
        self._wait_again()

    def say(self, sentence: str) -> None:
        """Tell the person at the end of this cell or the next one, for a `look` to call."""
        self._untold.append(sentence)

    def _begun(self) -> None:
        # The end of this cell decides anew.
        self._cancel()

    def _ended(self, number: int | None) -> None:
        self._number = number
        self.pending = True
        self._ended_at = self._clock()
        self._make_or_put_off()
        self._tell_all()

    def _wait_again(self) -> None:
        """Schedule what is put off: what ran silently, or a pause, had stopped the timer."""
        if self.pending and not self.paused and self._cells is not None and not self._cells.running:
            self._put_off()

    def _leave(self) -> None:
        """Make up for what is put off: the session ends."""
        if self.pending and not self.paused and self._cells is not None and not self._cells.running:
            self._make(self._pace.idled)
            self._tell_all()

    def _due(self) -> None:
        """Do what was put off."""
        self._timer = None
        # The loop goes on while a cell awaits something.
        if self._cells is not None and not self._cells.running:
            self._make_or_put_off()

    def _make_or_put_off(self) -> None:
        if self.paused:
            return
        if self._pace.due(self._clock()) < _SOON:
            self._make(self._pace.spent)
        elif self._until_rest() < _SOON or (self._leaving and self._leaving.is_asked):
            self._make(self._pace.idled)
        else:
            self._put_off()

    def _until_rest(self) -> float:
        """Return in how many seconds it is a rest, if no cell begins until then."""
        return self._ended_at + IDLE - self._clock()

    def _make(self, account: Callable[[float, float], None]) -> None:
        self.pending = False
        start = self._clock()
        try:
            self._look(self._number)
            self._told.clear()
            self.trouble = ""
        except KeyboardInterrupt:
            self._failed("KeyboardInterrupt", "This checkpoint was interrupted")
        except LitestateError as error:
            self._failed(type(error).__name__, str(error))
        except Exception as error:
            # Anything: it must not look as if the user's cell had failed.
            name = type(error).__name__
            logging.getLogger(__name__).debug("look failed", exc_info=True)
            self._failed(name, f"No checkpoint could be made ({name}: {error})")
        finally:
            end = self._clock()
            account(end - start, end)

    def _failed(self, kind: str, sentence: str) -> None:
        self.pending, self.trouble = True, sentence
        if kind not in self._told:
            self._told.add(kind)
            self.say(f"Autosave: {sentence.rstrip('.')}. It is tried again after the next cell.")

    def _put_off(self) -> None:
        self._cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._wait_for_prompt()
            return
        wait = min(self._pace.due(self._clock()), self._until_rest())
        self._timer = loop.call_later(max(wait, 0.0), self._due)

    def _wait_for_prompt(self) -> None:
        """Let the loop of the terminal's next prompt have the timer: there is no other."""
        prompt = getattr(self._shell, "pt_app", None)
        if prompt is None:
            # The end of the next cell comes back to it, or that of the session.
            return
        waiting = prompt.app.pre_run_callables
        # It is emptied when the prompt begins.
        if self._wait_again not in waiting:
            waiting.append(self._wait_again)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_all(self) -> None:
        sentences, self._untold = self._untold, []
        for sentence in dict.fromkeys(sentences):
            try:
                self._tell(sentence)
            except Exception:
                # An output that cannot be shown is no reason for the cell to fail.
                logging.getLogger(__name__).exception("not shown: %s", sentence)
