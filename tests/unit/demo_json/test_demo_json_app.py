"""The file that the "Pyodide state persistence" demo app itself downloads."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import litestate
import pytest
from demo_json_files import SHAPES, Counted, refused
from litestate.cli import main
from litestate.demo_json import convert, fields, json_scanner
from litestate.errors import BundleError, DamagedBundleError, NotABundleError, UnsafeBundleError
from litestate.state.load import open_bundle
from sessions import Session, count, dump, make_database

STATE = {"counter": 3, "history": [{"action": "Run #1 – Zürich"}], "big": 2**60, "x": None}
NAME = "pyodide-state-2025-06-14T10-11-12-123Z.json"


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "original.db"
    make_database(path)
    return path.read_bytes()


def downloaded(**content: Any) -> bytes:
    """Return the result of the app's ``JSON.stringify(stateData, null, 2)``."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


@pytest.fixture(params=["array first", "read whole"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "read whole":
        monkeypatch.setattr(fields, "without_array", lambda file: None)


@pytest.mark.usefixtures("reading")
def test_the_download(session: Session, database: bytes, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(downloaded(database=list(database), jsonState=STATE))
    report = session.load(path)
    assert not report.skipped
    assert not [note for note in report.notes if "Not in this bundle" in note]
    assert dump(session.home / "app_state.db") == dump(tmp_path / "original.db")
    written = (session.home / "app_state.json").read_text(encoding="utf-8")
    assert written == json.dumps(STATE, indent=2, ensure_ascii=False)
    assert sorted(each.name for each in session.home.iterdir()) == [
        "app_state.db",
        "app_state.json",
    ]
    assert {line.verdict for line in session.load(path).lines()} == {"unchanged"}


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    "spelled",
    [
        lambda content: json.dumps(content, separators=(",", ":")),
        lambda content: "\ufeff\n" + json.dumps(content, indent="\t") + "\n",
        lambda content: json.dumps(dict(reversed(content.items())), indent=4),
        lambda content: json.dumps({**content, "version": [1, {"app": "demo"}]}, indent=2),
    ],
)
def test_other_layouts(session: Session, database: bytes, spelled: Any) -> None:
    session.load(spelled({"database": list(database), "jsonState": STATE}).encode())
    assert count(session.home / "app_state.db") == 10
    assert json.loads((session.home / "app_state.json").read_text("utf-8")) == STATE


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize("key", ["database", "jsonState"])
@pytest.mark.parametrize("clean", [False, True])
def test_either_may_be_missing(session: Session, database: bytes, key: str, clean: bool) -> None:
    make_database(session.home / "app_state.db", rows=3)
    (session.home / "app_state.json").write_text("mine")
    (session.home / "other").write_text("other")
    value = list(database) if key == "database" else STATE
    report = session.load(downloaded(**{key: value}), clean=clean)
    assert [line.verdict for line in report.lines()] == ["changed"]
    assert count(session.home / "app_state.db") == (10 if key == "database" else 3)
    is_mine = (session.home / "app_state.json").read_text("utf-8") == "mine"
    assert is_mine == (key == "database")
    assert (session.home / "other").exists()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("more", [{"version": 1}, {"jsonState": 1}])
def test_every_shape_that_is_read_elsewhere(
    session: Session, database: bytes, shape: Any, more: dict[str, Any]
) -> None:
    session.load(downloaded(database=shape(database), **more))
    assert count(session.home / "app_state.db") == 10


@pytest.mark.parametrize(
    "value", [{}, [], 0, -1.5, True, False, "", "text", [1, [2, {"a": None}]], 2**80, "😀\u2028"]
)
def test_a_state_of_any_type(session: Session, value: Any) -> None:
    session.load(downloaded(jsonState=value))
    assert json.loads((session.home / "app_state.json").read_text("utf-8")) == value


@pytest.mark.parametrize("value", [None, [], {}, ""])
@pytest.mark.parametrize("more", [{}, {"jsonState": STATE}, {"savedAt": "2025-06-14"}])
def test_an_empty_array_changes_nothing(session: Session, value: Any, more: dict[str, Any]) -> None:
    """The app writes [] for an empty file, which was opened but never written."""
    make_database(session.home / "app_state.db", rows=3)
    report = session.load(downloaded(database=value, **more))
    assert count(session.home / "app_state.db") == 3
    assert any("~/app_state.db" in note for note in report.notes)
    assert (session.home / "app_state.json").exists() == ("jsonState" in more)


def test_an_open_connection_and_dry_run(session: Session, database: bytes) -> None:
    make_database(session.home / "app_state.db", rows=3)
    data = downloaded(database=list(database), jsonState=STATE)
    with closing(sqlite3.connect(session.home / "app_state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        report = session.load(data, dry_run=True)
        assert [line.verdict for line in report.lines()] == ["added", "changed"]
        assert not (session.home / "app_state.json").exists()
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        session.load(data)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)


BAD: dict[str, tuple[Any, str]] = {
    "256": (lambda data: [*data[:7], 256, *data[8:]], "'database': at index 7 is 256"),
    "-1": (lambda data: [-1, *data[1:]], "'database': at index 0 is -1"),
    "true": (lambda data: [*data[:-1], True], "'database': at index 8,191 is true"),
    "null": (lambda data: [*data[:-1], None], "'database': at index 8,191 is null"),
    "no database": (lambda data: [1, 2, 3], "'database': its 3 bytes are not a SQLite database"),
    "half of it": (lambda data: data[:4096], "'database': SQLite cannot read it"),
    "a gap": (lambda data: {"0": 83, "2": 81}, "'database': the index 1 is missing"),
}


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(("bad", "match"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("more", [{}, {"jsonState": STATE}])
def test_a_bad_database(
    session: Session, database: bytes, bad: Any, match: str, more: dict[str, Any]
) -> None:
    data = downloaded(database=bad(list(database)), **more)
    refused(session, data, DamagedBundleError, match)


@pytest.mark.parametrize("value", ["main", "postgres://db", {"host": "db"}, 3, True, [[1]]])
def test_a_database_beside_a_state_must_be_bytes(session: Session, value: Any) -> None:
    refused(session, downloaded(database=value, jsonState=1), DamagedBundleError, "'database'")


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"database": [83], "database": [83]}', "'database'.*twice"),
        ('{"jsonState": 1, "jsonState": 1}', "'jsonState'.*twice"),
        ('{"jsonState": {"a": 1, "a": 2}}', "'jsonState'.*'a' is there twice"),
        ('{"database": [83], "jsonState": {"a": 1}', "ends in the middle, after 40"),
        ('{"database": [83, 81, 7', "'database': the file ends in the middle, after 23"),
        ('{"database": [], "jsonState": tru}', "'jsonState': it is not JSON"),
        ('{"database": [83], "x" 1}', "'x': '1' does not belong at byte 23"),
        ('{"database": [83,,81]}', "'database'"),
        ('{"database": [83,]}', "'database'"),
    ],
)
def test_broken_json(session: Session, text: str, match: str) -> None:
    refused(session, text.encode(), DamagedBundleError, match)


@pytest.mark.usefixtures("reading")
def test_every_truncation_is_refused(session: Session, database: bytes) -> None:
    data = downloaded(database=list(database[:40]), jsonState=STATE)
    for length in range(len(data)):
        with pytest.raises(BundleError):
            session.load(data[:length])
    assert not list(session.home.iterdir())


OTHERS: dict[str, Any] = {
    "a configuration": {"database": {"host": "localhost", "port": 5432}, "debug": True},
    "a name": {"database": "main", "jsonStates": {}},
    "an address": {"database": "postgres://me@db/x"},
    "nothing, of something else": {"database": None, "user": None},
    "an empty list of something else": {"database": [], "user": None},
    "records": {"database": [{"id": 1}, {"id": 2}]},
    "deeper": {"state": {"database": [83, 81], "jsonState": {}}},
    "a notebook": {
        "cells": [{"cell_type": "code", "source": ['{"database": [83], "jsonState": 1}']}],
        "metadata": {"database": [83, 81]},
        "nbformat": 4,
    },
    "a notebook with an output": {
        "cells": [{"outputs": [{"data": {"application/json": {"jsonState": 1}}}]}],
        "nbformat": 4,
    },
    "another case": {"Database": [83], "jsonstate": {}},
    "nothing at all": {},
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS.keys())
def test_other_json_is_no_bundle(session: Session, content: Any) -> None:
    refused(session, downloaded(**content), NotABundleError, "looks like JSON")


@pytest.mark.parametrize(
    ("content", "state"),
    [
        ({"app_state.json": 1, "database": "main", "jsonState": 2}, "1"),
        ({"jsonState": 2, "app_state.json": 1}, "1"),
        ({"app_state.db": None, "app_state.json": 1, "database": {"host": "x"}}, "1"),
    ],
)
def test_the_older_name_is_still_read(
    session: Session, content: dict[str, Any], state: str
) -> None:
    report = session.load(downloaded(**content))
    assert (session.home / "app_state.json").read_text("utf-8") == state
    assert not (session.home / "app_state.db").exists()
    ignored = [key for key in content if not key.startswith("app_state")]
    assert all(any(key in note for note in report.notes) for key in ignored)


def test_a_file_without_data(session: Session) -> None:
    refused(session, downloaded(), NotABundleError, "JSON of an app that had nothing to save")


@pytest.mark.usefixtures("reading")
def test_an_array_beside_the_older_name_is_ignored(session: Session, database: bytes) -> None:
    content = {"database": [83, 81], "app_state.db": list(database)}
    session.load(json.dumps(content).encode())
    assert count(session.home / "app_state.db") == 10


def test_fields_that_are_ignored_are_named(session: Session) -> None:
    report = session.load(downloaded(version=1, jsonState=1, theme="dark"))
    (note,) = [note for note in report.notes if "Not in this bundle" in note]
    assert "version" in note
    assert "theme" in note


@pytest.mark.parametrize("name", [NAME, NAME.replace(".json", " (1).json")])
def test_the_time_in_the_file_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(downloaded(jsonState=1))
    os.utime(path, (1, 1))
    with open_bundle(path) as (reader, _):
        assert reader.manifest.created == "2025-06-14T10:11:12+00:00"
        assert [member.mtime_ns for member in reader.manifest.members] == [1749895872123000000]
    path.write_bytes(downloaded(jsonState=1, savedAt="2025-03-01T10:00:00Z"))
    with open_bundle(path) as (reader, _):
        assert reader.manifest.created == "2025-03-01T10:00:00+00:00"


def test_an_invalid_time_in_the_name(tmp_path: Path) -> None:
    path = tmp_path / "pyodide-state-2025-99-14T10-11-12-123Z.json"
    path.write_bytes(downloaded(jsonState=1))
    os.utime(path, (1740823200, 1740823200))
    with open_bundle(path) as (reader, _):
        assert reader.manifest.created == "2025-03-01T10:00:00+00:00"


def test_the_commands_accept_it(
    session: Session, database: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / NAME
    path.write_bytes(downloaded(database=list(database), jsonState=STATE))
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "runs: 10 rows" in shown
    assert "app_state.json" in shown
    assert main(["verify", str(path)]) == 0
    assert main(["extract", str(path), "--to", str(tmp_path / "out")]) == 0
    assert count(tmp_path / "out" / "litestate-home" / "app_state.db") == 10
    litestate.export_tables(path, tmp_path / "runs.csv")
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 11
    capsys.readouterr()
    path.write_bytes(downloaded(database=[1], jsonState=STATE))
    assert main(["verify", str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"BAD  {path}: The file is damaged at 'database'")
    path.write_bytes(downloaded(cells=[], nbformat=4))
    assert main(["verify", str(path)]) == 1
    assert "looks like JSON" in capsys.readouterr().out


def test_a_large_database_is_never_text_in_memory(
    session: Session, database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app's indented text is eight times as large as its database."""
    monkeypatch.setattr(fields, "LIMIT", 1000)
    file = Counted(downloaded(database=list(database + bytes(300_000)), jsonState=STATE))
    with open_bundle(file) as (reader, _):
        reader.verify()
    assert len(file.getvalue()) > 1_800_000
    assert file.largest <= 1 << 20


def test_chunks_may_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = bytes(range(256))
    data = downloaded(database=list(everything), jsonState="x")
    for size in range(30, 90):
        monkeypatch.setattr(json_scanner, "CHUNK", size)
        assert json_scanner.without_array(io.BytesIO(data)) == (
            b'{\n  "database": [0],\n  "jsonState": "x"\n}',
            everything,
        )


@pytest.mark.parametrize("array", ["[true]", "[083]", "[1 2]", "[1,,2]", "[1,]", "[256]", "[1.0]"])
def test_the_fast_reading_refuses_what_is_not_a_byte(array: str) -> None:
    assert json_scanner.without_array(io.BytesIO(f'{{"database": {array}}}'.encode())) is None


def test_the_limits(session: Session, database: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = downloaded(database=list(database), jsonState=STATE)
    monkeypatch.setattr(json_scanner, "ARRAY_LIMIT", len(data) - 1)
    session.load(data)
    monkeypatch.setattr(fields, "LIMIT", len(data) - 1)
    refused(session, data, UnsafeBundleError, "the limit is")
    monkeypatch.setattr(convert, "STATE_LIMIT", 8)
    refused(session, downloaded(jsonState=[1, 2, 3]), DamagedBundleError, "the limit is 8")
    monkeypatch.setattr(convert, "STATE_LIMIT", 1000)
    deep = '{"jsonState": ' + "[" * 65 + "]" * 65 + "}"
    refused(session, deep.encode(), DamagedBundleError, "more than 64 levels")
