"""Files, folders and links in checkpoints: changes, their cost, and what is stored."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoint_kernels import Kernel, changed, tree, unreadable
from sessions import Session, make_database

NOISE = random.Random(5)


def fill(state: Session) -> None:
    (state.home / "folder" / "inner").mkdir(parents=True)
    (state.home / "folder" / "text").write_text("hello " * 1000)
    (state.home / "empty").touch()
    (state.home / "nothing").mkdir()
    (state.home / "noise").write_bytes(NOISE.randbytes(300_000))
    (state.home / "link").symlink_to("noise")
    (state.notebook / "data.csv").write_text("a,b\n1,2\n")
    make_database(state.home / "app.db")


def test_nothing_changed_writes_nothing(kernel: Kernel) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    kernel.same()
    kernel.settle()
    kernel.same()


def test_nothing_changed_since_the_process_before(kernel: Kernel) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    kernel.reopen()
    kernel.same()


def test_an_empty_session_makes_no_checkpoint(kernel: Kernel) -> None:
    kernel.same()


def touch_all(state: Session) -> None:
    for path in state.home.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1_700_000_000, 1_700_000_000))


def rewrite_all(state: Session) -> None:
    for path in state.home.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".db":
            path.write_bytes(path.read_bytes())


def replace_all(state: Session) -> None:
    rewrite_all(state)
    (state.home / "link").unlink()
    (state.home / "link").symlink_to("noise")
    (state.home / "nothing").rmdir()
    (state.home / "nothing").mkdir()


@pytest.mark.parametrize("change", [touch_all, rewrite_all, replace_all])
@pytest.mark.parametrize("is_old", [True, False])
def test_no_change(kernel: Kernel, change: Callable[[Session], None], *, is_old: bool) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    if is_old:
        kernel.settle()
    change(kernel.state)
    kernel.same()


def mode(state: Session) -> None:
    (state.home / "noise").chmod(0o600)


def mode_of_a_folder(state: Session) -> None:
    (state.home / "folder").chmod(0o700)


def mode_of_a_database(state: Session) -> None:
    (state.home / "app.db").chmod(0o600)


def rename(state: Session) -> None:
    (state.home / "noise").rename(state.home / "noise2")


def rename_folder(state: Session) -> None:
    (state.home / "folder").rename(state.home / "other")


def new_folder(state: Session) -> None:
    (state.home / "new").mkdir()


def new_link(state: Session) -> None:
    (state.home / "second").symlink_to("folder/text")


def other_target(state: Session) -> None:
    (state.home / "link").unlink()
    (state.home / "link").symlink_to("empty")


def remove(state: Session) -> None:
    (state.home / "empty").unlink()


def remove_folder(state: Session) -> None:
    (state.home / "nothing").rmdir()


def file_to_folder(state: Session) -> None:
    (state.home / "empty").unlink()
    (state.home / "empty").mkdir()


def folder_to_link(state: Session) -> None:
    (state.home / "nothing").rmdir()
    (state.home / "nothing").symlink_to("folder")


def swap_names(state: Session) -> None:
    (state.home / "noise").rename(state.home / "between")
    (state.home / "empty").rename(state.home / "noise")
    (state.home / "between").rename(state.home / "empty")


CHANGES: dict[Callable[[Session], None], dict[str, str]] = {
    mode: {"~/noise": "changed"},
    mode_of_a_folder: {"~/folder": "changed"},
    mode_of_a_database: {"~/app.db": "changed"},
    rename: {"~/noise": "removed", "~/noise2": "added"},
    rename_folder: {
        "~/folder": "removed",
        "~/folder/inner": "removed",
        "~/folder/text": "removed",
        "~/other": "added",
        "~/other/inner": "added",
        "~/other/text": "added",
    },
    new_folder: {"~/new": "added"},
    new_link: {"~/second": "added"},
    other_target: {"~/link": "changed"},
    remove: {"~/empty": "removed"},
    remove_folder: {"~/nothing": "removed"},
    file_to_folder: {"~/empty": "changed"},
    folder_to_link: {"~/nothing": "changed"},
    swap_names: {"~/noise": "changed", "~/empty": "changed"},
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("is_old", [True, False])
def test_every_change_is_found_and_undone_and_done_again(
    kernel: Kernel, change: Callable[[Session], None], *, is_old: bool
) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    if is_old:
        kernel.settle()
    before = tree(kernel.state.folder)
    change(kernel.state)
    after = tree(kernel.state.folder)
    assert changed(kernel.checkpoint()) == CHANGES[change]
    kernel.restore(1)
    assert tree(kernel.state.folder) == before
    kernel.same()
    kernel.restore(2)
    assert tree(kernel.state.folder) == after
    kernel.same()


def test_times_come_back(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    path.write_text("a")
    os.utime(path, ns=(10**18, 10**18))
    kernel.checkpointed()
    path.write_text("b")
    kernel.restore(1)
    assert path.stat().st_mtime_ns == 10**18


def test_one_byte_of_a_large_file(kernel: Kernel) -> None:
    path = kernel.state.home / "large"
    path.write_bytes(NOISE.randbytes(50_000_000))
    kernel.checkpointed()
    for offset in (0, 25_000_000, 49_999_999):
        size = kernel.size
        with path.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))
        made = kernel.checkpointed()
        assert 0 < kernel.size - size < 1_500_000
        assert made.checkpoint.written == kernel.size - size
    assert kernel.restore(2).lines("changed")
    kernel.same()


def test_one_of_many_files(kernel: Kernel) -> None:
    for number in range(200):
        (kernel.state.home / f"{number}").write_bytes(NOISE.randbytes(20_000))
    kernel.checkpointed()
    size = kernel.size
    (kernel.state.home / "77").write_bytes(NOISE.randbytes(20_000))
    assert changed(kernel.checkpoint()) == {"~/77": "changed"}
    assert kernel.size - size < 60_000


def test_truncated_extended_and_appended(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    contents = [NOISE.randbytes(200_000)]
    for size in (199_999, 65_536, 65_535, 0, 1, 131_072):
        contents.append((contents[-1] + bytes(size))[:size])
    contents.append(contents[0] + b"more")
    for content in contents:
        path.write_bytes(content)
        kernel.checkpointed()
    for number, content in enumerate(contents, 1):
        kernel.restore(number)
        assert path.read_bytes() == content


def test_an_unreadable_file_is_named_and_keeps_its_last_version(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    path.write_text("known")
    (kernel.state.home / "b").write_text("b")
    kernel.checkpointed()
    path.write_text("newer")
    (kernel.state.home / "b").write_text("newer")
    with unreadable(path):
        made = kernel.checkpointed()
    assert [skipped.path for skipped in made.skipped] == ["~/a"]
    assert changed(made) == {"~/b": "changed"}
    assert changed(kernel.checkpoint()) == {"~/a": "changed"}


def test_an_unreadable_file_keeps_its_last_version_in_a_new_process(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    path.write_text("known")
    kernel.checkpointed()
    path.write_text("newer")
    kernel.reopen()
    (kernel.state.home / "b").write_text("b")
    with unreadable(path):
        made = kernel.checkpointed()
    assert [skipped.path for skipped in made.skipped] == ["~/a"]
    assert changed(made) == {"~/b": "added"}
    path.write_text("newest")
    kernel.restore(2)
    # The unread file does not count as removed, and its last known version is restored.
    assert path.read_text() == "known"


def test_a_folder_that_cannot_be_listed_loses_nothing(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    real, closed = os.scandir, os.fspath(kernel.state.home / "folder")

    def scandir(path: object) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    (kernel.state.home / "b").write_text("b")
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        made = kernel.checkpointed()
    assert [skipped.path for skipped in made.skipped] == ["~/folder"]
    assert changed(made) == {"~/b": "added"}
    kernel.same()


def test_no_checkpoint_if_only_an_unreadable_file_has_changed(kernel: Kernel) -> None:
    path = kernel.state.home / "a"
    path.write_text("known")
    kernel.checkpointed()
    path.write_text("newer")
    with unreadable(path):
        kernel.same()
        assert [skipped.path for skipped in kernel.session.captured.skipped] == ["~/a"]
    assert changed(kernel.checkpoint()) == {"~/a": "changed"}
    assert not kernel.session.captured.skipped


def test_a_named_path_that_is_gone_is_removed(kernel: Kernel) -> None:
    path = kernel.state.home / "data"
    path.mkdir()
    (path / "a").write_text("a")
    (kernel.state.home / "other").write_text("other")
    kernel.options = {"paths": [path, kernel.state.home / "other"]}
    kernel.reopen()
    kernel.checkpointed()
    (path / "a").unlink()
    path.rmdir()
    made = kernel.checkpointed()
    assert changed(made) == {"~/data": "removed", "~/data/a": "removed"}
    assert not made.skipped
    kernel.restore(1)
    assert (path / "a").read_text() == "a"
    kernel.restore(2)
    assert not path.exists()
    kernel.same()


def test_excluded_files_are_never_changed(kernel: Kernel) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    names = ["n.ipynb", ".litestate/x/0.log", "__pycache__/m.pyc", ".cache/c", "a.tmp", ".git/HEAD"]
    for name in [*names, "new/inner.ipynb"]:
        path = kernel.state.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (kernel.state.home / "b.litestate.zip").write_bytes(kernel.state.save()[0])
    kernel.checkpoint()
    before = tree(kernel.state.folder)
    kernel.restore(1)
    assert tree(kernel.state.folder) == before


def test_only_the_given_paths_are_scanned(kernel: Kernel) -> None:
    fill(kernel.state)
    kernel.options = {"paths": [kernel.state.home / "folder"], "exclude": ["*.log"]}
    kernel.reopen()
    (kernel.state.home / "folder" / "x.log").write_text("1")
    kernel.checkpointed()
    (kernel.state.home / "noise").write_text("2")
    (kernel.state.home / "folder" / "x.log").write_text("2")
    (kernel.state.home / "folder" / "new").write_text("2")
    (kernel.state.home / "folder" / "text").write_text("2")
    made = kernel.checkpointed()
    assert changed(made) == {"~/folder/new": "added", "~/folder/text": "changed"}
    kernel.restore(1)
    assert (kernel.state.home / "noise").read_text() == "2"
    assert (kernel.state.home / "folder" / "x.log").read_text() == "2"
    assert (kernel.state.home / "folder" / "text").read_text() == "hello " * 1000
    assert not (kernel.state.home / "folder" / "new").exists()


def test_paths_elsewhere(kernel: Kernel, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_text("1")
    kernel.options = {"paths": [outside]}
    kernel.reopen()
    kernel.checkpointed()
    (outside / "a").write_text("2")
    (outside / "b").write_text("2")
    assert sorted(changed(kernel.checkpoint()).values()) == ["added", "changed"]
    kernel.restore(1)
    assert tree(outside).keys() == {"a"}
    assert (outside / "a").read_text() == "1"
    kernel.restore(2)
    assert tree(outside).keys() == {"a", "b"}


def test_a_bundle_where_a_file_was_is_not_lost(kernel: Kernel) -> None:
    path = kernel.state.home / "state.zip"
    path.write_text("a text")
    kernel.checkpointed()
    bundle, _ = kernel.state.save()
    path.write_bytes(bundle)
    kernel.checkpoint()
    report = kernel.restore(1)
    assert path.read_bytes() == bundle
    assert [skipped.path for skipped in report.skipped] == ["~/state.zip"]


def test_files_outside_of_the_present_scope_are_not_lost(kernel: Kernel) -> None:
    fill(kernel.state)
    kernel.checkpointed()
    kernel.options = {"paths": [kernel.state.home / "folder"]}
    kernel.reopen()
    (kernel.state.home / "noise").write_text("newer, and in no checkpoint")
    kernel.checkpoint()
    report = kernel.restore(1)
    assert (kernel.state.home / "noise").read_text() == "newer, and in no checkpoint"
    assert [skipped.path for skipped in report.skipped] == ["~/noise"]
