from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from build_helpers import locked, make_wheel

from tools.places import Folder, InsidePypi, Npm, Pypi


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the real pip find wheels in a folder, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_folder(tmp_path: Path, into: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"a")
    why = Folder(tmp_path).collect([locked("a.whl", b"a"), locked("b.whl", b"b")], into)
    assert why == {"b.whl": "not there"}
    assert (into / "a.whl").read_bytes() == b"a"


def test_pypi_gives_what_it_has_and_says_why_not_for_the_rest(index: Path, into: Path) -> None:
    wheel = make_wheel(index, "alpha")
    here = locked(wheel.name, wheel.read_bytes(), pypi="alpha==1.0")
    absent = locked("beta-1.0-py3-none-any.whl", b"", pypi="beta==1.0")
    renamed = locked("alpha-1.0-cp314-none-any.whl", b"", pypi="alpha==1.0")
    elsewhere = locked("gamma.whl", b"", cdn="1")
    why = Pypi().collect([here, absent, renamed, elsewhere], into)
    assert (into / here.file_name).read_bytes() == wheel.read_bytes()
    assert set(why) == {absent.file_name, renamed.file_name, elsewhere.file_name}
    assert "beta==1.0" in why[absent.file_name]
    assert why[renamed.file_name] == "alpha==1.0 has no file of this name for Pyodide"
    assert why[elsewhere.file_name] == "not offered there"


def test_inside_pypi_takes_only_what_is_wanted(index: Path, into: Path) -> None:
    make_wheel(index, "carrier", **{"one.whl": b"1", "two.whl": b"2"})
    one = locked("one.whl", b"1", inside="carrier==1.0")
    absent = locked("three.whl", b"3", inside="carrier==1.0")
    why = InsidePypi().collect([one, absent], into)
    assert why == {"three.whl": "not in carrier==1.0"}
    assert [path.name for path in into.iterdir()] == ["one.whl"]


def test_inside_pypi_names_the_package_that_is_not_there(index: Path, into: Path) -> None:
    why = InsidePypi().collect([locked("one.whl", b"1", inside="carrier==1.0")], into)
    assert why["one.whl"].startswith("carrier==1.0: ")
    assert list(into.iterdir()) == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_takes_only_what_is_wanted(tmp_path: Path, into: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "package.json").write_text(json.dumps({"name": "thing", "version": "1.0.0"}))
    (package / "core.wasm").write_bytes(b"wasm")
    core = locked("core.wasm", b"wasm", npm=str(package))
    absent = locked("absent.js", b"", npm=str(package))
    assert Npm().collect([core, absent], into) == {"absent.js": f"not in {package}"}
    assert (into / "core.wasm").read_bytes() == b"wasm"
    assert len(list(into.iterdir())) == 1
