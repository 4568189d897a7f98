"""Programs of the operating system that Python packages can't bring."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools.console import BuildError, run, step

CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def can_apt_install() -> bool:
    """Return whether this is a Debian-like system where we may install packages."""
    is_root = sys.platform != "win32" and os.geteuid() == 0
    return is_root and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    """Install Debian packages, from fresh package lists."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    step(f"installing {' '.join(packages)} with apt-get")
    # On a fresh image the lists are empty or old: without this no package is found.
    run(["apt-get", "update", "-qq"], env=quiet)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)


def chromium() -> Path:
    """Return a Chromium for the browser tests, installing Debian's if there is none.

    Returns
    -------
    Path
        ``$LITESTATE_CHROMIUM`` if set, else the first browser found.

    Raises
    ------
    BuildError
        If there is none and it can't be installed.
    """
    if named := os.environ.get("LITESTATE_CHROMIUM"):
        if found := shutil.which(named):
            return Path(found)
        raise BuildError(f"LITESTATE_CHROMIUM is {named}, which is not a program")
    if path := _find_chromium():
        return path
    if can_apt_install():
        # Without any font, text has no width and nothing can be clicked.
        apt_install("chromium", "fonts-liberation")
        if path := _find_chromium():
            return path
    raise BuildError(
        "the browser tests need Chromium or Chrome, and none was found.\n"
        "Install one, set LITESTATE_CHROMIUM to its program, or run only the others with "
        "`python3 build.py test --unit`."
    )


def _find_chromium() -> Path | None:
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return next((Path(path) for path in found if path), None)
