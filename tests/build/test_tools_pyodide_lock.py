from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from build_helpers import make_wheel

from tools import pyodide_lock, wheelinfo
from tools.console import BuildError
from tools.sitelock import LockedPackage, SiteLock

NUMPY = LockedPackage("numpy", "2.0", "numpy-2.0.whl", "0" * 64, 1, (), (), ("numpy",))
LOCK = SiteLock("314.0.6", {"abi_version": "2026_0"}, (), (NUMPY,))
OFFICIAL: dict[str, Any] = {
    "packages": {
        "numpy": {"file_name": "numpy-3.0.whl"},
        "scipy": {"file_name": "scipy-1.0.whl", "sha256": "1" * 64, "depends": ["numpy"]},
    }
}


def test_litestate_loads_with_what_it_depends_on(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "litestate", requires=("NumPy>=1",))
    packages = json.loads(pyodide_lock.make(LOCK, wheel, None, ""))["packages"]
    assert packages["litestate"]["depends"] == ["numpy"]
    assert packages["litestate"]["imports"] == ["litestate"]
    assert packages["litestate"]["file_name"] == wheel.name
    assert packages["litestate"]["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_litestate_loads_with_what_its_functions_import(tmp_path: Path) -> None:
    requires = ('numpy; extra == "excel"', 'pytest; extra == "test"')
    wheel = make_wheel(tmp_path, "litestate", requires=requires)
    packages = json.loads(pyodide_lock.make(LOCK, wheel, None, ""))["packages"]
    assert packages["litestate"]["depends"] == ["numpy"]


def test_a_dependency_that_the_site_lacks_is_named(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "litestate", requires=("rich",))
    with pytest.raises(BuildError, match=r"depends on rich.*requirements/site\.in"):
        pyodide_lock.make(LOCK, wheel, None, "")


def test_other_official_packages_are_found_on_the_cdn(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "litestate")
    packages = json.loads(pyodide_lock.make(LOCK, wheel, OFFICIAL, "314.0.4"))["packages"]
    assert packages["numpy"]["file_name"] == "numpy-2.0.whl"
    assert packages["scipy"]["file_name"].endswith("/v314.0.4/full/scipy-1.0.whl")


def test_without_them_no_other_host_is_named(tmp_path: Path) -> None:
    text = pyodide_lock.make(LOCK, make_wheel(tmp_path, "litestate"), None, "")
    assert "://" not in text


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
