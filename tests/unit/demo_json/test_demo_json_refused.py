"""Other JSON files and bad ones of the demo app: refused without a change."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from demo_json_files import SHAPES, Raw, document, refused, spelled, text
from litestate.errors import BundleError, DamagedBundleError, NotABundleError
from sessions import Session, make_database


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "original.db"
    make_database(path)
    return path.read_bytes()


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
    "more digits than Python reads": (lambda data: [1, Raw("9" * 5000)], "index 1 is 99"),
    "leading zero": (lambda data: [Raw("083"), *data[1:]], "index 0 is 083"),
    "two commas": (lambda data: [1, Raw(""), 2], "index 1 is ''"),
    "a comma at the end": (lambda data: [*data, Raw("")], "missing before byte|is ''"),
    "a gap": (lambda data: {"0": 83, "1": 81, "3": 76}, "index 2 is missing"),
    "a gap at the start": (lambda data: {"1": 81}, "index 0 is missing"),
    "an index twice": (lambda data: Raw('{"0": 83, "1": 81, "1": 81}'), "index 1 twice"),
    "256 by index": (lambda data: {"0": 83, "1": 256}, "index 1 is 256"),
    "text by index": (lambda data: {"0": 83, "1": "81"}, 'index 1 is "81"'),
    "true by index": (lambda data: {"0": 83, "1": True}, "index 1 is true"),
    "-1 by index": (lambda data: {"0": 83, "1": -1}, "index 1 is -1"),
    "an index of two numbers": (lambda data: {"0": 83, "1,2": 1}, "key 1,2, which is not"),
    "an index with a zero": (lambda data: {"0": 83, "01": 1}, "key 01, which is not"),
    "a length among indexes": (
        lambda data: {"0": 83, "length": 1},
        "key length, which is not",
    ),
    "a huge index": (lambda data: {"0": 83, "9" * 5000: 1}, "key 99.*not an index"),
    "bad base64": (lambda data: "U1FM*XRl", r"'\*' does not belong at character 4"),
    "base64 cut off": (lambda data: text(bytes(data))[:-3], "cut off after 10,921"),
    "base64 of something else": (lambda data: "aGVsbG8=", "not a SQLite database.*hello"),
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
    "one wrapper twice": (lambda data: Raw('{"data": [], "data": []}'), "two fields 'data'"),
    "three wrappers": (lambda data: {"data": {"data": {"data": data}}}, "neither one"),
    "no database": (lambda data: [1, 2, 3], "3 bytes are not a SQLite database"),
    "only a header": (lambda data: data[:100], "SQLite cannot read it"),
    "half a database": (lambda data: data[: len(data) // 2], "SQLite cannot read it"),
    "a format that SQLite does not know": (
        lambda data: [*data[:44], 0, 0, 0, 99, *data[48:]],
        "SQLite cannot read it",
    ),
    "noise after the header": (lambda data: data[:16] + [77] * 8176, "SQLite cannot read it"),
}


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
