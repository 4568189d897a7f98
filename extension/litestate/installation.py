"""Where Python itself and its packages are."""

from __future__ import annotations

import functools
import re
import site
import sys
import sysconfig
from pathlib import Path

from .platform import IN_BROWSER


@functools.cache
def site_packages() -> frozenset[str]:
    """Return the folders in which installed packages are."""
    folders = set(site.getsitepackages()) | set(map(_path, ("purelib", "platlib")))
    return frozenset(folders if IN_BROWSER else folders | {site.getusersitepackages()})


@functools.cache
def of_python() -> frozenset[str]:
    """Return the entries of ``sys.path`` that are the standard library's."""
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    found: set[str] = set()
    for folder in map(_path, ("stdlib", "platstdlib")):
        found |= {folder, str(Path(folder, "lib-dynload")), str(Path(folder).parent / zipped)}
    # Windows has its extension modules and the interpreter beside the library.
    return frozenset(found | {str(Path(sys.base_prefix, "DLLs")), sys.base_prefix})


@functools.cache
def folders() -> frozenset[Path]:
    """Return the folders and archives that hold modules, links resolved."""
    of_library = {entry for entry in of_python() if entry != sys.base_prefix}
    return frozenset(Path(entry).resolve() for entry in of_library | site_packages())


def is_inside(path: Path) -> bool:
    """Tell whether a path is one of them, or below one."""
    path = path.resolve()
    return any(path == folder or path.is_relative_to(folder) for folder in folders())


def _path(name: str) -> str:
    # Pyodide's prefix is "/", and what it says begins with two.
    return re.sub("^/+", "/", sysconfig.get_path(name))
