from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from build_helpers import make_wheel

from tools import pyodide_lock, wheelinfo
from tools.sitelock import LockedPackage, SiteLock

NUMPY = LockedPackage("numpy", "2.0", "numpy-2.0.whl", "0" * 64, 1, (), (), ("numpy",))
LOCK = SiteLock("314.0.6", {"abi_version": "2026_0"}, (), (NUMPY,))
OFFICIAL: dict[str, Any] = {
    "packages": {
        "numpy": {"file_name": "numpy-3.0.whl"},
        "scipy": {"file_name": "scipy-1.0.whl", "sha256": "1" * 64, "depends": ["numpy"]},
    }
}


def test_other_official_packages_are_found_on_the_cdn() -> None:
    packages = json.loads(pyodide_lock.make(LOCK, OFFICIAL, "314.0.4"))["packages"]
    assert packages["numpy"]["file_name"] == "numpy-2.0.whl"
    assert packages["scipy"]["file_name"].endswith("/v314.0.4/full/scipy-1.0.whl")


def test_without_them_no_other_host_is_named() -> None:
    assert "://" not in pyodide_lock.make(LOCK, None, "")


def test_dependencies_are_those_of_the_kernel_not_of_this_machine(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "thing",
        requires=(
            'tzdata; sys_platform == "emscripten"',
            'pexpect; sys_platform != "emscripten"',
            'tomli; python_version < "3.11"',
            'pytest; extra == "test"',
        ),
    )
    assert wheelinfo.read(wheel).depends == ("tzdata",)
