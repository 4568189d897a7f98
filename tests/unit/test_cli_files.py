"""What ``extract``, ``export`` and ``diff`` say, and of what."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from litestate.cli import main, wording
from litestate.errors import SaveError
from made import bundle_of, database, save_folder
from states import make_database

SMALL = 200_000
"""Bytes that a process may write into one file, where a disk is to be full."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``good.litestate.zip``, ``bad.litestate.zip`` and ``app.db``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("unmistakable")
    good = save_folder(tmp_path / "work", tmp_path / "good.litestate.zip").read_bytes()
    changed = good.replace(b"unmistakable", b"unmistakablE")
    Path("bad.litestate.zip").write_bytes(changed)
    assert changed != good
    make_database(tmp_path / "app.db")
    return tmp_path


@pytest.mark.parametrize("pair", [("good", "bad"), ("bad", "good"), ("work", "bad")])
def test_diff_names_the_one_that_is_damaged(
    here: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *(n if n == "work" else f"{n}.litestate.zip" for n in pair)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("litestate: bad.litestate.zip: The bundle is damaged at ")
    assert "good" not in error


def test_extract_says_where_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", "good.litestate.zip", "--to", "deep/er"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"Extracted good.litestate.zip into {Path('deep/er')}{os.sep}: 1 file added"
    assert Path("deep/er/notes.txt").read_text() == "unmistakable"


def test_extract_takes_json_off_the_name(here: Path) -> None:
    # What it is counts, not its name.
    shutil.copyfile("good.litestate.zip", "array.json")
    assert main(["extract", "array.json"]) == 0
    assert Path("array/notes.txt").exists()


def test_extract_many(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ada", "bob"):
        shutil.copyfile("good.litestate.zip", f"{name}.litestate.zip")
    bundles = ["ada.litestate.zip", "bad.litestate.zip", "nowhere.zip", "bob.litestate.zip"]
    assert main(["extract", *bundles, "--to", "all"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "2 extracted, 2 not"
    assert sorted(path.name for path in Path("all").iterdir()) == ["ada", "bob"]
    assert Path("all/bob/notes.txt").exists()
    bad, nowhere = said.err.splitlines()
    assert bad.startswith("litestate: bad.litestate.zip: The bundle is damaged")
    assert "Nothing was changed" not in bad
    assert "There is no file" in nowhere
    assert main(["extract", "ada.litestate.zip", "bob.litestate.zip"]) == 0
    assert Path("ada/notes.txt").exists()


def test_extract_mixes_no_two(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    from litestate.cli.extracting import _stem

    assert _stem(source) == folder


def test_a_folder_that_cannot_be_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(Path("app.db", "sub"))
    assert main(["extract", "good.litestate.zip", "--to", target]) == 1
    error = capsys.readouterr().err
    assert f"The folder {target} cannot be created" in error
    assert "--to" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["app.db", "-"], "not standard output. Name one that ends in .xlsx"),
        (["work", "a.csv"], "work is a folder. export takes a SQLite database or a bundle"),
        (["work/notes.txt", "a.csv"], "notes.txt: This is neither a SQLite database nor a bundle"),
        (["app.db", "there.csv", "--table", "runs"], "--overwrite to replace it"),
        (["app.db", "a.sql", "--table", "runs"], "Leave out --table and --query,"),
    ],
)
def test_export_speaks_in_options(
    here: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there.csv").touch()
    assert main(["export", *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "=" not in error
    assert not Path("-").exists()


def test_export_of_a_table_that_is_to_be_chosen(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = database(here / "m", "CREATE TABLE a (x); CREATE TABLE b (x)")
    bundle_of({"a.db": data, "b.db": data}, here / "two.zip")
    assert main(["export", "two.zip", "a.csv"]) == 1
    assert "Choose one with --database: " in capsys.readouterr().err
    assert main(["export", "two.zip", "a.csv", "--database", "a.db"]) == 1
    assert "Choose one with --table, or name a folder" in capsys.readouterr().err


def test_a_full_disk_is_named_once_with_advice() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/x")
    said = wording.message(full)
    assert said.startswith(f"{Path('/data/x')}: No space left on device. Make room")
    error = SaveError("x was not written.")
    error.__cause__ = full
    assert wording.message(error).startswith("x was not written. Make room")
    assert "Make room" not in wording.message(SaveError("x was not written."))
    denied = wording.message(PermissionError(errno.EACCES, "Permission denied", "x"))
    assert denied.startswith("x: Permission denied. Check the permissions")


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one process")
@pytest.mark.skipif(os.name == "nt", reason="needs setrlimit")
@pytest.mark.parametrize(
    ("arguments", "named", "code"),
    [
        (["create", "big", "-o", "new.zip"], "new.zip", 1),
        (["extract", "big.litestate.zip", "--to", "out"], "big.litestate.zip", 1),
        (["diff", "big.litestate.zip", "other.litestate.zip"], "home/a.db of big", 2),
        (["diff", "big.litestate.zip", "big"], "The folder big", 2),
    ],
)
def test_a_disk_that_fills_up(here: Path, arguments: list[str], named: str, code: int) -> None:
    Path("big").mkdir()
    Path("big/noise").write_bytes(os.urandom(2 * SMALL))
    sql = f"CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob({2 * SMALL}))"
    data = database(here / "m", sql)
    bundle_of({"a.db": data}, here / "big.litestate.zip")
    # Another user_version, so that the two are compared.
    bundle_of({"a.db": data[:60] + b"\0\0\0\1" + data[64:]}, here / "other.litestate.zip")
    limited = (
        "import resource, sys; from litestate.cli import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL}, {SMALL}));"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert "Make room on the disk" in done.stderr
    assert not Path("out").exists()
    assert not Path("new.zip").exists()
