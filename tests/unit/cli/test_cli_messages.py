"""Error messages of the command line: advice about files and full disks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line_bundles import bundle_of, database, make_good_and_bad
from litestate.cli import messages
from litestate.errors import SaveError

SMALL = 200_000
"""Limit of a file's size in bytes, to simulate a full disk."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``good.litestate.zip``, ``bad.litestate.zip`` and ``app.db``."""
    monkeypatch.chdir(tmp_path)
    make_good_and_bad(tmp_path)
    return tmp_path


def test_advice_about_a_full_disk() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/x")
    reported = messages.message(full)
    assert reported.startswith(f"{Path('/data/x')}: No space left on device. Make room")
    error = SaveError("x was not written.")
    error.__cause__ = full
    assert messages.message(error).startswith("x was not written. Make room")
    assert "Make room" not in messages.message(SaveError("x was not written."))
    denied = messages.message(PermissionError(errno.EACCES, "Permission denied", "x"))
    assert denied.startswith("x: Permission denied. Check the permissions")


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one process")
@pytest.mark.skipif(os.name == "nt", reason="needs setrlimit")
@pytest.mark.parametrize(
    ("arguments", "named", "code"),
    [
        (["create", "big", "-o", "new.zip"], "new.zip", 1),
        (["extract", "big.litestate.zip", "--to", "out"], "big.litestate.zip", 1),
        (["diff", "big.litestate.zip", "other.litestate.zip"], "home/a.db of big", 2),
        (["diff", "big.litestate.zip", "big"], "The folder big", 2),
    ],
)
def test_a_disk_that_becomes_full(here: Path, arguments: list[str], named: str, code: int) -> None:
    Path("big").mkdir()
    Path("big/noise").write_bytes(os.urandom(2 * SMALL))
    sql = f"CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob({2 * SMALL}))"
    data = database(here / "m", sql)
    bundle_of({"a.db": data}, here / "big.litestate.zip")
    # A different user_version, so that the two are compared.
    bundle_of({"a.db": data[:60] + b"\0\0\0\1" + data[64:]}, here / "other.litestate.zip")
    limited = (
        "import resource, sys; from litestate.cli import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL}, {SMALL}));"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert "Make room on the disk" in done.stderr
    assert not Path("out").exists()
    assert not Path("new.zip").exists()
