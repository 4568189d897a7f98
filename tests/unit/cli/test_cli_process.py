"""The command line as a process: pipes, signals, encodings, full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line_bundles import bundle_of, database, save_folder

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one process")
posix = pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")

COMMAND = [sys.executable, "-m", "litestate"]
LIMIT = 60
"""Seconds for one command."""


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""Environment of a user: output is buffered in memory until it is flushed."""


def run(*arguments: str | bytes, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        check=False,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        env={**ENVIRONMENT, **env},
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "Zürich → 東京 😀.txt").write_text("x")
    return save_folder(tmp_path / "work", tmp_path / "work.litestate.zip")


@pytest.fixture
def many(bundle: Path, tmp_path: Path) -> Path:
    """Bundles whose list does not fit into a pipe (64 KiB on Linux)."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(600):
        (folder / f"{'long ' * 20}{number}.litestate.zip").write_bytes(bundle.read_bytes())
    return folder


@posix
@pytest.mark.parametrize("options", [["inspect"], ["inspect", "--json"], ["verify"]])
def test_a_reader_that_ends_early(many: Path, options: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *options, str(many)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read()
        code = process.wait(LIMIT)
    assert (code, error) == (141, b"")


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(bundle: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "inspect", str(bundle)],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=LIMIT,
            env=ENVIRONMENT,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"litestate: ")
    assert b"Traceback" not in done.stderr


@posix
@pytest.mark.parametrize("command", ["diff", "verify"])
def test_ctrl_c(tmp_path: Path, command: str) -> None:
    # Random keys keep SQLite busy for more than a second; the verified bundle need not be large.
    rows = 400_000 if command == "diff" else 20_000
    sql = (
        "CREATE TABLE t (k TEXT, v, PRIMARY KEY (k, v)); WITH RECURSIVE n (i) AS (SELECT 1 UNION"
        f" ALL SELECT i + 1 FROM n LIMIT {rows})"
        " INSERT INTO t SELECT hex(randomblob(8)), zeroblob(20) FROM n;"
    )
    made = database(tmp_path / "made.db", sql)
    # The second has another user_version, so that the two are compared.
    data = [made, made[:60] + b"\0\0\0\1" + made[64:]]
    bundles = [bundle_of({"a.db": d}, tmp_path / f"{n}.zip") for n, d in enumerate(data)]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    times = 100 if command == "verify" else 1
    for number in range(times - 1):
        (tmp_path / f"{number + 2}.zip").hardlink_to(bundles[0])
        bundles.append(tmp_path / f"{number + 2}.zip")
    with subprocess.Popen(
        [*COMMAND, command, *map(str, bundles)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
        # If a shell runs these tests as a background job, they inherit that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        deadline = time.monotonic() + LIMIT
        # Wait until the work itself has begun: `diff` has unpacked both, `verify` one.
        size = len(data[1]) if command == "diff" else 0
        while not _is_at_work(process, temporary, size) and time.monotonic() < deadline:
            time.sleep(0.02)
        # A little more, so that SQLite has begun.
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=LIMIT)
    assert (process.returncode, error) == (130, b"litestate: interrupted\n")
    assert not list(temporary.iterdir())


def _is_at_work(process: subprocess.Popen[bytes], temporary: Path, size: int) -> bool:
    if size:
        return any(path.stat().st_size == size for path in temporary.glob("*/other"))
    assert process.stdout
    return process.stdout.readline().startswith(b"ok")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_of_the_output(bundle: Path, tmp_path: Path, encoding: str) -> None:
    other = bundle_of({"a.db": b""}, tmp_path / "other.zip")
    for arguments, code in (
        (["inspect", str(bundle)], 0),
        (["inspect", str(bundle), str(other)], 0),
        (["inspect", "--csv", str(tmp_path)], 0),
        (["verify", str(bundle)], 0),
        (["diff", str(bundle), str(other)], 1),
        (["extract", str(bundle), "--to", str(tmp_path / encoding)], 0),
        (["inspect", str(tmp_path / "→.zip")], 1),
    ):
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        done.stdout.decode(encoding)
    text = run("inspect", "--json", str(bundle), PYTHONIOENCODING=encoding).stdout.decode(encoding)
    assert [item["name"] for item in json.loads(text)["members"]] == [
        "files/notebook/Zürich → 東京 😀.txt"
    ]


def test_the_c_locale(bundle: Path) -> None:
    done = run("inspect", str(bundle), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"Z\xfcrich \u2192" in done.stdout


@posix
def test_names_that_are_not_text(bundle: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\x1b[2J.litestate.zip"
    try:
        bundle.rename(os.fsdecode(name))
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    done = run("verify", name)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert b"\\x1b[2J" in done.stdout
    assert run("verify", str(tmp_path)).returncode == 0


@posix
def test_a_file_without_read_permission(bundle: Path, tmp_path: Path) -> None:
    bundle.chmod(0)
    if os.access(bundle, os.R_OK):
        pytest.skip("this user may read everything")
    done = run("verify", str(tmp_path))
    assert done.returncode == 1
    assert b"Permission denied" in done.stdout
    done = run("inspect", str(bundle))
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"Permission denied" in done.stderr


def test_no_prompt_and_no_progress_bar(bundle: Path) -> None:
    # Neither standard input nor a terminal, as in a cron job.
    done = run("verify", str(bundle), TERM="dumb")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["explode"], 2),
        (["diff", "one"], 2),
        (["inspect", "--json", "--csv", "x"], 2),
        (["create"], 2),
        (["inspect", "nowhere.zip"], 1),
        (["extract", "nowhere.zip"], 1),
        (["diff", "nowhere.zip", "nowhere.zip"], 2),
        (["export", "nowhere.zip", "a.csv"], 1),
        (["--version"], 0),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert bool(done.stderr) == bool(code)
