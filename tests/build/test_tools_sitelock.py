from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import sitelock
from tools.console import BuildError
from tools.paths import REQUIREMENTS, SITE_LOCK


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "name": "thing",
        "version": "1.0",
        "file_name": "thing-1.0.whl",
        "sha256": "0" * 64,
        "size": 1,
        "from": [{"cdn": "1"}, {"pypi": "thing==1.0"}],
        "depends": [],
        "imports": ["thing"],
        **changes,
    }


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "site.lock.json"
    data = {"format": 1, "pyodide": "1", "info": {}, "runtime": [], "packages": [], **changes}
    path.write_text(json.dumps(data))
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    lock = sitelock.read(write(tmp_path, runtime=[entry()], packages=[entry()]))
    path = tmp_path / "again.json"
    path.write_text(sitelock.dump(lock))
    assert sitelock.read(path) == lock
    assert lock.packages[0].spec_for("pypi") == "thing==1.0"
    assert lock.packages[0].spec_for("npm") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "has format 2, expected 1"),
        ({"packages": [entry(sha256="abc")]}, "thing has no valid sha256"),
        ({"packages": [entry(file_name="../../thing.whl")]}, "thing has a file_name"),
        ({"packages": [entry(file_name="..")]}, "thing has a file_name"),
        ({"packages": [entry(**{"from": [{"ftp": "x"}]})]}, "thing comes from 'ftp'"),
        ({"runtime": [{"name": "thing"}]}, "lacks the key 'sha256'"),
    ],
)
def test_a_wrong_lock_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BuildError) as caught:
        sitelock.read(write(tmp_path, **changes))
    assert message in str(caught.value)
    assert "build.py lock" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_lock_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "site.lock.json"
    path.write_text(text)
    with pytest.raises(BuildError, match=r"site\.lock\.json"):
        sitelock.read(path)


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"site\.lock\.json is missing"):
        sitelock.read(tmp_path / "site.lock.json")


def test_the_committed_lock_is_complete() -> None:
    lock = sitelock.read(SITE_LOCK)
    names = {package.name for package in lock.packages}
    assert {"numpy", "pandas", "matplotlib", "openpyxl", "micropip", "cloudpickle"} <= names
    assert {"piplite", "pyodide-kernel", "ipykernel", "comm", "jedi", "ipython"} <= names
    for package in lock.packages:
        assert set(package.depends) <= names, package.name
        assert package.sources, package.name


def test_committed_pins_name_no_host() -> None:
    for path in [SITE_LOCK, *REQUIREMENTS.glob("*.txt")]:
        assert "://" not in path.read_text(encoding="utf-8"), path.name
