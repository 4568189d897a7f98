"""What is imported while nobody has said that a bundle is trusted.

A bundle puts files where modules are looked for: the notebook's folder is on ``sys.path``. And many
packages read settings from there, or from the home folder, while they are imported; Matplotlib even
evaluates them. So only what is known to do neither is imported, from where it is installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import installation

_DO_SOMETHING = frozenset({"antigravity", "this", "idlelib", "turtledemo", "turtle"})
"""Modules of the standard library that do something when they are imported, or read settings."""

_INERT = frozenset({"numpy", "pandas", "tzdata"})
"""Packages that plain data needs, and that read nothing from the current or the home folder."""


def is_harmless(module: str) -> bool:
    """Tell whether a module may be imported without trust, inside of `only_installed`."""
    outer = module.partition(".")[0]
    if module in sys.modules:
        return True
    if outer in _DO_SOMETHING or "__main__" in module.split("."):
        return False
    return outer in sys.stdlib_module_names or outer in _INERT


def is_installed(module: str) -> bool:
    """Tell whether a module can be had from where modules are installed; nothing is imported."""
    with only_installed():
        try:
            return importlib.util.find_spec(module.partition(".")[0]) is not None
        except (ImportError, ValueError):
            return False


@contextmanager
def only_installed() -> Iterator[None]:
    """Look for modules only where Python and its packages are installed."""
    before = list(sys.path)
    sys.path[:] = kept = [entry for entry in before if _is_installed(entry)]
    try:
        yield
    finally:
        sys.path[:] = [*before, *(entry for entry in sys.path if entry not in kept)]


def _is_installed(entry: str) -> bool:
    # What is not absolute is somewhere below the current folder, which is what "" means.
    return Path(entry).is_absolute() and installation.is_inside(Path(entry))
