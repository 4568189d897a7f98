"""Ignored files in a folder of hand-ins, and bundles that cannot be read here."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from command_line_bundles import bundle_of, save_folder
from litestate.bundle import manifest, reader
from litestate.bundle.zip_format import AVAILABLE
from litestate.cli import main
from litestate.files.survey import survey
from litestate.host import roots
from litestate.report.table import shortened, text_width
from litestate.state import load
from litestate.state.save import write_into

UNKNOWN = "????"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One good bundle, in the folder ``in`` of the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("notes")
    (tmp_path / "in").mkdir()
    save_folder(tmp_path / "work", tmp_path / "in" / "ada.litestate.zip")
    return tmp_path / "in"


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_ignored_files_are_reported(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(folder / "repacked.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
    (folder / "essay.zip").write_bytes(b"%PDF-1.7")
    (folder / "list.txt").touch()
    for name in ("grace", "bob"):
        (folder / name).mkdir()
    assert main([command, "in"]) == 0
    assert lines_of(capsys)[-1].partition("; ")[2] == (
        "5 not looked at: in/essay.zip (not a ZIP file), in/repacked.zip (a ZIP of another kind); "
        "2 folders (-r looks into them); 1 file of another type"
    )
    assert main([command, "-r", "in"]) == 0
    assert "folder" not in lines_of(capsys)[-1]
    for number in range(4):
        shutil.copyfile(folder / "repacked.zip", folder / f"repacked ({number}).zip")
    assert main([command, "in"]) == 0
    assert lines_of(capsys)[-1].count(".zip") == 3
    assert main(["inspect", "--json", "in"]) == 0
    found = capsys.readouterr()
    assert len(json.loads(found.out)) == 1
    assert "9 not looked at" in found.err


def test_names_of_bundles_that_are_not_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.litestate.zip").symlink_to("nowhere")
    (folder / "dir.litestate.zip").mkdir()
    shutil.copyfile(folder / "ada.litestate.zip", folder / "dir.litestate.zip" / "b.litestate.zip")
    assert main(["verify", "in"]) == 1
    lines = lines_of(capsys)
    assert lines[1] == "BAD  in/broken.litestate.zip: This link leads to no file."
    assert lines[2].startswith("BAD  in/dir.litestate.zip: This is a folder")
    assert lines[-1] == "1 ok, 2 bad"
    assert main(["verify", "-r", "in"]) == 1
    assert lines_of(capsys)[-1] == "2 ok, 2 bad"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has no named pipes")
def test_a_named_pipe_is_not_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        for name in ("pipe.litestate.zip", "pipe.zip"):
            os.mkfifo(folder / name)
            # With a writer, a reader here would not wait for ever.
            pipe = os.open(folder / name, os.O_RDWR)
            stack.callback(os.close, pipe)
            os.write(pipe, bytes(1 << 14))
        assert main(["verify", "in"]) == 1
    lines = lines_of(capsys)
    assert lines[1] == "BAD  in/pipe.litestate.zip: This is not a file."
    assert lines[-1] == "1 ok, 1 bad; 1 not looked at: in/pipe.zip (not a file)"


def test_advice_is_only_given_where_it_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path)]) == 1
    assert "Add -r" not in lines_of(capsys)[0]


def _is_unknown(source: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Assert that every command shows a bundle as unknown, neither good nor bad."""
    capsys.readouterr()
    assert main(["verify", "in/ada.litestate.zip", source]) == 1
    lines = lines_of(capsys)
    assert lines[1].startswith(f"{UNKNOWN} {source}: ")
    assert reason in lines[1]
    assert lines[1].count(source) == 1
    assert lines[-1] == "1 ok, 0 bad, 1 unknown"
    assert main(["inspect", "in/ada.litestate.zip", source]) == 1
    lines = lines_of(capsys)
    assert lines[2].startswith(f"{UNKNOWN} {source}  ")
    assert lines[-1] == "1 read, 0 bad, 1 unknown"
    assert main(["inspect", "--json", "in/ada.litestate.zip", source]) == 1
    assert json.loads(capsys.readouterr().out)[1]["status"] == "unknown"
    assert main(["inspect", "--csv", "in/ada.litestate.zip", source]) == 1
    rows = list(csv.DictReader(lines_of(capsys)))
    assert rows[1]["status"] == "unknown"


@pytest.mark.skipif("zstd" not in AVAILABLE, reason="no bundle with Zstandard can be made here")
def test_zstandard_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "bob.litestate.zip").open("wb") as file:
        (folder.parent / "work" / "notes.txt").write_text("notes " * 1000)
        write_into(file, survey(roots.plain(folder.parent / "work")), "zstd")
    monkeypatch.setattr(reader, "AVAILABLE", ("store", "deflate"))
    _is_unknown("in/bob.litestate.zip", "needs Python 3.14", capsys)


@pytest.mark.skipif(sys.platform == "emscripten", reason="the browser says it in its own words")
def test_a_server_that_does_not_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Port 9 (discard) of this machine, without a listener.
    url = "http://127.0.0.1:9/bob.litestate.zip"
    _is_unknown(url, "It could not be fetched: ", capsys)


def test_a_newer_format(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(manifest.Manifest, "version", 3)
        bundle_of({}, folder / "bob.litestate.zip")
    _is_unknown("in/bob.litestate.zip", "format version 3", capsys)


@pytest.fixture
def zeros(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bundle that unpacks to several hundred times its size."""
    (folder.parent / "zeros").mkdir()
    (folder.parent / "zeros" / "zeros.bin").write_bytes(bytes(4 << 20))
    save_folder(folder.parent / "zeros", folder / "bob.litestate.zip")
    # Else it would have to unpack to more than 1 GiB.
    monkeypatch.setattr("litestate.bundle.limits.HARMLESS", 0)
    return "in/bob.litestate.zip"


def test_a_limit(folder: Path, zeros: str, capsys: pytest.CaptureFixture[str]) -> None:
    _is_unknown(zeros, "the limit is 250: verify, inspect, diff and extract take --no-l", capsys)


def test_without_limits(folder: Path, zeros: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["verify", zeros],
        ["inspect", zeros],
        ["inspect", "in", "--verify"],
        ["diff", zeros, zeros],
        ["extract", zeros, "--to", "out"],
    ):
        assert main(arguments) == (2 if "diff" in arguments else 1)
        reported = "".join(capsys.readouterr())
        assert "--no-limits" in reported
        assert "load_state" not in reported
        assert main([*arguments, "--no-limits"]) == 0, arguments
    assert Path("out/zeros.bin").stat().st_size == 4 << 20


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "There is not enough memory"),
        (sqlite3.OperationalError("disk I/O error"), "SQLite says: disk I/O error."),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_one_failure_does_not_stop_the_other_bundles(
    folder: Path,
    error: Exception,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copyfile(folder / "ada.litestate.zip", folder / "bob.litestate.zip")
    verify = load.verify

    def failing(reader: reader.Reader, label: str) -> None:
        # Real failures of a machine cannot be produced on demand.
        if label.startswith("ada"):
            raise error
        verify(reader, label)

    monkeypatch.setattr(load, "verify", failing)
    assert main(["verify", "in"]) == 1
    lines = lines_of(capsys)
    assert lines[0].startswith(f"{UNKNOWN} in/ada.litestate.zip: {reason}")
    assert lines[1].startswith("ok   in/bob")
    assert lines[-1] == "1 ok, 0 bad, 1 unknown"
    assert main(["inspect", "--verify", "in/ada.litestate.zip"]) == 1
    assert reason in capsys.readouterr().err


class Terminal:
    """Standard output as a terminal would take it."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("text", "cells"), [("abc", 3), ("東京", 4), ("u\u0308ｱ", 2), ("", 0)])
def test_text_width(text: str, cells: int) -> None:
    assert text_width(text) == cells
    assert text_width(shortened(text * 20, 7)) <= 7


@pytest.mark.parametrize("width", [80, 100, 200])
def test_table_on_a_terminal(folder: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "the hand-in of students with a long name"
    for name in (long, "東京の宿題の提出ファイルと長い名前", "Mu\u0308ller"):
        shutil.copyfile(folder / "ada.litestate.zip", folder / f"{name}.litestate.zip")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["inspect", "in"]) == 0
    head, *lines = terminal.text.splitlines()[:5]
    assert all(text_width(line) <= width for line in (head, *lines))
    start = text_width(head[: head.index("created")])
    for line in lines:
        place = re.search(r"\d{4}-\d\d-\d\d ", line)
        assert place
        assert text_width(line[: place.start()]) == start
    assert any("…" in line for line in lines) == (width < 200)
    assert any(long in line for line in lines) == (width == 200)
