"""Round trips of files, folders and links."""

from __future__ import annotations

import io
import os
import random
import stat
import sys
import zipfile
from pathlib import Path

import litestate
import pytest
from litestate import save_state
from litestate.errors import CancelledError, SaveError, SelectionError, UnsafeBundleError
from litestate.host.roots import NOTEBOOK, Root, Roots
from litestate.transaction import changes
from sessions import Session, make_database


def test_all_attributes_of_a_file_are_restored(session: Session) -> None:
    script = session.home / "tools" / "run.sh"
    script.parent.mkdir()
    script.write_bytes(b"#!/bin/sh\n")
    script.chmod(0o750)
    os.utime(script, ns=(1_234_567_890_123_000_000, 1_234_567_890_123_000_000))
    (session.notebook / "empty").touch()
    (session.notebook / "no files" / "inside").mkdir(parents=True)
    (session.notebook / "Übersicht 100% – été.csv").write_text("a;b", encoding="utf-8")
    (session.notebook / "random.bin").write_bytes(os.urandom(300_000))
    (session.home / "latest").symlink_to("tools/run.sh")
    (session.home / "tools" / "back").symlink_to("../latest")
    before = session.snapshot()

    bundle, saved = session.save()
    session.clear()
    loaded = session.load(bundle)

    assert session.snapshot() == before
    assert not saved.skipped
    assert not loaded.skipped
    assert len(loaded.lines("added")) == len(saved.lines()) == 9


def test_times_of_folders_come_back(session: Session) -> None:
    folder = session.home / "outer" / "inner"
    folder.mkdir(parents=True)
    (folder / "file").touch()
    for path in (folder, folder.parent):
        os.utime(path, ns=(10**18, 10**18))
    bundle, _ = session.save()
    session.clear()
    session.load(bundle)
    assert {path.stat().st_mtime_ns for path in (folder, folder.parent)} == {10**18}


def test_mode_and_time_of_an_unchanged_file_are_restored(session: Session) -> None:
    path = session.home / "file"
    path.write_text("same")
    path.chmod(0o600)
    os.utime(path, ns=(10**18, 10**18))
    bundle, _ = session.save()
    path.chmod(0o644)
    path.touch()
    report = session.load(bundle)
    assert len(report.lines("unchanged")) == 1
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns) == (0o600, 10**18)


def test_an_absolute_link_inside_becomes_relative(session: Session) -> None:
    (session.home / "a").mkdir()
    (session.home / "target").write_text("t")
    (session.home / "a" / "link").symlink_to(session.home / "target")
    bundle, _ = session.save()
    session.clear()
    session.load(bundle)
    assert (session.home / "a" / "link").readlink().as_posix() == "../target"


def test_a_link_that_leads_out_is_reported(session: Session) -> None:
    (session.home / "out").symlink_to("/etc/passwd")
    (session.home / "up").symlink_to("../notebook")
    _, report = session.save()
    assert {skipped.path for skipped in report.skipped} == {"~/out", "~/up"}
    assert "leads out" in str(report)


def test_a_link_to_a_folder_is_not_followed(session: Session) -> None:
    (session.home / "folder").mkdir()
    (session.home / "folder" / "file").touch()
    (session.home / "alias").symlink_to("folder")
    _, report = session.save()
    assert sorted(line.label for line in report.lines()) == ["~/alias", "~/folder", "~/folder/file"]


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has no named pipes")
def test_a_pipe_is_reported(session: Session) -> None:
    os.mkfifo(session.home / "pipe")
    _, report = session.save()
    assert [skipped.path for skipped in report.skipped] == ["~/pipe"]


def test_names_that_cannot_travel_are_reported(session: Session) -> None:
    (session.home / "back\\slash").touch()
    (session.home / "con.txt").touch()
    (session.home / "good").touch()
    (session.home / "Twin").write_text("1")
    (session.home / "twin").write_text("2")
    bundle, report = session.save()
    assert {skipped.path for skipped in report.skipped} == {"~/back\\slash", "~/con.txt", "~/twin"}
    assert all(skipped.reason and skipped.advice for skipped in report.skipped)
    session.clear()
    loaded = session.load(bundle)
    assert sorted(path.name for path in session.home.iterdir()) == ["Twin", "good"]
    assert "~/con.txt" in str(loaded)


@pytest.mark.skipif(
    sys.platform in ("emscripten", "darwin"), reason="these file systems only have UTF-8 names"
)
def test_a_name_that_is_not_text(session: Session) -> None:
    (session.home / os.fsdecode(b"bad\xff")).touch()
    (session.home / "good").touch()
    bundle, report = session.save()
    assert [skipped.path for skipped in report.skipped] == [r"~/bad\xff"]
    assert [line.label for line in session.load(bundle).lines()] == ["~/good"]


def test_a_bad_name_in_paths_does_not_affect_others(session: Session) -> None:
    for name in ("aux.txt", "x:y.db", "good"):
        (session.home / name).touch()
    bundle, report = session.save(
        paths=[session.home / name for name in ("aux.txt", "x:y.db", "good")]
    )
    assert [skipped.path for skipped in report.skipped] == ["~/aux.txt", "~/x:y.db"]
    assert [line.label for line in session.load(bundle, clean=True).lines()] == ["~/good"]


def test_a_bundle_that_is_named_is_saved(session: Session) -> None:
    save_state(session.home / "first.litestate.zip")
    _, report = session.save(paths=session.home / "first.litestate.zip")
    assert [line.label for line in report.lines()] == ["~/first.litestate.zip"]


@pytest.mark.skipif(
    sys.platform == "emscripten" or os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_that_cannot_be_read_is_reported(session: Session) -> None:
    (session.home / "secret").write_text("x")
    (session.home / "secret").chmod(0)
    _, report = session.save()
    assert [skipped.path for skipped in report.skipped] == ["~/secret"]


def test_files_excluded_by_default(session: Session) -> None:
    left_out = [
        "__pycache__/a.pyc",
        ".cache/x",
        ".pytest_cache/x",
        ".ipynb_checkpoints/n.ipynb",
        "work.ipynb",
        "draft.tmp",
        "draft.txt~",
        ".DS_Store",
        ".git/config",
    ]
    for name in (*left_out, "kept.txt", "cache/kept.txt"):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    _, report = session.save()
    assert sorted(line.label for line in report.lines()) == ["cache", "cache/kept.txt", "kept.txt"]
    assert sum(len(paths) for paths in report.excluded.values()) == len(left_out)
    assert "*.ipynb: work.ipynb" in str(report)


def test_bundles_are_left_out_whatever_their_name(session: Session) -> None:
    (session.home / "a.txt").write_text("a")
    save_state(session.home / "first.zip")
    _, report = session.save()
    assert [line.label for line in report.lines()] == ["~/a.txt"]
    assert report.excluded == {"litestate bundles": ["~/first.zip"]}


def test_exclude_and_include_again(session: Session) -> None:
    for name in ("a.csv", "b.csv", "work.ipynb", "raw/c.csv"):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    _, report = session.save(exclude=["*.csv", "!b.csv", "!*.ipynb", "/raw/"])
    assert sorted(line.label for line in report.lines()) == ["b.csv", "work.ipynb"]


def test_paths_choose(session: Session) -> None:
    for name in ("data/a", "data/deep/b", "other/c", "work.ipynb"):
        path = session.notebook / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (session.home / "h").touch()
    _, report = session.save(paths=["data", session.home / "h", "work.ipynb"], exclude="deep/")
    labels = sorted(line.label for line in report.lines())
    assert labels == ["data", "data/a", "work.ipynb", "~/h"]


def test_a_path_that_overlaps_another_is_saved_once(session: Session) -> None:
    (session.notebook / "data").mkdir()
    (session.notebook / "data" / "a").touch()
    _, report = session.save(paths=[".", "data", "data/a"])
    assert sorted(line.label for line in report.lines()) == ["data", "data/a"]


def test_a_path_that_does_not_exist(session: Session) -> None:
    with pytest.raises(SelectionError, match=r"'missing'.*no such file"):
        session.save(paths="missing")


def test_nothing_to_save_is_a_bundle_too(session: Session) -> None:
    bundle, report = session.save()
    assert "nothing" in report.headline
    assert "There was nothing to save" in str(report)
    assert session.load(bundle).headline == "Loaded the bundle: nothing"


def test_a_failed_save_leaves_the_last_good_bundle(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session.home / "a").write_text("a")
    target = session.home / "good.litestate.zip"
    save_state(target)
    good = target.read_bytes()
    (session.home / "a").write_text("b")
    with target.open("rb") as old:
        # Replaced, not overwritten: an open file still reads the old content.
        save_state(target)
        assert old.read() == good
    good = target.read_bytes()

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("litestate.bundle.writer.Writer.finish", disk_full)
    with pytest.raises(SaveError, match="is unchanged"):
        save_state(target)
    assert target.read_bytes() == good
    assert sorted(path.name for path in session.home.iterdir()) == ["a", "good.litestate.zip"]


def test_a_save_into_a_missing_folder(session: Session) -> None:
    with pytest.raises(SaveError, match="cannot be written"):
        save_state(session.home / "nowhere" / "x.zip")


def test_name_makes_a_file_name(session: Session) -> None:
    report = save_state(session.home, name="week 3: a/b")
    assert report.path is not None
    assert report.path.startswith(str(session.home / "week 3- a-b-20"))
    assert report.path.endswith(".litestate.zip")
    with pytest.raises(SaveError, match="name="):
        save_state(session.home, name="///")


@pytest.mark.parametrize("compression", ["deflate", "store"])
def test_compression(session: Session, compression: str) -> None:
    (session.home / "text").write_text("abc " * 100_000)
    bundle, _ = session.save(compression=compression)
    assert (len(bundle) < 50_000) == (compression == "deflate")
    session.clear()
    session.load(bundle)
    assert (session.home / "text").read_text() == "abc " * 100_000


def test_zstd(session: Session) -> None:
    from litestate.bundle.zip_format import AVAILABLE

    (session.home / "text").write_text("abc " * 100_000)
    if "zstd" not in AVAILABLE:
        with pytest.raises(SaveError, match="zstd"):
            session.save(compression="zstd")
        return
    bundle, _ = session.save(compression="zstd")
    assert len(bundle) < 50_000
    session.clear()
    session.load(bundle)
    assert (session.home / "text").read_text() == "abc " * 100_000


def test_unknown_compression(session: Session) -> None:
    with pytest.raises(SaveError, match="'lzma' is unknown"):
        session.save(compression="lzma")


def test_incompressible_files_are_stored(session: Session) -> None:
    import io
    import zipfile

    (session.home / "noise").write_bytes(os.urandom(200_000))
    bundle, _ = session.save()
    info = zipfile.ZipFile(io.BytesIO(bundle)).getinfo("files/home/noise")
    assert info.compress_type == zipfile.ZIP_STORED


@pytest.mark.parametrize("name", ["notes.txt", "app.db"])
def test_only_bundles_are_replaced(session: Session, name: str) -> None:
    path = session.notebook / name
    if name == "app.db":
        make_database(path)
    else:
        path.write_text("mine")
    before = path.read_bytes()
    with pytest.raises(SaveError, match="is not a litestate bundle"):
        save_state(path)
    assert path.read_bytes() == before


def test_a_read_error_fails_the_save_and_preserves_the_old_bundle(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a member would make the whole bundle unreadable."""
    (session.home / "a").write_bytes(bytes(3 << 20))
    target = session.folder / "good.litestate.zip"
    save_state(target)
    good = target.read_bytes()

    def broken(self: object, size: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("litestate.parts.files._Content._read", broken)
    with pytest.raises(SaveError, match=r"~/a could not be read to its end.*exclude="):
        save_state(target)
    assert target.read_bytes() == good


def test_a_full_disk_is_not_a_bad_file(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    (session.home / "a").write_bytes(os.urandom(3 << 20))
    target = session.folder / "good.litestate.zip"

    def full(self: object, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("litestate.bundle.writer.Writer.add", full)
    with pytest.raises(SaveError, match="No space left"):
        save_state(target)
    assert not target.exists()


def test_zeros_with_zstd_open_again(session: Session) -> None:
    from litestate.bundle.zip_format import AVAILABLE

    if "zstd" not in AVAILABLE:
        pytest.skip("this Python has no Zstandard")
    (session.home / "zeros").write_bytes(bytes(50 << 20))
    bundle, _ = session.save(compression="zstd")
    session.clear()
    session.load(bundle)
    assert (session.home / "zeros").stat().st_size == 50 << 20


@pytest.mark.parametrize(
    ("parts", "method"),
    [
        (("noise",), zipfile.ZIP_STORED),
        (("text",), zipfile.ZIP_DEFLATED),
        (("noise", "text"), zipfile.ZIP_DEFLATED),
        (("text", "noise"), zipfile.ZIP_DEFLATED),
        (("noise", "noise", "noise", "text"), zipfile.ZIP_DEFLATED),
    ],
)
def test_content_that_does_not_shrink_is_stored(
    session: Session, parts: tuple[str, ...], method: int
) -> None:
    content = {"noise": random.Random(0).randbytes(1 << 18), "text": b"many words " * 24_000}
    (session.home / "file").write_bytes(b"".join(content[part] for part in parts))
    with zipfile.ZipFile(io.BytesIO(session.save()[0])) as archive:
        assert archive.getinfo("files/home/file").compress_type == method


def test_a_failed_save_leaves_an_open_file_unchanged(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session.home / "a").write_text("a")
    path = tmp_path / "old.litestate.zip"
    save_state(path)
    old = path.read_bytes()

    def cancelled(*_: object) -> None:
        raise CancelledError("Saving: cancelled.")

    monkeypatch.setattr(litestate.state.save, "generator", cancelled)
    with path.open("r+b") as file, pytest.raises(CancelledError):
        save_state(file)
    assert path.read_bytes() == old
    with (tmp_path / "new").open("w+b") as file, pytest.raises(CancelledError):
        save_state(file)
    assert (tmp_path / "new").stat().st_size == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("work", "work.litestate.zip"),
        ("work.zip", "work.zip"),
        ("work.txt", "work.txt"),
        ("new/", "new/state-*.litestate.zip"),
        ("folder", "folder/state-*.litestate.zip"),
    ],
)
def test_the_path_of_a_bundle(session: Session, tmp_path: Path, given: str, expected: str) -> None:
    (tmp_path / "folder").mkdir()
    save_state(f"{tmp_path}/{given}")
    assert len(list(tmp_path.glob(expected))) == 1


def test_files_that_cannot_be_saved_are_not_shown_as_saved(session: Session) -> None:
    for name in ("A.txt", "a.txt", "aux.txt"):
        (session.home / name).write_text(name)
    shown, saved = litestate.show_state(), session.save()[1]
    assert [item.path for item in shown.skipped] == ["~/a.txt", "~/aux.txt"]
    assert [item.path for item in saved.skipped] == ["~/a.txt", "~/aux.txt"]
    assert [line.label for line in shown.lines()] == ["~/A.txt"]


def test_an_interrupted_write_to_the_drive_leaves_the_old_bundle(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Roots((Root(NOTEBOOK, session.notebook, "", on_drive=True),))
    (session.notebook / "a").write_text("a")
    monkeypatch.setattr(litestate.host.roots, "detect", lambda: drive)
    save_state(session.notebook / "work.zip")
    old = (session.notebook / "work.zip").read_bytes()
    copy = changes.shutil.copyfile
    calls = 0

    def half(source: Path, target: Path, **options: bool) -> None:
        nonlocal calls
        if Path(target).name == "work.zip" and Path(target).parent == session.notebook:
            calls += 1
            if calls == 1:
                Path(target).write_bytes(b"half")
                raise OSError(28, "No space left")
        copy(source, target, **options)

    monkeypatch.setattr(changes.shutil, "copyfile", half)
    with pytest.raises(SaveError, match="An older file there is unchanged"):
        save_state(session.notebook / "work.zip")
    assert (session.notebook / "work.zip").read_bytes() == old


def test_a_save_warns_of_a_bundle_beyond_the_limits(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session.home / "zeros").write_bytes(bytes(3 << 20))
    assert not session.save()[1].warnings
    monkeypatch.setattr(litestate.bundle.limits, "HARMLESS", 1 << 20)
    bundle, report = session.save()
    assert "limits=" in report.warnings[0]
    with pytest.raises(UnsafeBundleError, match=r"limits=.*ratio"):
        session.load(bundle)
