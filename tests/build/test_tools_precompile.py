"""Archives with bytecode. Whether a kernel uses it is in `tests/browser/test_precompiled.py`."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pytest
from build_helpers import locked

from tools import precompile
from tools.console import BuildError
from tools.sitelock import LockedFile, LockedPackage, SiteLock

SOURCE = b"def double(x):\n    return 2 * x\n"
RECORD = "thing-1.0.dist-info/RECORD"
# Stands for Node.js with Pyodide: compiles nothing, and counts how often it's called.
NODE = """
import json, pathlib, sys, zipfile
_program, _runtime, _archives, _script, work, _info = sys.argv[1:]
work = pathlib.Path(work)
with open("{log}", "a") as log:
    print("called", file=log)
for name in json.loads((work / "job.json").read_text())["archives"]:
    with zipfile.ZipFile(work / name, "w") as bytecode:
        bytecode.writestr("__pycache__/thing.cpython-314.pyc", b"bytecode of " + name.encode())
"""


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(zipfile.ZipInfo(name, (2020, 2, 2, 2, 2, 2)), data)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    # Its RECORD has no newline at its end.
    members = {"thing.py": SOURCE, RECORD: b"thing.py,sha256=x,3\r\n" + f"{RECORD},,".encode()}
    return archive(tmp_path / "thing-1.0-py3-none-any.whl", members)


@pytest.fixture
def bytecode(tmp_path: Path) -> Path:
    return archive(tmp_path / "bytecode", {"__pycache__/thing.cpython-314.pyc": b"\0compiled"})


def test_a_wheel_keeps_its_members_and_its_record_lists_the_added_ones(
    wheel: Path, bytecode: Path, tmp_path: Path
) -> None:
    precompile.add_bytecode(wheel, bytecode, tmp_path / "new.whl")
    with zipfile.ZipFile(tmp_path / "new.whl") as new:
        assert new.testzip() is None
        assert new.read("thing.py") == SOURCE
        assert new.getinfo("thing.py").date_time == (2020, 2, 2, 2, 2, 2)
        assert new.read("__pycache__/thing.cpython-314.pyc") == b"\0compiled"
        rows = list(csv.reader(io.StringIO(new.read(RECORD).decode())))
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"\0compiled").digest()).decode().rstrip("=")
    added = ["__pycache__/thing.cpython-314.pyc", f"sha256={digest}", "9"]
    assert rows == [["thing.py", "sha256=x", "3"], [RECORD, "", ""], added]


def test_equal_input_gives_equal_bytes(wheel: Path, tmp_path: Path) -> None:
    results = []
    for year in (1990, 2000):
        with zipfile.ZipFile(tmp_path / "bytecode", "w") as bytecode:
            info = zipfile.ZipInfo("thing.pyc", (year, 1, 1, 0, 0, 0))
            bytecode.writestr(info, b"compiled")
        precompile.add_bytecode(wheel, tmp_path / "bytecode", tmp_path / "new.whl")
        results.append((tmp_path / "new.whl").read_bytes())
    assert results[0] == results[1]


class Site:
    """A folder with a runtime and one wheel of others, and one with litestate's."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.runtime = folder / "runtime"
        self.runtime.mkdir()
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.litestate = archive(self.wheels / "litestate-1.0-py3-none-any.whl", {RECORD: b""})
        archive(self.runtime / "thing-1.0-py3-none-any.whl", {"thing.py": SOURCE, RECORD: b""})
        archive(self.runtime / precompile.STDLIB, {"os.py": b"name = 'posix'\n"})
        stdlib = (self.runtime / precompile.STDLIB).read_bytes()
        thing = (self.runtime / "thing-1.0-py3-none-any.whl").read_bytes()
        package = locked("thing-1.0-py3-none-any.whl", thing)
        self.lock = SiteLock(
            "314.0.6",
            {"python": "3.14.2"},
            (locked(precompile.STDLIB, stdlib), locked("pyodide-lock.json", b"{}")),
            (LockedPackage(**vars(package), imports=("thing",)),),
        )

    def precompile(self) -> SiteLock:
        return precompile.precompile(self.lock, self.runtime, self.cache)

    def precompile_wheels(self) -> bool:
        return precompile.precompile_wheels(self.wheels, self.runtime, self.lock)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    program = NODE.format(log=tmp_path / "log")
    monkeypatch.setattr(precompile, "_node", lambda: [sys.executable, "-c", program])
    monkeypatch.setattr(precompile, "WORK", tmp_path / "work")
    return Site(tmp_path)


def is_of(file: LockedFile, path: Path) -> bool:
    data = path.read_bytes()
    return (file.sha256, file.size) == (hashlib.sha256(data).hexdigest(), len(data))


def test_the_lock_is_of_the_files_with_bytecode(site: Site) -> None:
    lock = site.precompile()
    for file in (lock.runtime[0], *lock.packages):
        path = site.runtime / file.file_name
        assert is_of(file, path)
        with zipfile.ZipFile(path) as made:
            assert made.read("__pycache__/thing.cpython-314.pyc").endswith(path.name.encode())
    assert site.precompile_wheels()
    with zipfile.ZipFile(site.litestate) as made:
        assert "__pycache__/thing.cpython-314.pyc" in made.namelist()
    # Not in the folder, and what else is known of a package stays.
    assert lock.runtime[1] == site.lock.runtime[1]
    assert lock.packages[0].imports == ("thing",)


def test_what_was_made_is_kept_until_its_input_changes(site: Site, tmp_path: Path) -> None:
    def calls() -> int:
        return (tmp_path / "log").read_text().count("called")

    originals = {
        path: path.read_bytes() for path in (*site.runtime.iterdir(), *site.wheels.iterdir())
    }

    def precompile_originals() -> SiteLock:
        for path, data in originals.items():
            path.write_bytes(data)
        assert site.precompile_wheels()
        return site.precompile()

    first = precompile_originals()
    # litestate's wheel changes far more often than all others.
    assert calls() == 2
    assert precompile_originals() == first
    assert calls() == 2
    archive(site.litestate, {"new.py": b"", RECORD: b""})
    originals[site.litestate] = site.litestate.read_bytes()
    precompile_originals()
    assert calls() == 3


def test_without_nodejs_the_files_stay_and_one_line_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> list[str]:
        raise BuildError("there is no Node.js")

    monkeypatch.setattr(precompile, "_node", none)
    before = {path: path.read_bytes() for path in site.runtime.iterdir()}
    wheel = site.litestate.read_bytes()
    assert site.precompile() == site.lock
    assert {path: path.read_bytes() for path in site.runtime.iterdir()} == before
    assert not site.precompile_wheels()
    assert site.litestate.read_bytes() == wheel
    assert capsys.readouterr().err == (
        "[litestate] the site is built without bytecode, so its kernels start more slowly: "
        "there is no Node.js\n"
    )


def test_a_failed_compilation_leaves_nothing_half_done(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(precompile, "_node", lambda: [sys.executable, "-c", "1 / 0"])
    assert site.precompile() == site.lock
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not list(site.cache.glob("precompiled-*"))
