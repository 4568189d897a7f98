"""The browser: the only modules that import ``js`` or ``pyodide``.

This one can be imported in plain Python too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..platform import IN_BROWSER


@contextmanager
def unrecorded() -> Iterator[None]:
    """Open files without recording them as read by the notebook.

    Use it around synchronous code only: while it waits, other code of the notebook may run.
    """
    if not IN_BROWSER:
        yield
        return
    from .drive import reads_paused

    with reads_paused():
        yield
