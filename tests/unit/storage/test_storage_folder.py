"""Failures of a folder on disk: it is full, not writable, or left by a killed process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from litestate.errors import StorageError, StorageFullError
from litestate.storage.folder import open_directory

needs_processes = pytest.mark.skipif(
    sys.platform == "emscripten", reason="a browser has no processes"
)
needs_dev_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has a device that is always full"
)

HOLD = """
import sys
from pathlib import Path
from litestate.storage.folder import open_directory
storage = open_directory("held", folder=Path(sys.argv[1]))
storage.files[0].write(0, b"from the other process")
print(storage.writable, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process
        finally:
            process.kill()


@needs_processes
def test_another_process_writes(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        reader = open_directory("held", folder=tmp_path, patience=0.1)
        assert not reader.writable
        assert reader.files[0].read(0, 100) == b"from the other process"
        assert reader.take_over() is None
        process.kill()
        process.wait(timeout=10)
        storage = reader.take_over()
        assert storage is not None
        storage.files[0].write(0, b"FROM")
        assert storage.files[0].read(0, 10) == b"FROM the o"
        storage.close()


@needs_processes
def test_a_child_that_outlives_its_parent_does_not_hold_the_lock(tmp_path: Path) -> None:
    storage = open_directory("held", folder=tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE):
        storage.close()
        again = open_directory("held", folder=tmp_path, patience=0)
        assert again.writable
        again.close()


@needs_dev_full
@needs_processes
def test_a_full_disk(tmp_path: Path) -> None:
    open_directory("full", folder=tmp_path).close()
    file = tmp_path / "full" / "0.log"
    file.unlink()
    file.symlink_to("/dev/full")
    storage = open_directory("full", folder=tmp_path)
    with pytest.raises(StorageFullError, match=r"no room left .*Free some"):
        storage.files[0].write(0, b"x")
    storage.files[1].write(0, b"the other one works")
    storage.close()


@needs_processes
def test_a_part_fits(tmp_path: Path) -> None:
    import resource

    storage = open_directory("part", folder=tmp_path)
    file = storage.files[0]
    file.write(0, b"good")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(StorageFullError):
            file.write(4, bytes(50_000))
        assert file.size() == 10_000
        file.truncate(4)
        file.write(4, b", better")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.read(0, 100) == b"good, better"
    storage.close()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / ".litestate").write_text("not a folder")
    with pytest.raises(StorageError, match=r"\.litestate.*folder that you may write to"):
        open_directory("any", folder=tmp_path / ".litestate")


@pytest.mark.skipif(
    sys.platform in ("emscripten", "win32") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="may write to"):
        open_directory("any", folder=tmp_path / ".litestate")


def test_version_control_ignores_it(tmp_path: Path) -> None:
    open_directory("any", folder=tmp_path / ".litestate").close()
    ignore = tmp_path / ".litestate" / ".gitignore"
    assert ignore.read_text().splitlines()[-1] == "*"
    ignore.write_text("mine")
    open_directory("any", folder=tmp_path / ".litestate").close()
    assert ignore.read_text() == "mine"


def test_a_failed_opening_holds_no_lock(tmp_path: Path) -> None:
    open_directory("any", folder=tmp_path).close()
    file = tmp_path / "any" / "1.log"
    file.unlink()
    file.mkdir()
    with pytest.raises(StorageError, match="any"):
        open_directory("any", folder=tmp_path)
    file.rmdir()
    storage = open_directory("any", folder=tmp_path, patience=0)
    assert storage.writable
    storage.close()


def test_a_storage_in_a_folder_never_suspends(tmp_path: Path) -> None:
    """A synchronous call cannot wait for the running event loop of a Jupyter kernel."""
    storage = open_directory("any", folder=tmp_path)
    for coroutine in (storage.usage(), storage.refresh()):
        with pytest.raises(StopIteration):
            coroutine.send(None)
    storage.close()
    assert asyncio.run(storage.usage()) is not None
