"""Variables that cells may have changed since the last scan, collected after each cell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...shell.cell_hooks import Cells
from .cell_names import ANYTHING, CellNames, cell_names
from .reach import reached

_LASTING = 20
"""Cells during which a cell that may have started background work counts again."""


@dataclass(eq=False)
class _Run:
    """A cell that runs, or that may have left something running.

    Attributes
    ----------
    cell : CellNames
        The names in its text.
    names : set of str
        Variables that it may have changed.
    anything : bool
        Whether it may have changed any variable.
    later : bool
        Whether it may have started something that runs on after the cell.
    cells : int
        Number of cells after its end during which its names still count.
    """

    cell: CellNames
    names: set[str] = field(default_factory=set)
    anything: bool = False
    later: bool = False
    cells: int = _LASTING


class Watch:
    """Follower of a shell's cells that collects the names they use; see `names_used`.

    Code that a front end runs silently counts too, and so do cells that cells run. A cell that may
    have started something that runs on (a task, a thread, a callback of a widget) counts again
    with each of the next cells; not forever, because its end is unknown.

    A shell has one: a second one ends the first.

    Parameters
    ----------
    shell : InteractiveShell
        Its cells are followed from now on.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names: set[str] = set()
        # What ran before is unknown.
        self._anything = True
        self._running: list[_Run] = []
        self._lasting: list[_Run] = []
        self._closed = False
        self._cells = Cells(shell, _nothing, self._ended, self.close, "variables", run=self._run)
        self._in_first = self._cells.running

    def take(self) -> frozenset[str] | None:
        """Return the names of the variables that may have changed since the last call.

        Names bound to another object are not among them: the scan notices those anyway. A cell
        that is running counts now and the next time, because it goes on.

        Returns
        -------
        frozenset of str or None
            Includes names that are no variables. None: any variable may have changed, as in the
            first call, and always after `close`.
        """
        for run in self._running:
            self._follow(run)
        going_on = self._running + self._lasting
        again = set().union(*(run.names for run in going_on))
        any_again = self._closed or self._in_first or any(run.anything for run in going_on)
        names = None if self._anything or any_again else frozenset(self._names | again)
        self._names, self._anything = again, any_again
        return names

    def close(self) -> None:
        """Stop following cells."""
        self._closed = self._anything = True
        self._cells.close()

    def _run(self, source: str, python: bool) -> Callable[[], None]:
        run = _Run(self._read(source, python))
        self._running.append(run)
        self._follow(run)
        return lambda: self._end(run)

    def _read(self, source: str, python: bool) -> CellNames:
        try:
            return cell_names(source, self._shell, python=python)
        except Exception:
            # The cell runs in any case, and must not seem to have failed.
            logging.getLogger(__name__).debug("not read: %s", source, exc_info=True)
            return ANYTHING

    def _follow(self, run: _Run) -> None:
        """Add the variables that a cell can reach now."""
        # It stays True if this is interrupted.
        before, self._anything = self._anything, True
        try:
            names, later = reached(run.cell, self._shell.user_ns)
        except Exception:
            # As above: objects may fail in any way.
            logging.getLogger(__name__).debug("not followed", exc_info=True)
            names, later = None, False
        run.later = run.later or later
        if names is None:
            run.anything = True
        else:
            run.names |= names
            self._names |= names
            self._anything = before

    def _end(self, run: _Run) -> None:
        try:
            # It may have called functions that it has defined.
            self._follow(run)
        finally:
            self._running.remove(run)
        if run.later:
            self._lasting.append(run)

    def _ended(self, number: int | None) -> None:
        self._in_first = False
        for run in self._lasting:
            run.cells -= 1
        self._lasting = [run for run in self._lasting if run.cells >= 0]


def _nothing() -> None:
    """Do nothing when a cell begins: `run` gets its code."""
