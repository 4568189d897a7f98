"""The command ``export``."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line_bundles import (
    bundle_of,
    database,
    make_good_and_bad,
)
from litestate.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``good.litestate.zip``, ``bad.litestate.zip`` and ``app.db``."""
    monkeypatch.chdir(tmp_path)
    make_good_and_bad(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["app.db", "-"], "not standard output. Name one that ends in .xlsx"),
        (["work", "a.csv"], "work is a folder. export takes a SQLite database or a bundle"),
        (["work/notes.txt", "a.csv"], "notes.txt: This is neither a SQLite database nor a bundle"),
        (["app.db", "there.csv", "--table", "runs"], "--overwrite to replace it"),
        (["app.db", "a.sql", "--table", "runs"], "Leave out --table and --query,"),
    ],
)
def test_errors_of_export_name_options(
    here: Path, arguments: list[str], reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there.csv").touch()
    assert main(["export", *arguments]) == 1
    error = capsys.readouterr().err
    assert reported in error
    assert "=" not in error
    assert not Path("-").exists()


def test_export_asks_for_a_table_or_database(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = database(here / "m", "CREATE TABLE a (x); CREATE TABLE b (x)")
    bundle_of({"a.db": data, "b.db": data}, here / "two.zip")
    assert main(["export", "two.zip", "a.csv"]) == 1
    assert "Choose one with --database: " in capsys.readouterr().err
    assert main(["export", "two.zip", "a.csv", "--database", "a.db"]) == 1
    assert "Choose one with --table, or name a folder" in capsys.readouterr().err
