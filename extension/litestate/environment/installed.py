"""Import a package that is installed, and never a file of its name that a bundle has brought."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..places import IN_BROWSER
from . import first


def module_or_reason(name: str, *, trusted: bool) -> tuple[Any, str]:
    """Return a top-level package, imported if need be, or None and why it is not to be had.

    Parameters
    ----------
    name : str
        Of the package.
    trusted : bool
        Whether it may come from anywhere on ``sys.path``. Else only from where packages are
        installed.

    Returns
    -------
    module, reason : module or None, str
        The reason is for a person, without a full stop.
    """
    if name in sys.modules:
        return sys.modules[name], ""
    try:
        spec = importlib.util.find_spec(name)
        if spec is None and IN_BROWSER:
            from ..browser.packages import provide

            # The site has it, but no cell has imported it in this kernel.
            if trouble := provide([name]).get(name):
                return None, trouble
            spec = importlib.util.find_spec(name)
        if spec is None:
            return None, f"{name} is not installed here"
        if not trusted and not _is_installed(spec.origin):
            return None, f"{name} is here only as a file, {spec.origin}"
        if trusted:
            return importlib.import_module(name), ""
        if name == "matplotlib" and (settings := settings_of_matplotlib()):
            return None, f"importing matplotlib would run what {settings} says"
        with only_installed():
            return importlib.import_module(name), ""
    except Exception as error:
        # Whatever its own code raises.
        return None, f"{name} cannot be imported here ({type(error).__name__}: {error})"


def _is_installed(origin: str | None) -> bool:
    if origin is None:
        return False
    return any(Path(origin).is_relative_to(folder) for folder in first.site_packages())


@contextmanager
def only_installed() -> Iterator[None]:
    """Let imports find only Python's own modules and installed packages.

    A package imports others, and would take a file of such a name in the current folder.
    """
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if entry in first.of_python() | first.site_packages()]
    try:
        yield
    finally:
        sys.path[:] = before


def settings_of_matplotlib() -> str:
    """Return a settings file that matplotlib reads when it is imported, or nothing.

    Matplotlib before 3.11 evaluates a line of it as Python, and a bundle may have brought it. Where
    it looks is in ``matplotlib.matplotlib_fname``.
    """
    folders = [Path(), Path.home() / ".config/matplotlib", Path.home() / ".matplotlib"]
    folders += [
        Path(os.environ[name], below)
        for name, below in (
            ("MATPLOTLIBRC", ""),
            ("MPLCONFIGDIR", ""),
            ("XDG_CONFIG_HOME", "matplotlib"),
        )
        if name in os.environ
    ]
    found = [folder / "matplotlibrc" for folder in folders]
    if "MATPLOTLIBRC" in os.environ:
        found.append(Path(os.environ["MATPLOTLIBRC"]))
    return next((str(file) for file in found if file.is_file()), "")
