"""The `pyodide-lock.json` of the site: what `import` and `%pip` find, and where.

Its format is Pyodide's own: https://pyodide.org/en/stable/development/abi.html names the ABI,
https://github.com/pyodide/pyodide-lock the keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools import wheelinfo
from tools.console import BuildError
from tools.files import sha256_of
from tools.places import CDN
from tools.sitelock import SiteLock
from tools.wheelinfo import WheelInfo

# litestate imports these inside of functions, where the kernel doesn't see it: only what stands
# in a cell, and what that depends on, is loaded.
EXTRAS = ("excel",)


def make(
    lock: SiteLock, litestate: Path, elsewhere: dict[str, Any] | None, elsewhere_version: str
) -> str:
    """Write the lock that the kernel reads when it starts.

    Parameters
    ----------
    lock : SiteLock
        The packages that are beside it in the site.
    litestate : Path
        litestate's wheel, beside it too.
    elsewhere : dict, optional
        The official lock. Its other packages are then listed with their address on the
        Pyodide CDN, so that `import scipy` works for users who are online. Without it, the
        kernel knows no other host.
    elsewhere_version : str
        The Pyodide version that `elsewhere` is of.

    Returns
    -------
    str
        The text of `pyodide-lock.json`.

    Raises
    ------
    BuildError
        If litestate depends on a package that the site doesn't have.
    """
    packages = {
        package.name: _entry(
            WheelInfo(package.name, package.version, package.depends, package.imports),
            package.file_name,
            package.sha256,
        )
        for package in lock.packages
    }
    packages["litestate"] = _litestate_entry(litestate, packages)
    for name, official in (elsewhere or {}).get("packages", {}).items():
        address = CDN.format(version=elsewhere_version, file=official["file_name"])
        packages.setdefault(name, {**official, "file_name": address})
    return json.dumps({"info": lock.info, "packages": packages}, indent=1, sort_keys=True) + "\n"


def _litestate_entry(wheel: Path, packages: dict[str, Any]) -> dict[str, Any]:
    info = wheelinfo.read(wheel, EXTRAS)
    if unknown := [name for name in info.depends if name not in packages]:
        raise BuildError(
            f"extension/pyproject.toml depends on {', '.join(unknown)}, which the site doesn't "
            "have; add it to requirements/site.in and run `python3 build.py lock`"
        )
    return _entry(info, wheel.name, sha256_of(wheel))


def _entry(info: WheelInfo, file_name: str, sha256: str) -> dict[str, Any]:
    return {
        "name": info.name,
        "version": info.version,
        "file_name": file_name,
        "sha256": sha256,
        "depends": list(info.depends),
        "imports": list(info.imports),
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }
