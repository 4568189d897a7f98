"""Map from module names in stored variables to the present ones.

A pickle names the classes and functions that make its objects, and a graph the functions that a
variable is, such as ``save_state`` after ``from litestate import save_state``. What was stored once
is loaded forever: whoever moves an object that a variable can hold adds its old module here.
"""

from __future__ import annotations

REBUILDING = "litestate.variables.rebuilding"
"""The module of all functions that pickles call."""

_MODULES_BEFORE = {
    "litestate.api": "litestate",
    "litestate.autosave": "litestate.api.autosave",
    "litestate.checkpointing": "litestate",
    "litestate.checkpoints.retention": "litestate",
    "litestate.checkpoints.table": "litestate.checkpoints.checkpoint_list",
    "litestate.compare.model": "litestate.compare.results",
    "litestate.environment.executed": "litestate.shell.cell_log",
    "litestate.environment.table": "litestate.environment.cell_history",
    "litestate.export.api": "litestate",
    "litestate.importing.api": "litestate",
    "litestate.manifest": "litestate.bundle.manifest",
    "litestate.report.model": "litestate.report",
    "litestate.variables.classes": REBUILDING,
    "litestate.variables.code_objects": REBUILDING,
    "litestate.variables.dataclass_parts": REBUILDING,
    "litestate.variables.functions": REBUILDING,
    "litestate.variables.hashed": REBUILDING,
    "litestate.variables.instances": REBUILDING,
    "litestate.variables.special_classes": REBUILDING,
}
"""Modules that litestate named before its modules were put into folders, in November 2026."""


def module_now(module: str) -> str:
    """Return the module in which to find what is stored under a name of ``module``."""
    return _MODULES_BEFORE.get(module, module)
