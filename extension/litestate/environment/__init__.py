"""The session around the variables: folder, environment, options, random numbers, history."""

from .applied import Applied
from .document import (
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
)
from .executed import Executed, follow
from .table import History, history

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
]
