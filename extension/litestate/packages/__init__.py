"""The packages of a session: those that are imported, and those installed beyond the site."""

from .installing import Installed, Missing, advice, install, missing
from .package_list import Added, check, describe, dump, left_out, packages_of, read

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
