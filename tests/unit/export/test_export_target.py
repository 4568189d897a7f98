"""Targets of an export: all files, or none."""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate import export_tables
from litestate.errors import ExportError
from litestate.export import target
from litestate.host import roots
from litestate.host.roots import NOTEBOOK, Root, Roots
from litestate.transaction import changes
from sessions import make_database


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("out.pdf", {}, "unknown suffix"),
        ("out.sql", {"tables": "things"}, "whole database"),
        ("no/where/out.json", {}, "No such file"),
        ("there.json", {}, "already exists"),
        ("there", {}, "is a file, not a folder"),
    ],
)
def test_wrong_targets(database: Path, name: str, options: dict[str, Any], message: str) -> None:
    Path("there.json").write_text("mine")
    Path("there").write_text("mine")
    with pytest.raises(ExportError, match=message):
        export_tables(database, name, **options)
    assert Path("there.json").read_text() == Path("there").read_text() == "mine"
    assert len(list(Path().iterdir())) == 3


def test_the_source_as_target_is_refused(tmp_path: Path) -> None:
    make_database(tmp_path / "runs.json")
    with pytest.raises(ExportError, match="is the source of the export"):
        export_tables(tmp_path / "runs.json", tmp_path / "runs.json", overwrite=True)


def test_a_failed_export_writes_nothing(database: Path) -> None:
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


def on_the_drive(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    drive = Roots((Root(NOTEBOOK, folder, "", on_drive=True),))
    monkeypatch.setattr(roots, "detect", lambda: drive)


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def failing(function: Callable[..., Any], calls: set[int], *, half: bool = False) -> Any:
    """Return a function that fails at some of its calls, before or during its work."""
    count = itertools.count(1)

    def wrapper(source: Path, target: Path, **options: Any) -> Any:
        if next(count) not in calls:
            return function(source, target, **options)
        if half:
            Path(target).write_bytes(Path(source).read_bytes()[:3])
        raise OSError(28, "No space left on device")

    return wrapper


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("call", range(1, 9))
def test_a_fault_at_any_file_of_a_folder(
    database: Path, monkeypatch: pytest.MonkeyPatch, call: int, is_there: bool
) -> None:
    if is_there:
        Path("out").mkdir()
        for name in ("a-b.csv", "things.csv", "mine.csv"):
            Path("out", name).write_text(f"old {name}")
    before = contents(Path())
    steps = 4 if is_there else 2
    with monkeypatch.context() as patch:
        patch.setattr(changes, "move", failing(changes.move, {call}))
        if call <= steps:
            with pytest.raises(ExportError, match=r"No space.*Existing files are unchanged\.$"):
                export_tables(database, "out", overwrite=True)
            assert contents(Path()) == before
            return
        export_tables(database, "out", overwrite=True)
    assert Path("out/things.csv").read_bytes().startswith(b"id,")
    assert not list(Path().rglob(".litestate-*"))


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("call", range(1, 4))
def test_a_fault_at_any_file_on_the_drive(
    database: Path, monkeypatch: pytest.MonkeyPatch, call: int, half: bool
) -> None:
    on_the_drive(monkeypatch, Path.cwd())
    Path("out").mkdir()
    Path("out/a-b.csv").write_text("old a-b.csv")
    before = contents(Path())
    with monkeypatch.context() as patch:
        patch.setattr(
            changes.shutil, "copyfile", failing(changes.shutil.copyfile, {call}, half=half)
        )
        # copy2() uses copyfile() too: one call puts aside, two write.
        with pytest.raises(ExportError, match=r"No space.*Existing files are unchanged\.$"):
            export_tables(database, "out", overwrite=True)
    assert contents(Path()) == before
    export_tables(database, "out", overwrite=True)
    assert Path("out/a-b.csv").read_bytes() == b"x\r\n"


def test_a_short_file_on_the_drive_is_put_back(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_drive(monkeypatch, Path.cwd())
    Path("out.json").write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(changes.shutil, "copyfile", failing(changes.shutil.copyfile, {2}, half=True))
        with pytest.raises(ExportError, match=r"Existing files are unchanged\.$"):
            export_tables(database, "out.json", overwrite=True)
    assert Path("out.json").read_text() == "old"


def kept_in(message: str) -> Path:
    """Return the folder from which a message advises to copy."""
    found = re.search(r"Copy what you need out of (.+), then remove", message)
    assert found
    return Path(found[1])


@pytest.mark.parametrize("is_drive", [True, False])
def test_files_that_cannot_be_restored_are_preserved_and_named(
    database: Path, monkeypatch: pytest.MonkeyPatch, is_drive: bool
) -> None:
    Path("out").mkdir()
    for name in ("a-b.csv", "things.csv"):
        Path("out", name).write_text(f"old {name}")
    if is_drive:
        on_the_drive(monkeypatch, Path.cwd())
        # Aside and new for each of two files: the fourth fails, and so does bringing it back.
        fault = failing(changes.shutil.copyfile, {4, 5}, half=True)
        monkeypatch.setattr(changes.shutil, "copyfile", fault)
    else:
        monkeypatch.setattr(changes, "move", failing(changes.move, {4, 5}))
    with pytest.raises(ExportError) as raised:
        export_tables(database, "out", overwrite=True)
    message = str(raised.value)
    state = "may be the new file, perhaps incomplete" if is_drive else "is gone"
    assert re.search(rf"things\.csv .*{state}, and its old content is \S+things\.csv", message)
    assert "Existing files are unchanged" not in message
    assert "a-b.csv" not in message
    assert Path("out/a-b.csv").read_text() == "old a-b.csv"
    folder = kept_in(message)
    (old,) = folder.rglob("old/things.csv")
    assert old.read_text() == "old things.csv"
    shutil.rmtree(folder)


def test_an_interrupt_changes_nothing(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    Path("out/things.csv").write_text("old")
    before = contents(Path())
    move = changes.move

    def interrupted(source: Path, target: Path) -> None:
        move(source, target)
        if Path(target).name == "things.csv" and Path(target).parent.name == "out":
            monkeypatch.setattr(changes, "move", move)
            raise KeyboardInterrupt

    monkeypatch.setattr(changes, "move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_tables(database, "out", overwrite=True)
    assert contents(Path()) == before


def test_too_large_for_the_drive(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_the_drive(monkeypatch, Path.cwd())
    monkeypatch.setattr(target, "DRIVE_LIMIT", 100)
    with pytest.raises(ExportError, match=r"things\.csv was not written: .* too much"):
        export_tables(database, "out")
    assert [path.name for path in Path().iterdir()] == ["app.db"]


def test_a_folder_is_never_replaced_by_a_file(database: Path) -> None:
    for name in ("out/things.csv", "book.json"):
        Path(name).mkdir(parents=True)
        Path(name, "mine").write_text("mine")
    before = contents(Path())
    for name in ("out", "book.json"):
        with pytest.raises(ExportError, match="is a folder, not a file"):
            export_tables(database, name, overwrite=True)
    assert contents(Path()) == before
