"""SQLite files: recognise, capture and restore them while somebody else has them open."""

from .capture import EMPTY, Image, capture
from .connections import SIDECARS, JournalMode, NotADatabaseError, copy_aside, is_database
from .restore import check_readable, check_replaceable, restore, set_journal_mode

__all__ = [
    "EMPTY",
    "SIDECARS",
    "Image",
    "JournalMode",
    "NotADatabaseError",
    "capture",
    "check_readable",
    "check_replaceable",
    "copy_aside",
    "is_database",
    "restore",
    "set_journal_mode",
]
