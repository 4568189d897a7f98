"""Files that were only read: bundles contain them, and nothing removes or replaces them."""

from __future__ import annotations

import ast
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import litestate
import pytest
from litestate import save_state, show_state
from litestate.checkpoints import checkpoint_restore
from litestate.checkpoints.checkpoint_session import Session
from litestate.checkpoints.scan import Scanner
from litestate.errors import SelectionError
from litestate.files import read_walk
from litestate.files.survey import survey
from litestate.host import roots as places
from litestate.host.roots import HOME, NOTEBOOK, MendedDrive, Root, Roots
from litestate.report import Report
from litestate.storage.folder import open_directory
from sessions import Session as Folders
from sessions import make_database


@dataclass
class Drive:
    """A folder of the drive whose read and written paths are recorded."""

    work: Path
    read: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def upload(self, name: str, content: bytes = b"a,b\n1,2\n") -> Path:
        """Add a file that no notebook has written."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def upload_read(self, name: str, content: bytes = b"a,b\n1,2\n") -> Path:
        path = self.upload(name, content)
        self.read[f"work/{name}"] = len(content)
        return path


@pytest.fixture
def drive(session: Folders, monkeypatch: pytest.MonkeyPatch) -> Drive:
    work = session.folder / "drive" / "work"
    work.mkdir(parents=True)
    drive = Drive(work)

    def read() -> list[tuple[str, int]]:
        return [pair for pair in drive.read.items() if pair[0] not in drive.written]

    mended = MendedDrive(lambda: drive.written, dict, lambda path, mtime: True, 1000, read=read)
    notebook = Root(NOTEBOOK, work, "", on_drive=True, mended=mended)
    roots = Roots((Root(HOME, session.home, "~/"), notebook))
    monkeypatch.setattr(places, "DRIVE", work.parent)
    monkeypatch.setattr(places, "detect", lambda: roots)
    monkeypatch.chdir(work)
    return drive


def saved(**options: Any) -> tuple[set[str], Report]:
    """Return the files and databases of a bundle, and its report."""
    file = io.BytesIO()
    report = save_state(file, **options)
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.startswith(("files/", "databases/"))]
    return {name.partition("/")[2] for name in names}, report


def named(report: Report) -> dict[str, tuple[str, str]]:
    return {each.path: (each.reason, each.advice) for each in report.skipped}


def test_a_read_file_is_in_the_bundle_with_its_folders(drive: Drive) -> None:
    drive.upload("never read.csv")
    drive.upload_read("data/2026/grades.csv")
    drive.upload_read("helpers.py", b"x = 1\n")
    names, report = saved()
    assert names == {
        "notebook/data/",
        "notebook/data/2026/",
        "notebook/data/2026/grades.csv",
        "notebook/helpers.py",
    }
    assert not report.skipped


def test_a_database_that_was_only_read_is_saved_as_one(drive: Drive) -> None:
    make_database(drive.work / "uploaded.db")
    drive.read["work/uploaded.db"] = (drive.work / "uploaded.db").stat().st_size
    drive.read["work/uploaded.db-journal"] = 512
    names, report = saved()
    assert names == {"notebook/uploaded.db"}
    assert "runs: 10 rows" in str(report)


def test_a_module_is_saved_if_only_its_compiled_file_was_read(drive: Drive) -> None:
    drive.upload("tools/helpers.py", b"x = 1\n")
    drive.upload_read("tools/__pycache__/helpers.cpython-314.pyc", b"compiled")
    assert saved()[0] == {"notebook/tools/", "notebook/tools/helpers.py"}


def test_a_large_file_is_reported_with_the_argument_that_adds_it(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_walk, "LIMIT", 1000)
    drive.upload_read("data/big file.csv", b"x" * 1001)
    drive.upload_read("fits.csv", b"x" * 1000)
    names, report = saved()
    assert names == {"notebook/fits.csv"}
    reason, advice = named(report)["data/big file.csv"]
    assert reason.startswith("1.0 kB; ")
    assert "data/big file.csv" not in str(report.excluded)
    page = report._repr_html_()
    assert page.index("big file.csv") < (page + "<details>").index("<details>")
    assert named(show_state()) == named(report)
    # The advised argument works.
    asked = advice.removeprefix("Add it with ").removesuffix(".")
    names, report = saved(include=ast.literal_eval(asked.removeprefix("include=")))
    assert names == {"notebook/fits.csv", "notebook/data/", "notebook/data/big file.csv"}
    assert not report.skipped


def test_a_file_that_grew_after_it_was_read_counts_as_it_is_now(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_walk, "LIMIT", 1000)
    drive.upload_read("log.csv", b"x").write_bytes(b"x" * 2000)
    names, report = saved()
    assert (names, list(named(report))) == (set(), ["log.csv"])


def test_the_total_is_limited_and_small_files_come_first(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_walk, "TOTAL", 1000)
    for name, size in {"c": 700, "a": 300, "b": 600}.items():
        drive.upload_read(name, b"x" * size)
    names, report = saved()
    assert (names, list(named(report))) == ({"notebook/a", "notebook/b"}, ["c"])


def test_thousands_are_bounded_and_the_rest_is_named_by_folder(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_walk, "COUNT", 30)
    for number in range(100):
        drive.upload_read(f"images/{number:03}.png", b"x" * (number + 1))
    names, report = saved()
    assert len(names) == 31
    assert len(report.skipped) == 11, "ten by name, and one line for the others"
    reason, advice = named(report)["images/089.png and 59 more beside it"]
    assert "in all" in reason
    assert advice == "Add it with include=['images']."
    assert len(saved(include=["images"])[0]) == 101


def test_exclusion_and_paths_take_precedence(drive: Drive) -> None:
    for name in ("data.csv", "secret.csv", "scratch.tmp", "other.ipynb", ".git/config"):
        drive.upload_read(name)
    assert saved(exclude="secret.csv")[0] == {"notebook/data.csv"}
    assert saved(paths=["secret.csv"])[0] == {"notebook/secret.csv"}
    assert saved(include="scratch.tmp", exclude="data.csv")[0] == {
        "notebook/secret.csv",
        "notebook/scratch.tmp",
    }


def test_a_bundle_that_was_read_is_not_put_into_the_next_one(drive: Drive) -> None:
    file = io.BytesIO()
    save_state(file)
    drive.upload_read("state.litestate.zip", file.getvalue())
    names, report = saved()
    assert not names
    assert "state.litestate.zip" in str(report.excluded)


@pytest.mark.parametrize("change", ["deleted", "became a folder", "overwritten"])
def test_a_read_file_that_changed_since(drive: Drive, change: str) -> None:
    path = drive.upload_read("data.csv")
    if change == "overwritten":
        path.write_bytes(b"other")
    else:
        path.unlink()
    if change == "became a folder":
        path.mkdir()
    names, report = saved()
    assert names == ({"notebook/data.csv"} if change == "overwritten" else set())
    assert not report.skipped


def test_a_read_file_that_is_written_later_counts_as_written(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_walk, "LIMIT", 1)
    drive.upload_read("data.csv")
    drive.written.append("work/data.csv")
    assert saved()[0] == {"notebook/data.csv"}


def test_read_files_are_restored_elsewhere(drive: Drive) -> None:
    path = drive.upload_read("data.csv")
    file = io.BytesIO()
    save_state(file)
    path.unlink()
    report = litestate.load_state(file.getvalue())
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert [line.label for line in report.lines("added")] == ["data.csv"]


def test_read_files_are_never_removed(drive: Drive) -> None:
    path = drive.upload_read("data.csv")
    drive.upload("made.txt")
    drive.written.append("work/made.txt")
    assert [item.relative for item in survey(places.detect()).items] == ["made.txt"]
    (drive.work / "made.txt").rename(drive.work / "away")
    empty = io.BytesIO()
    save_state(empty, exclude="data.csv")
    (drive.work / "away").rename(drive.work / "made.txt")
    report = litestate.load_state(empty.getvalue(), clean=True)
    assert [line.label for line in report.lines("removed")] == ["made.txt"]
    assert path.exists()


def test_a_restore_leaves_read_files_unchanged(drive: Drive, tmp_path: Path) -> None:
    touched: set[str] = set()
    scanner = Scanner(touched=lambda: touched)
    history = Session(open_directory("nb", folder=tmp_path / "history", patience=0), "nb", scanner)
    path = drive.upload_read("data.csv")
    history.checkpoint("cell", always=True)
    path.write_bytes(b"changed in the editor")
    made = drive.upload("made.txt")
    drive.written.append("work/made.txt")
    touched.add("work/made.txt")
    assert history.checkpoint("cell")
    checkpoint_restore.restore(history, history.history.checkpoints[0])
    assert path.read_bytes() == b"changed in the editor"
    assert not made.exists()


def test_include_must_exist(drive: Drive) -> None:
    with pytest.raises(SelectionError, match=r"include= names 'no\.csv'"):
        saved(include="no.csv")
    with pytest.raises(SelectionError, match="include= takes a path"):
        saved(include=[1])


def test_a_load_over_it_can_be_undone(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drive.upload_read("data.csv", b"theirs")
    bundle = io.BytesIO()
    save_state(bundle)
    path.write_bytes(b"mine")
    storage = open_directory("nb", folder=tmp_path / "history", patience=0)
    history = Session(storage, "nb", Scanner(touched=set))
    history.checkpoint("start", always=True)
    assert not history.tree
    monkeypatch.setattr(
        litestate.api.kernel_session, "_current", litestate.api.kernel_session.Opened(history)
    )
    litestate.load_state(bundle.getvalue())
    assert path.read_bytes() == b"theirs"
    drive.written.append("work/data.csv")
    litestate.undo()
    assert path.read_bytes() == b"mine"


def test_the_bundle_of_a_checkpoint_has_the_current_read_file(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched = {"work/made.txt", "work/folder"}
    drive.upload("made.txt")
    drive.upload("folder", b"a file, then")
    drive.written += touched
    storage = open_directory("nb", folder=tmp_path / "history", patience=0)
    history = Session(storage, "nb", Scanner(touched=lambda: touched))
    history.checkpoint("cell", label="then")
    monkeypatch.setattr(
        litestate.api.kernel_session, "_current", litestate.api.kernel_session.Opened(history)
    )
    drive.upload_read("data/grades.csv")
    (drive.work / "folder").unlink()
    drive.upload_read("folder/in it.csv")
    drive.upload_read("made.txt", b"other")
    names, report = saved(checkpoint="then")
    assert names == {
        "notebook/made.txt",
        "notebook/folder",
        "notebook/data/",
        "notebook/data/grades.csv",
    }
    assert list(named(report)) == ["folder/in it.csv"]
