"""The log of executed cells: number, source, time, duration and outcome of each."""

from __future__ import annotations

import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..platform import ipython_shell
from .cell_hooks import Cells, cell_frames
from .secret_detection import hide

MOST_CELLS = 10_000
"""Cells in the log."""

MOST_SOURCE = 1024 * 1024
"""Characters of source in the log, in all."""

MOST_OF_CELL = 64 * 1024
"""Characters of source of one cell."""

CUT = "\n… (the rest was not kept)"

_KEY = "litestate_executed"
"""Key of the log in ``shell.meta``: another copy of this module finds it there."""


@dataclass
class Executed:
    """An executed cell.

    Attributes
    ----------
    session : str
        Name of the session in which it ran: one life of a kernel.
    number : int or None
        Its number in that session; None if it is not known.
    source : str
        The source, without texts that look like a secret.
    when : float or None
        Seconds since 1970 when it began; None if it began before litestate was imported.
    duration : float or None
        Seconds; None if not known, or while it runs.
    outcome : str or None
        ``"ok"``, or the name of the error that ended it; None if not known, or while it runs.
    """

    session: str
    number: int | None
    source: str
    when: float | None = None
    duration: float | None = None
    outcome: str | None = None


class Log:
    """The cells of this session, and those of loaded sessions.

    Attributes
    ----------
    session : str
        Name of this session.
    loaded : list of Executed
        Cells of earlier sessions, from a bundle or a checkpoint.
    dropped : int
        Number of cells that were dropped for lack of room.
    watcher : callable or None
        Gets a cell of this session when it begins, and again when it has ended.
    """

    def __init__(self, session: str | None = None) -> None:
        self.session = session or secrets.token_hex(8)
        self.loaded: list[Executed] = []
        self.dropped = 0
        self.watcher: Callable[[Executed], object] | None = None
        self._own: deque[Executed] = deque()
        self._size = 0

    @property
    def cells(self) -> list[Executed]:
        """All cells, the oldest first."""
        return [*self.loaded, *self._own]

    @property
    def own(self) -> list[Executed]:
        """The cells of this session."""
        return list(self._own)

    @property
    def last_number(self) -> int:
        """The highest number of a cell; 0 without cells."""
        return max((cell.number or 0 for cell in self.cells), default=0)

    def add(self, cell: Executed) -> None:
        """Append a cell, and drop the oldest ones beyond the limits."""
        source = hide(_encodable(cell.source[: MOST_OF_CELL + 1]))
        is_long = len(source) > MOST_OF_CELL
        cell.source = source[:MOST_OF_CELL] + CUT if is_long else source
        self._own.append(cell)
        self._size += len(cell.source)
        self._fit()

    def load(self, cells: Iterable[Executed], dropped: int = 0) -> None:
        """Replace the cells of loaded sessions.

        Cells of this session are ignored: the log has them already.
        """
        self.loaded = [cell for cell in cells if cell.session != self.session]
        self.dropped = dropped
        self._size = sum(len(cell.source) for cell in self.cells)
        self._fit()

    def report(self, cell: Executed) -> None:
        """Tell the watcher that a cell begins or has ended."""
        if self.watcher is not None:
            self.watcher(cell)

    def _fit(self) -> None:
        count = len(self.loaded) + len(self._own)
        while count > MOST_CELLS or self._size > MOST_SOURCE:
            gone = self.loaded.pop(0) if self.loaded else self._own.popleft()
            self._size -= len(gone.source)
            self.dropped += 1
            count -= 1


class Follower:
    """A subscription to the cells of a shell that writes them into a log.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    log : Log
        The log. Cells that ran before and are not in it are taken from the shell's own history.
    """

    def __init__(self, shell: Any, log: Log) -> None:
        self.log = log
        self.is_open = True
        self._running: tuple[Executed, float | None] | None = None
        self._cells = Cells(shell, _nothing, _nothing, self.close, "log", recorder=self)
        self._take_earlier(shell)

    def close(self) -> None:
        """Record no more cells."""
        self.is_open = False
        self._running = None
        self._cells.close()

    def _take_earlier(self, shell: Any) -> None:
        last = max((cell.number or 0 for cell in self.log.own), default=0)
        sources = list(shell.history_manager.input_hist_raw)
        for number, source in enumerate(sources):
            if number > last and source.strip():
                self.log.add(Executed(self.log.session, number, source.removesuffix("\n")))
        own = self.log.own
        if self._cells.running and own and own[-1].outcome is None:
            # Only the end of the running cell will be reported.
            self._running = own[-1], None

    def cell_begun(self, source: str, number: int) -> None:
        """Add a cell to the log; see `Recorder`."""
        cell = Executed(self.log.session, number, source, time.time())
        self.log.add(cell)
        self._running = cell, time.monotonic()
        self.log.report(cell)

    def cell_ended(self, outcome: str) -> None:
        """Complete the entry of the last cell; see `Recorder`."""
        if self._running is not None:
            cell, start = self._running
            cell.outcome = _encodable(outcome)[:200]
            cell.duration = None if start is None else time.monotonic() - start
            self._running = None
            self.log.report(cell)


def _nothing(*_: object) -> None:
    """Ignore an event that a log does not need."""


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


_without_shell = Log()


def follow(shell: Any = None) -> Log | None:
    """Record the cells of a shell from now on, in the log that it may already have.

    Parameters
    ----------
    shell : InteractiveShell, optional
        By default that of this session.

    Returns
    -------
    Log or None
        None outside of IPython.
    """
    shell = shell or ipython_shell()
    if shell is None:
        return None
    follower = shell.meta.get(_KEY)
    # Another copy of litestate may have ended it.
    if follower is None or not follower.is_open:
        follower = Follower(shell, Log() if follower is None else follower.log)
        shell.meta[_KEY] = follower
    return follower.log  # type: ignore[no-any-return]


def running_number(shell: Any) -> int | None:
    """Return the number of the running cell, or None."""
    numbers = [
        getattr(it.f_locals.get("result"), "execution_count", None) for it in cell_frames(shell)
    ]
    return numbers[-1] if numbers else None


def unfollow(shell: Any) -> None:
    """Record no more cells of a shell, and drop its log."""
    follower = shell.meta.pop(_KEY, None)
    if follower is not None:
        follower.close()


def current() -> Log:
    """Return the log of this session; outside of IPython it has only loaded cells."""
    return follow() or _without_shell


def namespace() -> dict[str, Any]:
    """Return the notebook's namespace; outside of IPython, that of ``__main__``."""
    shell = ipython_shell()
    return vars(sys.modules["__main__"]) if shell is None else shell.user_ns
