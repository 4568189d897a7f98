"""Installed distributions, their modules, and imports of them that a bundle cannot redirect."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, NamedTuple

from ..imports import import_installed, is_harmless, is_installed
from ..platform import IN_BROWSER

_BROUGHT = "{} would be imported, and might find files of the bundle"


def packages_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed distributions that modules belong to.

    Parameters
    ----------
    modules : iterable of str
        Names of modules; for ``a.b`` the top-level module counts.

    Returns
    -------
    dict of str to str
        The module as it was named, to the name of its distribution. Modules of Python itself and
        of the notebook's files are not in it.
    """
    owners = {module: it.name for it in distributions().values() for module in modules_of(it)}
    tops = {module: module.partition(".")[0] for module in modules}
    return {module: owners[top] for module, top in tops.items() if top in owners}


def normalized(name: str) -> str:
    """Return a distribution's name in the form that indexes and locks use.

    Examples
    --------
    >>> normalized("Python_Dateutil")
    'python-dateutil'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


class Known(NamedTuple):
    """An installed distribution.

    Attributes
    ----------
    name, version : str
        As in its metadata, which takes long to read.
    files : importlib.metadata.Distribution
        Its files.
    """

    name: str
    version: str
    files: Distribution


@functools.lru_cache(maxsize=1)
def _known(stamp: tuple[Any, ...]) -> dict[str, Known]:
    del stamp  # A new stamp misses the cache.
    importlib.invalidate_caches()
    modules_of.cache_clear()
    found: dict[str, Known] = {}
    for distribution in importlib.metadata.distributions():
        # The rest of a broken installation has no metadata.
        if not (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")):
            continue
        metadata = distribution.metadata
        if metadata["Name"] and metadata["Version"]:
            # Python imports the first of two.
            known = Known(metadata["Name"], metadata["Version"], distribution)
            found.setdefault(normalized(known.name), known)
    return found


def distributions() -> dict[str, Known]:
    """Return the installed distributions by their normalized names."""
    # Adding or removing a .dist-info folder changes the time of the folder that it is in. The
    # current folder (an empty entry) is not watched: its time changes with every file.
    return _known(tuple((entry, _time(entry)) for entry in sys.path if entry))


def _time(entry: str) -> int:
    try:
        return Path(entry).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@functools.lru_cache(maxsize=4096)
def modules_of(known: Known) -> frozenset[str]:
    """Return the top-level modules of a distribution."""
    listed = known.files.read_text("top_level.txt")
    if listed is not None:
        return frozenset(listed.split())
    names = set()
    for file in known.files.files or ():
        first, suffix = file.parts[0], file.suffix
        if len(file.parts) == 1:
            names.add(first.partition(".")[0] if suffix in (".py", ".so", ".pyd") else "")
        elif suffix in (".py", ".so", ".pyd") and first != "..":
            names.add(first)
    return frozenset(name for name in names if name.isidentifier())


def module_or_reason(name: str, *, trusted: bool) -> tuple[Any, str]:
    """Return a top-level package, imported if necessary, or None and the reason.

    Parameters
    ----------
    name : str
        Name of the package.
    trusted : bool
        Whether to import it from anywhere on ``sys.path``. Otherwise see `litestate.imports`.

    Returns
    -------
    module, reason : module or None, str
        The reason is for a report, without a full stop.
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
        # Its own code may raise anything.
        return None, f"{name} cannot be imported here ({type(error).__name__}: {error})"
