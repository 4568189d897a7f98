"""Reports of files and databases that the notebook needs and the bundle lacks."""

from __future__ import annotations

import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ipython_shells import pretend_shell
from litestate import save_state, show_state
from sessions import Session, make_database

plain_python = pytest.mark.skipif(
    sys.platform == "emscripten", reason="there the mended drive knows what was read"
)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a notebook."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    pretend_shell(monkeypatch, None, "variables")
    return vars(module)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def warnings(**options: Any) -> list[str]:
    report = save_state(io.BytesIO(), variables=True, **options)
    assert report.warnings == show_state(variables=True, **options).warnings
    return [text for text in report.warnings if "not in this bundle" in text.lower()]


def connect(opened: ExitStack, path: Path) -> sqlite3.Connection:
    make_database(path)
    return opened.enter_context(closing(sqlite3.connect(path)))


def test_a_database_that_a_rule_leaves_out(
    session: Session, names: dict[str, Any], opened: ExitStack
) -> None:
    names["con"] = connect(opened, session.notebook / "scratch.tmp")
    (text,) = warnings()
    assert text.startswith("`con` is connected to scratch.tmp (")
    assert text.endswith("include=['scratch.tmp'].")
    assert warnings(include=["scratch.tmp"]) == []


@pytest.mark.parametrize("options", [{"exclude": "*.db"}, {"paths": ["other.txt"]}])
def test_a_database_that_was_not_chosen(
    session: Session, names: dict[str, Any], opened: ExitStack, options: dict[str, Any]
) -> None:
    (session.notebook / "other.txt").touch()
    names["con"] = connect(opened, session.home / "app.db")
    assert warnings() == []
    (text,) = warnings(**options)
    assert "~/app.db" in text


def test_connections_inside_of_others_and_attached_databases(
    session: Session, names: dict[str, Any], opened: ExitStack
) -> None:
    con = connect(opened, session.home / "app.db")
    make_database(session.home / "other.db")
    con.execute("ATTACH DATABASE ? AS more", (os.fspath(session.home / "other.db"),))
    names.update(box={"all": [con]}, same=con, number=[1], alone=[0])
    texts = warnings(exclude="*.db")
    assert [text.partition(",")[0] for text in texts] == [
        f"`box` and `same` are connected to ~/{name} (8.2 kB)" for name in ("app.db", "other.db")
    ]


def test_a_database_that_is_gone_and_one_that_is_locked(
    session: Session, names: dict[str, Any], opened: ExitStack
) -> None:
    names["gone"] = connect(opened, session.home / "gone.db")
    (session.home / "gone.db").unlink()
    (text,) = warnings()
    assert text.endswith("copy the content of the connection into a new file with backup().")
    locked = connect(opened, session.home / "locked.db")
    locked.execute("PRAGMA journal_mode = memory")
    locked.execute("PRAGMA cache_size = 1")
    locked.execute("CREATE TABLE big AS SELECT randomblob(1000000) AS x")
    locked.execute("INSERT INTO big SELECT randomblob(1000000)")
    reader = opened.enter_context(closing(sqlite3.connect(session.home / "locked.db")))
    del names["gone"]
    names["reader"] = reader
    report = save_state(io.BytesIO(), variables=True)
    assert "~/locked.db" in [each.path for each in report.skipped]
    # The advice stands beside the reason.
    assert any(text.endswith("`reader` cannot be loaded.") for text in report.warnings)


def test_a_database_in_memory_needs_no_file(names: dict[str, Any], opened: ExitStack) -> None:
    names["con"] = opened.enter_context(closing(sqlite3.connect(":memory:")))
    assert warnings() == []


@plain_python
@pytest.mark.parametrize(
    "cell",
    ["open('{}')", "import pandas as pd\npd.read_csv(r'{}', sep=';')", "open('../../up.csv')"],
)
def test_a_file_outside_that_a_cell_names(
    session: Session, names: dict[str, Any], tmp_path: Path, cell: str
) -> None:
    (tmp_path / "up.csv").write_text("abc")
    names["In"] = ["", "not ( python", cell.format(tmp_path / "up.csv")]
    (text,) = warnings()
    assert text.startswith(f"Not in this bundle: {tmp_path / 'up.csv'} (3 B).")
    # Users who choose paths know what they leave out.
    assert warnings(paths=["."]) == []


@plain_python
def test_a_file_outside_that_a_variable_names_and_many(
    session: Session, names: dict[str, Any], tmp_path: Path
) -> None:
    for number in range(9):
        (tmp_path / f"{number}.csv").write_text("abc")
        names[f"path_{number}"] = tmp_path / f"{number}.csv"
    (text,) = warnings()
    assert text.count(".csv (3 B)") == 5
    assert " and 4 more. " in text


@plain_python
def test_texts_that_are_not_files_of_the_work(
    session: Session, names: dict[str, Any], tmp_path: Path
) -> None:
    (session.home / "inside.csv").touch()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x").touch()
    names["In"] = [
        f"open({text!r})"
        for text in (
            "/etc/hostname", os.__file__, str(tmp_path), str(session.home / "inside.csv"),
            "../nothing.csv", "https://a.b/c.csv", "~nobody-here/x", "a/\0b", "/" * 5000,
            str(tmp_path / ".cache" / "x"),
        )
    ]  # fmt: skip
    assert warnings() == []
