"""Restores in shared folders: only files that this notebook wrote change."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import litestate
import litestate.api.kernel_session
import pytest
from checkpoint_kernels import Kernel, changed
from ipython_shells import new_shell
from litestate.checkpoints.ownership import BY
from litestate.host import roots as places
from litestate.host.roots import HOME, NOTEBOOK, MendedDrive, Root, Roots
from sessions import Session

STAYS = "this notebook did not write"


@dataclass
class Notebook:
    """A notebook in plain Python; changes outside of its cells are those of other programs."""

    shell: Any

    def cell(self, code: str) -> Any:
        result = self.shell.run_cell(code, store_history=True)
        result.raise_error()
        return result.result

    def restore(self, number: int | str) -> Any:
        return self.cell(f"litestate.restore({number!r})")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "emscripten":
        pytest.skip("there the drive knows who wrote what; below")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with ExitStack() as made:

        def start() -> Notebook:
            litestate.autosave.stop()
            litestate.api.kernel_session.close()
            shell = made.enter_context(new_shell(ModuleType("__main__")))
            monkeypatch.setattr("IPython.get_ipython", lambda: shell)
            notebook = Notebook(shell)
            notebook.cell("import litestate; r = litestate.autosave('a', variables=False)")
            return notebook

        yield start
        litestate.autosave.stop()
        litestate.api.kernel_session.close()


@pytest.fixture
def notebook(start: Any) -> Notebook:
    made: Notebook = start()
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def newest() -> int:
    return litestate.checkpoints()[-1].number


def test_files_of_others_stay_and_are_named(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('own.txt', 'w').write('1')")
    first = newest()
    (folder / "theirs.txt").write_text("theirs")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.txt").write_text("theirs")
    notebook.cell("open('own.txt', 'w').write('22'); open('new.txt', 'w').write('3')")
    report = notebook.restore(first)
    assert (folder / "own.txt").read_text() == "1"
    assert not (folder / "new.txt").exists()
    assert (folder / "theirs.txt").read_text() == "theirs"
    assert (folder / "sub" / "deep.txt").read_text() == "theirs"
    text = str(report)
    assert "sub/deep.txt, theirs.txt differ from the checkpoint and stay" in text
    assert STAYS in text
    # Once more, and back again: files of others still stay.
    notebook.cell("litestate.undo()")
    assert (folder / "own.txt").read_text() == "22"
    assert (folder / "new.txt").read_text() == "3"
    assert (folder / "theirs.txt").read_text() == "theirs"


def test_files_that_others_overwrote_stay(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('own.txt', 'w').write('1'); open('same.txt', 'w').write('1')")
    first = newest()
    notebook.cell("open('own.txt', 'w').write('2')")
    (folder / "own.txt").write_text("theirs")
    (folder / "same.txt").write_text("1")
    report = notebook.restore(first)
    assert (folder / "own.txt").read_text() == "theirs"
    assert [(each.path, STAYS in each.reason) for each in report.skipped] == [("own.txt", True)]
    # The report gives advice.
    assert "Move that away, then restore again" in str(report)
    (folder / "own.txt").rename(folder / "kept.txt")
    report = notebook.restore(first)
    assert (folder / "own.txt").read_text() == "1"
    assert (folder / "kept.txt").read_text() == "theirs"
    # The notebook overwrites it: it belongs to the notebook again.
    second = newest()
    notebook.cell("open('kept.txt', 'w').write('mine')")
    notebook.restore(second)
    assert (folder / "kept.txt").read_text() == "theirs"


def test_files_that_others_deleted_are_restored(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('own.txt', 'w').write('1')")
    first = newest()
    (folder / "own.txt").unlink()
    notebook.restore(first)
    assert (folder / "own.txt").read_text() == "1"


def test_undo_skips_what_only_others_did(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('own.txt', 'w').write('1')")
    notebook.cell("open('own.txt', 'w').write('22')")
    (folder / "theirs.txt").write_text("1")
    notebook.cell("1 + 1")
    (folder / "theirs.txt").write_text("22")
    assert [line.label for line in litestate.checkpoints()[-1].changed] == ["theirs.txt"]
    report = notebook.cell("litestate.undo()")
    assert (folder / "own.txt").read_text() == "1"
    assert (folder / "theirs.txt").read_text() == "22"
    assert "theirs.txt differs from the checkpoint and stays" in str(report) or report.skipped


def test_folders_that_hold_what_others_wrote(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('x', 'w').write('a file'); import os; os.mkdir('kept')")
    first = newest()
    notebook.cell("os.remove('x'); os.mkdir('x'); open('x/own', 'w').write('1')")
    (folder / "x" / "theirs").write_text("theirs")
    report = notebook.restore(first)
    assert [path.name for path in (folder / "x").iterdir()] == ["theirs"]
    assert [each.path for each in report.skipped] == ["x"]
    assert "x/theirs is in its place" in report.skipped[0].reason
    shutil.rmtree(folder / "x")
    notebook.restore(first)
    assert (folder / "x").read_text() == "a file"


def test_a_file_of_others_where_a_folder_was(notebook: Notebook, folder: Path) -> None:
    notebook.cell("import os; os.makedirs('x/y'); open('x/y/own', 'w').write('1')")
    first = newest()
    shutil.rmtree(folder / "x")
    (folder / "x").write_text("theirs")
    report = notebook.restore(first)
    assert (folder / "x").read_text() == "theirs"
    assert sorted(each.path for each in report.skipped) == ["x", "x/y", "x/y/own"]
    (folder / "x").unlink()
    notebook.restore(first)
    assert (folder / "x" / "y" / "own").read_text() == "1"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_databases_written_by_both(notebook: Notebook, folder: Path, mode: str) -> None:
    notebook.cell(
        "import sqlite3\ndb = sqlite3.connect('app.db')\n"
        f"x = db.execute('PRAGMA journal_mode = {mode}')\nx = db.execute('CREATE TABLE t (x)')\n"
        "x = db.execute('INSERT INTO t VALUES (1)')\ndb.commit()"
    )
    first = newest()
    notebook.cell("x = db.execute('INSERT INTO t VALUES (2)'); db.commit()")
    second = newest()
    notebook.restore(first)
    assert notebook.cell("db.execute('SELECT count(*) FROM t').fetchall()") == [(1,)]
    notebook.restore(second)
    with closing(sqlite3.connect(folder / "app.db")) as other:
        other.execute("INSERT INTO t VALUES (3)")
        other.commit()
        report = notebook.restore(first)
        assert [each.path for each in report.skipped] == ["app.db"]
        assert notebook.cell("db.execute('SELECT count(*) FROM t').fetchall()") == [(3,)]
    with closing(sqlite3.connect(folder / "theirs.db")) as other:
        other.execute("CREATE TABLE t (x)")
        other.commit()
    notebook.restore(first)
    assert (folder / "theirs.db").exists()


def test_a_time_that_is_set_back_hides_no_change(notebook: Notebook, folder: Path) -> None:
    notebook.cell("open('own.txt', 'w').write('1')")
    first = newest()
    # As `cp -p` and archives do, by others and by a cell.
    (folder / "theirs.txt").write_text("theirs")
    os.utime(folder / "theirs.txt", (1e9, 1e9))
    notebook.cell("import os; open('b', 'w').write('b'); os.utime('b', (1e9, 1e9))")
    notebook.cell("import shutil; x = shutil.copy2('b', 'copy')")
    notebook.restore(first)
    assert names(folder) == [
        "own.txt",
        "theirs.txt",
    ]


def test_the_writer_is_known_in_the_next_process(start: Any, folder: Path) -> None:
    (folder / "data.csv").write_text("of before")
    notebook = start()
    first = newest()
    notebook.cell("open('own.txt', 'w').write('1')")
    (folder / "theirs.txt").write_text("theirs")
    notebook.cell("1")
    session = litestate.api.kernel_session.current()
    assert session is not None
    tree = session.tree
    assert [BY in tree[f"notebook/{name}"].details for name in ("own.txt", "theirs.txt")] == [
        False,
        True,
    ]
    notebook = start()
    (folder / "later.txt").write_text("later")
    notebook.cell("1")
    notebook = start()
    report = notebook.restore(first)
    assert names(folder) == [
        "data.csv",
        "later.txt",
        "theirs.txt",
    ]
    assert "later.txt, theirs.txt differ from the checkpoint and stay" in str(report)


def test_an_older_folder_that_a_cell_renames(start: Any, folder: Path) -> None:
    notebook = start()
    notebook.cell("import os; os.makedirs('a/b'); open('a/b/own', 'w').write('1')")
    notebook = start()
    first = newest()
    notebook.cell("import os; os.rename('a', 'c')")
    notebook.restore(first)
    assert (folder / "a" / "b" / "own").read_text() == "1"
    assert not (folder / "c").exists()


def test_many_files_of_others_are_counted(notebook: Notebook, folder: Path) -> None:
    first = newest()
    for number in range(300):
        (folder / f"{number:03}.txt").write_text("theirs")
    report = notebook.restore(first)
    assert len(list(folder.glob("*.txt"))) == 300
    assert "099.txt and 200 more differ from the checkpoint and stay" in str(report)


def test_two_kernels_in_one_folder(folder: Path) -> None:
    from test_ipykernel import running

    begin = "import litestate\nr = litestate.autosave('{}', variables=False)"
    with running(folder) as one, running(folder) as other:
        one.run(begin.format("one"))
        one.run("n = open('own.txt', 'w').write('1')")
        other.run(begin.format("other"))
        other.run("n = open('theirs.txt', 'w').write('1')")
        one.run("n = open('own.txt', 'w').write('22'); n = open('new.txt', 'w').write('1')")
        other.run("n = open('theirs.txt', 'w').write('22')")
        report = one.run("litestate.restore(2)")
        assert "theirs.txt differs from the checkpoint and stays" in report
        assert names(folder) == ["own.txt", "theirs.txt"]
        assert (folder / "own.txt").read_text() == "1"
        assert (folder / "theirs.txt").read_text() == "22"
        # The other kernel restores, and leaves files that the first wrote since.
        one.run("n = open('own.txt', 'w').write('333')")
        report = other.run("litestate.restore(2)")
        assert (folder / "theirs.txt").read_text() == "1"
        assert (folder / "own.txt").read_text() == "333"
        assert "own.txt" in report


def test_a_program_is_one_long_cell(kernel: Kernel) -> None:
    notebook = kernel.state.notebook
    (notebook / "a").write_text("a")
    first = kernel.number()
    (notebook / "b").write_text("b")
    (notebook / "a").write_text("aa")
    assert changed(kernel.restore(first)) == {"b": "removed", "a": "changed"}


# The site's drive, which knows which notebook wrote last.


@dataclass
class Drive:
    """The drive of a kernel that belongs to the notebook `nb`."""

    folder: Path
    writers: dict[str, tuple[str | None, float]]
    touched: set[str]

    def write(self, name: str, text: str, by: str | None = "nb") -> Path:
        path = self.folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        key = f"work/{name}"
        # Files that the page stores are not recorded.
        if by is not None:
            self.writers[key] = (by, path.stat().st_mtime)
        if by == "nb":
            self.touched.add(key)
        return path

    def writer(self, path: str, mtime: float | None) -> str | None:
        by, at = self.writers.get(path, (None, 0.0))
        return by if mtime is None or abs(at - mtime) < 0.002 else None


@pytest.fixture
def drive(session: Session, monkeypatch: pytest.MonkeyPatch) -> Drive:
    drive = Drive(session.folder / "drive", {}, set())
    work = drive.folder / "work"
    work.mkdir(parents=True)
    mended = MendedDrive(lambda: list(drive.writers), dict, lambda *_: False, 10**6, drive.writer)
    notebook = Root(NOTEBOOK, work, "", on_drive=True, mended=mended)
    roots = Roots((Root(HOME, session.home, "~/"), notebook))
    monkeypatch.setattr(places, "DRIVE", drive.folder)
    monkeypatch.setattr(places, "detect", lambda: roots)
    monkeypatch.chdir(work)
    return drive


@pytest.fixture
def watched(kernel: Kernel, drive: Drive) -> Kernel:
    def take() -> set[str]:
        taken, drive.touched = drive.touched, set()
        return taken

    kernel.options = {"touched": take}
    kernel.reopen()
    return kernel


def test_on_the_drive(watched: Kernel, drive: Drive) -> None:
    drive.write("own.txt", "1")
    drive.write("over.txt", "1")
    drive.write("uploaded over.txt", "1")
    first = watched.number()
    drive.write("own.txt", "22")
    drive.write("new.txt", "1")
    drive.write("theirs.txt", "theirs", "other.ipynb")
    drive.write("folder/theirs.txt", "theirs", "other.ipynb")
    drive.write("folder/own.txt", "1")
    time.sleep(0.02)
    drive.write("over.txt", "theirs", "other.ipynb")
    drive.write("uploaded over.txt", "uploaded", None)
    drive.write("unknown.txt", "of an older litestate", "")
    drive.write("new.txt", "uploaded", None)
    report = watched.restore(first)
    work = drive.folder / "work"
    found = {
        path.relative_to(work).as_posix(): path.read_text()
        for path in work.rglob("*")
        if path.is_file()
    }
    assert found == {
        "own.txt": "1",
        "over.txt": "theirs",
        "uploaded over.txt": "uploaded",
        "new.txt": "uploaded",
        "theirs.txt": "theirs",
        "folder/theirs.txt": "theirs",
        "unknown.txt": "of an older litestate",
    }
    assert sorted(each.path for each in report.skipped) == ["over.txt", "uploaded over.txt"]
    text = str(report)
    for name in ("folder/theirs.txt", "new.txt", "theirs.txt", "unknown.txt"):
        assert name in text.partition("differ from the checkpoint")[0]


def test_undo_on_the_drive_skips_what_only_others_did(watched: Kernel, drive: Drive) -> None:
    watched.activate()
    drive.write("own.txt", "1")
    watched.session.checkpoint("cell", thorough=False)
    drive.write("own.txt", "22")
    watched.session.checkpoint("cell", thorough=False)
    drive.write("theirs.txt", "theirs", "other.ipynb")
    report = litestate.undo()
    assert (drive.folder / "work" / "own.txt").read_text() == "1"
    assert (drive.folder / "work" / "theirs.txt").exists()
    assert "theirs.txt differs from the checkpoint and stays" in str(report)
    # A deletion by another notebook is no step either.
    drive.write("own.txt", "333")
    watched.session.checkpoint("cell", thorough=False)
    (drive.folder / "work" / "theirs.txt").unlink()
    del drive.writers["work/theirs.txt"]
    litestate.undo()
    assert (drive.folder / "work" / "own.txt").read_text() == "1"


def test_a_clear_is_undone_whoever_wrote_it(watched: Kernel, drive: Drive) -> None:
    watched.activate()
    drive.write("own.txt", "1")
    drive.write("theirs.txt", "theirs", "other.ipynb")
    watched.checkpoint()
    litestate.clear_state(paths=".", variables=False)
    assert not list((drive.folder / "work").iterdir())
    litestate.undo()
    assert names(drive.folder / "work") == ["own.txt", "theirs.txt"]
