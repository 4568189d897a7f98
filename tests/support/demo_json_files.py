"""JSON files of the demo app: every valid shape, and invalid ones."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from litestate.errors import BundleError
from sessions import Session, make_database

STATE = {"counter": 3, "name": "Zürich"}
NAN = "NaN"


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


class Raw:
    """Text that is inserted into JSON unchanged."""

    def __init__(self, value: str) -> None:
        self.value = value


class Counted(io.BytesIO):
    """A file that records the largest number of bytes requested at once."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data


def spelled(value: Any) -> str:
    """Return JSON, with `Raw` values inserted unchanged."""
    if isinstance(value, Raw):
        return value.value
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return json.dumps(value)


def refused(session: Session, data: bytes, error: type[BundleError], match: str = "") -> str:
    """Load, and assert that it is refused and nothing changes."""
    session.clear()
    (session.home / "app_state.json").write_text("mine")
    make_database(session.home / "app_state.db")
    before = session.snapshot()
    with pytest.raises(error, match=match or None) as caught:
        session.load(data)
    assert session.snapshot() == before
    return str(caught.value)
