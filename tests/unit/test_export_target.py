"""Where an export goes: all of it, or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables
from litestate.errors import (
    ExportError,
)
from states import make_database


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("out.pdf", {}, "no known format"),
        ("out.sql", {"tables": "things"}, "whole database"),
        ("no/where/out.json", {}, "No such file"),
        ("there.json", {}, "there already"),
        ("there", {}, "is a file, not a folder"),
    ],
)
def test_wrong_targets(database: Path, target: str, options: dict[str, Any], message: str) -> None:
    Path("there.json").write_text("mine")
    Path("there").write_text("mine")
    with pytest.raises(ExportError, match=message):
        export_tables(database, target, **options)
    assert Path("there.json").read_text() == Path("there").read_text() == "mine"
    assert len(list(Path().iterdir())) == 3


def test_the_source_is_no_target(tmp_path: Path) -> None:
    make_database(tmp_path / "runs.json")
    with pytest.raises(ExportError, match="is what is read"):
        export_tables(tmp_path / "runs.json", tmp_path / "runs.json", overwrite=True)


def test_nothing_half_written(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO things (id, note) VALUES (9, CAST(x'ff' AS TEXT))")
        connection.commit()
    Path("out.json").write_text("older")
    with pytest.raises(ExportError, match=r"things cannot be read.*UTF-8"):
        export_tables(database, "out.json", overwrite=True)
    with pytest.raises(ExportError, match="things cannot be read"):
        export_tables(database, "out")
    assert sorted(path.name for path in Path().iterdir()) == ["app.db", "out.json"]
    assert Path("out.json").read_text() == "older"
