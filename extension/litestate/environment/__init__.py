"""The session around the variables: folder, environment, settings, random numbers, history."""

from ..shell.cell_log import Executed, follow
from .apply_result import Applied
from .cell_history import History, history
from .session_document import (
    AFTER_VARIABLES,
    BEFORE_VARIABLES,
    PARTS,
    Part,
    apply,
    check,
    describe,
    dump,
    left_out,
    read,
    waiting,
)

__all__ = [
    "AFTER_VARIABLES",
    "BEFORE_VARIABLES",
    "PARTS",
    "Applied",
    "Executed",
    "History",
    "Part",
    "apply",
    "check",
    "describe",
    "dump",
    "follow",
    "history",
    "left_out",
    "read",
    "waiting",
]
