"""The command line on bundles with variables, packages and a session."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from command_line_bundles import save_folder
from handmade_bundles import edited
from litestate import trust
from litestate.cli import main
from version_2_bundles import Sign, as_version_2


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with four bundles: a stranger's, unsigned, our own, and forged."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("notes")
    plain = save_folder(tmp_path / "work", tmp_path / "plain.zip").read_bytes()
    signs: dict[str, dict[str, Sign | None]] = {
        "stranger": {},
        "unsigned": {"sign": None},
        "own": {"sign": trust.Signer()},
    }
    for name, options in signs.items():
        Path(f"{name}.zip").write_bytes(as_version_2(plain, **options))
    forged = edited(Path("own.zip").read_bytes(), lambda d: d.update(created="then"))
    Path("forged.zip").write_bytes(forged)
    return tmp_path


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_inspect_lists_variables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "own.zip"]) == 0
    lines = lines_of(capsys)
    assert lines[-6:] == [
        "file            5 B  notebook/notes.txt",
        "variable       28 B  answer  int  42",
        "variable       28 B  greeting  str  'hello'",
        "variable       28 B  table  NoneType  None",
        "packages        2 B  installed.json",
        "session         2 B  session.json",
    ]
    assert [line for line in lines if line.startswith("code")] == [
        "code     1 pickle, which could run code: for a stranger's, load_state() needs trust=True"
    ]


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("own", "by this "),
        ("stranger", "by another browser or computer"),
        ("unsigned", "not signed"),
        ("plain", None),
    ],
)
def test_inspect_shows_the_signature(
    name: str, reported: str | None, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--verify", f"{name}.zip"]) == 0
    found = [line for line in lines_of(capsys) if line.startswith("signed")]
    assert [line.startswith(f"signed   {reported}") for line in found] == [True] * (
        reported is not None
    )


def test_a_forged_bundle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "forged.zip"]) == 1
    assert "forged.zip: The bundle names this" in capsys.readouterr().err
    assert main(["extract", "forged.zip"]) == 1
    assert "does not fit" in capsys.readouterr().err
    assert not Path("forged").exists()
    assert main(["verify", "own.zip", "forged.zip"]) == 1
    good, bad, last = lines_of(capsys)
    assert good.startswith("ok ") and bad.startswith("BAD ") and last == "1 ok, 1 bad"
    assert "the signature does not fit" in bad


def test_many_bundles(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["plain.zip", "stranger.zip", "unsigned.zip", "own.zip", "forged.zip"]
    assert main(["inspect", *names]) == 1
    lines = lines_of(capsys)
    assert [line.endswith("3 variables, packages, session") for line in lines[1:6]] == [
        *[False, True, True, True, False]
    ]
    assert main(["inspect", "--csv", *names]) == 1
    rows = list(csv.DictReader(lines_of(capsys)))
    assert [row["variables"] for row in rows] == ["0", "3", "3", "3", "3"]
    assert [row["signed"] for row in rows] == ["no", "other", "no", "own", "forged"]
    assert [row["status"] for row in rows] == [*["not verified"] * 4, "bad"]
    assert main(["inspect", "--json", *names]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["signed"] for each in found] == ["no", "other", "no", "own", "forged"]


def test_extract_leaves_out_kernel_members(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", "stranger.zip"]) == 0
    lines = lines_of(capsys)
    assert lines[0].endswith("1 file added")
    assert lines[-1].strip() == (
        "3 variables, packages, session: no files, so they stay in the bundle. load_state() "
        "brings them back."
    )
    assert [path.name for path in Path("stranger").iterdir()] == ["notes.txt"]
    assert main(["extract", "plain.zip"]) == 0
    assert "load_state()" not in capsys.readouterr().out


def differences(
    capsys: pytest.CaptureFixture[str], before: dict[str, Any], after: dict[str, Any]
) -> list[str]:
    for name, values in (("before", before), ("after", after)):
        Path(f"{name}.zip").write_bytes(as_version_2(values=values))
    expected = 0 if before == after else 1
    assert main(["diff", "before.zip", "after.zip"]) == expected
    return lines_of(capsys)[1:]


def test_diff_names_variables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"same": 1, "other": 2, "gone": 3}
    assert differences(capsys, before, {"same": 1, "other": 20, "new": "x"}) == [
        "  removed  gone   variable, int 3",
        "  added    new    variable, str 'x'",
        "  changed  other  variable, int 2 → int 20",
        "Different: 1 added, 1 removed, 1 changed, 4 the same",
    ]
    assert differences(capsys, before, before) == ["Equal: 6 the same"]


def test_diff_of_variables_that_share_objects(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The same reference to a node, in groups that differ.
    lines = differences(capsys, {"x": [0], "y": 1}, {"x": [0], "y": 2})
    assert lines[:2] == [
        "  changed  x  list [0]: it, or a variable that it shares objects with",
        "  changed  y  variable, int 1 → int 2",
    ]


def test_diff_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "--json", "plain.zip", "stranger.zip"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["verdict"]) for each in found["variables"]] == [
        ("answer", "added"),
        ("greeting", "added"),
        ("table", "added"),
    ]
    assert found["variables"][0]["after"] == {"type": "int", "text": "42", "size": 28}
    assert [each["place"] for each in found["files"]] == [
        "packages/installed.json",
        "session/session.json",
    ]


@pytest.mark.parametrize("value", [None, "[" * 200 + "]" * 200, "no JSON", '{"names": 1}', "[]"])
def test_diff_of_invalid_graphs(
    value: str | None, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    if value is not None:
        monkeypatch.setattr("version_2_bundles.graph", lambda _: value.encode())
    Path("bad.zip").write_bytes(as_version_2())
    assert main(["diff", "bad.zip", "own.zip"]) == 1
    changed = [line.split()[1] for line in lines_of(capsys) if "changed  " in line]
    assert changed == ([] if value is None else ["answer", "greeting", "table"])
