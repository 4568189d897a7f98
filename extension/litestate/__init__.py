"""Save the work of a notebook session: variables, files and SQLite databases, in a bundle you own.

In between, `autosave` makes a checkpoint after every cell, and brings the newest one back when the
page was reloaded.

Examples
--------
>>> import litestate
>>> litestate.autosave()  # doctest: +SKIP
>>> litestate.undo()  # doctest: +SKIP

>>> from litestate import save_state, load_state
>>> save_state()  # doctest: +SKIP
>>> load_state("state-2026-11-22.litestate.zip")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api.autosave import aautosave, autosave
    from .api.checkpoints import (
        acheckpoint,
        acheckpoints,
        arestore,
        aundo,
        checkpoint,
        checkpoints,
        restore,
        undo,
    )
    from .api.state import aload_state, asave_state, clear_state, load_state, save_state, show_state
    from .bundle import Limits
    from .checkpoints import Retention
    from .environment import history
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

_NAMES = {
    "litestate.api.state": "aload_state asave_state clear_state load_state save_state show_state",
    "litestate.api.autosave": "aautosave autosave",
    "litestate.bundle": "Limits",
    "litestate.api.checkpoints": (
        "acheckpoint acheckpoints arestore aundo checkpoint checkpoints restore undo"
    ),
    "litestate.checkpoints": "Retention",
    "litestate.environment": "history",
    "litestate.errors": "LitestateError",
    "litestate.export": "export_tables",
    "litestate.importing": "import_table",
    "litestate.report": "Report",
}
"""Names that are loaded on first use, by module: importing the package stays quick."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


class _Package(ModuleType):
    """The type of this package, whose public names are loaded on first use.

    A function keeps its name although a submodule has the same.
    """

    def __getattr__(self, name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # The notebook's folder may have a file of a bundle that is named like a module of Python.
        with only_installed():
            value: object = getattr(importlib.import_module(_MODULES[name]), name)
        if isinstance(value, FunctionType):
            # Stored variables name it by its public name, which never changes.
            value.__module__ = __name__
        super().__setattr__(name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


# Before any submodule is imported.
sys.modules[__name__].__class__ = _Package

from ._version import __version__ as __version__  # noqa: E402
from .host.installed_modules import only_installed  # noqa: E402
from .shell.cell_log import follow as _follow  # noqa: E402

# The history has the cells from here on.
_follow()
