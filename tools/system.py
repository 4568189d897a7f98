"""Programs of the operating system that Python packages can't bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.console import BuildError, run, step, warn

CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


FIREFOX_PACKAGES = ("firefox-esr",)
WEBKIT_PACKAGES = ("xvfb", "python3-gi", "python3-gi-cairo", "gir1.2-webkit2-4.1")

FIREFOX_ADVICE = "on Debian, `apt-get install firefox-esr`; elsewhere, set LITESTATE_FIREFOX"
WEBKIT_ADVICE = f"on Debian, `apt-get install {' '.join(WEBKIT_PACKAGES)}`"

SYSTEM_PYTHON = Path("/usr/bin/python3")
"""The Python that packages of the operating system are for."""


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


def firefox() -> Path | None:
    """Return a Firefox ESR for the tests: ``$LITESTATE_FIREFOX`` if set, else the one on the path.

    Another Firefox has to be named: Playwright knows the commands of some versions only.
    """
    found = shutil.which(os.environ.get("LITESTATE_FIREFOX") or "firefox-esr")
    return Path(found) if found else None


def has_webkit() -> bool:
    """Return whether the tests can start WebKitGTK: it, PyGObject and an X server are installed."""
    if not (SYSTEM_PYTHON.exists() and shutil.which("Xvfb")):
        return False
    code = (
        "import cairo, gi; gi.require_foreign('cairo'); gi.require_version('WebKit2', '4.1'); "
        "from gi.repository import WebKit2"
    )
    done = subprocess.run([SYSTEM_PYTHON, "-c", code], capture_output=True, check=False)
    return done.returncode == 0


def install_engines() -> None:
    """Install the other browsers of the tests where we may; their tests are skipped elsewhere."""
    for name, is_here, packages, advice in (
        ("Firefox ESR", firefox() is not None, FIREFOX_PACKAGES, FIREFOX_ADVICE),
        ("WebKitGTK", has_webkit(), WEBKIT_PACKAGES, WEBKIT_ADVICE),
    ):
        if is_here:
            continue
        reason = "it is not installed"
        if can_apt_install():
            try:
                apt_install(*packages)
                continue
            except BuildError as error:
                reason = f"it cannot be installed.\n{error}\nBy hand"
        warn(f"the tests in {name} are skipped: {reason}: {advice}")


def _find_chromium() -> Path | None:
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return next((Path(path) for path in found if path), None)
