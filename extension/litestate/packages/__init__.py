"""Which packages cells use, and which of them were installed beyond the site."""

from .distributions import packages_of
from .document import Added, check, describe, dump, left_out, read
from .installing import Installed, Missing, advice, install, missing

__all__ = [
    "Added",
    "Installed",
    "Missing",
    "advice",
    "check",
    "describe",
    "dump",
    "install",
    "left_out",
    "missing",
    "packages_of",
    "read",
]
