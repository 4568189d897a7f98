"""Import a package that is installed, and never a file of its name that a bundle has brought."""

from __future__ import annotations

import importlib
import importlib.util
import sys
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
        return importlib.import_module(name), ""
    except Exception as error:
        # Whatever its own code raises.
        return None, f"{name} cannot be imported here ({type(error).__name__}: {error})"


def _is_installed(origin: str | None) -> bool:
    if origin is None:
        return False
    return any(Path(origin).is_relative_to(folder) for folder in first.site_packages())
