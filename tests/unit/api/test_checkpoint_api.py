"""The public functions: messages, bundles of checkpoints, readers, and the one session."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path

import litestate
import litestate.api.kernel_session
import pytest
from checkpoint_kernels import IN_KERNEL, Kernel, changed, connected, digest, tree, unreadable
from litestate import Retention
from litestate.api.kernel_session import opened
from litestate.bundle import Reader
from litestate.errors import (
    DamagedCheckpointError,
    NoCheckpointError,
    ReadOnlyCheckpointsError,
    SelectionError,
)
from litestate.report import Report
from litestate.storage.folder import open_directory
from litestate.waiting import wait
from sessions import count, make_database


@pytest.fixture
def active(kernel: Kernel) -> Kernel:
    kernel.activate()
    return kernel


def fill(kernel: Kernel) -> None:
    home = kernel.state.home
    (home / "folder" / "empty").mkdir(parents=True)
    (home / "folder" / "text").write_text("text " * 100_000)
    (home / "nothing").touch()
    (home / "script").write_text("#!/bin/sh")
    (home / "script").chmod(0o755)
    (home / "link").symlink_to("folder/text")
    (home / "dangling").symlink_to("nobody")
    (kernel.state.notebook / "größe.csv").write_text("1")
    make_database(home / "app.db")
    make_database(home / "wal.db", pragma="journal_mode = wal")
    (home / "encrypted").write_bytes(b"SQLite format 3\0" + os.urandom(4080))
    os.utime(home / "folder" / "text", ns=(10**18, 10**18))


def members(bundle: bytes) -> dict[str, tuple[object, ...]]:
    manifest = Reader(io.BytesIO(bundle)).manifest
    return {
        it.name: (it.kind, it.size, it.sha256, it.mode, it.mtime_ns, it.details)
        for it in manifest.members
    }


def test_a_bundle_of_a_checkpoint_is_that_of_the_time(active: Kernel) -> None:
    fill(active)
    litestate.checkpoint("then")
    then, report = active.state.save()
    assert not report.skipped
    before = tree(active.state.folder)
    active.state.clear()
    (active.state.home / "folder").write_text("newer")
    litestate.checkpoint("now")
    now, _ = active.state.save()
    bundle, report = active.state.save(checkpoint="then")
    assert members(bundle) == members(then)
    assert digest(bundle) == digest(then) == report.digest
    assert digest(active.state.save(checkpoint=2)[0]) == digest(now)
    assert (active.state.home / "folder").read_text() == "newer"
    active.state.clear()
    active.state.load(bundle)
    assert tree(active.state.folder) == before


def test_a_bundle_of_a_checkpoint_in_a_file_and_with_await(active: Kernel, tmp_path: Path) -> None:
    fill(active)
    litestate.checkpoint("then")
    report = litestate.save_state(tmp_path / "x", checkpoint=litestate.checkpoints()[0])
    saving = litestate.asave_state(tmp_path / "y", checkpoint=1)
    with pytest.raises(StopIteration):
        saving.send(None)
    assert report.path is not None
    assert digest(Path(report.path).read_bytes()) == digest(
        (tmp_path / "y.litestate.zip").read_bytes()
    )


def test_a_bundle_of_a_missing_checkpoint_is_an_error(active: Kernel, tmp_path: Path) -> None:
    with pytest.raises(NoCheckpointError):
        litestate.save_state(tmp_path / "x", checkpoint=1)
    fill(active)
    litestate.checkpoint()
    for options in ({"paths": "x"}, {"exclude": "*.db"}):
        with pytest.raises(SelectionError, match="checkpoint is saved whole"):
            litestate.save_state(tmp_path / "x", checkpoint=1, **options)  # type: ignore[arg-type]
    path = next(path for path in active.history.rglob("*.log") if path.stat().st_size)
    data = bytearray(path.read_bytes())
    for entry in active.session.history.entries(1):
        for chunk in entry.content.chunks:
            data[chunk.offset : chunk.offset + chunk.stored] = bytes(chunk.stored)
    path.write_bytes(data)
    with pytest.raises(DamagedCheckpointError):
        litestate.save_state(tmp_path / "x", checkpoint=1)
    assert not list(tmp_path.glob("x*"))


def test_checkpoint_reports_what_changed(active: Kernel) -> None:
    assert str(litestate.checkpoint()) == "Nothing has changed; there is no state yet"
    (active.state.home / "a").write_text("a")
    report = litestate.checkpoint()
    assert str(report).startswith("Checkpoint 1: 1 file; ")
    assert changed(report) == {"~/a": "added"}
    assert report.size == active.size
    assert str(litestate.checkpoint()) == "Nothing has changed since checkpoint 1"
    report = litestate.checkpoint("here")
    assert str(report).startswith("Checkpoint 2 ('here'): nothing changed; ")
    assert "Nothing has changed since checkpoint 2 ('here')" in str(litestate.checkpoint())


def test_checkpoint_reports_unreadable_files(active: Kernel) -> None:
    path = active.state.home / "a"
    path.write_text("a")
    make_database(active.state.home / "app.db")
    litestate.checkpoint()
    path.write_text("b")
    insert = "INSERT INTO runs (note) VALUES ('not committed')"
    with unreadable(path), connected(active.state.home / "app.db", "BEGIN", insert):
        report = litestate.checkpoint()
    assert report.headline == "Nothing has changed since checkpoint 1"
    assert [skipped.path for skipped in report.skipped] == ["~/a"]
    assert "open transaction" in report.warnings[0]
    assert "cannot be read" in str(report)
    assert changed(litestate.checkpoint()) == {"~/a": "changed"}


def test_the_table(active: Kernel) -> None:
    assert "no checkpoints" in str(litestate.checkpoints())
    (active.state.home / "<a>").write_text("a")
    litestate.checkpoint("<first>")
    for number in range(5):
        (active.state.home / f"{number}").write_text("a")
    active.session.checkpoint("cell", cell=7)
    (active.state.home / "<a>").unlink()
    active.session.checkpoint("before load")
    active.restore(1)
    listed = litestate.checkpoints()
    assert [row.number for row in listed] == [1, 2, 3, 4]
    assert [row.label for row in listed] == ["<first>", None, None, None]
    assert [row.cell for row in listed][1:] == [7, None, None]
    texts = [row.cells()[4] for row in listed]
    assert texts[0] == "~/<a> added"
    assert texts[1] == "5 files added"
    assert texts[2] == "before load; ~/<a> removed"
    assert texts[3] == "restored 1; ~/<a> added; 5 files removed"
    assert sum(row.written for row in listed) == active.size
    assert listed[1].size == 6
    html = listed._repr_html_()
    assert "<first>" not in html
    assert "&lt;first&gt;" in html
    assert str(listed).index("restored 1") < str(listed).index("<first>")
    assert list(listed[1:3]) == [listed[1], listed[2]]


@pytest.mark.skipif(IN_KERNEL, reason="there is one process in the kernel, and it has no locks")
def test_a_reader(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "real home"))
    (tmp_path / "real home").mkdir()
    path = kernel.state.home / "a"
    path.write_text("1")
    make_database(kernel.state.home / "app.db")
    kernel.checkpointed()
    reader = Kernel(kernel.state, kernel.history)
    reader.activate()
    path.write_text("mine")
    with connected(kernel.state.home / "app.db") as db:
        db.execute("DELETE FROM runs")
    before = tree(kernel.state.home)
    for function in (litestate.checkpoint, litestate.undo):
        with pytest.raises(ReadOnlyCheckpointsError):
            function()
    assert [row.number for row in litestate.checkpoints()] == [1]
    report = litestate.restore()
    assert path.read_text() == "1"
    assert count(kernel.state.home / "app.db") == 10
    assert not list((tmp_path / "real home").iterdir())
    aside = next(kernel.state.notebook.glob("before-restore-*"))
    assert aside.name in report.notes[-1]
    litestate.load_state(aside, clean=True)
    assert tree(kernel.state.home) == before
    # Saving and loading need no checkpoint.
    bundle, _ = reader.state.save()
    assert not litestate.load_state(bundle).warnings
    kernel.session.close()
    assert reader.session.take_over()
    assert changed(litestate.checkpoint())["~/a"] == "changed"
    reader.session.close()


@pytest.mark.skipif(IN_KERNEL, reason="the kernel keeps checkpoints in OPFS, which needs a page")
@pytest.mark.parametrize("call", [litestate.checkpoint, litestate.undo])
def test_a_reader_takes_over_without_autosave(kernel: Kernel, call: Callable[[], Report]) -> None:
    file = kernel.state.home / "file"
    file.write_text("first")
    kernel.checkpointed()
    reader = Kernel(kernel.state, kernel.history)
    reader.activate()
    file.write_text("second")
    kernel.checkpointed()
    with pytest.raises(ReadOnlyCheckpointsError):
        call()
    kernel.session.close()
    file.write_text("third")
    call()
    assert reader.session.storage.writable
    assert file.read_text() == ("third" if call is litestate.checkpoint else "second")
    reader.session.close()


def test_one_session_is_open(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    if IN_KERNEL:
        # No page answers code that no output shows.
        monkeypatch.setattr("litestate.browser.notebook.TIMEOUT", 0.05)
    kernel.session.close()
    assert litestate.api.kernel_session.current() is None
    (kernel.state.notebook / "a").write_text("a")
    first = wait(opened("one"), "x")
    assert first.session.is_fresh
    assert litestate.api.kernel_session.current() is first.session
    again = wait(opened(), "x")
    assert again.session is first.session
    litestate.checkpoint()
    other = wait(opened("two", retention=Retention(last=3)), "x")
    assert other.session.is_fresh
    assert other.session.history.retention.last == 3
    assert not len(litestate.checkpoints())
    assert len(wait(opened("one"), "x").session.history.checkpoints) == 1
    scoped = wait(opened("one", paths=["a"]), "x")
    assert scoped.session.scanner.scope.paths == ("notebook/a",)
    litestate.api.kernel_session.close()
    assert litestate.api.kernel_session.current() is None
    litestate.api.kernel_session.close()
    assert len(litestate.checkpoints()) == 0
    assert asyncio.run(_list("one")) == 1


async def _list(name: str) -> int:
    await opened(name)
    return len(await litestate.acheckpoints())


@pytest.mark.skipif(IN_KERNEL, reason="the kernel keeps checkpoints in OPFS, which needs a page")
def test_a_failed_opening_releases_the_storage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = open_directory("nb", folder=tmp_path, patience=0)

    async def given(_name: str) -> object:
        return storage

    def damaged(*_: object) -> None:
        raise DamagedCheckpointError("as it were")

    monkeypatch.setattr("litestate.api.kernel_session.open_storage", given)
    monkeypatch.setattr("litestate.api.kernel_session.Session", damaged)
    monkeypatch.setattr("litestate.api.kernel_session.IN_BROWSER", False)
    with pytest.raises(DamagedCheckpointError):
        wait(opened("nb"), "")
    again = open_directory("nb", folder=tmp_path, patience=0)
    assert again.writable
    again.close()


def test_a_missing_path_opens_no_history(kernel: Kernel) -> None:
    kernel.session.close()
    with pytest.raises(SelectionError, match="no such file"):
        wait(opened("one", paths=["nobody"]), "x")
    assert litestate.api.kernel_session.current() is None
