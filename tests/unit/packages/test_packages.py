"""Packages: imported, installed and missing ones, and hostile lists."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestate import packages, platform
from litestate.errors import DamagedBundleError
from litestate.packages import package_list
from litestate.parts import packages as parts_packages
from litestate.report import Section

IN_BROWSER = sys.platform == "emscripten"


def install(folder: Path, name: str, version: str, module: str, **more: str) -> None:
    """Install a distribution of the test."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n")
    for file, content in more.items():
        (info / file).write_text(content)
    (folder / module).mkdir(exist_ok=True)
    (folder / module / "__init__.py").write_text("")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def test_imported_packages_are_described(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "Tiny_Demo", "1.2", "tinydemo")
    assert "Tiny_Demo" not in packages.describe()["imported"]
    __import__("tinydemo")
    try:
        document = packages.read(packages.dump(packages.describe()))
    finally:
        del sys.modules["tinydemo"]
    assert document["imported"]["Tiny_Demo"] == {"version": "1.2", "imports": ["tinydemo"]}
    # The kernel has pytest without a list of its files.
    assert IN_BROWSER or "pytest" in document["imported"]
    assert packages.packages_of(["tinydemo.inner", "json", "nothing"]) == {
        "tinydemo.inner": "Tiny_Demo"
    }
    assert packages.missing(document) == []


def test_a_later_installation_is_noticed(site: Path) -> None:
    assert packages.packages_of(["laterdemo"]) == {}
    install(site, "later-demo", "1", "laterdemo")
    assert packages.packages_of(["laterdemo"]) == {"laterdemo": "later-demo"}


def test_missing_packages_are_named_with_advice(site: Path) -> None:
    install(site, "other-demo", "2.0", "otherdemo")
    document = {
        "added": [],
        "imported": {
            "other_demo": {"version": "1.0", "imports": ["otherdemo"]},
            "gone-demo": {"version": "3", "imports": ["gonedemo"]},
        },
    }
    packages.check(document)
    absent = packages.missing(document)
    assert [(it.name, it.version, it.here) for it in absent] == [
        ("gone-demo", "3", None),
        ("other_demo", "1.0", "2.0"),
    ]
    assert packages.advice(absent) == "pip install gone-demo==3 other_demo==1.0"
    assert packages.missing(document, ["gonedemo", "json"]) == absent[:1]
    installed = packages.install(absent, trusted=True)
    assert not installed.done
    assert [it.reason for it in installed.skipped] == [
        "is not installed here",
        "version 2.0 is here",
    ]
    if not IN_BROWSER:
        assert installed.skipped[0].advice == "For the saved version, run: pip install gone-demo==3"


@pytest.mark.parametrize("trusted", [False, True])
def test_an_untrusted_bundle_gives_no_command_to_run(site: Path, trusted: bool) -> None:
    document = {"added": [], "imported": {"evil-demo": {"version": "3", "imports": ["evildemo"]}}}
    section = Section("packages")
    parts_packages._Install(document, {"evildemo"}, trusted, section).commit()
    [warning] = section.warnings
    assert "evil-demo 3 (not installed)" in warning
    assert ("pip install evil-demo==3" in warning) == (trusted and not IN_BROWSER)
    assert ("check a package" in warning) == (not trusted and not IN_BROWSER)
    [skipped] = packages.install(packages.missing(document), trusted=trusted).skipped
    assert ("pip install evil-demo==3" in skipped.advice) == (trusted and not IN_BROWSER)


def test_a_broken_distribution_is_ignored(site: Path) -> None:
    (site / "broken-1.0.dist-info").mkdir()
    (site / "empty-1.0.dist-info").mkdir()
    (site / "empty-1.0.dist-info" / "METADATA").write_text("")
    assert packages.read(packages.dump(packages.describe()))["imported"]


URL = "https://example.org/tiny_demo-1.2-py3-none-any.whl"


@pytest.mark.skipif(not IN_BROWSER, reason="only the site has micropip")
def test_packages_of_micropip_are_described(site: Path) -> None:
    facts = {"PYODIDE_SOURCE": "pypi", "PYODIDE_URL": URL, "PYODIDE_SHA256": "ab" * 32}
    install(site, "tiny-demo", "1.2", "tinydemo", PYODIDE_REQUIRES='["six"]', **facts)
    install(site, "file-demo", "1", "filedemo", PYODIDE_SOURCE="emfs:/x.whl", PYODIDE_URL="emfs:/x")
    install(site, "lock-demo", "1", "lockdemo", PYODIDE_SOURCE="pyodide")
    document = packages.read(packages.dump(packages.describe()))
    added = {it["name"]: it for it in document["added"]}
    assert added["tiny-demo"]["url"] == URL
    assert added["tiny-demo"]["depends"] == ["six"]
    assert added["file-demo"]["url"] is None
    assert "lock-demo" not in added
    assert [it.path for it in packages.left_out(document)] == ["package file-demo==1"]


@pytest.fixture
def kernel_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> float:
    """The kernel's start, 100 seconds ago; packages installed before it are the site's."""
    security = tmp_path / "security"
    security.mkdir()
    start = time.time() - 100
    os.utime(security, (start, start))
    shell = SimpleNamespace(profile_dir=SimpleNamespace(security_dir=str(security)))
    monkeypatch.setattr(platform, "ipython_shell", lambda: shell)
    monkeypatch.setattr(package_list, "IN_BROWSER", True)
    return start


def added(site: Path, name: str, when: float, version: str = "1") -> list[str]:
    install(site, name, version, name.replace("-", "_"), PYODIDE_SOURCE=URL, PYODIDE_URL=URL)
    source = site / f"{name}-{version}.dist-info" / "PYODIDE_SOURCE"
    os.utime(source, (when, when))
    listed = packages.describe()["added"]
    return [f"{it['name']}=={it['version']}" for it in listed if it["url"] == URL]


def test_what_the_kernel_loaded_at_its_start_is_not_the_users(
    site: Path, kernel_start: float
) -> None:
    assert added(site, "early-demo", kernel_start - 1) == []
    assert added(site, "late-demo", kernel_start + 1) == ["late-demo==1"]


def test_a_package_of_the_kernel_that_the_user_upgraded_is_the_users(
    site: Path, kernel_start: float
) -> None:
    assert added(site, "early-demo", kernel_start - 1) == []
    shutil.rmtree(site / "early-demo-1.dist-info")
    assert added(site, "early-demo", kernel_start + 1, "2") == ["early-demo==2"]


def test_litestate_itself_is_never_installed_again(site: Path, kernel_start: float) -> None:
    # A folder of its own: this Python imports litestate from elsewhere.
    assert added(site, "Litestate", kernel_start + 1, "99") == []


def test_without_the_time_of_the_start_nothing_is_left_out(
    site: Path, kernel_start: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "ipython_shell", SimpleNamespace)
    assert added(site, "early-demo", kernel_start - 1) == ["early-demo==1"]


GOOD: dict[str, Any] = {
    "added": [
        {
            "name": "a",
            "version": "1",
            "url": "https://example.org/a-1-py3-none-any.whl",
            "sha256": "0" * 64,
            "depends": ["b"],
            "imports": ["a"],
        }
    ],
    "imported": {"c": {"version": "2", "imports": ["c"]}},
}

HOSTILE: list[tuple[str, Any]] = [
    ("name", "a; import os"),
    ("name", "--index-url=x"),
    ("name", None),
    ("version", "1 && x"),
    ("version", ""),
    ("url", "emfs:/a.whl"),
    ("url", "javascript:x"),
    ("url", 5),
    ("sha256", "0"),
    ("sha256", []),
    ("depends", "b"),
    ("depends", ["b b"]),
    ("imports", [1]),
    ("imports", ["a.b"]),
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_packages_are_refused(case: int) -> None:
    part, value = HOSTILE[case]
    document = copy.deepcopy(GOOD)
    packages.check(document)
    document["added"][0][part] = value
    with pytest.raises(DamagedBundleError):
        packages.read(json.dumps(document).encode())


@pytest.mark.parametrize(
    "value",
    [
        {"imported": []},
        {"imported": {"a b": {"version": "1"}}},
        {"imported": {"a": 1}},
        {"added": {}},
    ],
)
def test_hostile_lists_are_refused(value: dict[str, Any]) -> None:
    with pytest.raises(DamagedBundleError):
        packages.check({**GOOD, **value})


def test_without_trust_nothing_is_installed() -> None:
    packages.check(GOOD)
    absent = [it for it in packages.missing(GOOD) if it.name == "a"]
    installed = packages.install(absent, trusted=False)
    assert not installed.done
    if IN_BROWSER:
        assert "trust=True" in installed.skipped[0].advice
