"""SQLite databases: recognize, capture and restore them while other connections use them."""

from .copies import EMPTY, Image, copy_aside, copy_together, scratch, sidecars
from .database_capture import capture
from .database_restore import check_readable, check_replaceable, restore, set_journal_mode
from .safe_connections import (
    MIN_PAGE,
    SIDECARS,
    JournalMode,
    NotADatabaseError,
    is_database,
    is_sidecar,
)

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
