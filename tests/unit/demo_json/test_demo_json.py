"""The JSON file of the older demo app, read as a bundle, in every shape."""

from __future__ import annotations

import base64
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from demo_json_files import SHAPES, STATE, document, indexes, shuffled, text
from litestate.demo_json import byte_shapes, json_scanner
from litestate.state.load import open_bundle
from sessions import Session, count, dump, make_database


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "original.db"
    make_database(path)
    return path.read_bytes()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("layout", ["compact", "indented", "not ASCII"])
def test_every_shape(
    session: Session, database: bytes, tmp_path: Path, shape: Any, layout: str
) -> None:
    holder = {"app_state.db": shape(database), "app_state.json": STATE}
    options: dict[str, dict[str, Any]] = {
        "compact": {"separators": (",", ":")},
        "indented": {"indent": 2},
        "not ASCII": {"ensure_ascii": False},
    }
    report = session.load(json.dumps(holder, **options[layout]).encode())
    assert not report.skipped
    assert [line.detail for line in report.lines() if line.kind == "database"] == ["runs: 10 rows"]
    assert dump(session.home / "app_state.db") == dump(tmp_path / "original.db")
    written = (session.home / "app_state.json").read_text(encoding="utf-8")
    assert written == json.dumps(STATE, indent=2, ensure_ascii=False)
    assert sorted(path.name for path in session.home.iterdir()) == [
        "app_state.db",
        "app_state.json",
    ]


def test_both_alphabets_of_base64() -> None:
    """The database of the table above may lack characters in which the alphabets differ."""
    everything = bytes(range(256)) * 3 + b"x"
    assert byte_shapes.bytes_of(json.dumps(text(everything)).encode(), slice(0, 5000)) == everything
    safe = base64.urlsafe_b64encode(everything).decode()
    assert "-" in safe
    assert "_" in safe
    assert byte_shapes.bytes_of(json.dumps(safe).encode(), slice(0, 5000)) == everything


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("shape", [list, indexes, shuffled])
def test_pieces_may_end_anywhere(piece: int, shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_shapes, "_PIECE", piece)
    everything = bytes(range(256))
    raw = json.dumps(shape(everything), indent=1).encode()
    assert byte_shapes.bytes_of(raw, slice(0, len(raw))) == everything


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    "raw", ["[1,2,]", "[,1]", "[1,,2]", "[,]", '{"0":1,}', '{,"0":1}', '{"0":1,,"1":1}', "{,}"]
)
def test_an_extra_comma(piece: int, raw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_shapes, "_PIECE", piece)
    with pytest.raises(ValueError) as caught:
        byte_shapes.bytes_of(raw.encode(), slice(0, len(raw)))
    assert isinstance(caught.value, byte_shapes.ShapeError | json_scanner.BrokenJson)


def test_line_breaks_need_not_be_escaped(session: Session, database: bytes) -> None:
    lines = base64.encodebytes(database)
    session.load(b'{"app_state.db": "%b"}' % lines)
    assert count(session.home / "app_state.db") == 10


@pytest.mark.parametrize("head", [b"", b"\n \t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_white_space_around_the_object(session: Session, database: bytes, head: bytes) -> None:
    session.load(head + document(list(database)) + b"\r\n ")
    assert count(session.home / "app_state.db") == 10


ABSENT: dict[str, Any] = {
    "null": None,
    "empty array": [],
    "empty object": {},
    "empty text": "",
    "empty Buffer": {"type": "Buffer", "data": []},
    "null in an object": {"data": None},
}


@pytest.mark.parametrize("value", ABSENT.values(), ids=ABSENT.keys())
@pytest.mark.parametrize("clean", [False, True])
def test_an_absent_database_is_reported_and_changes_nothing(
    session: Session, value: Any, clean: bool
) -> None:
    make_database(session.home / "app_state.db")
    before = (session.home / "app_state.db").read_bytes()
    report = session.load(document(value), clean=clean)
    assert (session.home / "app_state.db").read_bytes() == before
    assert any("~/app_state.db" in note for note in report.notes)
    with open_bundle(document(value)) as (reader, _):
        (skipped,) = reader.manifest.skipped
    assert skipped.place == "home/app_state.db"
    assert "no content" in skipped.reason


@pytest.mark.parametrize("given", ["app_state.db", "app_state.json"])
@pytest.mark.parametrize("clean", [False, True])
def test_either_field_is_enough(session: Session, database: bytes, given: str, clean: bool) -> None:
    make_database(session.home / "app_state.db", rows=3)
    (session.home / "app_state.json").write_text("mine")
    (session.home / "other").write_text("other")
    value = list(database) if given == "app_state.db" else STATE
    report = session.load(json.dumps({given: value}).encode(), clean=clean)
    assert [line.verdict for line in report.lines()] == ["changed"]
    assert (session.home / "other").read_text() == "other"
    has_new_database = given == "app_state.db"
    assert count(session.home / "app_state.db") == (10 if has_new_database else 3)
    assert ((session.home / "app_state.json").read_text() == "mine") == has_new_database


def test_clean_removes_nothing(session: Session, database: bytes) -> None:
    make_database(session.home / "other.db")
    (session.notebook / "file").write_text("x")
    before = set(session.snapshot())
    session.load(document(list(database)), clean=True)
    new = {"home/app_state.db", "home/app_state.json"}
    assert set(session.snapshot()) == before | new


def test_an_open_connection_sees_the_loaded_database(session: Session, database: bytes) -> None:
    make_database(session.home / "app_state.db", rows=3)
    with closing(sqlite3.connect(session.home / "app_state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        session.load(document(text(database)))
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        connection.execute("INSERT INTO runs (note) VALUES ('new')")
        connection.commit()
    assert count(session.home / "app_state.db") == 11


def test_a_second_load_changes_nothing(session: Session, database: bytes) -> None:
    data = document(list(database), savedAt="2025-03-01T10:00:00Z")
    session.load(data)
    before = session.snapshot()
    assert {line.verdict for line in session.load(data).lines()} == {"unchanged"}
    assert session.snapshot() == before


def test_dry_run_changes_nothing(session: Session, database: bytes) -> None:
    report = session.load(document(list(database)), dry_run=True)
    assert [line.verdict for line in report.lines()] == ["added", "added"]
    assert not list(session.home.iterdir())


def test_a_database_in_wal_mode(session: Session, tmp_path: Path) -> None:
    make_database(tmp_path / "wal.db", pragma="journal_mode = wal")
    session.load(document(list((tmp_path / "wal.db").read_bytes())))
    with closing(sqlite3.connect(session.home / "app_state.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert count(session.home / "app_state.db") == 10


def test_loading_a_bundle_imports_no_converter(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session.home / "notes.txt").write_text("notes")
    bundle, _ = session.save()
    monkeypatch.delitem(sys.modules, "litestate.demo_json.convert", raising=False)
    session.load(bundle)
    assert "litestate.demo_json.convert" not in sys.modules
