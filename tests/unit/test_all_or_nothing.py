"""All or nothing: a fault at any step of a load leaves everything as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import changes, places
from litestate.errors import (
    ApplyError,
)
from litestate.places import NOTEBOOK, Places, Root
from states import Session, same_but_for_databases

CHANGES = [changes.Replace, changes.MakeFolder, changes.RestoreDatabase, changes.SetAttributes]
CHANGES += [changes.RemoveFolder]


@pytest.mark.parametrize("fault", [OSError(28, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", range(30))
def test_a_fault_at_any_step_changes_nothing(
    session: Session,
    changed: bytes,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    fault: BaseException,
) -> None:
    before = session.snapshot()
    steps = 0

    def failing(commit: Callable[[Any], None]) -> Callable[[Any], None]:
        def wrapper(change: Any) -> None:
            nonlocal steps
            steps += 1
            if steps == step + 1:
                raise fault
            commit(change)

        return wrapper

    for kind in CHANGES:
        monkeypatch.setattr(kind, "commit", failing(kind.commit))
    with closing(sqlite3.connect(session.home / "app.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        try:
            session.load(changed, clean=True)
        except (ApplyError, KeyboardInterrupt):
            assert same_but_for_databases(session.snapshot(), before)
            assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        else:
            assert step >= steps > 12


@pytest.mark.parametrize("call", range(1, 11))
def test_a_fault_in_the_middle_of_a_move(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Between putting the old file aside and putting the new one in its place."""
    before = session.snapshot()
    calls = 0
    move = changes.move

    def failing(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(5, "Input/output error")
        move(source, target)

    monkeypatch.setattr(changes, "move", failing)
    with pytest.raises(ApplyError, match="as it was before"):
        session.load(changed, clean=True)
    assert same_but_for_databases(session.snapshot(), before)


def test_what_cannot_be_undone_is_kept_and_named(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(changes.SetAttributes, "commit", broken)
    monkeypatch.setattr(changes.Replace, "revert", broken)
    with pytest.raises(ApplyError, match=r"could not be undone.*is kept in .*\.litestate-"):
        session.load(changed)
    kept = [path.read_bytes() for path in session.home.glob(".litestate-*/*") if path.is_file()]
    assert b"newer" in kept


def test_nothing_is_left_behind(session: Session, changed: bytes) -> None:
    session.load(changed)
    assert not list(session.folder.rglob(".litestate-*"))


@pytest.mark.parametrize("call", range(1, 11))
def test_a_fault_right_after_a_move(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """An interrupt may come when the work is done and nobody knows it yet."""
    before = session.snapshot()
    calls = 0
    move = changes.move

    def interrupted(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        move(source, target)
        if calls == call:
            raise KeyboardInterrupt

    monkeypatch.setattr(changes, "move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.load(changed, clean=True)
    assert same_but_for_databases(session.snapshot(), before)


def test_on_the_drive_files_are_written_over(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (session.notebook / name).write_text(f"saved {name}")
    bundle, _ = session.save()
    for name in ("a", "c"):
        (session.notebook / name).write_text("newer")
    (session.notebook / "b").unlink()
    (session.notebook / "more").write_text("more")
    drive = Places((Root(NOTEBOOK, session.notebook, "", on_drive=True),))
    monkeypatch.setattr(places, "detect", lambda: drive)
    before = {path.name: path.read_text() for path in session.notebook.iterdir()}
    copy = changes.shutil.copyfile

    def failing(source: Path, target: Path, **options: bool) -> None:
        copy(source, target, **options)
        if Path(target).name == "c":
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(changes.shutil, "copyfile", failing)
        with pytest.raises(ApplyError, match="could not be undone"):
            session.load(bundle, clean=True)
    # Going back met the same fault, after it had written what was there.
    assert {path.name: path.read_text() for path in session.notebook.iterdir()} == before
    inode = (session.notebook / "a").stat().st_ino
    session.load(bundle, clean=True)
    assert (session.notebook / "a").stat().st_ino == inode
    after = {path.name: path.read_text() for path in session.notebook.iterdir()}
    assert after == {name: f"saved {name}" for name in ("a", "b", "c")}
