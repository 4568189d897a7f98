"""Installed modules: their folders, and imports that are safe for an untrusted bundle.

A bundle puts files into the notebook's folder, which is on ``sys.path``. Many packages also read
settings from there, or from the home folder, while they are imported; Matplotlib even evaluates
them. So only modules that are known to do neither are imported, and only from the folders of
installed modules. Matplotlib is imported while its settings are hidden.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import re
import shutil
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..platform import IN_BROWSER

_DO_SOMETHING = frozenset({"antigravity", "this", "idlelib", "turtledemo", "turtle"})
"""Modules of the standard library that act when they are imported, or read settings."""

_INERT = frozenset({"numpy", "pandas", "tzdata"})
"""Packages for plain data that read nothing from the current or the home folder."""

_PLOTTING = frozenset({"matplotlib", "mpl_toolkits"})
"""Packages for which `import_installed` hides the settings of Matplotlib."""

_BACKENDS = ("matplotlib.backends.", "matplotlib.testing", "matplotlib.tests", "matplotlib.sphinx")
"""Parts of Matplotlib that import other packages, or have side effects."""

_SETTINGS = ("MATPLOTLIBRC", "MPLCONFIGDIR")

_BROUGHT = "{} would be imported, and might find files of the bundle"


@functools.cache
def site_packages() -> frozenset[str]:
    """Return the folders of installed packages."""
    folders = set(site.getsitepackages()) | set(map(_path, ("purelib", "platlib")))
    return frozenset(folders if IN_BROWSER else folders | {site.getusersitepackages()})


@functools.cache
def standard_library() -> frozenset[str]:
    """Return the entries of ``sys.path`` for the standard library."""
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    found: set[str] = set()
    for folder in map(_path, ("stdlib", "platstdlib")):
        found |= {folder, str(Path(folder, "lib-dynload")), str(Path(folder).parent / zipped)}
    # Windows: extension modules, and the interpreter beside the library.
    return frozenset(found | {str(Path(sys.base_prefix, "DLLs")), sys.base_prefix})


@functools.cache
def module_folders() -> frozenset[Path]:
    """Return the folders and archives of installed modules, with links resolved."""
    of_library = {entry for entry in standard_library() if entry != sys.base_prefix}
    return frozenset(Path(entry).resolve() for entry in of_library | site_packages())


def is_module_path(path: Path) -> bool:
    """Tell whether a path is a folder of installed modules, or below one."""
    path = path.resolve()
    return any(path == folder or path.is_relative_to(folder) for folder in module_folders())


def _path(name: str) -> str:
    # Pyodide's prefix is "/", so its paths begin with two slashes.
    return re.sub("^/+", "/", sysconfig.get_path(name))


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
    """Tell whether a module is installed, without importing it."""
    with only_installed():
        try:
            return importlib.util.find_spec(module.partition(".")[0]) is not None
        except (ImportError, ValueError):
            return False


def import_installed(module: str) -> ModuleType:
    """Import a harmless module from the folders of installed modules.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    is_plotting = module.partition(".")[0] in _PLOTTING and module not in sys.modules
    with only_installed(), _without_settings() if is_plotting else nullcontext():
        return import_module(module)


def module_or_reason(name: str, *, trusted: bool) -> tuple[Any, str]:
    """Return a top-level package, imported if necessary, or None and the reason.

    Parameters
    ----------
    name : str
        Name of the package.
    trusted : bool
        Whether to import it from anywhere on ``sys.path``. Otherwise, only a harmless one
        from the folders of installed modules.

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
            from ..browser.package_install import provide

            # The site has it, but no cell has imported it in this kernel.
            if trouble := provide([name]).get(name):
                return None, trouble
            spec = importlib.util.find_spec(name)
        if spec is None:
            return None, f"{name} is not installed here"
        if not trusted and not is_installed(name):
            return None, _BROUGHT.format(name)
        return (import_module if trusted else import_installed)(name), ""
    except Exception as error:
        # Its own code may raise anything.
        return None, f"{name} cannot be imported here ({type(error).__name__}: {error})"


@contextmanager
def _without_settings() -> Iterator[None]:
    """Hide every ``matplotlibrc`` and style from Matplotlib except its own."""
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
        # It is imported already and has its settings; its styles are read later.
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
    """Yield the paths where Matplotlib searches for settings (``matplotlib_fname``, ``style``)."""
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
    """Restrict ``sys.path`` to the folders of Python and its packages."""
    before = list(sys.path)
    sys.path[:] = installed = [entry for entry in before if _is_installed(entry)]
    try:
        yield
    finally:
        sys.path[:] = [*before, *(entry for entry in sys.path if entry not in installed)]


def _is_installed(entry: str) -> bool:
    # A relative entry is below the current folder, which "" stands for.
    return Path(entry).is_absolute() and is_module_path(Path(entry))
