"""``inspect`` and ``verify`` on two hundred hand-ins."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from command_line_bundles import bundle_of, save_folder
from litestate.cli import main
from sessions import make_database

COUNT = 200
CUT, CHANGED, PDF, ORIGINAL, COPY = (f"hand-in-{n:03}.litestate.zip" for n in (20, 30, 40, 7, 150))


@pytest.fixture(scope="module")
def hand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of 200 students: one cut off, one changed, one a PDF, two of equal content."""
    work = tmp_path_factory.mktemp("work")
    folder = tmp_path_factory.mktemp("class") / "hand-ins"
    folder.mkdir()
    make_database(work / "app.db")
    for number in range(COUNT):
        (work / "notes.txt").write_text(f"The notes of number {number}.\n" * 20)
        with closing(sqlite3.connect(work / "app.db")) as connection:
            connection.execute("INSERT INTO runs (note) VALUES (?)", (f"by {number}",))
            connection.commit()
        save_folder(work, folder / f"hand-in-{number:03}.litestate.zip")
    shutil.copyfile(folder / ORIGINAL, folder / COPY)
    whole = (folder / CUT).read_bytes()
    (folder / CUT).write_bytes(whole[: len(whole) // 2])
    changed = bytearray((folder / CHANGED).read_bytes())
    changed[200] ^= 0xFF
    (folder / CHANGED).write_bytes(changed)
    (folder / PDF).write_bytes(b"%PDF-1.7 my essay")
    (folder / "list.txt").write_text("not a hand-in")
    return folder


def test_verify_of_all_hand_ins(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(hand_ins)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == COUNT + 2
    bad = {Path(line.split()[1].rstrip(":")).name: line for line in lines if line[:3] == "BAD"}
    assert sorted(bad) == [CUT, CHANGED, PDF]
    assert "cut off" in bad[CUT]
    assert not any("Nothing was changed" in line or "Choose" in line for line in lines)
    assert {len(line.split()[-1]) for line in lines if line[:3] == "ok "} == {12}
    assert "damaged" in bad[CHANGED]
    assert "not a litestate bundle" in bad[PDF]
    assert lines[-2] == f"equal content: {hand_ins / ORIGINAL} = {hand_ins / COPY}"
    assert lines[-1] == f"{COUNT - 3} ok, 3 bad; 1 not looked at: 1 file of another type"


def test_verify_quiet(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "-q", str(hand_ins)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == ["BAD"] * 3 + ["equ", str(COUNT - 3)]


def test_inspect_verifies_and_lists(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--verify", str(hand_ins)]) == 1
    head, *lines, _, last = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "bundle",
        "created",
        "litestate",
        "files",
        "dbs",
        "size",
        "digest",
        "tables",
    ]
    assert len(lines) == COUNT
    assert sum(line.startswith("ok ") for line in lines) == COUNT - 3
    assert not any("Nothing was changed" in line for line in lines)
    assert lines[199].endswith("runs: 210 rows")
    assert last.startswith(f"{COUNT - 3} ok, 3 bad")


def test_without_verify_a_changed_byte_is_not_seen(
    hand_ins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(hand_ins)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("ok") for line in lines)
    assert f"{COUNT - 2} read, 2 bad" in lines[-1]


def test_as_csv(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--verify", "--csv", str(hand_ins)]) == 1
    out = capsys.readouterr().out
    # The mark by which Excel knows UTF-8.
    assert out.startswith("\ufeffbundle,")
    rows = list(csv.DictReader(out[1:].splitlines()))
    assert len(rows) == COUNT
    assert not any(None in row or None in row.values() for row in rows)
    first, copy, cut = rows[0], rows[150], rows[20]
    assert (first["status"], first["files"], first["rows_of_tables"]) == ("ok", "1", "runs: 11")
    assert copy["same_content_as"].endswith(ORIGINAL)
    assert (cut["status"], cut["digest"]) == ("bad", "")
    assert int(cut["bundle_bytes"]) == (hand_ins / CUT).stat().st_size


def test_as_json(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--verify", "--json", str(hand_ins)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [item["status"] for item in found].count("bad") == 3
    assert len(found[0]["manifest"]["content_digest"]) == 64
    assert found[20]["manifest"] is None
    assert found[20]["problem"]


def test_each_bundle_once_and_in_subfolders(
    hand_ins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, person in enumerate(("ada", "grace")):
        (tmp_path / person).mkdir()
        # Named as by Moodle, and as by Chrome for a second download.
        name = ("state.litestate.zip", "state.litestate (1).zip")[number]
        shutil.copyfile(hand_ins / f"hand-in-00{number}.litestate.zip", tmp_path / person / name)
        (tmp_path / person / "other.zip").write_bytes(b"PK\3\4 something else")
    assert main(["verify", str(tmp_path)]) == 1
    assert "Add -r" in capsys.readouterr().out
    ada = str(tmp_path / "ada" / "state.litestate.zip")
    assert main(["verify", "-r", str(tmp_path), ada]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("2 ok, 0 bad; 2 not looked at: ")


def test_an_empty_folder_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "-r", str(tmp_path)]) == 1
    assert "There is no bundle in this folder" in capsys.readouterr().out


def test_a_link_to_its_own_folder(
    hand_ins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "round").symlink_to(tmp_path)
    shutil.copyfile(hand_ins / ORIGINAL, tmp_path / ORIGINAL)
    assert main(["verify", "-r", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"1 ok, 0 bad; 1 not looked at: {tmp_path / 'round'} (a link to a folder)"
    )


def test_names_and_texts_of_bundles_are_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle_of({"a.db": b""}, tmp_path / "a.litestate.zip")
    evil = str(path.rename(tmp_path / "=cmd()\x1b[2J.litestate.zip"))
    assert main(["inspect", evil]) == 0
    out = capsys.readouterr().out
    assert "platform \\x1b[31mred" in out
    assert "\x1b" not in out
    for options in (["verify"], ["inspect"], ["inspect", "--csv"], ["inspect", "--json"]):
        assert main([*options, str(tmp_path)]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert ("\\u001b[2J" if "--json" in options else "\\x1b[2J") in out


def test_a_csv_runs_no_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle_of({}, Path("=1+1.litestate.zip"))
    assert main(["inspect", "--csv", "=1+1.litestate.zip"]) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.removeprefix("\ufeff").splitlines())
    assert row["bundle"] == "'=1+1.litestate.zip"
