"""Do something after cells: at once where the pace allows it, else a little later; never in one."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from .cells import Cells
from .errors import LitestateError
from .pacing import Pace

_SOON = 0.001
"""Seconds that are not worth waiting for; clocks and timers are not more exact either."""


class AfterCell:
    """Look after every cell what has changed, as often as the pace allows.

    A look that the pace puts off is made by a timer, on the kernel's event loop, or by the end of
    the next cell, whatever comes first. Where no loop runs between the cells (IPython in a
    terminal) there is no timer. Nothing is scheduled while nothing is put off.

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
        self._number: int | None = None
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
        ipython = sys.modules.get("IPython")
        shell = shell or (ipython.get_ipython() if ipython else None)
        if shell is None:
            raise LitestateError(
                "There are no cells to follow: this is plain Python. Autosave works in notebooks "
                "and in IPython; elsewhere, make checkpoints with checkpoint()."
            )
        self.stop()
        self._cells = Cells(shell, self._begun, self._ended, self.stop)

    def stop(self) -> None:
        """Follow no more cells. What was put off is not made up for."""
        self._cancel()
        if self._cells is not None:
            self._cells.close()
            self._cells = None

    def pause(self) -> None:
        """Make no looks until `resume`."""
        self.paused = True
        self._cancel()

    def resume(self) -> None:
        """Make looks again; what ran since `pause` is looked at when the pace allows it."""
        self.paused = False
        if self.pending and self._cells is not None and not self._cells.running:
            self._put_off()

    def say(self, sentence: str) -> None:
        """Tell the person at the end of this cell or the next one, for a `look` to call."""
        self._untold.append(sentence)

    def _begun(self) -> None:
        # The end of this cell decides anew.
        self._cancel()

    def _ended(self, number: int | None) -> None:
        self._number = number
        self.pending = True
        self._make_or_put_off()
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
            self._make()
        else:
            self._put_off()

    def _make(self) -> None:
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
            self._pace.spent(end - start, end)

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
            # A terminal: the end of the next cell comes back to it.
            return
        self._timer = loop.call_later(self._pace.due(self._clock()), self._due)

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
