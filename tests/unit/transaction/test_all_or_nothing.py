"""All-or-nothing loads: a fault at any step leaves everything unchanged."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import ApplyError
from litestate.host import roots
from litestate.host.roots import NOTEBOOK, Root, Roots
from litestate.parts import databases
from litestate.transaction import changes
from sessions import Session, count, make_database, same_but_for_databases

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
    """The fault comes after the old file is moved away and before the new one is in place."""
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


def test_changes_that_cannot_be_undone_are_named_and_their_files_stay(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(changes.SetAttributes, "commit", broken)
    monkeypatch.setattr(changes.Replace, "revert", broken)
    with pytest.raises(
        ApplyError, match=r"could not be undone.*previous files are in .*\.litestate-"
    ):
        session.load(changed)
    saved_contents = [
        path.read_bytes() for path in session.home.glob(".litestate-*/*") if path.is_file()
    ]
    assert b"newer" in saved_contents


def test_nothing_is_left_behind(session: Session, changed: bytes) -> None:
    session.load(changed)
    assert not list(session.folder.rglob(".litestate-*"))


@pytest.mark.parametrize("call", range(1, 11))
def test_a_fault_right_after_a_move(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """An interrupt may come after the work, but before it is recorded."""
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
    drive = Roots((Root(NOTEBOOK, session.notebook, "", on_drive=True),))
    monkeypatch.setattr(roots, "detect", lambda: drive)
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
    # The rollback met the same fault, after it had written the old content.
    assert {path.name: path.read_text() for path in session.notebook.iterdir()} == before
    inode = (session.notebook / "a").stat().st_ino
    session.load(bundle, clean=True)
    assert (session.notebook / "a").stat().st_ino == inode
    after = {path.name: path.read_text() for path in session.notebook.iterdir()}
    assert after == {name: f"saved {name}" for name in ("a", "b", "c")}


@pytest.mark.parametrize("second", range(1, 6))
def test_a_second_interrupt_on_the_way_back_loses_nothing(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch, second: int
) -> None:
    before = session.snapshot()
    calls, first = 0, 6
    move = changes.move

    def interrupted(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls in (first, first + second):
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr(changes, "move", interrupted)
    with pytest.raises((KeyboardInterrupt, ApplyError)) as caught:
        session.load(changed, clean=True)
    if caught.type is KeyboardInterrupt:
        assert same_but_for_databases(session.snapshot(), before)
        return
    assert ".litestate-" in str(caught.value)
    after = session.snapshot()
    contents = {value[-1] for value in after.values()}
    assert {value[-1] for key, value in before.items() if not key.endswith(".db")} <= contents


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no signals")
@pytest.mark.parametrize("run", range(25))
def test_ctrl_c_twice_at_any_time(session: Session, run: int) -> None:
    for number in range(40):
        (session.home / f"{number}").write_text("saved")
    make_database(session.home / "app.db", rows=7)
    bundle, _ = session.save()
    for number in range(40):
        (session.home / f"{number}").write_text("newer")
    (session.home / "app.db").unlink()
    make_database(session.home / "app.db", rows=5)
    before = session.snapshot()
    chance = random.Random(run)
    again = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        signal.setitimer(
            signal.ITIMER_REAL, chance.uniform(0.002, 0.08), chance.uniform(0.001, 0.02)
        )
        try:
            session.load(bundle)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            after = {key: value for key, value in session.snapshot().items() if ".lite" not in key}
            # Everything may be loaded by then: the interrupt came while the report was made.
            rows = {after["home/0"][-1]: count(session.home / "app.db")}
            assert rows in ({b"newer": 5}, {b"saved": 7})
            assert after.keys() == before.keys()
            assert len({after[f"home/{number}"][-1] for number in range(40)}) == 1
    except KeyboardInterrupt:
        pytest.skip("it came outside of the load")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, again)


def test_an_interrupt_right_after_a_database_was_restored(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = session.snapshot()
    restore = changes.sqlite.restore
    calls = 0

    def interrupted(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        restore(*arguments)
        if calls == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(changes.sqlite, "restore", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.load(changed, clean=True)
    assert same_but_for_databases(session.snapshot(), before)
    assert count(session.home / "app.db") == 0


def test_rows_that_are_committed_meanwhile_are_not_lost(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another task of the kernel may commit while the progress bar checks for a click."""
    stage = databases._stage_content

    def and_insert(*arguments: Any) -> None:
        stage(*arguments)
        with closing(sqlite3.connect(session.home / "app.db")) as connection:
            connection.execute("INSERT INTO runs (note) VALUES ('meanwhile')")
            connection.commit()

    monkeypatch.setattr(databases, "_stage_content", and_insert)
    with pytest.raises(ApplyError, match="changed during the load"):
        session.load(changed)
    assert count(session.home / "app.db") == 1
