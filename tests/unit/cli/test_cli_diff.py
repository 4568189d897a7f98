"""The command ``diff``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line_bundles import (
    bundle_of,
    database,
    make_good_and_bad,
    make_work_folder,
)
from litestate.cli import main
from sessions import make_database


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_work_folder(tmp_path / "work")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``good.litestate.zip``, ``bad.litestate.zip`` and ``app.db``."""
    monkeypatch.chdir(tmp_path)
    make_good_and_bad(tmp_path)
    return tmp_path


@pytest.mark.parametrize("pair", [("good", "bad"), ("bad", "good"), ("work", "bad")])
def test_diff_names_the_damaged_bundle(
    here: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *(n if n == "work" else f"{n}.litestate.zip" for n in pair)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("litestate: bad.litestate.zip: The bundle is damaged at ")
    assert "good" not in error


def test_diff(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["create", "work", "-o", "a.zip"])
    (work / "notes.txt").write_text("longer notes")
    (work / "run.sh").chmod(0o700)
    (work / "empty").rmdir()
    (work / "new").symlink_to("notes.txt")
    (work / "litestate-home" / "app.db").unlink()
    make_database(work / "litestate-home" / "app.db", rows=12)
    capsys.readouterr()
    assert main(["diff", "a.zip", "work"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a.zip → work",
        "  removed  notebook/empty      folder",
        "  added    notebook/new        link",
        "  changed  notebook/notes.txt  5 B → 12 B",
        "  changed  notebook/run.sh     mode 755 → 700",
        "  changed  home/app.db",
        "           runs: 2 rows added",
        "Different: 1 added, 1 removed, 3 changed, 1 the same",
    ]
    assert main(["diff", "--json", "work", "a.zip"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["databases"][0]["tables"][0]["rows_removed"] == 2
    verdicts = {change["place"]: change["verdict"] for change in found["files"]}
    assert verdicts["notebook/empty"] == "added"


def test_diff_ignores_modes(work: Path) -> None:
    main(["create", "work", "-o", "a.zip"])
    (work / "run.sh").chmod(0o700)
    assert main(["diff", "a.zip", "work"]) == 1
    assert main(["diff", "--ignore-modes", "a.zip", "work"]) == 0


def test_diff_of_a_file_and_a_folder(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["create", "work", "-o", "a.zip"])
    (work / "notes.txt").unlink()
    (work / "notes.txt").mkdir()
    assert main(["diff", "a.zip", "work"]) == 1
    assert "changed  notebook/notes.txt  file, 5 B → folder" in capsys.readouterr().out


def test_diff_names_what_was_not_saved(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["create", "work", "-o", "a.zip"])
    (work / "out").symlink_to("/etc")
    assert main(["diff", "a.zip", "work"]) == 0
    assert "Note: work was made without out" in capsys.readouterr().out


def test_diff_exits_with_2_for_a_bad_bundle(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "notes.txt").write_text("unmistakable")
    main(["create", "work", "-o", "a.zip"])
    whole = Path("a.zip").read_bytes()
    assert whole.count(b"unmistakable") == 1
    Path("bad.zip").write_bytes(whole.replace(b"unmistakable", b"unmistakablE"))
    assert main(["diff", "a.zip", "bad.zip"]) == 2
    assert main(["diff", "bad.zip", "a.zip"]) == 2
    assert main(["diff", "a.zip", "nowhere.zip"]) == 2
    assert capsys.readouterr().err.count("litestate: ") == 3


def test_diff_escapes_names_of_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = 'CREATE TABLE "\x1b[2J\x1b]0;owned\x07" (x)'
    old = bundle_of({"app.db": database(tmp_path / "m", "CREATE TABLE t (x)")}, tmp_path / "a.zip")
    new = bundle_of({"app.db": database(tmp_path / "m", evil)}, tmp_path / "b.zip")
    assert main(["diff", str(old), str(new)]) == 1
    out = capsys.readouterr().out
    assert "\\x1b[2J" in out
    assert not any(character in out for character in "\x1b\x07")
