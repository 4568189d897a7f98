"""SQLite files: recognise, capture and restore them while somebody else has them open."""

from .aside import copy_aside, copy_together, scratch, sidecars
from .capture import capture
from .connections import MIN_PAGE, SIDECARS, JournalMode, NotADatabaseError, is_database
from .image import EMPTY, Image
from .restore import check_readable, check_replaceable, restore, set_journal_mode

__all__ = [
    "EMPTY",
    "MIN_PAGE",
    "SIDECARS",
    "Image",
    "JournalMode",
    "NotADatabaseError",
    "capture",
    "check_readable",
    "check_replaceable",
    "copy_aside",
    "copy_together",
    "is_database",
    "restore",
    "scratch",
    "set_journal_mode",
    "sidecars",
]
