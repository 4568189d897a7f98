"""The command line."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from command_line_bundles import save_state_with_database
from litestate.cli import main
from sessions import Session


@pytest.fixture
def bundle(session: Session, tmp_path: Path) -> Path:
    return save_state_with_database(session, tmp_path / "work.litestate.zip")


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


def test_a_name_that_resembles_a_users_home(
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
