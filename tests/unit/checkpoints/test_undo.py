"""Undo after every function that changes the state, without losing anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import litestate
import pytest
from checkpoint_kernels import Kernel, connected, tree, unreadable
from litestate.api.kernel_session import close
from litestate.checkpoints import checkpoint_restore
from litestate.errors import (
    ApplyError,
    DamagedCheckpointError,
    NoCheckpointError,
    SelectionError,
    StorageError,
    StorageFullError,
)
from litestate.platform import IN_BROWSER
from sessions import count, make_database


class Steps:
    """A sequence of states, each in a checkpoint as autosave makes them."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.trees = kernel, []
        kernel.activate()
        self.file = kernel.state.home / "step"

    def step(self) -> dict[str, Any]:
        self.write()
        self.kernel.checkpointed()
        return self.trees[-1]

    def write(self) -> None:
        number = len(self.trees)
        self.file.write_text(f"step {number}")
        (self.kernel.state.home / f"new {number}").write_text("new")
        path = self.kernel.state.home / "app.db"
        make_database(path, rows=1) if number == 0 else None
        with connected(path) as db:
            db.execute("INSERT INTO runs (note) VALUES ('a step')")
        self.trees.append(self.now())

    def now(self) -> dict[str, Any]:
        return tree(self.kernel.state.folder)


@pytest.fixture
def steps(kernel: Kernel) -> Steps:
    return Steps(kernel)


def test_after_a_cell_twice_and_to_the_end(steps: Steps) -> None:
    for _ in range(4):
        steps.step()
    for expected in (2, 1, 0):
        litestate.undo()
        assert steps.now() == steps.trees[expected]
        steps.kernel.same()
    with pytest.raises(NoCheckpointError, match="nothing to undo"):
        litestate.undo()
    assert steps.now() == steps.trees[0]


def test_undo_never_goes_forward(kernel: Kernel) -> None:
    kernel.session.configure(None, litestate.Retention(last=6, hours=0, days=0))
    steps = Steps(kernel)
    for _ in range(6):
        steps.step()
    # Each undo makes a checkpoint, and the oldest one is dropped.
    for expected in (4, 3, 2):
        litestate.undo()
        assert steps.now() == steps.trees[expected]
    with pytest.raises(NoCheckpointError, match="nothing to undo"):
        litestate.undo()
    assert steps.now() == steps.trees[2]


def test_new_cells_after_undo(steps: Steps) -> None:
    first, second = steps.step(), steps.step()
    litestate.undo()
    steps.step()
    litestate.undo()
    assert steps.now() == first
    litestate.restore(2)
    assert steps.now() == second
    assert steps.now() != first


def test_unsaved_changes_become_a_checkpoint(steps: Steps) -> None:
    first, _ = steps.step(), steps.step()
    steps.write()
    litestate.undo()
    assert steps.now() == steps.trees[1]
    litestate.undo()
    assert steps.now() == first
    numbers = [row.number for row in litestate.checkpoints() if row.cause == "before undo"]
    litestate.restore(numbers[0])
    assert steps.now() == steps.trees[2]


def test_after_restore(steps: Steps) -> None:
    for _ in range(3):
        steps.step()
    litestate.restore(1)
    assert steps.now() == steps.trees[0]
    litestate.undo()
    assert steps.now() == steps.trees[2]
    litestate.undo()
    assert steps.now() == steps.trees[1]


def test_after_restore_with_unsaved_changes(steps: Steps) -> None:
    steps.step()
    steps.step()
    steps.write()
    litestate.restore(1)
    litestate.undo()
    assert steps.now() == steps.trees[2]


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_after_load(steps: Steps, *, clean: bool, saved: bool) -> None:
    steps.step()
    bundle, _ = steps.kernel.state.save()
    steps.step()
    if not saved:
        steps.write()
    report = litestate.load_state(bundle, clean=clean)
    assert "undo()" in str(report)
    loaded = steps.now()
    assert loaded != steps.trees[-1]
    litestate.undo()
    assert steps.now() == steps.trees[-1]
    litestate.restore(litestate.checkpoints()[-2].number)
    litestate.undo()
    assert steps.now() == steps.trees[-1]


def test_a_dry_run_makes_no_checkpoint(steps: Steps) -> None:
    steps.step()
    bundle, _ = steps.kernel.state.save()
    steps.write()
    litestate.load_state(bundle, dry_run=True)
    assert len(litestate.checkpoints()) == 1


def test_after_a_load_that_failed(steps: Steps) -> None:
    steps.step()
    bundle, _ = steps.kernel.state.save()
    steps.file.unlink()
    steps.file.mkdir()
    before = steps.now()
    with pytest.raises(ApplyError):
        litestate.load_state(bundle)
    assert steps.now() == before
    steps.kernel.same()


def test_after_clear(steps: Steps) -> None:
    steps.step()
    steps.write()
    report = litestate.clear_state(paths=steps.kernel.state.home)
    assert not list(steps.kernel.state.home.iterdir())
    assert "undo()" in str(report)
    litestate.undo()
    assert steps.now() == steps.trees[1]


def test_clear_of_paths_outside_of_checkpoints(steps: Steps) -> None:
    home = steps.kernel.state.home
    (home / "part").mkdir()
    (home / "part" / "a").write_text("a")
    (home / "other").write_text("other")
    steps.kernel.options = {"paths": [home / "part"]}
    steps.kernel.reopen()
    steps.kernel.activate()
    before = tree(home)
    report = litestate.clear_state(paths=home)
    assert {line.label for line in report.lines()} == {"~/part", "~/part/a", "~/other"}
    assert report.path is not None
    litestate.load_state(report.path)
    assert tree(home) == before


@pytest.mark.skipif(IN_BROWSER, reason="the notebook's folder never changes there")
def test_clear_in_another_folder_leaves_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "data.txt").write_text(folder.name)
    monkeypatch.chdir(first)
    try:
        litestate.checkpoint()
        monkeypatch.chdir(second)
        report = litestate.clear_state(paths="data.txt")
        assert report.path is not None
        litestate.load_state(report.path)
    finally:
        close()
    assert [(folder / "data.txt").read_text() for folder in (first, second)] == ["first", "second"]


def test_clear_does_not_remove_what_cannot_be_read(steps: Steps) -> None:
    steps.step()
    steps.file.write_text("newer")
    with unreadable(steps.file):
        report = litestate.clear_state(paths=steps.kernel.state.home)
    assert [skipped.path for skipped in report.skipped] == ["~/step"]
    assert steps.file.read_text() == "newer"


def test_undo_of_modes_alone(steps: Steps) -> None:
    steps.step()
    steps.file.chmod(0o600)
    litestate.checkpoint()
    (steps.kernel.state.home / "app.db").chmod(0o600)
    litestate.checkpoint()
    litestate.undo()
    assert (steps.kernel.state.home / "app.db").stat().st_mode & 0o777 == 0o644
    litestate.undo()
    assert steps.now() == steps.trees[0]
    with pytest.raises(NoCheckpointError):
        litestate.undo()


def test_checkpoints_of_one_state(steps: Steps) -> None:
    steps.step()
    steps.step()
    litestate.checkpoint("a")
    litestate.checkpoint("b")
    for expected in (1, 1, 0):
        litestate.undo()
        assert steps.now() == steps.trees[expected]


def test_nothing_to_undo(steps: Steps) -> None:
    with pytest.raises(NoCheckpointError, match="no checkpoints"):
        litestate.undo()
    steps.step()
    with pytest.raises(NoCheckpointError, match="nothing to undo"):
        litestate.undo()


def test_new_files_are_removed_and_restored(steps: Steps) -> None:
    steps.step()
    steps.step()
    added = steps.kernel.state.home / "new 1"
    litestate.restore(1)
    assert not added.exists()
    litestate.undo()
    assert added.read_text() == "new"


def test_a_file_where_a_folder_was(steps: Steps) -> None:
    steps.step()
    steps.file.unlink()
    (steps.file / "deep" / "er").mkdir(parents=True)
    (steps.file / "deep" / "a").write_text("a")
    make_database(steps.file / "deep" / "inner.db")
    now = steps.now()
    steps.kernel.checkpointed()
    litestate.undo()
    assert steps.now() == steps.trees[0]
    litestate.restore(2)
    assert steps.now() == now


def test_a_folder_in_the_way_with_an_excluded_file(steps: Steps) -> None:
    steps.step()
    steps.file.unlink()
    steps.file.mkdir()
    (steps.file / "n.ipynb").write_text("{}")
    before = steps.now()
    with pytest.raises(ApplyError, match="step"):
        litestate.restore(1)
    assert steps.now() == before


def _damage(steps: Steps) -> None:
    """Flip every bit of the first content that only the first checkpoint has."""
    _damage_file(steps.kernel, "step")


def _damage_file(kernel: Kernel, relative: str) -> None:
    entries = {entry.relative: entry for entry in kernel.session.history.entries(1)}
    chunk = entries[relative].content.chunks[0]
    path = next(path for path in kernel.history.rglob("*.log") if path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(chunk.offset)
        data = file.read(chunk.stored)
        file.seek(chunk.offset)
        file.write(bytes(byte ^ 255 for byte in data))


def test_damage_changes_nothing(steps: Steps) -> None:
    for _ in range(3):
        steps.step()
    _damage(steps)
    before = steps.now()
    with pytest.raises(DamagedCheckpointError):
        litestate.restore(1)
    assert steps.now() == before
    assert len(litestate.checkpoints()) >= 3
    litestate.undo()
    assert steps.now() == steps.trees[1]
    steps.write()
    litestate.checkpoint()


def test_the_undamaged_part_of_a_checkpoint_is_restored(kernel: Kernel) -> None:
    home = kernel.state.home
    (home / "good").write_text("good")
    (home / "bad").write_text("bad")
    kernel.checkpointed()
    (home / "good").write_text("newer")
    (home / "bad").write_text("newest")
    kernel.checkpointed()
    _damage_file(kernel, "bad")
    kernel.activate()
    with pytest.raises(DamagedCheckpointError, match=r"home/bad: .*Try again to have the rest"):
        litestate.restore(1)
    assert (home / "good").read_text() == "newer"
    report = litestate.restore(1)
    assert [skipped.path for skipped in report.skipped] == ["~/bad"]
    assert (home / "good").read_text() == "good"
    assert (home / "bad").read_text() == "newest", "left alone, not removed"
    litestate.undo()
    assert (home / "good").read_text() == "newer"
    # A new kernel that has nothing yet, as after a reload.
    (home / "good").unlink()
    (home / "bad").unlink()
    kernel.reopen()
    number = kernel.session.find(1)
    assert kernel.session.newest != number
    with pytest.raises(DamagedCheckpointError):
        checkpoint_restore.restore_missing(kernel.session, number)
    checkpoint_restore.restore_missing(kernel.session, number)
    assert (home / "good").read_text() == "good"
    note = kernel.session.find(None).note
    assert (note.cause, note.source) == ("restored", 1), "the next kernel brings back the same"


def test_a_damaged_checkpoint_does_not_hide_the_others(steps: Steps) -> None:
    for _ in range(3):
        steps.step()
    number = steps.kernel.session.history.checkpoints[1].number
    commit = steps.kernel.session.history._log.commits[number]
    path = next(path for path in steps.kernel.history.rglob("*.log") if path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(commit.offset + commit.length - 20)
        file.write(b"damage")
    listed = litestate.checkpoints()
    assert [row.number for row in listed] == [1, 3]
    assert "Checkpoint 2 is damaged" in listed.notes[0]
    litestate.restore(1)
    assert steps.now() == steps.trees[0]
    steps.kernel.reopen()
    steps.kernel.activate()
    assert 2 not in [row.number for row in litestate.checkpoints()]
    litestate.restore(3)
    assert steps.now() == steps.trees[2]


def test_checkpoints_dropped_in_vain_are_reported(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        (steps.kernel.state.home / "data").write_bytes(os.urandom(50_000))
        steps.step()
    history = steps.kernel.session.history

    def full(*_: object, **__: object) -> None:
        raise StorageFullError("older checkpoints are as they were")

    monkeypatch.setattr(type(history), "put", full)
    (steps.kernel.state.home / "data").write_bytes(os.urandom(50_000))
    with pytest.raises(StorageFullError, match="also after 2 older ones were dropped"):
        litestate.checkpoint()
    assert [row.number for row in litestate.checkpoints()] == [3]


def test_no_room_for_the_note_of_a_restore(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.step()
    steps.step()

    def commit(*_: object) -> None:
        raise StorageError("no room")

    monkeypatch.setattr(steps.kernel.session.history, "commit", commit)
    report = litestate.restore(1)
    assert steps.now() == steps.trees[0]
    assert "no room" in report.warnings[0]
    monkeypatch.undo()
    steps.kernel.checkpointed()
    litestate.undo()
    assert steps.now() == steps.trees[1]


def test_no_room_for_a_checkpoint_before_a_restore(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.step()
    steps.step()
    steps.write()
    bundle, _ = steps.kernel.state.save()
    steps.write()
    before = steps.now()

    def commit(*_: object) -> None:
        raise StorageError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(steps.kernel.session.history, "commit", commit)
        with pytest.raises(StorageError, match="no room"):
            litestate.restore(1)
        with pytest.raises(StorageError, match="no room"):
            litestate.undo()
        assert steps.now() == before
        report = litestate.load_state(bundle)
        assert "undo() will not bring back" in report.warnings[0]


def test_load_outside_of_the_scope_of_checkpoints(steps: Steps) -> None:
    home = steps.kernel.state.home
    (home / "part").mkdir()
    (home / "other").write_text("saved")
    bundle, _ = steps.kernel.state.save()
    (home / "other").write_text("mine")
    (home / "part" / "a").write_text("a")
    steps.kernel.options = {"paths": [home / "part"]}
    steps.kernel.reopen()
    steps.kernel.activate()
    report = litestate.load_state(bundle, clean=True)
    litestate.undo()
    assert (home / "part" / "a").read_text() == "a"
    assert "but only what autosave(paths=…, exclude=…) has" in str(report)


def test_by_number_label_and_row(steps: Steps) -> None:
    steps.write()
    litestate.checkpoint("first")
    steps.step()
    for which in (1, "first", litestate.checkpoints()[0]):
        litestate.restore(which)
        assert steps.now() == steps.trees[0]
        litestate.restore(2)
        assert steps.now() == steps.trees[1]
    for missing in (99, "nobody", 0, -1, ""):
        with pytest.raises(NoCheckpointError):
            litestate.restore(missing)
    with pytest.raises(SelectionError):
        litestate.save_state(checkpoint=1, paths="x")


def test_times_of_undo(steps: Steps) -> None:
    steps.write()
    os.utime(steps.file, ns=(10**18, 10**18))
    os.utime(steps.kernel.state.home / "app.db", ns=(10**18, 10**18))
    steps.kernel.checkpointed()
    steps.step()
    assert count(steps.kernel.state.home / "app.db") == 3
    litestate.undo()
    assert steps.file.stat().st_mtime_ns == 10**18
    assert (steps.kernel.state.home / "app.db").stat().st_mtime_ns == 10**18
