"""Loading: everything or nothing, and never more than was asked for."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import litestate
import pytest
from litestate import changes, clear_state, load_state, places, save_state
from litestate.errors import (
    ApplyError,
    DatabaseBusyError,
    SelectionError,
    SourceError,
    UnsafeBundleError,
)
from litestate.places import ELSEWHERE, HOME, NOTEBOOK, Places, Root
from states import Session, count, make_database


@pytest.fixture
def changed(session: Session) -> bytes:
    """A bundle, and a session that has gone on since: every kind of change is needed to go back."""
    for name in ("same", "edited", "removed", "folder/inner"):
        path = session.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"saved {name}")
    (session.home / "link").symlink_to("same")
    (session.notebook / "empty").mkdir()
    make_database(session.home / "app.db")
    make_database(session.home / "gone.db")
    bundle, _ = session.save()
    (session.home / "edited").write_text("newer")
    (session.home / "removed").unlink()
    (session.home / "folder" / "inner").unlink()
    (session.home / "folder").rmdir()
    (session.home / "folder").write_text("a file now")
    (session.home / "link").unlink()
    (session.home / "link").symlink_to("edited")
    (session.notebook / "empty").rmdir()
    (session.home / "extra").mkdir()
    (session.home / "extra" / "new").write_text("new")
    (session.home / "kept.ipynb").write_text("{}")
    (session.home / "gone.db").unlink()
    with closing(sqlite3.connect(session.home / "app.db")) as connection:
        connection.execute("DELETE FROM runs")
        connection.commit()
    make_database(session.home / "extra.db")
    return bundle


def verdicts(report: litestate.Report) -> dict[str, str]:
    return {line.label: line.verdict for line in report.lines()}


BACK = {
    "~/same": "unchanged",
    "~/edited": "changed",
    "~/removed": "added",
    "~/folder": "changed",
    "~/folder/inner": "added",
    "~/link": "changed",
    "empty": "added",
    "~/app.db": "changed",
    "~/gone.db": "added",
}
REMOVED = {"~/extra": "removed", "~/extra/new": "removed", "~/extra.db": "removed"}


def test_every_kind_of_change(session: Session, changed: bytes) -> None:
    report = session.load(changed)
    assert verdicts(report) == BACK
    assert (session.home / "folder" / "inner").read_text() == "saved folder/inner"
    assert (session.home / "extra" / "new").read_text() == "new"
    assert count(session.home / "app.db") == count(session.home / "gone.db") == 10
    assert set(verdicts(session.load(changed)).values()) == {"unchanged"}


def test_a_dry_run_changes_nothing_and_tells_the_truth(session: Session, changed: bytes) -> None:
    before = session.snapshot()
    report = session.load(changed, dry_run=True, clean=True)
    assert session.snapshot() == before
    assert "would change" in report.headline
    assert verdicts(report) == verdicts(session.load(changed, clean=True)) == BACK | REMOVED


def test_clean_removes_the_rest(session: Session, changed: bytes) -> None:
    session.load(changed, clean=True)
    assert not (session.home / "extra").exists()
    assert not (session.home / "extra.db").exists()
    assert (session.home / "kept.ipynb").exists()


def test_clean_keeps_what_was_excluded(session: Session) -> None:
    (session.notebook / "big").mkdir()
    (session.notebook / "big" / "data.bin").write_text("x")
    (session.notebook / "a.log").touch()
    bundle, _ = session.save(exclude=["/big/"])
    (session.notebook / "b.log").touch()
    (session.notebook / "c.txt").touch()
    (session.notebook / "mixed").mkdir()
    (session.notebook / "mixed" / "note.log").touch()
    (session.notebook / "mixed" / "note.txt").touch()
    report = session.load(bundle, clean=True, exclude="*.log")
    assert [line.label for line in report.lines("removed")] == ["mixed/note.txt", "c.txt"]
    assert (session.notebook / "big" / "data.bin").exists()
    assert (session.notebook / "mixed" / "note.log").exists()


def test_clean_stays_where_the_bundle_looked(session: Session) -> None:
    for name in ("data/a", "other/b"):
        (session.notebook / name).parent.mkdir()
        (session.notebook / name).touch()
    bundle, _ = session.save(paths="data")
    (session.notebook / "data" / "extra").touch()
    report = session.load(bundle, clean=True)
    assert [line.label for line in report.lines("removed")] == ["data/extra"]
    assert (session.notebook / "other" / "b").exists()


def test_clean_keeps_what_could_not_be_saved(session: Session) -> None:
    (session.home / "out").symlink_to("/etc/passwd")
    (session.home / "con.txt").write_text("not portable")
    bundle, _ = session.save()
    session.load(bundle, clean=True)
    assert sorted(path.name for path in session.home.iterdir()) == ["con.txt", "out"]


def test_clean_does_not_remove_a_database_in_use(session: Session) -> None:
    bundle, _ = session.save()
    path = session.home / "app.db"
    make_database(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO runs (note) VALUES ('only here')")
        with pytest.raises(DatabaseBusyError):
            session.load(bundle, clean=True)
        connection.commit()
    assert count(path) == 11
    report = session.load(bundle, clean=True)
    assert not path.exists()
    assert "connect again" in str(report)


CHANGES = [changes.Replace, changes.MakeFolder, changes.RestoreDatabase, changes.SetAttributes]
CHANGES += [changes.RemoveFolder]


@pytest.mark.parametrize("fault", [OSError(28, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", range(30))
def test_a_fault_at_any_step_changes_nothing(
    session: Session,
    changed: bytes,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    fault: BaseException,
) -> None:
    before = session.snapshot()
    steps = 0

    def failing(commit: Callable[[Any], None]) -> Callable[[Any], None]:
        def wrapper(change: Any) -> None:
            nonlocal steps
            steps += 1
            if steps == step + 1:
                raise fault
            commit(change)

        return wrapper

    for kind in CHANGES:
        monkeypatch.setattr(kind, "commit", failing(kind.commit))
    with closing(sqlite3.connect(session.home / "app.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        try:
            session.load(changed, clean=True)
        except (ApplyError, KeyboardInterrupt):
            assert same_but_for_databases(session.snapshot(), before)
            assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        else:
            assert step >= steps > 12


def same_but_for_databases(after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Compare all but the bytes of databases: going back raises their change counter."""
    return {key: value for key, value in after.items() if not key.endswith(".db")} == {
        key: value for key, value in before.items() if not key.endswith(".db")
    } and after.keys() == before.keys()


@pytest.mark.parametrize("call", range(1, 11))
def test_a_fault_in_the_middle_of_a_move(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Between putting the old file aside and putting the new one in its place."""
    before = session.snapshot()
    calls = 0
    move = changes.move

    def failing(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(5, "Input/output error")
        move(source, target)

    monkeypatch.setattr(changes, "move", failing)
    with pytest.raises(ApplyError, match="as it was before"):
        session.load(changed, clean=True)
    assert same_but_for_databases(session.snapshot(), before)


def test_what_cannot_be_undone_is_kept_and_named(
    session: Session, changed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(changes.SetAttributes, "commit", broken)
    monkeypatch.setattr(changes.Replace, "revert", broken)
    with pytest.raises(ApplyError, match=r"could not be undone.*is kept in .*\.litestate-"):
        session.load(changed)
    kept = [path.read_bytes() for path in session.home.glob(".litestate-*/*") if path.is_file()]
    assert b"newer" in kept


def test_nothing_is_left_behind(session: Session, changed: bytes) -> None:
    session.load(changed)
    assert not list(session.folder.rglob(".litestate-*"))


def test_a_folder_in_the_place_of_a_file(session: Session) -> None:
    (session.home / "thing").write_text("file")
    bundle, _ = session.save()
    (session.home / "thing").unlink()
    (session.home / "thing").mkdir()
    (session.home / "thing" / "mine").write_text("mine")
    before = session.snapshot()
    with pytest.raises(ApplyError, match="~/thing is a file in the bundle and a folder here"):
        session.load(bundle)
    assert session.snapshot() == before


def test_a_link_here_that_leads_out(session: Session) -> None:
    (session.home / "data").mkdir()
    (session.home / "data" / "a").write_text("a")
    bundle, _ = session.save(paths=session.home / "data" / "a")
    outside = session.folder / "outside"
    outside.mkdir()
    (session.home / "data" / "a").unlink()
    (session.home / "data").rmdir()
    (session.home / "data").symlink_to(outside)
    with pytest.raises(UnsafeBundleError, match="leads out"):
        session.load(bundle)
    assert not list(outside.iterdir())


def test_a_folder_replaces_a_link(session: Session) -> None:
    (session.home / "data").mkdir()
    make_database(session.home / "data" / "app.db")
    bundle, _ = session.save()
    session.clear()
    (session.home / "other").mkdir()
    (session.home / "data").symlink_to("other")
    session.load(bundle)
    assert count(session.home / "data" / "app.db") == 10
    assert not (session.home / "data").is_symlink()
    assert not list((session.home / "other").iterdir())


def test_paths_and_exclude_choose(session: Session) -> None:
    for name in ("a", "b.log", "folder/c"):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    bundle, _ = session.save()
    session.clear()
    report = session.load(bundle, paths=["folder", "b.log"], exclude="*.log")
    assert verdicts(report) == {"folder": "added", "folder/c": "added"}
    assert report.excluded == {"*.log": ["b.log"]}
    with pytest.raises(SelectionError, match="holds nothing for"):
        session.load(bundle, paths="nothing")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"paths": []}, "empty list"),
        ({"paths": 5}, "not 5"),
        ({"paths": [5]}, "not"),
        ({"exclude": 5}, "not 5"),
        ({"exclude": [5]}, "not"),
        ({"exclude": ["a", "!"]}, "gitignore"),
    ],
)
def test_bad_selections(session: Session, options: Any, match: str) -> None:
    bundle, _ = session.save()
    with pytest.raises(SelectionError, match=match):
        session.load(bundle, **options)
    with pytest.raises(SelectionError, match=match):
        session.save(**options)


def test_what_lies_elsewhere_must_be_named(session: Session) -> None:
    outside = session.folder / "outside"
    outside.mkdir()
    (outside / "a").write_text("a")
    bundle, saved = session.save(paths=outside)
    assert [line.label for line in saved.lines()] == [str(outside), f"{outside}/a"]
    (outside / "a").unlink()
    outside.rmdir()
    report = session.load(bundle)
    assert not outside.exists()
    assert len(report.skipped) == 2
    assert "paths=" in report.skipped[0].advice
    session.load(bundle, paths=outside)
    assert (outside / "a").read_text() == "a"


def test_what_the_drive_cannot_keep(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    (session.notebook / "50%.txt").touch()
    (session.notebook / "half.txt").touch()
    (session.notebook / "link").symlink_to("half.txt")
    bundle, _ = session.save()
    session.clear()
    drive = Places((Root(NOTEBOOK, session.notebook, "", on_drive=True),))
    monkeypatch.setattr(places, "detect", lambda: drive)
    report = session.load(bundle)
    assert [line.label for line in report.lines()] == ["half.txt"]
    assert [skipped.path for skipped in report.skipped] == ["50%.txt", "link"]


def test_old_files_on_the_drive_are_not_state(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, age in (("old", 100), ("new", -100), ("data/old", 100), ("results/new", -100)):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    for folder in ("data", "results"):
        os.utime(session.notebook / folder, (0, 0))
    root = Root(NOTEBOOK, session.notebook, "", on_drive=True, modified_since=1_000_000)
    monkeypatch.setattr(places, "detect", lambda: Places((root,)))
    _, report = session.save()
    assert [line.label for line in report.lines()] == ["new", "results", "results/new"]
    assert "data/old" in str(report)
    _, report = session.save(paths="data")
    assert [line.label for line in report.lines()] == ["data", "data/old"]
    assert not (session.load(session.save()[0], clean=True)).lines("removed")


def test_clear_keeps_a_way_back(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "IN_BROWSER", True)
    monkeypatch.setattr(Path, "home", lambda: session.home)
    (session.home / "folder").mkdir()
    (session.home / "folder" / "a").write_text("a")
    (session.home / "work.ipynb").write_text("{}")
    (session.home / "con.txt").write_text("cannot be saved")
    make_database(session.notebook / "app.db")
    before = session.snapshot()
    report = clear_state()
    assert report.headline == "Cleared 1 database, 1 file, 1 folder"
    assert report.path is not None
    left = {path.name for path in session.folder.rglob("*") if path.is_file()}
    assert left == {"work.ipynb", "con.txt", Path(report.path).name}
    monkeypatch.setattr(places, "IN_BROWSER", False)
    load_state(report.path)
    Path(report.path).unlink()
    assert same_but_for_databases(session.snapshot(), before)
    assert count(session.notebook / "app.db") == 10


def test_clear_does_not_touch_a_database_in_use(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = session.notebook / "app.db"
    make_database(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO runs (note) VALUES ('only here')")
        with pytest.raises(DatabaseBusyError):
            clear_state(paths=["."])
        connection.commit()
    assert count(path) == 11
    assert [item.name for item in session.notebook.iterdir()] == ["app.db"]


@pytest.mark.skipif(sys.platform == "emscripten", reason="about plain Python")
def test_clear_in_plain_python_wants_paths(session: Session) -> None:
    with pytest.raises(SelectionError, match="paths="):
        clear_state()


@pytest.mark.parametrize("source", ["missing.zip", 5, "folder"])
def test_a_source_that_is_none(session: Session, source: Any) -> None:
    (session.notebook / "folder").mkdir()
    with pytest.raises(SourceError):
        load_state(source)


def test_two_members_for_one_place(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    (session.home / "a").write_text("home")
    (session.notebook / "a").write_text("notebook")
    bundle, _ = session.save()
    both = Places((Root(HOME, session.home, "~/"), Root(NOTEBOOK, session.home, "~/")))
    monkeypatch.setattr(places, "detect", lambda: both)
    before = session.snapshot()
    with pytest.raises(ApplyError, match="one place"):
        session.load(bundle)
    assert session.snapshot() == before


def test_elsewhere_below_a_folder(session: Session) -> None:
    assert places.below(session.folder).root(ELSEWHERE) is not None
    assert save_state(session.home / "x.litestate.zip").path is not None
