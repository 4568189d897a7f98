"""Sessions that are interrupted, run out of room, or may not write."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import litestate
import pytest
from checkpoint_kernels import IN_KERNEL, Kernel, changed, tree
from faulty_storages import Files, Quota
from litestate.checkpoints import Retention
from litestate.checkpoints.checkpoint_session import Session
from litestate.checkpoints.scan import Scanner
from litestate.errors import NoCheckpointError, ReadOnlyCheckpointsError, StorageFullError
from litestate.host import roots
from litestate.host.roots import NOTEBOOK, Root, Roots
from litestate.storage import Usage
from litestate.storage.folder import open_directory
from sessions import make_database

NOISE = random.Random(3)
PACKAGE = str(Path(litestate.__file__).parent)


class Interrupter:
    """Raises KeyboardInterrupt at one line of litestate's own code."""

    def __init__(self, at: float) -> None:
        self.left = at
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.count += 1
            if self.count > self.left:
                self.left = float("inf")
                raise KeyboardInterrupt
        return self

    def run(self, function: Callable[[], object]) -> bool:
        """Run a call; return whether it was interrupted."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            function()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False


def test_an_interrupt_anywhere_is_safe(kernel: Kernel) -> None:
    home = kernel.state.home
    make_database(home / "app.db")
    (home / "folder").mkdir()
    (home / "a").write_text("a")
    kernel.checkpointed()
    random_, done = random.Random(8), 0

    def change(number: int) -> None:
        (home / "a").write_bytes(NOISE.randbytes(100_000))
        (home / "folder" / f"{number}").write_text(f"{number}")
        with closing(sqlite3.connect(home / "app.db")) as connection:
            connection.execute("INSERT INTO runs (note) VALUES (?)", (f"{number}",))
            connection.commit()

    change(0)
    counter = Interrupter(float("inf"))
    counter.run(kernel.checkpoint)
    assert counter.count > 200
    some = 20 if IN_KERNEL else 60
    points = sorted(random_.sample(range(counter.count), some)) + list(
        range(counter.count - some, counter.count)
    )
    for number, at in enumerate(points, 1):
        change(number)
        done += Interrupter(at).run(kernel.checkpoint)
        now = tree(kernel.state.folder)
        kernel.checkpoint()
        kernel.same()
        numbers = [checkpoint.number for checkpoint in kernel.session.history.checkpoints]
        assert numbers == sorted(set(numbers))
        if number % 10 == 0:
            kernel.reopen()
            kernel.same()
            assert not kernel.session.history.problems
        newest = kernel.number()
        for path in (home / "a", home / "app.db", home / "folder" / f"{number}"):
            path.unlink()
        kernel.restore(newest)
        assert tree(kernel.state.folder) == now, at
    assert done > 100 * some // 60


class Memory(Kernel):
    """A kernel whose storage has limited room."""

    def __init__(self, kernel: Kernel, quota: int, **options: Any) -> None:
        self.disk: list[Quota] = []
        storage = Files((Quota(self.disk, quota), Quota(self.disk, quota)))
        super().__init__(kernel.state, kernel.history, storage=storage, **options)

    @property
    def size(self) -> int:
        return sum(len(file.image) for file in self.disk)


def test_old_checkpoints_make_room_for_a_large_one(kernel: Kernel) -> None:
    small = Memory(kernel, 450_000)
    path = kernel.state.home / "a"
    for _ in range(40):
        path.write_bytes(NOISE.randbytes(10_000))
        small.checkpointed()
    path.write_bytes(content := NOISE.randbytes(100_000))
    made = small.checkpointed()
    assert len(made.dropped) >= 19
    assert [each.number for each in small.session.history.checkpoints] == [40, 41]
    small.same()
    small.restore(40)
    small.restore(41)
    assert path.read_bytes() == content


def test_old_checkpoints_make_room(kernel: Kernel) -> None:
    small = Memory(kernel, 450_000)
    small.session.note_usage(Usage(0, 450_000))
    dropped = 0
    for _ in range(12):
        (kernel.state.home / "a").write_bytes(NOISE.randbytes(100_000))
        dropped += len(small.checkpointed().dropped)
        small.same()
    numbers = [each.number for each in small.session.history.checkpoints]
    assert numbers[-1] == 12
    assert len(numbers) == 12 - dropped > 1


def test_no_room_at_all(kernel: Kernel) -> None:
    small = Memory(kernel, 300_000)
    path = kernel.state.home / "a"
    path.write_bytes(NOISE.randbytes(100_000))
    (kernel.state.home / "b").write_text("b")
    make_database(kernel.state.home / "app.db")
    small.checkpointed()
    before = tree(kernel.state.folder)
    path.write_bytes(NOISE.randbytes(400_000))
    for _ in range(3):
        with pytest.raises(StorageFullError):
            small.checkpoint()
        assert [each.number for each in small.session.history.checkpoints] == [1]
        assert small.size <= 300_000
    path.write_bytes(NOISE.randbytes(1000))
    (kernel.state.home / "c").write_text("c")
    assert changed(small.checkpoint()) == {"~/a": "changed", "~/c": "added"}
    small.same()
    small.restore(1)
    assert tree(kernel.state.folder) == before


def test_checkpoints_resume_when_there_is_room_again(kernel: Kernel) -> None:
    small = Memory(kernel, 50_000)
    (kernel.state.home / "a").write_bytes(NOISE.randbytes(100_000))
    make_database(kernel.state.home / "app.db")
    with pytest.raises(StorageFullError):
        small.checkpoint()
    for file in small.disk:
        file.quota = 10_000_000
    assert changed(small.checkpoint()) == {"~/a": "added", "~/app.db": "added"}
    small.same()


def test_labels_survive_when_there_is_no_room(kernel: Kernel) -> None:
    small = Memory(kernel, 600_000)
    path = kernel.state.home / "a"
    path.write_bytes(first := NOISE.randbytes(50_000))
    small.checkpointed(label="keep me")
    for _ in range(40):
        path.write_bytes(NOISE.randbytes(10_000))
        small.checkpointed()
    path.write_bytes(NOISE.randbytes(200_000))
    assert small.checkpointed().dropped
    small.restore("keep me")
    assert path.read_bytes() == first


def test_restore_of_one_that_is_about_to_be_dropped(kernel: Kernel) -> None:
    kernel.retention = Retention(last=2, hours=0, days=0)
    kernel.reopen()
    path = kernel.state.home / "a"
    for number in range(3):
        path.write_text(f"{number}")
        kernel.checkpointed()
    path.write_text("unsaved")
    kernel.restore(2)
    assert path.read_text() == "1"
    with pytest.raises(NoCheckpointError):
        kernel.session.find(2)
    kernel.session.history.compact()
    kernel.same()
    kernel.reopen()
    kernel.same()


def test_compaction_between_two_scans(kernel: Kernel) -> None:
    kernel.retention = Retention(last=2, hours=0, days=0)
    kernel.reopen()
    for number in range(6):
        (kernel.state.home / "a").write_bytes(NOISE.randbytes(200_000))
        (kernel.state.home / f"b{number}").write_bytes(NOISE.randbytes(1000))
        kernel.checkpointed()
        kernel.session.history.compact()
        kernel.same()
    now = tree(kernel.state.folder)
    newest = kernel.number()
    shutil.rmtree(kernel.state.home)
    kernel.state.home.mkdir()
    kernel.restore(newest)
    assert tree(kernel.state.folder) == now


@pytest.mark.skipif(IN_KERNEL, reason="there is one process in the kernel, and it has no locks")
def test_a_reader_and_its_take_over(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    path.write_text("1")
    kernel.checkpointed()
    reader = Kernel(kernel.state, kernel.history)
    assert not reader.storage.writable
    with pytest.raises(ReadOnlyCheckpointsError, match="Close the other one"):
        reader.checkpoint()
    assert not reader.session.take_over()
    path.write_text("2")
    kernel.checkpointed()
    reader.session.refresh().close()
    assert [each.number for each in reader.session.history.checkpoints] == [1]
    with pytest.raises(StopIteration):
        reader.session.refresh().send(None)
    assert [each.number for each in reader.session.history.checkpoints] == [1, 2]
    reader.restore(1)
    assert path.read_text() == "1"
    assert len(reader.session.history.checkpoints) == 2
    kernel.session.close()
    assert reader.session.take_over()
    assert not reader.session.take_over()
    assert changed(reader.checkpoint()) == {"~/a": "changed"}
    reader.same()
    reader.restore(2)
    assert path.read_text() == "2"
    reader.session.close()


def test_two_histories_in_one_folder_never_mix(kernel: Kernel) -> None:
    (kernel.state.home / "a").write_text("a")
    kernel.checkpointed()
    other = Session(open_directory("other", folder=kernel.history), "other", Scanner())
    assert other.newest is None
    assert other.checkpoint("cell") is not None
    other.close()


def test_only_written_files_on_the_drive_are_scanned(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kernel.state.notebook
    monkeypatch.setattr(roots, "DRIVE", folder.parent)
    drive = Root(NOTEBOOK, folder, "", on_drive=True, modified_since=2e9)
    monkeypatch.setattr(roots, "detect", lambda: Roots((drive,)))
    written: set[str] = set()

    def touched() -> set[str]:
        taken = set(written)
        written.clear()
        return taken

    def write(name: str, text: str, *, recorded: bool = True) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        if recorded:
            written.add(f"notebook/{name}")

    kernel.options = {"touched": touched}
    kernel.reopen()
    write("old", "came with the site", recorded=False)
    write("a", "1")
    write("deep/er/b", "1")
    expected = {"a": "added", "deep": "added", "deep/er": "added", "deep/er/b": "added"}
    assert changed(kernel.checkpoint(thorough=False)) == expected
    kernel.checkpoint(thorough=False)
    write("deep/er/b", "2")
    write("a", "2", recorded=False)
    assert changed(kernel.checkpoint(thorough=False)) == {"deep/er/b": "changed"}
    assert changed(kernel.checkpoint(thorough=True)) == {"a": "changed"}
    shutil.rmtree(folder / "deep" / "er")
    written |= {"notebook/deep/er/b", "notebook/deep/er"}
    made = kernel.checkpoint(thorough=False)
    assert changed(made) == {"deep/er": "removed", "deep/er/b": "removed"}
    (folder / "a").rename(folder / "c")
    written |= {"notebook/a", "notebook/c", "elsewhere/x"}
    assert changed(kernel.checkpoint(thorough=False)) == {"a": "removed", "c": "added"}
    assert (folder / "old").exists()
    # A failed scan is repeated.
    write("c", "3")
    with monkeypatch.context() as patch:
        patch.setattr(kernel.session.history, "commit", None)
        with pytest.raises(TypeError):
            kernel.checkpoint(thorough=False)
    assert changed(kernel.checkpoint(thorough=False)) == {"c": "changed"}
    # New checkpoints cannot build on damaged data in the history, so it is read again.
    write("d", "1")
    kernel.checkpoint(thorough=False)
    kernel.session.history._log.lose(kernel.session.tree["notebook/d"].content.chunks[0])
    write("c", "4")
    assert changed(kernel.checkpoint(thorough=False))["c"] == "changed"
    assert kernel.session.tree["notebook/d"].content.whole
