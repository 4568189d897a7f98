"""Tables to JSON and SQL."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables
from litestate.errors import (
    ExportError,
)
from states import dump
from tables import ROWS, of, query


def test_json(database: Path) -> None:
    export_tables(database, "out.json")
    found = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert (list(found), found["a/b"]) == (["a/b", "things"], [])
    rows = [tuple(row.values()) for row in found["things"]]
    assert rows[1:] == [(2, "", *ROWS[1][2:4], {"base64": ""}, *ROWS[1][5:]), *ROWS[2:]]
    assert found["things"][0]["data"] == {"base64": "AP8="}
    export_tables(of(float("inf"), float("-inf")), "inf.json")
    assert [row["x"] for row in json.loads(Path("inf.json").read_text())["t"]] == [
        float("inf"),
        float("-inf"),
    ]


def test_sql(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 7")
    export_tables(database, "out.sql")
    with closing(sqlite3.connect("again.db")) as connection:
        connection.executescript(Path("out.sql").read_text(encoding="utf-8"))
    assert dump(Path("again.db")) == dump(database)
    assert query(Path("again.db"), "PRAGMA user_version") == [(7,)]


@pytest.mark.parametrize(("value", "what"), [("a\0b", "NUL"), (float("-inf"), "infinite")])
def test_what_sql_cannot_hold(tmp_path: Path, value: Any, what: str) -> None:
    with pytest.raises(ExportError, match=f"t, column x, holds .*{what}"):
        export_tables(of(1, value), tmp_path / "out.sql")
    assert not list(tmp_path.iterdir())
