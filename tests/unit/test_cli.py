"""The command line."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from litestate import save_state
from litestate.cli import main
from states import Session, count, make_database


@pytest.fixture
def bundle(session: Session, tmp_path: Path) -> Path:
    (session.home / "notes.txt").write_text("notes")
    (session.notebook / "data").mkdir()
    make_database(session.notebook / "app.db")
    path = tmp_path / "work.litestate.zip"
    save_state(path)
    return path


def test_inspect(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "home/notes.txt" in out
    assert "runs: 10 rows" in out


def test_inspect_as_json(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--json", str(bundle)]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert len(manifest["content_digest"]) == 64
    assert {member["name"] for member in manifest["members"]} == {
        "databases/notebook/app.db",
        "files/home/notes.txt",
        "files/notebook/data/",
    }


def test_verify_continues_after_a_bad_bundle(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.litestate.zip"
    bad.write_bytes(bundle.read_bytes()[:-30])
    missing = tmp_path / "missing.zip"
    assert main(["verify", str(bad), str(missing), str(bundle)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines[:-1]] == ["BAD", "BAD", "ok "]
    assert "bad.litestate.zip" in lines[0]
    assert lines[-1] == "1 ok, 2 bad"
    assert main(["verify", str(bundle)]) == 0


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


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explode"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "command", ["", "inspect", "verify", "diff", "extract", "create", "export"]
)
def test_help_has_examples_and_fits(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "exit code" in out
    assert f"  litestate {command}" in out.partition("examples:")[2]
    assert max(map(len, out.splitlines())) <= 80


def test_extract_refuses_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_a_name_that_looks_like_a_users_home(
    session: Session, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle.rename(session.notebook / "~nobody-of-this-name.zip")
    assert main(["verify", "~nobody-of-this-name.zip"]) == 0
    assert capsys.readouterr().out.startswith("ok   ~nobody")


def test_inspect_can_verify_one(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--verify", str(bundle)]) == 0
    assert "status   ok" in capsys.readouterr().out
    with zipfile.ZipFile(bundle) as archive:
        # Past the header and the name of the notes, in their content.
        place = archive.getinfo("files/home/notes.txt").header_offset + 30 + 20
    bad = bytearray(bundle.read_bytes())
    bad[place] ^= 1
    bundle.write_bytes(bad)
    assert main(["inspect", "--verify", str(bundle)]) == 1
    assert "damaged" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one process")
def test_python_m_litestate(bundle: Path) -> None:
    command = [sys.executable, "-m", "litestate", "verify", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
