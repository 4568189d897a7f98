from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from build_helpers import Web, locked

from tools.console import BuildError
from tools.fetch import cached_path, fetch
from tools.paths import ROOT
from tools.places import Cdn, Folder

DATA = b"genuine " * 1000
FILE = locked("thing-1.0.whl", DATA, cdn="1")


def folder_with(path: Path, data: bytes) -> Folder:
    path.mkdir()
    (path / FILE.file_name).write_bytes(data)
    return Folder(path)


def files_in(path: Path) -> list[Path]:
    return [found for found in path.rglob("*") if found.is_file()]


def test_places_are_tried_in_their_order(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    first = folder_with(tmp_path / "first", DATA)
    found = fetch([FILE], tmp_path / "cache", [first, Cdn(web.template)])
    assert found[FILE].read_bytes() == DATA
    assert web.requests == []


def test_what_the_cache_has_is_not_asked_for_again(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    for _ in range(2):
        fetch([FILE], tmp_path / "cache", [Cdn(web.template)])
    assert web.requests == [f"/v1/{FILE.file_name}"]


def test_a_wrong_hash_is_refused_by_name_and_the_next_place_tried(
    tmp_path: Path, web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    web.answers[FILE.file_name] = DATA
    forged = DATA[::-1]
    found = fetch(
        [FILE], tmp_path / "cache", [folder_with(tmp_path / "forged", forged), Cdn(web.template)]
    )
    assert found[FILE].read_bytes() == DATA
    said = capsys.readouterr().err
    assert FILE.file_name in said
    assert FILE.sha256 in said
    assert hashlib.sha256(forged).hexdigest() in said


def test_a_damaged_file_in_the_cache_is_replaced(tmp_path: Path) -> None:
    path = cached_path(tmp_path / "cache", FILE)
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA[:-1])
    fetch([FILE], tmp_path / "cache", [folder_with(tmp_path / "good", DATA)])
    assert path.read_bytes() == DATA


def test_two_builds_with_one_file_name_live_side_by_side(tmp_path: Path) -> None:
    other = locked(FILE.file_name, b"another build")
    cache = tmp_path / "cache"
    fetch([FILE], cache, [folder_with(tmp_path / "one", DATA)])
    fetch([other], cache, [folder_with(tmp_path / "two", b"another build")])
    assert fetch([FILE, other], cache, [])[FILE].read_bytes() == DATA


def test_the_error_lists_each_file_and_each_place_with_its_reason(tmp_path: Path, web: Web) -> None:
    forged = folder_with(tmp_path / "forged", b"no")
    places = [forged, Folder(tmp_path / "nowhere"), Cdn(web.template)]
    with pytest.raises(BuildError) as caught:
        fetch([FILE], tmp_path / "cache", places)
    text = str(caught.value)
    assert FILE.file_name in text
    assert f"cache {tmp_path / 'cache'}: not there" in text
    assert f"{forged.name}: refused: its sha256 is" in text
    assert f"folder {tmp_path / 'nowhere'}: not there" in text
    assert "Pyodide CDN: HTTP 404 for" in text
    assert "--wheels" in text


def test_what_was_found_is_kept_when_something_else_is_missing(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    missing = locked("missing.whl", b"?", cdn="1")
    with pytest.raises(BuildError) as caught:
        fetch([missing, FILE], tmp_path / "cache", [Cdn(web.template)])
    assert FILE.file_name not in str(caught.value)
    assert cached_path(tmp_path / "cache", FILE).exists()


def test_a_connection_cut_short_leaves_nothing(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    web.cut_after = 100
    with pytest.raises(BuildError, match=r"refused|reached"):
        fetch([FILE], tmp_path / "cache", [Cdn(web.template)])
    assert files_in(tmp_path / "cache") == []


def test_a_killed_download_does_not_stop_the_next(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    web.pause = 60
    cache = tmp_path / "cache"
    program = (
        "import sys; from pathlib import Path; from build_helpers import locked;"
        "from tools.fetch import fetch; from tools.places import Cdn;"
        "fetch([locked('thing-1.0.whl', b'genuine ' * 1000, cdn='1')],"
        " Path(sys.argv[1]), [Cdn(sys.argv[2], timeout=60)])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(cache), web.template],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}", "PATH": ""},
    )
    deadline = time.monotonic() + 20
    while not files_in(cache) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not cached_path(cache, FILE).exists()
    web.pause = 0
    assert fetch([FILE], cache, [Cdn(web.template)])[FILE].read_bytes() == DATA


def test_a_host_that_cannot_be_reached_is_asked_once(tmp_path: Path) -> None:
    # It takes connections and never answers, which is what a bad firewall looks like.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cdn = Cdn(f"http://127.0.0.1:{silent.getsockname()[1]}/{{version}}/{{file}}", timeout=0.3)
        wanted = [locked(f"thing{n}.whl", b"x", cdn="1") for n in range(30)]
        started = time.monotonic()
        why = cdn.collect(wanted, tmp_path)
    assert time.monotonic() - started < 3
    assert len(why) == 30
    assert all("cannot be reached" in reason for reason in why.values())


def test_a_missing_file_does_not_make_the_host_unreachable(tmp_path: Path, web: Web) -> None:
    web.answers[FILE.file_name] = DATA
    why = Cdn(web.template).collect([locked("missing.whl", b"?", cdn="1"), FILE], tmp_path)
    assert list(why) == ["missing.whl"]
    assert (tmp_path / FILE.file_name).read_bytes() == DATA


def test_a_download_larger_than_locked_is_cut_off(tmp_path: Path, web: Web) -> None:
    web.answers["big.whl"] = bytes(50_000_000)
    Cdn(web.template).collect([locked("big.whl", b"small", cdn="1")], tmp_path)
    assert (tmp_path / "big.whl").stat().st_size < 1_000_000
