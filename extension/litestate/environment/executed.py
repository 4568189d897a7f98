"""Which cells were executed: number, source, when, how long, and how they ended."""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ..platform import ipython_shell
from .confidential import hide

MOST_CELLS = 10_000
"""Cells that are kept."""

MOST_SOURCE = 1024 * 1024
"""Characters of source that are kept in all."""

MOST_OF_CELL = 64 * 1024
"""Characters of source that are kept of one cell."""

CUT = "\n… (the rest was not kept)"
OK = "ok"

_KEY = "litestate_executed"
"""Where the log is kept in ``shell.meta``: it outlives a second import."""


@dataclass
class Executed:
    """One cell that was executed.

    Attributes
    ----------
    session : str
        Names the kernel's life in which it ran.
    number : int or None
        Its prompt number there, as far as the kernel knows.
    source : str
        What was executed, without what looks like a secret.
    when : float or None
        Seconds since 1970 when it began; None if litestate was not there yet.
    duration : float or None
        Seconds; None if that is not known, or not yet.
    outcome : str or None
        ``"ok"``, or the name of the error that ended it; None if that is not known, or not yet.
    """

    session: str
    number: int | None
    source: str
    when: float | None = None
    duration: float | None = None
    outcome: str | None = None


class Log:
    """The cells of this session from the first one on, and of those that were loaded.

    Attributes
    ----------
    session : str
        Names this kernel's life.
    loaded : list of Executed
        Cells of before, which a bundle or a checkpoint has brought.
    dropped : int
        Cells that are no longer kept.
    watcher : callable or None
        Gets a cell of this session when it begins, and when it has ended.
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
        """The highest number of a cell; 0 if there is none."""
        return max((cell.number or 0 for cell in self.cells), default=0)

    def add(self, cell: Executed) -> None:
        """Append a cell; drop the oldest ones that there is no more room for."""
        source = hide(_encodable(cell.source[: MOST_OF_CELL + 1]))
        is_long = len(source) > MOST_OF_CELL
        cell.source = source[:MOST_OF_CELL] + CUT if is_long else source
        self._own.append(cell)
        self._size += len(cell.source)
        self._fit()

    def load(self, cells: Iterable[Executed], dropped: int = 0) -> None:
        """Let these stand before the cells of this session, in the place of others.

        Those of this session are known already.
        """
        self.loaded = [cell for cell in cells if cell.session != self.session]
        self.dropped = dropped
        self._size = sum(len(cell.source) for cell in self.cells)
        self._fit()

    def report(self, cell: Executed) -> None:
        """Let the watcher know that a cell begins or has ended."""
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
    """Write the cells of a shell into a log.

    IPython's events do not come in pairs: an empty cell has an end only, and in JupyterLite's
    kernel a cell that awaits something has a beginning only; the end of its task stands for that.
    Cells that cells run are part of these, and what is run silently or without a number is none.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    log : Log
        Where the cells go. What ran before is taken from the shell's own history.
    """

    def __init__(self, shell: Any, log: Log) -> None:
        self.log = log
        self._shell = shell
        self._open: tuple[Executed, Any, float] | None = None
        shell.events.register("pre_run_cell", self._begun)
        shell.events.register("post_run_cell", self._ended)
        if not log.own:
            self._take_earlier()

    def close(self) -> None:
        """Follow no more."""
        self._shell.events.unregister("pre_run_cell", self._begun)
        self._shell.events.unregister("post_run_cell", self._ended)
        self._open = None

    def _take_earlier(self) -> None:
        sources = list(self._shell.history_manager.input_hist_raw)
        for number, source in enumerate(sources):
            if number and source.strip():
                self.log.add(Executed(self.log.session, number, source.removesuffix("\n")))
        if _running(self._shell) and self.log.own:
            # Of the cell that runs, only the end is seen.
            self._follow(self.log.own[-1], None, 0.0)

    def _begun(self, info: Any) -> None:
        # The frame of this cell, and of the one that runs it.
        running = _running(self._shell)
        if self._open is not None and len(running) > 1:
            return
        self._open = None
        if not getattr(info, "store_history", True) or _request(self._shell).get("silent"):
            return
        # Later versions of IPython count at the start of a cell, earlier ones at its end.
        result = running[0].f_locals.get("result") if running else None
        number = getattr(result, "execution_count", None)
        source = _request(self._shell).get("code", info.raw_cell)
        cell = Executed(self.log.session, number, str(source), time.time())
        self.log.add(cell)
        self._follow(cell, info, time.monotonic())
        self.log.report(cell)

    def _follow(self, cell: Executed, info: Any, start: float) -> None:
        self._open = (cell, info, start)
        task = _current_task()
        if task is not None and _is_pyodide(self._shell):
            task.add_done_callback(lambda _: self._task_ended(cell))

    def _ended(self, result: Any) -> None:
        if self._open is None:
            return
        info = self._open[1]
        if info is None:
            # A cell within this one: its own frame is gone by now.
            if _running(self._shell):
                return
        elif getattr(result, "info", None) is not info:
            return
        error = result.error_before_exec or result.error_in_exec
        self._close(type(error).__name__ if error is not None else OK)

    def _task_ended(self, cell: Executed) -> None:
        if self._open is not None and self._open[0] is cell:
            self._close(_error_of_pyodide(self._shell))

    def _close(self, outcome: str) -> None:
        if self._open is not None:
            cell, info, start = self._open
            cell.outcome = _encodable(outcome)[:200]
            cell.duration = None if info is None else time.monotonic() - start
            self._open = None
            self.log.report(cell)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


_without_shell = Log()


def follow(shell: Any = None) -> Log | None:
    """Record the cells from now on, and take over what was recorded before.

    Parameters
    ----------
    shell : InteractiveShell, optional
        Whose cells; by default those of this session.

    Returns
    -------
    Log or None
        None outside of IPython.
    """
    shell = shell or ipython_shell()
    if shell is None:
        return None
    before = shell.meta.get(_KEY)
    if before is not None:
        return before.log  # type: ignore[no-any-return]
    follower = Follower(shell, Log())
    shell.meta[_KEY] = follower
    return follower.log


def running_number(shell: Any) -> int | None:
    """Return the number of the cell that runs, or None."""
    numbers = [
        getattr(it.f_locals.get("result"), "execution_count", None) for it in _running(shell)
    ]
    return numbers[-1] if numbers else None


def unfollow(shell: Any) -> None:
    """Record no more cells of a shell, and forget those that were."""
    follower = shell.meta.pop(_KEY, None)
    if follower is not None:
        follower.close()


def current() -> Log:
    """Return the log of this session; outside of IPython it has only what was loaded."""
    return follow() or _without_shell


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _running(shell: Any) -> list[FrameType]:
    """Return the frames that run cells of a shell, the innermost first."""
    code = type(shell).run_cell_async.__code__
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is code and frame.f_locals.get("self") is shell:
            found.append(frame)
        frame = frame.f_back
    return found


def _request(shell: Any) -> dict[str, Any]:
    """Return what the page has asked JupyterLite's kernel for; of other kernels, nothing.

    The kernel does not tell the shell what is to be run silently, and rewrites ``%pip``.
    """
    if not _is_pyodide(shell):
        return {}
    message = shell.kernel._parent_header
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, dict) else {}


def _is_pyodide(shell: Any) -> bool:
    return hasattr(getattr(shell, "kernel", None), "lite_transform_manager")


def _error_of_pyodide(shell: Any) -> str:
    """Return how the last cell ended, as JupyterLite's kernel has it for its reply."""
    trouble = getattr(shell, "_last_traceback", None)
    if trouble is None:
        return OK
    # "<class 'package.module.Name'>"
    name = re.search(r"([A-Za-z_]\w*)'?>?$", str(trouble.get("ename", "")))
    return name[1] if name else "error"
