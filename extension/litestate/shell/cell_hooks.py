"""Hooks that report when the cells of an IPython session begin and end.

This module imports nothing of litestate: a second copy of it in one process takes over the hooks.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Protocol

OK = "ok"
"""Outcome of a cell that raised nothing."""

_MARK = "litestate_cells"
"""Attribute of the wrapped methods of a shell, by which another copy of this module finds them."""


class Recorder(Protocol):
    """A log of the cells that the user ran: with a number, not silently, not inside of others."""

    def cell_begun(self, source: str, number: int) -> None:
        """Record that a cell begins."""

    def cell_ended(self, outcome: str) -> None:
        """Record how the last cell ended: `OK`, or the name of the error."""


class Cells:
    """A subscription to the cells of a shell, from now on, including the one that is running.

    IPython's own events do not come in pairs: an empty cell has no begin event, and in
    JupyterLite's kernel a cell that awaits has no end event. So the two methods that run a cell are
    wrapped, once for all subscriptions. Cells that cells run count as part of these. Code that the
    front end runs silently counts only as time in which a cell runs.

    Parameters
    ----------
    shell : InteractiveShell
        The shell. A new subscription calls `replaced` of the one with the same purpose, and of all
        that another copy of this module has made.
    begun, ended : callable
        Called before and after a cell. `ended` gets its number, or None.
    replaced : callable
        Called when another subscription takes over.
    purpose : str
        What the subscription is for. Each purpose has at most one.
    run : callable, optional
        Called before any code runs, also silently or inside of a cell, but not for the cell that is
        already running. Gets the code, and whether it is Python; otherwise it is as the user typed
        it. Returns a function that is called after the code. Must not raise.
    silent : callable, optional
        Called after silent code, instead of `ended`.
    recorder : Recorder, optional
        Gets what a log needs. It is called before the other subscriptions; its errors are logged.
    """

    def __init__(
        self,
        shell: Any,
        begun: Callable[[], None],
        ended: Callable[[int | None], None],
        replaced: Callable[[], None],
        purpose: str = "checkpoints",
        *,
        run: Callable[[str, bool], Callable[[], None]] | None = None,
        silent: Callable[[], None] | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.begun = begun
        self.ended = ended
        self.replaced = replaced
        self.purpose = purpose
        self.run = run
        self.silent = silent
        self.recorder = recorder
        self._hooks = _hooks_of(shell, purpose)
        self._hooks.subscriptions.append(self)

    @property
    def running(self) -> bool:
        """Whether a cell is running."""
        return self._hooks.running

    def close(self) -> None:
        """End the subscription; the last one leaves the shell as it was."""
        if self in self._hooks.subscriptions:
            self._hooks.subscriptions.remove(self)
            if not self._hooks.subscriptions:
                self._hooks.close()


class _Hooks:
    """The wrapped methods of a shell.

    Attributes
    ----------
    subscriptions : list of Cells
        Called at each cell, in this order.
    """

    def __init__(self, shell: Any) -> None:
        self.subscriptions: list[Cells] = []
        self._shell = shell
        self._depth = 0
        self._methods = {
            "run_cell": self._wrap(shell.run_cell),
            "run_cell_async": self._wrap_async(shell.run_cell_async),
        }
        for name, method in self._methods.items():
            setattr(method, _MARK, self)
            setattr(shell, name, method)
        # The running cell began in the original methods: its end is reported otherwise.
        self._first_task = _task_of_cell(shell)
        self._in_first = self._first_task is not None or bool(cell_frames(shell))
        self._is_first_over = False
        if self._in_first:
            shell.events.register("post_execute", self._first_executed)
            shell.events.register("post_run_cell", self._first_ended)
        if self._first_task is not None:
            self._first_task.add_done_callback(self._first_task_ended)

    @property
    def running(self) -> bool:
        """Whether a cell is running."""
        return self._depth > 0 or (self._in_first and not self._is_first_over)

    def replace(self, purpose: str) -> None:
        """Tell the subscription with a purpose that another one takes over."""
        for each in list(self.subscriptions):
            if each.purpose == purpose:
                each.replaced()

    def replaced(self) -> None:
        """Tell all subscriptions; called by another copy of this module."""
        for each in list(self.subscriptions):
            each.replaced()

    def close(self) -> None:
        """Unwrap the methods."""
        self._leave_first()
        for name, method in self._methods.items():
            # Other code may have wrapped the method again, and still calls it.
            if vars(self._shell).get(name) is method:
                delattr(self._shell, name)

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def run_cell(*args: Any, **options: Any) -> Any:
            self._enter(*args, **options)
            result, failure = None, ""
            try:
                result = original(*args, **options)
                return result
            except BaseException as error:
                failure = type(error).__name__
                raise
            finally:
                self._leave(result, failure)

        return run_cell

    def _wrap_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        # run_cell calls this one.
        @functools.wraps(original)
        async def run_cell_async(*args: Any, **options: Any) -> Any:
            self._enter(*args, **options)
            result, failure = None, ""
            after: list[Callable[[], None]] = []
            try:
                self._run(after, *args, **options)
                result = await original(*args, **options)
                return result
            except BaseException as error:
                failure = type(error).__name__
                raise
            finally:
                for end in after:
                    end()
                self._leave(result, failure)

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
        # A cell that could not be transformed to Python does not run.
        if preprocessing_exc_tuple is None:
            source = raw_cell if transformed_cell is None else transformed_cell
            for each in list(self.subscriptions):
                if each.run is not None:
                    after.append(each.run(source, transformed_cell is not None))

    def _enter(
        self,
        raw_cell: str = "",
        store_history: bool = False,
        silent: bool = False,
        *_: Any,
        **__: Any,
    ) -> None:
        if not self.running:
            self._leave_first()
            # IPython ignores a blank cell.
            if store_history and not silent and raw_cell.strip():
                self._record_begin(raw_cell)
            for each in list(self.subscriptions):
                each.begun()
        self._depth += 1

    def _record_begin(self, raw_cell: str) -> None:
        # JupyterLite's kernel does not tell the shell what is silent, and rewrites ``%pip``.
        request = _request(self._shell)
        if not request.get("silent"):
            source, number = str(request.get("code", raw_cell)), self._shell.execution_count
            self._record(lambda recorder: recorder.cell_begun(source, number))

    def _record(self, call: Callable[[Recorder], None]) -> None:
        for each in list(self.subscriptions):
            try:
                if each.recorder is not None:
                    call(each.recorder)
            except Exception:
                # The cell runs in any case, and must not look as if it had failed.
                logging.getLogger(__name__).exception("the cell was not recorded")

    def _leave(self, result: Any, failure: str) -> None:
        self._depth -= 1
        if self.running:
            return
        if not getattr(getattr(result, "info", None), "silent", False):
            self._end(getattr(result, "execution_count", None), failure or _outcome_of(result))
            return
        for each in list(self.subscriptions):
            if each.silent is not None:
                each.silent()

    def _first_executed(self) -> None:
        # The other event comes next, but not for silent code.
        if self._depth == 0 and self._first_task is None:
            self._is_first_over = True

    def _first_ended(self, result: Any) -> None:
        # Cells that this cell runs have this event, too.
        if self._depth == 0:
            self._leave_first()
            self._end(getattr(result, "execution_count", None), _outcome_of(result))

    def _first_task_ended(self, _: Any) -> None:
        self._leave_first()
        self._end(self._shell.execution_count - 1, _outcome_of_pyodide(self._shell))

    def _leave_first(self) -> None:
        if self._in_first:
            self._in_first = False
            self._shell.events.unregister("post_execute", self._first_executed)
            self._shell.events.unregister("post_run_cell", self._first_ended)
            if self._first_task is not None:
                self._first_task.remove_done_callback(self._first_task_ended)
                # It holds the outcome of its cell.
                self._first_task = None

    def _end(self, number: int | None, outcome: str) -> None:
        self._record(lambda recorder: recorder.cell_ended(outcome))
        for each in list(self.subscriptions):
            if each in self.subscriptions:
                each.ended(number)


def cell_frames(shell: Any) -> list[FrameType]:
    """Return the frames below the caller that run cells of a shell, the innermost first."""
    code = type(shell).run_cell_async.__code__
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is code and frame.f_locals.get("self") is shell:
            found.append(frame)
        frame = frame.f_back
    return found


def _hooks_of(shell: Any, purpose: str) -> _Hooks:
    """Return the hooks of a shell, after ending the subscriptions that a new one replaces."""
    other = getattr(shell.run_cell, _MARK, None)
    if isinstance(other, _Hooks):
        other.replace(purpose)
        if other.subscriptions:
            return other
    elif other is not None:
        other.replaced()
    return _Hooks(shell)


def _outcome_of(result: Any) -> str:
    """Return how the cell of an ``ExecutionResult`` ended."""
    before, inside = (getattr(result, f"error_{when}_exec", None) for when in ("before", "in"))
    error = inside if before is None else before
    return OK if error is None else type(error).__name__


def _outcome_of_pyodide(shell: Any) -> str:
    """Return how the last cell ended, from what JupyterLite's kernel keeps for its reply."""
    traceback = getattr(shell, "_last_traceback", None)
    if traceback is None:
        return OK
    # "<class 'package.module.Name'>"
    name = re.search(r"([A-Za-z_]\w*)'?>?$", str(traceback.get("ename", "")))
    return name[1] if name else "error"


def _request(shell: Any) -> dict[str, Any]:
    """Return the request of the page that JupyterLite's kernel is serving; {} in other kernels."""
    kernel: Any = getattr(shell, "kernel", None)
    if not hasattr(kernel, "lite_transform_manager"):
        return {}
    message = kernel._parent_header
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, dict) else {}


def _task_of_cell(shell: Any) -> asyncio.Task[Any] | None:
    """Return the task in which JupyterLite's kernel runs the cell, or None in other kernels.

    Its end is the end of a cell that awaits. Other kernels have the event for that.
    """
    run = getattr(getattr(shell, "kernel", None), "run", None)
    code = getattr(run, "__code__", None)
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return None
    return next((task for task in tasks if _code(task) is code is not None), None)


def _code(task: asyncio.Task[Any]) -> Any:
    return getattr(task.get_coro(), "cr_code", None)
