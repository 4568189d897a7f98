"""The other fields of the demo app's JSON file, its time, its limits, its page in docs/."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litestate
import pytest
from demo_json_files import NAN, Counted, document, indexes, refused, text
from litestate.cli import main
from litestate.demo_json import byte_shapes, convert, fields
from litestate.errors import DamagedBundleError, LitestateError, NotABundleError, UnsafeBundleError
from litestate.state.load import open_bundle
from sessions import Session, count, make_database


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "original.db"
    make_database(path)
    return path.read_bytes()


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
def test_the_file_of_a_state(session: Session, given: str, expected: str) -> None:
    session.load(f'{{"app_state.json": {given}}}'.encode())
    written = (session.home / "app_state.json").read_text(encoding="utf-8")
    if expected:
        assert written == expected
    assert NAN in given or written.count("{") == given.count("{")
    json.loads(written)


def test_null_keeps_the_existing_state(session: Session) -> None:
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
    assert {item.reason for item in skipped} == {"litestate does not know this field"}


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
def test_the_time_of_the_file(key: str, value: Any) -> None:
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
def test_an_invalid_time(value: Any) -> None:
    when, _, names = created(timestamp=value)
    assert when.startswith("20")
    assert names == ["timestamp"]


def test_without_a_time_the_file_gives_it(tmp_path: Path) -> None:
    import os

    path = tmp_path / "state.json"
    path.write_bytes(document(None))
    os.utime(path, (1740823200, 1740823200))
    with open_bundle(path) as (reader, _):
        assert reader.manifest.created == "2025-03-01T10:00:00+00:00"


def test_the_manifest_names_the_converted_format(session: Session, database: bytes) -> None:
    with open_bundle(document(list(database))) as (reader, _):
        reader.verify()
        manifest = reader.manifest
    assert "Pyodide state persistence demo" in manifest.generator["converted from"]
    assert manifest.scope.paths == ("home/app_state.db", "home/app_state.json")
    (stored,) = [member for member in manifest.members if member.kind == "database"]
    assert stored.details == {"journal_mode": "delete", "tables": {"runs": 10}}


def test_the_commands_accept_it(
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


@pytest.mark.parametrize("head", [b"{" + b" " * 5_000_000 + b"}", b"x" * 5_000_000])
def test_other_files_are_not_read_whole(head: bytes) -> None:
    file = Counted(head)
    with pytest.raises(NotABundleError), open_bundle(file):
        pass
    assert 0 < file.largest <= 1 << 20


@pytest.mark.parametrize("name", ["app_state.db", "app_state.json"])
@pytest.mark.parametrize("before", range(1, 17))
def test_a_name_across_two_chunks(name: str, before: int) -> None:
    """The given number of its bytes end the first mebibyte."""
    head = '{"x": "'.ljust((1 << 20) - before - 2) + '",'
    data = f'{head}"{name}": null}}'.encode()
    assert data.index(b'"app_state') == (1 << 20) - before
    with open_bundle(data) as (reader, _):
        assert not reader.manifest.members


def test_a_database_with_changed_bytes(session: Session, database: bytes) -> None:
    """There is no checksum: it is either refused or loaded unchanged."""
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
        st.sampled_from(
            ["app_state.db", "app_state.json", "database", "jsonState", "timestamp", "date", "x"]
        ),
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
    def test_a_state_keeps_its_value(value: Any) -> None:
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
            f"| objects around the database's bytes | {byte_shapes._WRAPPED} |",
        ):
            assert needed in page, needed

    def test_the_example_for_large_files(
        self, database: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert PAGE
        code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)[-1]
        monkeypatch.chdir(tmp_path)
        Path("state.json").write_bytes(document(list(database)))
        exec(code, {})
        assert Path("app_state.db").read_bytes() == database
