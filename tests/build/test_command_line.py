from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tools import paths

COMMANDS = ("serve", "build", "test", "bench", "lock", "clean")


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "build.py", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help(project: Path, command: str) -> None:
    done = run(project, command, "--help")
    assert done.returncode == 0
    assert command in done.stdout
    assert len(done.stdout.splitlines()) > 5


def test_help_names_every_command(project: Path) -> None:
    text = run(project, "--help").stdout
    assert all(f"\n    {command} " in text for command in COMMANDS)


def test_a_word_it_does_not_know_is_refused(project: Path) -> None:
    done = run(project, "build", "--colour")
    assert done.returncode == 2
    assert "unrecognized arguments: --colour" in done.stderr


def test_clean_removes_what_was_made_and_nothing_else(project: Path) -> None:
    for name in (".venv", "dist", ".build", "content"):
        (project / name).mkdir()
        (project / name / "file").touch()
    assert run(project, "clean").returncode == 0
    left = {path.name for path in project.iterdir()}
    assert left == {".build", "build.py", "content", "tools"}
    assert [path.name for path in (project / ".build").iterdir()] == ["lock"]


def test_clean_waits_for_another_build(project: Path) -> None:
    (project / ".venv").mkdir()
    (project / ".build").mkdir()
    with (project / ".build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [sys.executable, "build.py", "clean"], cwd=project, stdout=subprocess.PIPE, text=True
        ) as cleaning:
            assert cleaning.stdout
            assert "waiting for another build.py" in cleaning.stdout.readline()
            assert (project / ".venv").exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            cleaning.communicate(timeout=20)
    assert cleaning.returncode == 0
    assert not (project / ".venv").exists()


def test_a_failed_set_up_is_explained_and_then_made_anew(project: Path) -> None:
    requirements = project / "requirements" / "build.txt"
    requirements.parent.mkdir()
    requirements.write_text("no-hash-here==1.0\n")
    failed = run(project, "build")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "pip could not install" in failed.stderr
    assert "no-hash-here" in failed.stderr

    leftover = project / ".venv" / "half-written"
    leftover.touch()
    requirements.write_text("# nothing\n")
    again = run(project, "build")
    assert "making .venv" in again.stdout
    assert not leftover.exists()
    assert (project / ".venv" / ".installed-build").exists()


def test_the_cache_folder_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for name in ("LITESTATE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert paths.cache_folder() == Path("/home/ada/.cache/litestate")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert paths.cache_folder() == Path("/xdg/litestate")
    monkeypatch.setenv("LITESTATE_CACHE", "/mine")
    assert paths.cache_folder() == Path("/mine")
    assert paths.cache_folder(Path("/chosen")) == Path("/chosen")
