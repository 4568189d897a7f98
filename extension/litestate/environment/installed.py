"""Import a package that is installed, and never a file of its name that a bundle has brought."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from ..imports import import_installed, is_harmless, is_installed
from ..platform import IN_BROWSER

_BROUGHT = "{} would be imported, and may find what the bundle has brought"


def module_or_reason(name: str, *, trusted: bool) -> tuple[Any, str]:
    """Return a top-level package, imported if need be, or None and why it is not to be had.

    Parameters
    ----------
    name : str
        Of the package.
    trusted : bool
        Whether it may come from anywhere on ``sys.path``, and run what it likes. Else see
        `litestate.imports`.

    Returns
    -------
    module, reason : module or None, str
        The reason is for a person, without a full stop.
    """
    if name in sys.modules:
        return sys.modules[name], ""
    if not trusted and not is_harmless(name):
        return None, _BROUGHT.format(name)
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
        if not trusted and not is_installed(name):
            return None, _BROUGHT.format(name)
        return (importlib.import_module if trusted else import_installed)(name), ""
    except Exception as error:
        # Whatever its own code raises.
        return None, f"{name} cannot be imported here ({type(error).__name__}: {error})"
