"""Keep the work of a notebook session: variables, files and SQLite databases, in a bundle you own.

In between, `autosave` keeps it by itself: after every cell as a checkpoint, which comes back when
the page was reloaded.

Examples
--------
>>> import litestate
>>> litestate.autosave()  # doctest: +SKIP
>>> litestate.undo()  # doctest: +SKIP

>>> from litestate import save_state, load_state
>>> save_state()  # doctest: +SKIP
>>> load_state("state-2026-11-22.litestate.zip")  # doctest: +SKIP
"""

from ._version import __version__ as __version__
from .api import aload_state, asave_state, clear_state, load_state, save_state, show_state
from .autosave import aautosave, autosave
from .bundle import Limits
from .checkpointing import (
    acheckpoint,
    acheckpoints,
    arestore,
    aundo,
    checkpoint,
    checkpoints,
    restore,
    undo,
)
from .checkpoints import Retention
from .environment import follow, history
from .errors import LitestateError
from .export import export_tables
from .importing import import_table
from .report import Report

__all__ = [
    "Limits",
    "LitestateError",
    "Report",
    "Retention",
    "aautosave",
    "acheckpoint",
    "acheckpoints",
    "aload_state",
    "arestore",
    "asave_state",
    "aundo",
    "autosave",
    "checkpoint",
    "checkpoints",
    "clear_state",
    "export_tables",
    "history",
    "import_table",
    "load_state",
    "restore",
    "save_state",
    "show_state",
    "undo",
]

# The cells from here on are in the history.
follow()
del follow
