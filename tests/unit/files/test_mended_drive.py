"""The mended drive: an ordinary folder whose written paths are recorded."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from checkpoint_kernels import CLOCK, Kernel, changed
from litestate import checkpoint, export_tables, save_state, show_state
from litestate.checkpoints.checkpoint_writer import Capture
from litestate.checkpoints.store.entries import Entry
from litestate.errors import ApplyError
from litestate.host import roots as places
from litestate.host.roots import HOME, NOTEBOOK, MendedDrive, Root, Roots
from litestate.state import load
from litestate.transaction import changes
from sessions import Session, count, make_database

VISIBLE = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size")
"""Fields of a stat result, by position."""

NAMED = "is in memory only, the browser's storage does not hold it: it is too large."


@dataclass
class Drive:
    """The drive of a kernel; `written` and `unsaved` are the records of its mend."""

    folder: Path
    written: list[str] = field(default_factory=list)
    unsaved: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    stored: dict[str, float] = field(default_factory=dict)

    def write(self, name: str, text: str = "text", *, record: bool = True) -> Path:
        path = self.folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if record:
            self.record(f"work/{name}")
        return path

    def record(self, *paths: str) -> None:
        self.written += [path for path in paths if path not in self.written]
        self.touched |= set(paths)

    def has(self, path: str, mtime: float) -> bool:
        return self.stored.get(path, 0.0) >= mtime

    def take(self) -> set[str]:
        taken, self.touched = self.touched, set()
        return taken


@pytest.fixture
def drive(session: Session, monkeypatch: pytest.MonkeyPatch) -> Drive:
    drive = Drive(session.folder / "drive")
    work = drive.folder / "work"
    work.mkdir(parents=True)
    mended = MendedDrive(lambda: drive.written, lambda: drive.unsaved, drive.has, 1000)
    notebook = Root(NOTEBOOK, work, "", on_drive=True, mended=mended)
    roots = Roots((Root(HOME, session.home, "~/"), notebook))
    monkeypatch.setattr(places, "DRIVE", drive.folder)
    monkeypatch.setattr(places, "detect", lambda: roots)
    monkeypatch.chdir(work)
    return drive


@pytest.fixture
def unlisted(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse to list folders of the drive."""
    scandir = os.scandir

    def refuse(path: str | int) -> Iterator[os.DirEntry[str]]:
        assert isinstance(path, int) or not Path(path).is_relative_to(drive.folder), path
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        yield


@pytest.mark.usefixtures("unlisted")
def test_the_state_is_what_notebooks_wrote(session: Session, drive: Drive) -> None:
    drive.write("uploaded.csv", record=False)
    drive.write("data/uploaded.csv", record=False)
    os.utime(drive.write("old.csv"), (0, 0))
    drive.write("data/out.csv")
    drive.write("start.ipynb")
    drive.write("__pycache__/a.pyc")
    Path("empty").mkdir()
    make_database(Path("app.db"))
    drive.write("more/uploaded.csv", record=False)
    drive.write("more/byproduct.tmp")
    drive.record("work", "work/empty", "work/app.db", "work/deleted.csv", "uploaded.csv")
    _, report = session.save()
    labels = [line.label for line in report.lines()]
    assert labels == ["data", "data/out.csv", "empty", "old.csv", "app.db"]
    assert not report.skipped
    assert report.excluded["*.ipynb"] == ["start.ipynb"]
    assert report.excluded["__pycache__/"] == ["__pycache__"]
    rule = "neither written nor read by a notebook (to save them as well: include=[…])"
    assert f"{rule}: everything else" in str(report)
    assert [line.label for line in show_state().lines()] == labels
    _, report = session.save(exclude="data/")
    assert [line.label for line in report.lines()] == ["empty", "old.csv", "app.db"]


def test_named_paths_are_saved_unconditionally(session: Session, drive: Drive) -> None:
    drive.write("data/uploaded.csv", record=False)
    drive.write("data/out.csv")
    _, report = session.save(paths="data")
    labels = [line.label for line in report.lines()]
    assert labels == ["data", "data/out.csv", "data/uploaded.csv"]
    assert not report.excluded
    _, report = session.save(paths="data/uploaded.csv")
    assert [line.label for line in report.lines()] == ["data/uploaded.csv"]


def test_a_clean_load_removes_only_what_notebooks_wrote(session: Session, drive: Drive) -> None:
    drive.write("kept.csv")
    bundle, _ = session.save()
    drive.write("uploaded.csv", record=False)
    drive.write("later/more.csv")
    report = session.load(bundle, clean=True)
    assert [line.label for line in report.lines("removed")] == ["later/more.csv", "later"]
    assert Path("uploaded.csv").exists()
    assert not Path("later/more.csv").exists()


@pytest.fixture
def large(session: Session, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A bundle that an unmended drive could not hold, and a drive changed since."""
    drive.write("50%.txt")
    os.utime(drive.write("old.txt"), ns=(0, 1_000_000_000))
    drive.write("large.bin", "large" * 1000)
    secret = drive.write("secret.txt", "read-only")
    secret.chmod(0o400)
    make_database(Path("app.db"))
    drive.record("work/app.db")
    bundle, _ = session.save()
    monkeypatch.setattr(load, "DRIVE_LIMIT", 10)
    for name in ("50%.txt", "old.txt", "large.bin"):
        drive.write(name, "newer")
    secret.chmod(0o600)
    secret.write_text("newer")
    secret.chmod(0o400)
    return bundle


def test_a_load_treats_it_as_any_folder(session: Session, drive: Drive, large: bytes) -> None:
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("DELETE FROM runs")
        connection.commit()
        drive.unsaved = {"work/large.bin": "it is too large", "other.bin": "it is too large"}
        report = session.load(large)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
    assert not report.skipped
    assert len(report.lines("changed")) == 5
    assert Path("50%.txt").read_text() == "text"
    assert Path("old.txt").stat().st_mtime_ns == 1_000_000_000
    assert Path("secret.txt").stat().st_mode & 0o777 == 0o400
    assert Path("secret.txt").read_text() == "read-only"
    assert [note for note in report.notes if NAMED in note] == [
        f"large.bin {NAMED} A reload loses it; a bundle or a checkpoint keeps it."
    ]


def test_a_load_that_fails_leaves_times_and_permissions(
    session: Session, drive: Drive, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = session.snapshot()
    copy = shutil.copyfile

    def failing(source: Path, target: Path, **options: bool) -> None:
        copy(source, target, **options)
        if Path(target) == drive.folder / "work" / "secret.txt" and "newer" not in str(
            Path(source).read_text()
        ):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(changes.shutil, "copyfile", failing)
    with pytest.raises(ApplyError, match="everything is as it was"):
        session.load(large)
    after = session.snapshot()
    assert after.pop("drive/work/app.db")
    assert before.pop("drive/work/app.db")
    assert after == before


def test_links_cannot_be_stored_there(session: Session, drive: Drive) -> None:
    (session.home / "link").symlink_to("target")
    bundle, _ = session.save()
    (session.home / "link").unlink()
    here = places.detect()
    roots = Roots((here.roots[1], Root(HOME, drive.folder / "work", "", True, here.mended)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "detect", lambda: roots)
        (skipped,) = session.load(bundle).skipped
    assert skipped.reason == "the notebook's folder cannot store links"


def test_files_that_are_not_stored_are_named(session: Session, drive: Drive) -> None:
    drive.write("large.bin")
    drive.unsaved = {"work/large.bin": "it is too large"}
    bundle, report = session.save()
    assert [line.label for line in report.lines()] == ["large.bin"]
    assert f"large.bin {NAMED}" in str(report)
    assert f"large.bin {NAMED}" in str(show_state())
    # Other files are not mentioned.
    Path("small.txt").write_text("small")
    drive.unsaved = {"work/other.bin": "it is too large"}
    assert NAMED not in str(session.load(bundle))


def test_files_that_litestate_itself_writes_there(session: Session, drive: Drive) -> None:
    drive.write("a.txt")
    target = drive.folder / "work" / "large.litestate.zip"
    drive.unsaved = {"work/large.litestate.zip": "it is too large"}
    assert f"large.litestate.zip {NAMED}" in str(save_state(target))
    assert target.exists()
    make_database(Path("app.db"))
    drive.unsaved = {"work/out.csv": "it is too large", "work/out/runs.csv": "it is too large"}
    assert f"out.csv {NAMED}" in str(export_tables("app.db", "out.csv"))
    assert f"out/runs.csv {NAMED}" in str(export_tables("app.db", "out"))
    assert not list(drive.folder.rglob(".litestate-*"))


@pytest.fixture
def watched(kernel: Kernel, drive: Drive) -> Kernel:
    """A kernel whose checkpoints contain the written paths of the drive."""
    kernel.options = {"touched": drive.take}
    kernel.reopen()
    return kernel


@pytest.mark.usefixtures("unlisted")
def test_checkpoints_hold_files_that_notebooks_wrote(watched: Kernel, drive: Drive) -> None:
    drive.write("uploaded.csv", record=False)
    drive.write("earlier.csv")
    drive.take()
    drive.write("a.csv")
    assert changed(watched.checkpoint(thorough=False)) == {"a.csv": "added"}
    # Paths that earlier sessions wrote.
    assert changed(watched.checkpoint(thorough=True)) == {"earlier.csv": "added"}
    drive.write("deep/er/b.csv")
    drive.write("deep/uploaded.csv", record=False)
    expected = {"deep": "added", "deep/er": "added", "deep/er/b.csv": "added"}
    assert changed(watched.checkpoint(thorough=False)) == expected
    Path("deep").rename("new")
    drive.written = [path.replace("work/deep", "work/new") for path in drive.written]
    drive.touched |= {"work/deep", "work/new"}
    made = changed(watched.checkpoint(thorough=False))
    assert {path for path, verdict in made.items() if verdict == "removed"} == expected.keys()
    added = {path for path, verdict in made.items() if verdict == "added"}
    assert added == {"new", "new/er", "new/er/b.csv"}
    assert watched.checkpoint(thorough=False) is None
    assert watched.checkpoint(thorough=True) is None


def test_a_file_that_is_too_large_does_not_survive_the_kernel(
    watched: Kernel, drive: Drive
) -> None:
    drive.write("small.bin", "x" * 1000)
    drive.write("large.bin", "x" * 1001)
    drive.unsaved = {"work/large.bin": "it is too large"}
    watched.activate()
    report = checkpoint()
    assert f"large.bin {NAMED}" in str(report)
    assert NAMED in str(checkpoint())

    def outlives(place: str) -> bool:
        entry: Entry = watched.session.tree[place]
        return watched.session.outlives(entry)

    assert outlives("notebook/small.bin")
    assert not outlives("notebook/large.bin")


def test_a_checkpoint_comes_back_into_open_databases(watched: Kernel, drive: Drive) -> None:
    make_database(Path("app.db"), pragma="journal_mode = wal")
    drive.record("work/app.db")
    note = drive.write("note.txt", "first")
    number = watched.number()
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("DELETE FROM runs")
        connection.commit()
        drive.record("work/app.db")
        note.unlink()
        drive.write("later.txt")
        report = watched.restore(number)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
    verdicts = changed(report)
    assert verdicts == {"app.db": "changed", "note.txt": "added", "later.txt": "removed"}
    assert count(Path("app.db")) == 10
    assert note.read_text() == "first"


def test_a_file_that_was_not_written_is_not_read_again(
    watched: Kernel, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drive.write("a.txt", "first")
    watched.settle()
    status = path.stat()
    # Nor after a scan of another path.
    drive.write("b.txt")
    time.sleep(2 * CLOCK)
    watched.checkpointed(thorough=False)
    # After each cell the drive's files have other numbers.
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)
    monkeypatch.setattr(Capture, "_read", None)
    _same_ctime(monkeypatch, path, status)
    assert watched.checkpoint(thorough=True) is None


def _same_ctime(monkeypatch: pytest.MonkeyPatch, path: Path, status: os.stat_result) -> None:
    lstat = os.lstat

    def with_number(each: str) -> os.stat_result:
        found = lstat(each)
        if each != os.fspath(path):
            return found
        names = {name for name in dir(status) if name.startswith("st_")} - set(VISIBLE)
        values = {name: getattr(status, name) for name in names}
        return os.stat_result((*status[:1], found.st_ino, *status[2:]), values)

    monkeypatch.setattr(os, "lstat", with_number)


def test_a_written_file_is_read_again_at_any_times(
    watched: Kernel, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drive.write("a.txt", "first")
    watched.settle()
    status = path.stat()
    drive.write("a.txt", "other")
    _same_ctime(monkeypatch, path, status)
    assert changed(watched.checkpoint(thorough=True)) == {"a.txt": "changed"}


def test_files_stored_on_the_drive_survive_the_kernel(drive: Drive) -> None:
    root = places.detect().root(NOTEBOOK)
    assert root is not None
    path = drive.write("a.txt")
    os.utime(path, (1000, 1000))
    # Its writer is unknown: its modification time decides.
    assert root.outlives("a.txt", 4, 1000)
    assert root.outlives("a.txt", 4, 999)
    assert not root.outlives("a.txt", 4, 1001)
    assert not root.outlives("b.txt", 4, 1000)
    assert root.outlives(".", 0, 2000), "folders have no versions"
    # A kernel stored a newer version than the one found; it was deleted afterwards.
    drive.stored |= {"work/a.txt": 1002, "work/b.txt": 1002}
    assert root.outlives("a.txt", 4, 1001)
    assert root.outlives("b.txt", 4, 1001)
    assert not root.outlives("a.txt", 4, 1003)
    assert not root.outlives("a.txt", 1001, 1000), "it is too large for the drive"
