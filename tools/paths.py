"""Paths of the project's files and folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
DIST = ROOT / "dist"
WORK = ROOT / ".build"
CONTENT = ROOT / "content"
# Where `jupyter lite build` looks for the site's own wheels.
WHEELS = ROOT / "pypi"
EXTENSION = ROOT / "extension"
REQUIREMENTS = ROOT / "requirements"
SITE_LOCK = ROOT / "site.lock.json"
BUILD_CONFIG = ROOT / "jupyter_lite_config.json"
SITE_CONFIG = ROOT / "jupyter-lite.json"
OVERRIDES = ROOT / "overrides.json"


def venv_program(name: str) -> Path:
    """Return the path of a program of the virtual environment, such as ``python``."""
    if sys.platform == "win32":
        return VENV / "Scripts" / f"{name}.exe"
    return VENV / "bin" / name


def cache_folder(chosen: Path | None = None) -> Path:
    """Return the folder that keeps downloads between builds.

    Parameters
    ----------
    chosen : Path, optional
        What the user asked for on the command line; wins over everything.

    Returns
    -------
    Path
        `chosen`, else ``$LITESTATE_CACHE``, else ``$XDG_CACHE_HOME/litestate``,
        else ``~/.cache/litestate``.
    """
    if chosen is not None:
        return chosen.absolute()
    if named := os.environ.get("LITESTATE_CACHE"):
        return Path(named).absolute()
    # The XDG specification says that an empty variable counts as unset.
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "litestate"
