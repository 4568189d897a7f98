"""The JSON file of the demo app that came before: read as a bundle, in every shape, safely."""

from __future__ import annotations

import base64
import io
import json
import random
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import litestate
import pytest
from litestate.cli import main
from litestate.demo_json import convert, fields, scan, shapes
from litestate.errors import (
    BundleError,
    DamagedBundleError,
    LitestateError,
    NotABundleError,
    UnsafeBundleError,
)
from litestate.loading import open_bundle
from states import Session, count, dump, make_database

STATE = {"counter": 3, "name": "Zürich"}
NAN = "NaN"


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "original.db"
    make_database(path)
    return path.read_bytes()


def document(database: Any, **more: Any) -> bytes:
    return json.dumps({"app_state.db": database, "app_state.json": STATE, **more}).encode()


def text(database: bytes) -> str:
    return base64.b64encode(database).decode()


def indexes(database: bytes) -> dict[str, int]:
    return {str(index): byte for index, byte in enumerate(database)}


def shuffled(database: bytes) -> dict[str, int]:
    pairs = list(indexes(database).items())
    random.Random(0).shuffle(pairs)
    return dict(pairs)


SHAPES: dict[str, Callable[[bytes], Any]] = {
    "array": list,
    "base64": text,
    "base64 without padding": lambda data: text(data + b"\0" * 512).rstrip("="),
    "URL-safe base64": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64 in lines": lambda data: base64.encodebytes(data).decode().replace("\n", "\r\n"),
    "data URL": lambda data: "data:application/x-sqlite3;base64," + text(data),
    "data URL with a charset": lambda data: "data:;charset=x;BASE64," + text(data).rstrip("="),
    "indexes": indexes,
    "indexes in any order": shuffled,
    "Node's Buffer": lambda data: {"type": "Buffer", "data": list(data)},
    "data": lambda data: {"data": text(data)},
    "bytes": lambda data: {"name": "app_state.db", "bytes": list(data), "size": [len(data), {}]},
    "content": lambda data: {"encoding": "base64", "content": text(data)},
    "indexes in an object": lambda data: {"data": indexes(data)},
    "Buffer in an object": lambda data: {"content": {"type": "Buffer", "data": list(data)}},
    "latin-1": lambda data: data.decode("latin-1"),
    "latin-1 in an object": lambda data: {"data": data.decode("latin-1")},
}


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


def test_base64_is_told_from_its_alphabets() -> None:
    """The database of the table above need not hold what the two alphabets differ in."""
    everything = bytes(range(256)) * 3 + b"x"
    assert shapes.bytes_of(json.dumps(text(everything)).encode(), slice(0, 5000)) == everything
    safe = base64.urlsafe_b64encode(everything).decode()
    assert "-" in safe
    assert "_" in safe
    assert shapes.bytes_of(json.dumps(safe).encode(), slice(0, 5000)) == everything


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("shape", [list, indexes, shuffled])
def test_it_does_not_matter_where_pieces_end(
    piece: int, shape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "_PIECE", piece)
    everything = bytes(range(256))
    raw = json.dumps(shape(everything), indent=1).encode()
    assert shapes.bytes_of(raw, slice(0, len(raw))) == everything


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    "raw", ["[1,2,]", "[,1]", "[1,,2]", "[,]", '{"0":1,}', '{,"0":1}', '{"0":1,,"1":1}', "{,}"]
)
def test_a_comma_too_many(piece: int, raw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_PIECE", piece)
    with pytest.raises(ValueError) as caught:
        shapes.bytes_of(raw.encode(), slice(0, len(raw)))
    assert isinstance(caught.value, shapes.ShapeError | scan.BrokenJson)


def test_line_breaks_need_not_be_escaped(session: Session, database: bytes) -> None:
    lines = base64.encodebytes(database)
    session.load(b'{"app_state.db": "%b"}' % lines)
    assert count(session.home / "app_state.db") == 10


@pytest.mark.parametrize("head", [b"", b"\n \t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_what_may_stand_before_and_after(session: Session, database: bytes, head: bytes) -> None:
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
def test_no_database_is_said_and_harmless(session: Session, value: Any, clean: bool) -> None:
    make_database(session.home / "app_state.db")
    before = (session.home / "app_state.db").read_bytes()
    report = session.load(document(value), clean=clean)
    assert (session.home / "app_state.db").read_bytes() == before
    assert any("~/app_state.db" in note for note in report.notes)
    with open_bundle(document(value)) as (reader, _):
        (skipped,) = reader.manifest.skipped
    assert skipped.place == "home/app_state.db"
    assert "holds nothing" in skipped.reason


@pytest.mark.parametrize("given", ["app_state.db", "app_state.json"])
@pytest.mark.parametrize("clean", [False, True])
def test_one_of_them_is_enough(session: Session, database: bytes, given: str, clean: bool) -> None:
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


def test_an_open_connection_sees_it(session: Session, database: bytes) -> None:
    make_database(session.home / "app_state.db", rows=3)
    with closing(sqlite3.connect(session.home / "app_state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)
        session.load(document(text(database)))
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        connection.execute("INSERT INTO runs (note) VALUES ('new')")
        connection.commit()
    assert count(session.home / "app_state.db") == 11


def test_twice_changes_nothing_more(session: Session, database: bytes) -> None:
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


BAD: dict[str, tuple[Callable[[list[int]], Any], str]] = {
    "256": (lambda data: [*data[:7], 256, *data[8:]], "index 7 is 256"),
    "-1": (lambda data: [*data[:7], -1, *data[8:]], "index 7 is -1"),
    "1.5": (lambda data: [*data[:7], 1.5, *data[8:]], "index 7 is 1.5"),
    "83.0": (lambda data: [83.0, *data[1:]], "index 0 is 83.0"),
    "true": (lambda data: [*data[:7], True, *data[8:]], "index 7 is true"),
    "null": (lambda data: [*data[:-1], None], "index 8,191 is null"),
    "text in the array": (lambda data: ["83", *data[1:]], 'index 0 is "83"'),
    "array in the array": (lambda data: [data], r"index 0 is \[83"),
    "huge": (lambda data: [*data, 10**30], "index 8,192 is 10{30}"),
    "more digits than Python reads": (lambda data: [1, _Raw("9" * 5000)], "index 1 is 99"),
    "leading zero": (lambda data: [_Raw("083"), *data[1:]], "index 0 is 083"),
    "two commas": (lambda data: [1, _Raw(""), 2], "index 1 is ''"),
    "a comma at the end": (lambda data: [*data, _Raw("")], "missing before byte|is ''"),
    "a gap": (lambda data: {"0": 83, "1": 81, "3": 76}, "index 2 is missing"),
    "a gap at the start": (lambda data: {"1": 81}, "index 0 is missing"),
    "an index twice": (lambda data: _Raw('{"0": 83, "1": 81, "1": 81}'), "index 1 twice"),
    "256 by index": (lambda data: {"0": 83, "1": 256}, "index 1 is 256"),
    "text by index": (lambda data: {"0": 83, "1": "81"}, 'index 1 is "81"'),
    "true by index": (lambda data: {"0": 83, "1": True}, "index 1 is true"),
    "-1 by index": (lambda data: {"0": 83, "1": -1}, "index 1 is -1"),
    "an index of two numbers": (lambda data: {"0": 83, "1,2": 1}, "key 1,2, no index"),
    "an index with a zero": (lambda data: {"0": 83, "01": 1}, "key 01, no index"),
    "a length among indexes": (lambda data: {"0": 83, "length": 1}, "key length, no index"),
    "a huge index": (lambda data: {"0": 83, "9" * 5000: 1}, "key 99.*no index"),
    "bad base64": (lambda data: "U1FM*XRl", r"'\*' does not belong at character 4"),
    "base64 cut off": (lambda data: text(bytes(data))[:-3], "cut off after 10,921"),
    "base64 of something else": (lambda data: "aGVsbG8=", "no SQLite database.*hello"),
    "= in the middle": (lambda data: "U1FM=U1FM", "'=' does not belong"),
    "not ASCII": (lambda data: "U1FMü", r"'\\xfc' does not belong"),
    "a lone surrogate": (lambda data: "U1FM\ud800", r"'\\ud800' does not belong"),
    "a data URL without base64": (lambda data: "data:text/plain,SQLite", "without base64"),
    "a data URL without content": (lambda data: "data:;base64", "without base64"),
    "latin-1 beyond": (lambda data: "SQLite format 3\0\ufffd", r"\\ufffd' at character 16"),
    "a number": (lambda data: 83, "it is 83, which holds no bytes"),
    "false": (lambda data: False, "it is false"),
    "another object": (lambda data: {"sql": "CREATE TABLE"}, "neither one of index"),
    "two wrappers": (lambda data: {"data": data, "bytes": data}, "single field"),
    "one wrapper twice": (lambda data: _Raw('{"data": [], "data": []}'), "two fields 'data'"),
    "three wrappers": (lambda data: {"data": {"data": {"data": data}}}, "neither one"),
    "no database": (lambda data: [1, 2, 3], "3 bytes are no SQLite database"),
    "only a header": (lambda data: data[:100], "SQLite cannot read it"),
    "half a database": (lambda data: data[: len(data) // 2], "SQLite cannot read it"),
    "a format that SQLite does not know": (
        lambda data: [*data[:44], 0, 0, 0, 99, *data[48:]],
        "SQLite cannot read it",
    ),
    "noise after the header": (lambda data: data[:16] + [77] * 8176, "SQLite cannot read it"),
}


class _Raw:
    """Something that is to stand in JSON as it is."""

    def __init__(self, value: str) -> None:
        self.value = value


def spelled(value: Any) -> str:
    """Return JSON, in which `_Raw` is no text."""
    if isinstance(value, _Raw):
        return value.value
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return json.dumps(value)


def refused(session: Session, data: bytes, error: type[BundleError], match: str = "") -> str:
    """Load, and make sure that it is refused with nothing changed."""
    session.clear()
    (session.home / "app_state.json").write_text("mine")
    make_database(session.home / "app_state.db")
    before = session.snapshot()
    with pytest.raises(error, match=match or None) as caught:
        session.load(data)
    assert session.snapshot() == before
    return str(caught.value)


@pytest.mark.parametrize(("bad", "match"), BAD.values(), ids=BAD.keys())
def test_every_bad_database(session: Session, database: bytes, bad: Any, match: str) -> None:
    assert len(database) == 8192
    data = f'{{"app_state.json": {{}}, "app_state.db": {spelled(bad(list(database)))}}}'
    message = refused(session, data.encode(), DamagedBundleError, match)
    assert "'app_state.db'" in message
    assert "Nothing was changed" in message
    assert "another copy" in message
    assert len(message) < 400


BAD_STATES = {
    "not JSON": ("{1: 2}", "is not JSON"),
    "tru": ("tru", "is not JSON"),
    "two keys": ('{"a": {"b": 1, "b": 1}}', "'b' is there twice"),
    "65 levels": ("[" * 65 + "]" * 65, "more than 64 levels"),
    "too deep for any stack": ("[" * 100_000 + "]" * 100_000, "more than 64 levels"),
    "too deep in objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "more than 64 levels"),
    "mixed brackets": ("[}", "is not JSON"),
    "more digits than Python reads": ("9" * 5000, "is not JSON"),
}


@pytest.mark.parametrize(("bad", "match"), BAD_STATES.values(), ids=BAD_STATES.keys())
def test_every_bad_state(session: Session, database: bytes, bad: str, match: str) -> None:
    data = f'{{"app_state.db": {list(database)}, "app_state.json": {bad}}}'
    message = refused(session, data.encode(), DamagedBundleError, match)
    assert "'app_state.json'" in message
    assert "Nothing was changed" in message


BROKEN = {
    "no end": b'{"app_state.json": {}',
    "a comma at the end": b'{"app_state.json": {},}',
    "no comma": b'{"app_state.json": {} "b": 1}',
    "no colon": b'{"app_state.json" {}}',
    "no value": b'{"app_state.json": }',
    "a key without quotes": b'{"app_state.json": {}, b: 1}',
    "more after the end": b'{"app_state.json": {}} {}',
    "text without an end in an array": b'{"app_state.json": {}, "x": ["abc]}',
    "text without an end": b'{"app_state.json": {}, "x": "abc}',
    "a database twice": b'{"app_state.db": [], "app_state.db": []}',
    "a state twice": b'{"app_state.json": 1, "app\\u005fstate.json": 1}',
    "no UTF-8": b'{"app_state.json": "\xff"}',
    "no UTF-8 in a key": b'{"app_state.json": 1, "\xff": 2}',
    "no UTF-8 in an object": b'{"app_state.json": {"a": "\xff"}}',
    "a bracket of another kind": b'{"app_state.json": 1]',
    "ended by a backslash": b'{"app_state.json": "\\',
    "after a long key": b'{"app_state.json": 1, "%b": [' % (b"x" * 100_000),
    "after a key of no Unicode": b'{"app_state.json": 1, "\\ud800\\u0007": [',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_json(session: Session, data: bytes) -> None:
    message = refused(session, data, DamagedBundleError, "damaged at")
    assert "Nothing was changed" in message
    assert len(message) < 400
    assert message.isprintable()


OTHERS = {
    "an empty object": b"{}",
    "an array": b'["app_state.db"]',
    "a value": b'{"name": "app_state.db"}',
    "deeper": b'{"a": {"app_state.db": []}}',
    "a notebook": json.dumps(
        {"cells": [{"source": ['open("app_state.db")', '{"app_state.json": 1}']}]}
    ).encode(),
    "broken before it": b'{"a": nothing at all, "app_state.db": []}',
    "another case": b'{"App_State.db": []}',
    "deep": b'{"a": ' + b"[" * 1_000_000 + b'"app_state.db"',
    "UTF-16": '{"app_state.db": []}'.encode("utf-16"),
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_other_json_is_no_bundle(session: Session, data: bytes) -> None:
    match = "first bytes" if data[:1] == b"\xff" else "looks like JSON"
    assert "Nothing was changed" in refused(session, data, NotABundleError, match)


def test_every_truncation_is_refused(session: Session, database: bytes) -> None:
    data = document(list(database), more=["x", {"y": None}], timestamp=1)
    chance = random.Random(0)
    lengths = {*range(60), *(len(data) - n for n in range(1, 200))}
    for length in sorted(lengths | set(chance.sample(range(len(data)), 200))):
        with pytest.raises(BundleError):
            session.load(data[:length])
    assert not list(session.home.iterdir())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_truncations_of_every_shape(session: Session, database: bytes, shape: Any) -> None:
    data = document(shape(database))
    for length in random.Random(0).sample(range(1, len(data)), 20):
        with pytest.raises(BundleError):
            session.load(data[:length])
    assert not list(session.home.iterdir())


STATES: dict[str, tuple[str, str]] = {
    "object": ('{"a":[1,2.50,null]}', '{\n  "a": [\n    1,\n    2.5,\n    null\n  ]\n}'),
    "number": ("3", "3"),
    "text": ('"hello"', '"hello"'),
    "empty text": ('""', '""'),
    "text of a number": ('"3"', '"3"'),
    "text of JSON": ('"{\\"b\\":1,  \\"a\\":[]}"', '{"b":1,  "a":[]}'),
    "text like JSON": ('"{hello}"', '"{hello}"'),
    "text of JSON, too deep": (f'"{"[" * 65}{"]" * 65}"', f'"{"[" * 65}{"]" * 65}"'),
    "64 levels": ("[" * 64 + "]" * 64, ""),
    "brackets in text": (f'["{"[" * 1000}"]', f'[\n  "{"[" * 1000}"\n]'),
    "NaN": ("[NaN,Infinity,-Infinity]", "[\n  NaN,\n  Infinity,\n  -Infinity\n]"),
    "a surrogate": ('["\\ud800"]', '[\n  "\\ud800"\n]'),
    "a surrogate in a key": ('{"\\udfff":1}', '{\n  "\\udfff": 1\n}'),
    "a pair": ('"\\ud83d\\ude00"', '"😀"'),
    "other alphabets": ('"Ω ü"', '"Ω ü"'),
}


@pytest.mark.parametrize(("given", "expected"), STATES.values(), ids=STATES.keys())
def test_what_a_state_becomes(session: Session, given: str, expected: str) -> None:
    session.load(f'{{"app_state.json": {given}}}'.encode())
    written = (session.home / "app_state.json").read_text(encoding="utf-8")
    if expected:
        assert written == expected
    assert NAN in given or written.count("{") == given.count("{")
    json.loads(written)


def test_null_leaves_the_state_alone(session: Session) -> None:
    (session.home / "app_state.json").write_text("mine")
    session.load(b'{"app_state.json": null}', clean=True)
    assert (session.home / "app_state.json").read_text() == "mine"


def test_other_fields_are_ignored_and_named(session: Session, database: bytes) -> None:
    more = {"version": 3, "history": [{"app_state.db": [1]}], "\ud800": 1, "x" * 5000: 1}
    data = document(list(database), **more)
    report = session.load(data)
    assert "version, history" in report.notes[0]
    with open_bundle(data) as (reader, _):
        skipped = reader.manifest.skipped
    assert [item.path for item in skipped] == ["version", "history", "\\ud800", "x" * 80 + "…"]
    assert {item.reason for item in skipped} == {
        "this version of the file holds more than litestate knows"
    }


def test_many_other_fields_are_counted() -> None:
    data = json.dumps({"app_state.json": 1, **{f"field {n}": n for n in range(1000)}}).encode()
    with open_bundle(data) as (reader, _):
        paths = [item.path for item in reader.manifest.skipped]
    assert len(paths) == 1 + fields.NAMED + 1
    assert paths[-1] == f"and {1000 - fields.NAMED} more fields"


def created(**more: Any) -> tuple[str, int, list[str]]:
    with open_bundle(document(None, **more)) as (reader, _):
        (member,) = reader.manifest.members
        names = [item.path for item in reader.manifest.skipped if not item.place]
        return reader.manifest.created, member.mtime_ns // 1_000_000, names


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timestamp", 1740823200123),
        ("timestamp", 1740823200.123),
        ("savedAt", "2025-03-01T10:00:00.123Z"),
        ("exported_at", "2025-03-01T11:00:00.123+01:00"),
        ("created-at", "2025-03-01 10:00:00.123"),
    ],
)
def test_when_it_was_made(key: str, value: Any) -> None:
    assert created(**{key: value}) == ("2025-03-01T10:00:00+00:00", 1740823200123, [])


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        "yesterday",
        "",
        [1],
        {},
        10**400,
        1e300,
        -1,
        "9999-12-31",
        "0001-01-01",
        "\ud800",
    ],
)
def test_a_time_that_is_none(value: Any) -> None:
    when, _, names = created(timestamp=value)
    assert when.startswith("20")
    assert names == ["timestamp"]


def test_without_a_time_it_is_that_of_the_file(tmp_path: Path) -> None:
    import os

    path = tmp_path / "state.json"
    path.write_bytes(document(None))
    os.utime(path, (1740823200, 1740823200))
    with open_bundle(path) as (reader, _):
        assert reader.manifest.created == "2025-03-01T10:00:00+00:00"


def test_it_says_what_it_was_converted_from(session: Session, database: bytes) -> None:
    with open_bundle(document(list(database))) as (reader, _):
        reader.verify()
        manifest = reader.manifest
    assert "Pyodide state persistence demo" in manifest.generator["converted from"]
    assert manifest.scope.paths == ("home/app_state.db", "home/app_state.json")
    (stored,) = [member for member in manifest.members if member.kind == "database"]
    assert stored.details == {"journal_mode": "delete", "tables": {"runs": 10}}


def test_the_commands_take_it(
    session: Session, database: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(document(list(database), version=1))
    assert main(["inspect", str(path)]) == 0
    assert "runs: 10 rows" in capsys.readouterr().out
    assert main(["verify", str(path)]) == 0
    assert main(["extract", str(path), "--to", str(tmp_path / "out")]) == 0
    assert count(tmp_path / "out" / "litestate-home" / "app_state.db") == 10
    litestate.export_tables(path, tmp_path / "runs.csv")
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 11
    path.write_bytes(document([1]))
    capsys.readouterr()
    assert main(["verify", str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"BAD  {path}: The file is damaged at")


def test_a_file_that_is_too_large(
    session: Session, database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = document(list(database))
    monkeypatch.setattr(fields, "LIMIT", len(data))
    session.load(data)
    monkeypatch.setattr(fields, "LIMIT", len(data) - 1)
    refused(session, data, UnsafeBundleError, "the limit is")


def test_a_state_that_is_too_large(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'{"app_state.json": [1, 2, 3]}'
    monkeypatch.setattr(convert, "STATE_LIMIT", 9)
    session.load(data)
    monkeypatch.setattr(convert, "STATE_LIMIT", 8)
    refused(session, data, DamagedBundleError, "the limit is 8")


class _Counted(io.BytesIO):
    """Counts the bytes that are asked of it at once."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data


@pytest.mark.parametrize("head", [b"{" + b" " * 5_000_000 + b"}", b"x" * 5_000_000])
def test_what_is_something_else_is_not_read_whole(head: bytes) -> None:
    file = _Counted(head)
    with pytest.raises(NotABundleError), open_bundle(file):
        pass
    assert 0 < file.largest <= 1 << 20


@pytest.mark.parametrize("name", ["app_state.db", "app_state.json"])
@pytest.mark.parametrize("before", range(1, 17))
def test_the_name_may_stand_across_two_pieces(name: str, before: int) -> None:
    """So many of its bytes end the first mebibyte."""
    head = '{"x": "'.ljust((1 << 20) - before - 2) + '",'
    data = f'{head}"{name}": null}}'.encode()
    assert data.index(b'"app_state') == (1 << 20) - before
    with open_bundle(data) as (reader, _):
        assert not reader.manifest.members


def test_a_database_with_changed_bytes(session: Session, database: bytes) -> None:
    """There is no checksum: refused, or loaded as it is, and nothing in between."""
    chance = random.Random(0)
    refusals = 0
    for _ in range(150):
        damaged = list(database)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(100)] = chance.randrange(256)
        session.clear()
        try:
            session.load(document(damaged))
        except DamagedBundleError:
            refusals += 1
            assert not list(session.home.iterdir())
        else:
            assert count(session.home / "app_state.db") == 10
    assert 20 < refusals < 150


def test_nothing_is_left_in_the_temporary_folder(
    session: Session, database: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    session.load(document(list(database)))
    with pytest.raises(DamagedBundleError):
        session.load(document(list(database[:100])))
    assert not list(folder.iterdir())


# Hypothesis is not in the site's kernel.
if sys.platform != "emscripten":
    from hypothesis import given, settings
    from hypothesis import strategies as st

    _VALUES = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-2, 300)
        | st.floats()
        | st.text(st.characters(codec=None), max_size=8)
        | st.sampled_from(["data:;base64,", "SQLite format 3\0", "U1FM", "{", "[1]"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["0", "1", "2", "data", "bytes", "type"]) | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
    _FIELDS = st.dictionaries(
        st.sampled_from(["app_state.db", "app_state.json", "timestamp", "date", "x"]),
        _VALUES,
        max_size=5,
    )

    def _open(data: bytes) -> bool:
        try:
            with open_bundle(data) as (reader, _):
                reader.verify()
        except LitestateError as error:
            assert "Nothing was changed" in str(error) or "before anything was changed" in str(
                error
            )
            return False
        return True

    @settings(max_examples=400, deadline=None)
    @given(_FIELDS, st.booleans())
    def test_any_json(content: dict[str, Any], ascii_only: bool) -> None:
        raw = json.dumps(content, ensure_ascii=ascii_only)
        _open(raw.encode("utf-8", "surrogatepass"))

    @settings(max_examples=400, deadline=None)
    @given(_FIELDS, st.data())
    def test_any_damage(content: dict[str, Any], data: st.DataObject) -> None:
        raw = bytearray(json.dumps({"app_state.json": 1, **content}).encode())
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(raw)))
            new = data.draw(
                st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"{", b"]", b","])
            )
            raw[place : place + data.draw(st.integers(0, 3))] = new
        _open(bytes(raw))

    @settings(max_examples=200, deadline=None)
    @given(st.recursive(st.integers() | st.text(max_size=5) | st.booleans(), st.lists))
    def test_a_state_says_what_it_said(value: Any) -> None:
        data = json.dumps({"app_state.json": value}).encode()
        with open_bundle(data) as (reader, _):
            (member,) = reader.manifest.members
            written = json.loads(reader.content(member))
        assert written == value or isinstance(value, str)


def _docs() -> Iterator[Path]:
    folders = (parent / "docs" for parent in Path(__file__).resolve().parents)
    return (folder for folder in folders if (folder / "older-formats.md").is_file())


PAGE = next((folder / "older-formats.md" for folder in _docs()), None)


@pytest.mark.skipif(PAGE is None, reason="docs/ is not here, as in the site's kernel")
class TestThePage:
    def test_its_examples_load(self, session: Session, database: bytes) -> None:
        assert PAGE
        examples = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
        assert len(examples) == 7
        for example in examples:
            session.clear()
            filled = (
                example.replace("ARRAY", json.dumps(list(database)))
                .replace("INDEXES", json.dumps(indexes(database)))
                .replace("BASE64", text(database))
                .replace("LATIN1", json.dumps(database.decode("latin-1")))
            )
            report = session.load(filled.encode())
            assert count(session.home / "app_state.db") == 10
            assert ("app_state.json" in example) == (session.home / "app_state.json").is_file()
            assert not report.skipped

    def test_it_names_the_limits_of_the_code(self) -> None:
        assert PAGE
        page = PAGE.read_text("utf-8")
        for needed in (
            f"| the JSON file | {fields.LIMIT >> 20} MiB |",
            f"| `app_state.json` | {convert.STATE_LIMIT >> 20} MiB |",
            f"| {convert.STATE_DEPTH} levels |",
            f"| objects around the database's bytes | {shapes._WRAPPED} |",
        ):
            assert needed in page, needed

    def test_the_way_out_for_large_files(
        self, database: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert PAGE
        code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)[-1]
        monkeypatch.chdir(tmp_path)
        Path("state.json").write_bytes(document(list(database)))
        exec(code, {})
        assert Path("app_state.db").read_bytes() == database
