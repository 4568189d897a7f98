"""The command ``extract``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from command_line_bundles import (
    make_good_and_bad,
    save_state_with_database,
)
from litestate.cli import main
from sessions import Session, count


@pytest.fixture
def bundle(session: Session, tmp_path: Path) -> Path:
    return save_state_with_database(session, tmp_path / "work.litestate.zip")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``good.litestate.zip``, ``bad.litestate.zip`` and ``app.db``."""
    monkeypatch.chdir(tmp_path)
    make_good_and_bad(tmp_path)
    return tmp_path


def test_extract(
    session: Session, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert main(["extract", str(bundle), "--to", str(target)]) == 0
    assert (target / "litestate-home" / "notes.txt").read_text() == "notes"
    assert count(target / "app.db") == 10
    (target / "data" / "mine").write_text("mine")
    assert main(["extract", str(bundle), "--to", str(target)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main(["extract", str(bundle), "--to", str(target), "--overwrite"]) == 0
    assert (target / "data" / "mine").exists()


def test_extract_names_the_folder_after_the_bundle(session: Session, bundle: Path) -> None:
    assert main(["extract", str(bundle)]) == 0
    assert (session.notebook / "work" / "app.db").exists()


def test_extract_refuses_a_file_as_target(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(bundle), "--to", str(bundle)]) == 1
    assert "is a file" in capsys.readouterr().err


def test_extracting_a_bad_bundle_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"not a bundle")
    target = tmp_path / "out"
    assert main(["extract", str(bad), "--to", str(target)]) == 1
    assert "not a litestate bundle" in capsys.readouterr().err
    assert not target.exists()


def test_extract_refuses_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_extract_reports_the_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", "good.litestate.zip", "--to", "deep/er"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"Extracted good.litestate.zip into {Path('deep/er')}{os.sep}: 1 file added"
    assert Path("deep/er/notes.txt").read_text() == "unmistakable"


def test_extract_removes_json_from_the_name(here: Path) -> None:
    # The content decides, not the name.
    shutil.copyfile("good.litestate.zip", "array.json")
    assert main(["extract", "array.json"]) == 0
    assert Path("array/notes.txt").exists()


def test_extract_many(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ada", "bob"):
        shutil.copyfile("good.litestate.zip", f"{name}.litestate.zip")
    bundles = ["ada.litestate.zip", "bad.litestate.zip", "nowhere.zip", "bob.litestate.zip"]
    assert main(["extract", *bundles, "--to", "all"]) == 1
    reported = capsys.readouterr()
    assert reported.out.splitlines()[-1] == "2 extracted, 2 not"
    assert sorted(path.name for path in Path("all").iterdir()) == ["ada", "bob"]
    assert Path("all/bob/notes.txt").exists()
    bad, nowhere = reported.err.splitlines()
    assert bad.startswith("litestate: bad.litestate.zip: The bundle is damaged")
    assert "Nothing was changed" not in bad
    assert "There is no file" in nowhere
    assert main(["extract", "ada.litestate.zip", "bob.litestate.zip"]) == 0
    assert Path("ada/notes.txt").exists()


def test_extract_refuses_one_name_twice(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("more").mkdir()
    shutil.copyfile("good.litestate.zip", "more/Good.litestate.zip")
    bundles = ["good.litestate.zip", "more/Good.litestate.zip"]
    assert main(["extract", *bundles, "--to", "all"]) == 1
    assert "would both go into" in capsys.readouterr().err
    assert not Path("all").exists()


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("a/b.LITESTATE.ZIP", "b"),
        ("https://example.org/x/dice.litestate.zip?raw=1#top", "dice"),
        ("https://example.org", "state"),
        ("https://example.org/...zip", "state"),
        ("state.litestate (1).zip", "state.litestate (1)"),
    ],
)
def test_the_folder_of_a_name(source: str, folder: str) -> None:
    from litestate.cli.extract_cmd import _stem

    assert _stem(source) == folder


def test_a_folder_that_cannot_be_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(Path("app.db", "sub"))
    assert main(["extract", "good.litestate.zip", "--to", target]) == 1
    error = capsys.readouterr().err
    assert f"The folder {target} cannot be created" in error
    assert "--to" in error
