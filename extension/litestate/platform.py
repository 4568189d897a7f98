"""The environment that this Python runs in: browser or computer, IPython or plain Python.

Inside of the package write ``from .platform import …``; ``import platform`` is the standard
library's module.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

IN_BROWSER = sys.platform == "emscripten"
"""Whether this is the kernel of a site, in a worker of the browser."""

DRIVE = Path("/drive")
"""The folder at which JupyterLite mounts the contents that its file browser shows."""

DRIVE_LIMIT = 90_000_000
"""Bytes of one file on the drive as JupyterLite has it: above about 95 MiB, its kernel hangs."""

CLOCK = 1e-3
"""Seconds: the resolution of file times in Emscripten."""


def ipython_shell() -> Any:
    """Return the shell of IPython that runs the cells, or None in plain Python."""
    # While IPython is being imported, the function may not be there yet.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if get_ipython is None else get_ipython()


def shell_started() -> float | None:
    """Return when the shell was made, before its first cell: a time in seconds, as files have it.

    None in plain Python, or if it is not known.
    """
    shell = ipython_shell()
    try:
        # IPython makes this folder with the shell, and puts nothing into it in a browser.
        return Path(shell.profile_dir.security_dir).stat().st_mtime
    except (AttributeError, OSError):
        return None


def execution_count() -> int | None:
    """Return the execution count of the running cell, or None in plain Python."""
    shell = ipython_shell()
    return None if shell is None else int(shell.execution_count)


def cell_number() -> int | None:
    """Return the number that stands beside the running cell, or None in plain Python."""
    shell = ipython_shell()
    # While a cell runs, the execution count is its number or the next one: kernels differ.
    return None if shell is None else len(shell.history_manager.input_hist_parsed) - 1
