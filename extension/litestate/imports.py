"""What is imported while nobody has said that a bundle is trusted.

A bundle puts files where modules are looked for: the notebook's folder is on ``sys.path``. And many
packages read settings from there, or from the home folder, while they are imported; Matplotlib even
evaluates them. So only what is known to do neither is imported, from where it is installed, and
Matplotlib while it finds no settings but its own.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from . import installation

_DO_SOMETHING = frozenset({"antigravity", "this", "idlelib", "turtledemo", "turtle"})
"""Modules of the standard library that do something when they are imported, or read settings."""

_INERT = frozenset({"numpy", "pandas", "tzdata"})
"""Packages that plain data needs, and that read nothing from the current or the home folder."""


_PLOTTING = frozenset({"matplotlib", "mpl_toolkits"})
"""Packages that are imported by `import_installed`, which hides the settings of Matplotlib."""

_BACKENDS = ("matplotlib.backends.", "matplotlib.testing", "matplotlib.tests", "matplotlib.sphinx")
"""Parts of Matplotlib that import other packages, or do more than define something."""

_SETTINGS = ("MATPLOTLIBRC", "MPLCONFIGDIR")


def is_harmless(module: str) -> bool:
    """Tell whether a module may be imported without trust, with `import_installed`."""
    outer = module.partition(".")[0]
    if module in sys.modules:
        return True
    if outer in _DO_SOMETHING or "__main__" in module.split("."):
        return False
    if outer in _PLOTTING:
        return not module.startswith(_BACKENDS)
    return outer in sys.stdlib_module_names or outer in _INERT


def is_installed(module: str) -> bool:
    """Tell whether a module can be had from where modules are installed; nothing is imported."""
    with only_installed():
        try:
            return importlib.util.find_spec(module.partition(".")[0]) is not None
        except (ImportError, ValueError):
            return False


def import_installed(module: str) -> ModuleType:
    """Import a module that is harmless, from where modules are installed.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    is_plotting = module.partition(".")[0] in _PLOTTING and module not in sys.modules
    with only_installed(), _without_settings() if is_plotting else nullcontext():
        return import_module(module)


@contextmanager
def _without_settings() -> Iterator[None]:
    """Let Matplotlib find no ``matplotlibrc`` and no styles but its own, if there are others."""
    if not any(map(os.path.exists, _settings())):
        yield
        return
    folder = tempfile.mkdtemp(prefix="litestate-matplotlib-")
    # Matplotlib keeps this path, and writes its list of fonts there.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    before = {name: os.environ.pop(name, None) for name in _SETTINGS}
    here = _folder()
    matplotlib: Any = sys.modules.get("matplotlib")
    find = getattr(matplotlib, "get_configdir", None)
    os.environ["MPLCONFIGDIR"] = folder
    os.chdir(folder)
    if find is not None:
        # It was imported before, and knows where its settings are; its styles are read later.
        matplotlib.get_configdir = lambda: folder
    try:
        yield
    finally:
        if find is not None:
            matplotlib.get_configdir = find
        if here is not None:
            os.chdir(here)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _settings() -> Iterator[str]:
    """Yield the paths at which Matplotlib looks for settings (``matplotlib_fname``, ``style``)."""
    yield "matplotlibrc"
    named, folder = map(os.environ.get, _SETTINGS)
    if named:
        yield named
    home = Path("~").expanduser()
    config = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    for place in (folder, Path(config, "matplotlib"), home / ".matplotlib"):
        if place:
            yield from (str(Path(place, name)) for name in ("matplotlibrc", "stylelib"))


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return None


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
