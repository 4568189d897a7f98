"""Which distributions are installed, and which modules they have."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, NamedTuple


def packages_of(modules: Iterable[str]) -> dict[str, str]:
    """Return which distribution a top-level module belongs to, of those that are installed.

    Parameters
    ----------
    modules : iterable of str
        Names of modules; of ``a.b`` the top-level one counts.

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
    """Return a distribution's name as indexes and locks have it.

    Examples
    --------
    >>> normalized("Python_Dateutil")
    'python-dateutil'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


class Known(NamedTuple):
    """A distribution that is installed.

    Attributes
    ----------
    name, version : str
        As its metadata says, which takes long to read.
    files : importlib.metadata.Distribution
        The rest.
    """

    name: str
    version: str
    files: Distribution


@functools.lru_cache(maxsize=1)
def _known(stamp: tuple[Any, ...]) -> dict[str, Known]:
    del stamp  # What is asked for when it changes.
    importlib.invalidate_caches()
    modules_of.cache_clear()
    found: dict[str, Known] = {}
    for distribution in importlib.metadata.distributions():
        # What is left of a broken installation has none.
        if not (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")):
            continue
        metadata = distribution.metadata
        if metadata["Name"] and metadata["Version"]:
            # Of two, the first is the one that is imported.
            known = Known(metadata["Name"], metadata["Version"], distribution)
            found.setdefault(normalized(known.name), known)
    return found


def distributions() -> dict[str, Known]:
    """Return the distributions that are installed, by their normalized names."""
    # A .dist-info folder that comes or goes changes the time of the folder that it is in. That of
    # the current folder (an empty entry) changes with every file.
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
