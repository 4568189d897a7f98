"""SQLite databases: recognize, capture and restore them while other connections use them."""

from .capture import capture
from .connections import MIN_PAGE, SIDECARS, JournalMode, NotADatabaseError, is_database, is_sidecar
from .copies import EMPTY, Image, copy_aside, copy_together, scratch, sidecars
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
    "is_sidecar",
    "restore",
    "scratch",
    "set_journal_mode",
    "sidecars",
]
