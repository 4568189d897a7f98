"""Loading: all or nothing, and only what was requested."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import litestate
import pytest
from handmade_bundles import edited, unpack, with_member
from litestate import clear_state, load_state, save_state
from litestate.errors import (
    ApplyError,
    BundleError,
    DamagedBundleError,
    DatabaseBusyError,
    SelectionError,
    SourceError,
    UnsafeBundleError,
)
from litestate.host import roots
from litestate.host.roots import ELSEWHERE, HOME, NOTEBOOK, Root, Roots
from sessions import Session, count, make_database, same_but_for_databases


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


def test_a_dry_run_changes_nothing_and_predicts_the_load(session: Session, changed: bytes) -> None:
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


def test_clean_leaves_excluded_files(session: Session) -> None:
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


def test_clean_only_affects_what_the_bundle_covers(session: Session) -> None:
    for name in ("data/a", "other/b"):
        (session.notebook / name).parent.mkdir()
        (session.notebook / name).touch()
    bundle, _ = session.save(paths="data")
    (session.notebook / "data" / "extra").touch()
    report = session.load(bundle, clean=True)
    assert [line.label for line in report.lines("removed")] == ["data/extra"]
    assert (session.notebook / "other" / "b").exists()


def test_clean_leaves_what_could_not_be_saved(session: Session) -> None:
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


def test_roots_elsewhere_must_be_requested(session: Session) -> None:
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


def test_paths_that_the_drive_cannot_store(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session.notebook / "50%.txt").touch()
    (session.notebook / "half.txt").touch()
    (session.notebook / "link").symlink_to("half.txt")
    bundle, _ = session.save()
    session.clear()
    drive = Roots((Root(NOTEBOOK, session.notebook, "", on_drive=True),))
    monkeypatch.setattr(roots, "detect", lambda: drive)
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
    monkeypatch.setattr(roots, "detect", lambda: Roots((root,)))
    _, report = session.save()
    assert [line.label for line in report.lines()] == ["new", "results", "results/new"]
    assert "data/old" in str(report)
    _, report = session.save(paths="data")
    assert [line.label for line in report.lines()] == ["data", "data/old"]
    assert not (session.load(session.save()[0], clean=True)).lines("removed")


def test_clear_can_be_undone(session: Session) -> None:
    (session.home / "folder").mkdir()
    (session.home / "folder" / "a").write_text("a")
    (session.home / "work.ipynb").write_text("{}")
    (session.home / "con.txt").write_text("cannot be saved")
    make_database(session.notebook / "app.db")
    before = session.snapshot()
    report = clear_state(paths=[".", session.home])
    assert report.headline == "Cleared 1 database, 1 file, 1 folder"
    assert report.path is not None
    left = {path.name for path in session.folder.rglob("*") if path.is_file()}
    assert left - {Path(report.path).name} == {"work.ipynb", "con.txt"}
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
def test_clear_in_plain_python_requires_paths(session: Session) -> None:
    with pytest.raises(SelectionError, match="paths="):
        clear_state()


@pytest.mark.parametrize("source", ["missing.zip", 5, "folder"])
def test_an_invalid_source(session: Session, source: Any) -> None:
    (session.notebook / "folder").mkdir()
    with pytest.raises(SourceError):
        load_state(source)


def test_two_members_for_one_place(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    (session.home / "a").write_text("home")
    (session.notebook / "a").write_text("notebook")
    bundle, _ = session.save()
    both = Roots((Root(HOME, session.home, "~/"), Root(NOTEBOOK, session.home, "~/")))
    monkeypatch.setattr(roots, "detect", lambda: both)
    before = session.snapshot()
    with pytest.raises(ApplyError, match="same path"):
        session.load(bundle)
    assert session.snapshot() == before


def test_elsewhere_below_a_folder(session: Session) -> None:
    assert roots.below(session.folder).root(ELSEWHERE) is not None
    assert save_state(session.home / "x.litestate.zip").path is not None


def test_clean_never_leaves_the_roots(session: Session) -> None:
    """A bundle must not choose which files are removed on this computer."""
    outside = session.folder / "outside"
    outside.mkdir()
    bundle, _ = session.save(paths=outside)
    (outside / "thesis.txt").write_text("years of work")
    report = session.load(bundle, clean=True)
    assert not report.lines("removed")
    assert (outside / "thesis.txt").exists()
    report = session.load(bundle, clean=True, paths=outside)
    assert [line.label for line in report.lines("removed")] == [f"{outside}/thesis.txt"]


def test_clean_never_removes_notebooks(session: Session) -> None:
    """Not even for a bundle saved without exclusion."""
    bundle, _ = session.save(exclude=["!*.ipynb", "!.git/", "!*.tmp"])
    for name in ("work.ipynb", ".git/config", "draft.tmp", "extra"):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    report = session.load(bundle, clean=True)
    assert [line.label for line in report.lines("removed")] == ["extra"]
    assert (session.notebook / "work.ipynb").exists()


@pytest.mark.parametrize("kind", ["file", "database", "dangling link"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_in_the_place_of_a_parent(session: Session, kind: str, dry_run: bool) -> None:
    (session.notebook / "data").mkdir()
    (session.notebook / "data" / "x").write_text("x")
    bundle, _ = session.save()
    session.clear()
    path = session.notebook / "data"
    if kind == "database":
        make_database(path)
    elif kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to("nowhere")
    before = session.snapshot()
    with pytest.raises(ApplyError, match="is a file here"):
        session.load(bundle, paths="data/x", dry_run=dry_run)
    assert session.snapshot() == before


def test_a_file_does_not_replace_a_database_in_use(session: Session) -> None:
    """An empty file may be a database that was saved before its first commit."""
    path = session.home / "app.db"
    path.touch()
    bundle, _ = session.save()
    path.unlink()
    make_database(path, pragma="journal_mode = wal")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO runs (note) VALUES ('only here')")
        with pytest.raises(DatabaseBusyError):
            session.load(bundle)
        connection.commit()
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (11,)
    session.load(bundle)
    assert [item.name for item in session.home.iterdir()] == ["app.db"]
    assert path.stat().st_size == 0


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_connection_from_before_the_load_sees_it(session: Session, mode: str) -> None:
    """connect() creates an empty file: a load must write into it below that connection."""
    path = session.home / "app.db"
    make_database(path, pragma=f"journal_mode = {mode}")
    bundle, _ = session.save()
    session.clear()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT 1")
        path.touch()
        session.load(bundle)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (10,)
        connection.execute("INSERT INTO runs (note) VALUES ('after')")
        connection.commit()
    assert count(path) == 11


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1777])
def test_a_bundle_hands_out_no_rights(session: Session, mode: int) -> None:
    path = session.home / "tool"
    path.touch()
    path.chmod(mode)
    bundle, _ = session.save()
    session.clear()
    session.load(bundle)
    assert path.stat().st_mode & 0o7777 == mode & 0o777


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("*?" * 10 + "Ω", UnsafeBundleError),
        ("a" * 2000, UnsafeBundleError),
        ("!", DamagedBundleError),
        ("\\", DamagedBundleError),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_hostile_patterns_of_a_bundle(
    session: Session, bundle: bytes, pattern: str, error: type[BundleError], dry_run: bool
) -> None:
    (session.home / ("a" * 36)).touch()
    data = edited(bundle, lambda document: document["scope"].update(exclude=[pattern]))
    before = session.snapshot()
    with pytest.raises(error, match=r"Nothing was changed\. Load without clean=True"):
        session.load(data, clean=True, dry_run=dry_run)
    assert session.snapshot() == before
    session.load(data)


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
@pytest.mark.parametrize("mark", [b"\2\2", b"\3\3", b"\1\2", b"\0\0"])
def test_a_stored_database_with_other_marks(
    session: Session, bundle: bytes, mark: bytes, journal_mode: str
) -> None:
    database = bytearray(unpack(bundle)["databases/home/app.db"])
    database[18:20] = mark
    data = with_member(bundle, "databases/home/other.db", bytes(database), "database")

    def in_mode(document: dict[str, Any]) -> None:
        document["members"][-1]["details"] = {"journal_mode": journal_mode}

    before = session.snapshot()
    with pytest.raises(DamagedBundleError, match=r"other\.db.*not a database"):
        session.load(edited(data, in_mode))
    assert session.snapshot() == before
