from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import environment
from tools.console import SHARED_DESCRIPTORS, BuildError, run

# Like jupyter lite: it ignores the lock, and writes where build.py told it to.
CHILD = """
import pathlib, sys, time
stop = pathlib.Path("stop")
folder = pathlib.Path(".build/.partial-child")
end = time.monotonic() + 60
while not stop.exists() and time.monotonic() < end:
    folder.mkdir(exist_ok=True)
    (folder / str(time.monotonic_ns())).touch()
    time.sleep(0.001)
"""
FIRST = f"""
import sys
from tools import console, environment
with environment.only_one():
    console.run([sys.executable, "-c", {CHILD!r}])
"""
SECOND = """
from tools import environment
with environment.only_one():
    print("mine")
"""


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "work" / "lock"
    monkeypatch.setattr(environment, "LOCK", path)
    return path


@pytest.fixture
def held(lock: Path) -> Iterator[Path]:
    """Have another process hold the lock."""
    lock.parent.mkdir()
    with lock.open("w") as stream:
        stream.write("12345")
        stream.flush()
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield lock


def start(project: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=project, stdout=subprocess.PIPE, text=True
    )


def test_what_a_killed_run_started_is_waited_for(project: Path) -> None:
    leftover = project / ".build" / ".partial-child"
    with start(project, FIRST) as first:
        deadline = time.monotonic() + 20
        while not leftover.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        first.kill()
    try:
        with start(project, SECOND) as second:
            assert second.stdout
            said = second.stdout.readline()
            assert f"waiting for another build.py (process {first.pid})" in said
            assert leftover.exists()
            (project / "stop").touch()
            assert second.communicate(timeout=20)[0] == "mine\n"
        assert second.returncode == 0
        assert not leftover.exists()
    finally:
        (project / "stop").touch()


def test_waiting_for_the_lock_ends(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "LOCK_TIMEOUT", 0.0)
    with (
        pytest.raises(BuildError, match=rf"process 12345(?s:.*)fuser {held}"),
        environment.only_one(),
    ):
        pytest.fail("two at once")


def test_the_lock_is_free_afterwards_and_no_longer_shared(lock: Path) -> None:
    for _ in range(2):
        with pytest.raises(BuildError), environment.only_one():
            assert SHARED_DESCRIPTORS
            run([sys.executable, "-c", "raise SystemExit(1)"])
        assert not SHARED_DESCRIPTORS
    with lock.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
