"""One output of the running cell, which can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .platform import execution_count

is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)
"""Whether reports and progress bars are not shown: no cell runs, or the page shows them."""


_SPARE: list[tuple[int | None, Any]] = []
"""Empty outputs of the running cell, with its number: they cannot be removed, but filled again."""


@contextmanager
def quiet() -> Iterator[None]:
    """Show no reports and no progress bars in the block."""
    token = is_quiet.set(True)
    try:
        yield
    finally:
        is_quiet.reset(token)


class Output:
    """An output of the running cell.

    Parameters
    ----------
    mime_type : str
        Media type of `content`.
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
        """Remove the content; the empty output that is left serves the next `Output`."""
        self._handle.update({"text/plain": ""}, raw=True)
        _SPARE.append((self._cell, self._handle))
