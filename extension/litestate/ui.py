"""Show a report where there is somebody to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .platform import IN_BROWSER, ipython_shell

if TYPE_CHECKING:
    from .report import Report


def show(report: Report) -> Report:
    """Display a report if this is a notebook, and return it.

    A call in the middle of a cell must show its report too. As the last value of the cell it would
    then stand there twice, so the report remembers the cell in which it was shown.
    """
    if is_notebook():
        report._ipython_display_()
        report.shown_in = execution_count()
    return report


_SPARE: list[tuple[int | None, Any]] = []
"""Empty outputs of the running cell, with its number: they cannot be removed, but filled again."""


class Output:
    """One output of the running cell, which can be taken back.

    Parameters
    ----------
    mime_type : str
        What `content` is.
    content : str
        What to show.
    text : str, optional
        The same for a host that shows plain text only.
    """

    def __init__(self, mime_type: str, content: str, text: str = "") -> None:
        from IPython.display import display

        data = {"text/plain": text, mime_type: content}
        self._cell = execution_count()
        if _SPARE and _SPARE[-1][0] == self._cell:
            _, self._handle = _SPARE.pop()
            self._handle.update(data, raw=True)
        else:
            _SPARE.clear()
            self._handle = display(data, raw=True, display_id=True)

    def clear(self) -> None:
        """Leave nothing of it in the notebook but an empty output, for the next one to use."""
        self._handle.update({"text/plain": ""}, raw=True)
        _SPARE.append((self._cell, self._handle))


def mark() -> tuple[str, str]:
    """Return a class and HTML for outputs of which a part is true only while this kernel runs.

    Outside of the site both are empty: then nothing tells whether a kernel still runs.
    """
    if not IN_BROWSER:
        return "", ""
    from .browser import alive

    return alive.mark()


def is_notebook() -> bool:
    """Tell whether there are cells below which something can be shown."""
    return ipython_shell() is not None


def execution_count() -> int | None:
    """Return the number of the cell that runs, or None outside of IPython."""
    shell = ipython_shell()
    return None if shell is None else int(shell.execution_count)


def cell_number() -> int | None:
    """Return the number that stands beside the running cell, or None outside of IPython."""
    shell = ipython_shell()
    # While a cell runs, the execution count is its number or the next one, as the kernel likes.
    return None if shell is None else len(shell.history_manager.input_hist_parsed) - 1
