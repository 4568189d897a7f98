"""The browser: the only modules that import ``js`` or ``pyodide``.

This one can be imported in plain Python too.
"""

from __future__ import annotations

from contextlib import ContextDecorator, nullcontext

from ..platform import IN_BROWSER


class unrecorded(nullcontext[None], ContextDecorator):
    """Open files without recording them as read by the notebook.

    Use it around synchronous code only: while it waits, other code of the notebook may run.
    """

    if IN_BROWSER:

        def __enter__(self) -> None:
            from .drive import pause_reads

            pause_reads()

        def __exit__(self, *_: object) -> None:
            from .drive import resume_reads

            resume_reads()
