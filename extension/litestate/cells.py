"""Where the cells of an IPython session begin and end."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

_MARK = "litestate_cells"
"""Attribute of what is put in place of the shell's methods: it outlives a second import."""


class Cells:
    """Follow the cells of a shell, from now on and including the one that runs.

    IPython has events for this, but they do not come in pairs: an empty cell has no beginning, and
    in JupyterLite's kernel a cell that awaits something has no end. So the two methods that run a
    cell are followed themselves. Cells that cells run count as part of these, and what is run
    silently (by the front end, for itself) only as time in which a cell runs.

    Parameters
    ----------
    shell : InteractiveShell
        The shell. Of another object of this class that follows it for the same purpose, and of all
        of another copy of this module, `replaced` is called.
    begun, ended : callable
        Called before and after a cell. `ended` gets its number, or None.
    replaced : callable
        Called when another one takes over.
    purpose : str
        What this is for. There is one of each.
    run : callable, optional
        Called before any code is run, also silently or by a cell, but not for the cell that runs
        already. Gets the code, and whether it is Python: else it is as it was typed. Returns what
        is called after it. Must not raise.
    silent : callable, optional
        Called after what was run silently, instead of `ended`.
    """

    def __init__(
        self,
        shell: Any,
        begun: Callable[[], None],
        ended: Callable[[int | None], None],
        replaced: Callable[[], None],
        purpose: str = "looks",
        *,
        run: Callable[[str, bool], Callable[[], None]] | None = None,
        silent: Callable[[], None] | None = None,
    ) -> None:
        self.begun = begun
        self.ended = ended
        self.replaced = replaced
        self.purpose = purpose
        self.run = run
        self.silent = silent
        self._following = _following(shell, purpose)
        self._following.followers.append(self)

    @property
    def running(self) -> bool:
        """Whether a cell runs."""
        return self._following.running

    def close(self) -> None:
        """Follow no more; the last one leaves the shell as it was."""
        if self in self._following.followers:
            self._following.followers.remove(self)
            if not self._following.followers:
                self._following.close()


class _Following:
    """What is put in place of the methods of a shell, once for all that follow it.

    Attributes
    ----------
    followers : list of Cells
        Who is told.
    """

    def __init__(self, shell: Any) -> None:
        self.followers: list[Cells] = []
        self._shell = shell
        self._depth = 0
        self._methods = {
            "run_cell": self._follow(shell.run_cell),
            "run_cell_async": self._follow_async(shell.run_cell_async),
        }
        for name, method in self._methods.items():
            setattr(method, _MARK, self)
            setattr(shell, name, method)
        # The cell that runs was begun by the methods as they were: its end comes otherwise.
        self._first_task = _task_of_cell(shell)
        self._in_first = self._first_task is not None or _runs_cell(shell)
        if self._in_first:
            shell.events.register("post_run_cell", self._first_ended)
        if self._first_task is not None:
            self._first_task.add_done_callback(self._first_task_ended)

    @property
    def running(self) -> bool:
        """Whether a cell runs."""
        return self._in_first or self._depth > 0

    def replace(self, purpose: str) -> None:
        """Tell the follower that has a purpose that another one takes over."""
        for follower in list(self.followers):
            if follower.purpose == purpose:
                follower.replaced()

    def replaced(self) -> None:
        """Tell all followers; called by another copy of this module."""
        for follower in list(self.followers):
            follower.replaced()

    def close(self) -> None:
        """Follow no more; leave the shell as it was."""
        self._leave_first()
        for name, method in self._methods.items():
            # Somebody else may have put something around it, which still calls it.
            if vars(self._shell).get(name) is method:
                delattr(self._shell, name)

    def _follow(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def run_cell(*args: Any, **options: Any) -> Any:
            self._enter()
            result = None
            try:
                result = original(*args, **options)
                return result
            finally:
                self._leave(result)

        return run_cell

    def _follow_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        # The other method calls this one.
        @functools.wraps(original)
        async def run_cell_async(*args: Any, **options: Any) -> Any:
            self._enter()
            result = None
            after: list[Callable[[], None]] = []
            try:
                self._run(after, *args, **options)
                result = await original(*args, **options)
                return result
            finally:
                for end in after:
                    end()
                self._leave(result)

        return run_cell_async

    def _run(
        self,
        after: list[Callable[[], None]],
        raw_cell: str = "",
        *_: Any,
        transformed_cell: str | None = None,
        preprocessing_exc_tuple: Any = None,
        **__: Any,
    ) -> None:
        # Else it could not be made Python of, and is only shown.
        if preprocessing_exc_tuple is None:
            source = raw_cell if transformed_cell is None else transformed_cell
            for follower in list(self.followers):
                if follower.run is not None:
                    after.append(follower.run(source, transformed_cell is not None))

    def _enter(self) -> None:
        if self._depth == 0 and not self._in_first:
            for follower in list(self.followers):
                follower.begun()
        self._depth += 1

    def _leave(self, result: Any) -> None:
        self._depth -= 1
        if self.running:
            return
        if not getattr(getattr(result, "info", None), "silent", False):
            self._notify(getattr(result, "execution_count", None))
            return
        for follower in list(self.followers):
            if follower.silent is not None:
                follower.silent()

    def _first_ended(self, result: Any) -> None:
        # A cell that this cell runs has an end too.
        if self._depth == 0:
            self._leave_first()
            self._notify(getattr(result, "execution_count", None))

    def _first_task_ended(self, _: Any) -> None:
        self._leave_first()
        self._notify(self._shell.execution_count - 1)

    def _leave_first(self) -> None:
        if self._in_first:
            self._in_first = False
            self._shell.events.unregister("post_run_cell", self._first_ended)
            if self._first_task is not None:
                self._first_task.remove_done_callback(self._first_task_ended)

    def _notify(self, number: int | None) -> None:
        for follower in list(self.followers):
            if follower in self.followers:
                follower.ended(number)


def _following(shell: Any, purpose: str) -> _Following:
    """Return what follows a shell, where nobody follows it for this purpose any more."""
    other = getattr(shell.run_cell, _MARK, None)
    if isinstance(other, _Following):
        other.replace(purpose)
        if other.followers:
            return other
    elif other is not None:
        other.replaced()
    return _Following(shell)


def _task_of_cell(shell: Any) -> asyncio.Task[Any] | None:
    """Return the task in which JupyterLite's kernel runs the cell, or None elsewhere.

    Its end is that of a cell that awaits something. Other kernels have the event for that.
    """
    run = getattr(getattr(shell, "kernel", None), "run", None)
    code = getattr(run, "__code__", None)
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return None
    return next((task for task in tasks if _code(task) is code is not None), None)


def _runs_cell(shell: Any) -> bool:
    """Tell whether the caller runs in a cell of this shell."""
    code = type(shell).run_cell_async.__code__
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is code and frame.f_locals["self"] is shell:
            return True
        frame = frame.f_back
    return False


def _code(task: asyncio.Task[Any]) -> Any:
    return getattr(task.get_coro(), "cr_code", None)
