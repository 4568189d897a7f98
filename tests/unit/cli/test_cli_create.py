"""The command ``create``."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command_line_bundles import bundle_of, database, make_work_folder
from litestate.cli import main
from sessions import dump


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_work_folder(tmp_path / "work")


def tree(folder: Path) -> dict[str, Any]:
    """Return the contents of a folder except notebooks: links, modes, contents."""
    return {
        path.relative_to(folder).as_posix(): _describe(path)
        for path in folder.rglob("*")
        if path.suffix != ".ipynb"
    }


def _describe(path: Path) -> Any:
    if path.is_symlink():
        return path.readlink()
    content = dump(path) if path.suffix == ".db" else path.is_file() and path.read_bytes()
    return path.stat().st_mode, content


def digest(bundle: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["verify", "--long", bundle]) == 0
    return capsys.readouterr().out.split()[-1]


def test_a_round_trip(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "work"]) == 0
    bundle = f"work-{date.today():%Y-%m-%d}.litestate.zip"
    assert f"{bundle}: 1 database, 2 files" in capsys.readouterr().out
    assert main(["extract", bundle, "--to", "copy"]) == 0
    assert tree(tmp_path / "copy") == tree(work)
    assert main(["create", "copy", "-o", "again.zip"]) == 0
    assert digest("again.zip", capsys) == digest(bundle, capsys)
    assert main(["diff", bundle, "copy"]) == 0


@pytest.mark.skipif(
    sys.platform == "emscripten", reason="there the state is that of the kernel's folders"
)
def test_create_saves_what_save_state_saves(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from litestate import save_state

    assert (
        main(["create", "work", "-o", "a.zip", "--exclude", "*.sh", "--exclude", "!*.ipynb"]) == 0
    )
    made = digest("a.zip", capsys)
    monkeypatch.chdir(work)
    assert save_state("../b.zip", exclude=["*.sh", "!*.ipynb"]).digest == made


def test_the_bundle_does_not_contain_itself(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # An empty file is no bundle yet, and would be saved as the file that it is.
    (work / "out.zip").touch()
    assert main(["create", "work", "-o", "work/out.zip", "--force"]) == 0
    first = digest("work/out.zip", capsys)
    assert main(["create", "work", "-o", "work/out.zip", "--force"]) == 0
    assert digest("work/out.zip", capsys) == first
    assert main(["create", "work", "-o", "elsewhere.zip"]) == 0
    assert digest("elsewhere.zip", capsys) == first


def test_force_replaces_an_existing_bundle(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "work", "-o", "a.zip"]) == 0
    before = Path("a.zip").read_bytes()
    (work / "more").touch()
    assert main(["create", "work", "-o", "a.zip"]) == 1
    assert "--force" in capsys.readouterr().err
    assert Path("a.zip").read_bytes() == before
    assert main(["create", "work", "-o", "a.zip", "--force"]) == 0
    assert Path("a.zip").read_bytes() != before
    Path("essay.txt").write_text("my only copy")
    assert main(["create", "work", "-o", "essay.txt", "--force"]) == 1
    assert Path("essay.txt").read_text() == "my only copy"


def test_names(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    assert main(["create", "work", "-o", "out", "--name", "ada"]) == 0
    monkeypatch.chdir(work)
    assert main(["create", ".", "-o", "../out"]) == 0
    today = f"{date.today():%Y-%m-%d}.litestate.zip"
    assert {path.name for path in Path("../out").iterdir()} == {f"ada-{today}", f"work-{today}"}


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["nowhere"], "does not exist"),
        (["work/notes.txt"], "is not a folder"),
        (["work", "-o", "a.zip", "--name", "b"], "--name"),
        (["work", "-o", "no/such/folder/a.zip"], "cannot be written"),
        (["work", "--exclude", "!"], "exclude"),
    ],
)
def test_errors(
    work: Path, arguments: list[str], reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", *arguments]) == 1
    error = capsys.readouterr().err
    assert reported in error
    assert error.startswith("litestate: ")
    assert error.count("\n") == 1


def test_a_database_whose_error_message_is_not_text(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # SQLite's message quotes the name of the view, which is not UTF-8: Python cannot decode it.
    data = database(
        tmp_path / "m",
        "CREATE VIEW seen AS SELECT 1; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE VIEW seen AS nonsense'",
    ).replace(b"seen", b"se\xb5n")
    bundle = bundle_of({"app.db": data}, tmp_path / "a.zip")
    assert main(["extract", str(bundle), "--to", "out"]) == 1
    assert "it is not a database" in capsys.readouterr().err
    assert not Path("out").exists()
    (work / "bad.db").write_bytes(data)
    assert main(["create", "work", "-o", "b.zip"]) == 0
    assert (
        "bad.db starts like a SQLite database, but SQLite cannot read it" in capsys.readouterr().out
    )
    assert main(["export", "work/bad.db", "out.csv"]) == 1
    assert "cannot be read" in capsys.readouterr().err
