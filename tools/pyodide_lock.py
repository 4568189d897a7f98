"""The `pyodide-lock.json` of the site: what `import` and `%pip` find, and where.

Its format is Pyodide's own: https://pyodide.org/en/stable/development/abi.html names the ABI,
https://github.com/pyodide/pyodide-lock the keys.
"""

from __future__ import annotations

import json
from typing import Any

from tools.places import CDN
from tools.sitelock import SiteLock
from tools.wheelinfo import WheelInfo


def make(lock: SiteLock, elsewhere: dict[str, Any] | None, elsewhere_version: str) -> str:
    """Write the lock that the kernel reads when it starts.

    Parameters
    ----------
    lock : SiteLock
        The packages that are beside it in the site.
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
    """
    packages = {
        package.name: _entry(
            WheelInfo(package.name, package.version, package.depends, package.imports),
            package.file_name,
            package.sha256,
        )
        for package in lock.packages
    }
    for name, official in (elsewhere or {}).get("packages", {}).items():
        address = CDN.format(version=elsewhere_version, file=official["file_name"])
        packages.setdefault(name, {**official, "file_name": address})
    return json.dumps({"info": lock.info, "packages": packages}, indent=1, sort_keys=True) + "\n"


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
