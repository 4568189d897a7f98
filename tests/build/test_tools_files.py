from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from tools import files


def test_fingerprint_sees_names_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "a"
    path.write_text("1")
    before = files.fingerprint([folder])
    os.utime(path, (0, 0))
    path.chmod(0o600)
    assert files.fingerprint([folder]) == before
    path.write_text("2")
    assert files.fingerprint([folder]) != before
    path.write_text("1")
    path.rename(folder / "b")
    assert files.fingerprint([folder]) != before


def test_fingerprint_leaves_out_what_tools_make(tmp_path: Path) -> None:
    before = files.fingerprint([tmp_path])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert files.fingerprint([tmp_path]) == before


def test_fingerprint_tells_absent_from_empty(tmp_path: Path) -> None:
    absent = files.fingerprint([tmp_path / "a"])
    (tmp_path / "a").touch()
    assert files.fingerprint([tmp_path / "a"]) != absent


def test_a_text_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "x" * 100_000 + "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_scratch_folders_go_away_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.scratch_folder(tmp_path) as scratch:
        (scratch / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_but_not_a_running_ones(tmp_path: Path) -> None:
    abandoned, running = tmp_path / ".partial-old", tmp_path / ".partial-new"
    abandoned.mkdir()
    running.mkdir()
    long_ago = time.time() - 2 * files.ABANDONED_AFTER
    os.utime(abandoned, (long_ago, long_ago))
    with files.scratch_folder(tmp_path):
        assert not abandoned.exists()
        assert running.exists()


def test_a_leftover_that_cannot_be_removed_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", path)

    (tmp_path / ".partial-busy").mkdir()
    (tmp_path / ".partial-gone").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(files, "remove", fails)
    files.remove_leftovers(tmp_path)
    assert (tmp_path / ".partial-busy").exists()


def test_swap_folder_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    new, target = tmp_path / "new", tmp_path / "target"
    for folder, name in ((target, "old.txt"), (new, "new.txt")):
        folder.mkdir()
        (folder / name).touch()
    files.swap_folder(new, target)
    assert [path.name for path in target.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_what_is_published_is_stamped_only_if_it_is_there(tmp_path: Path) -> None:
    new, target, stamp = (tmp_path / name for name in ("new", "target", "stamp"))
    new.mkdir()
    files.publish(new, target, stamp, "1")
    assert target.is_dir()
    assert files.is_stamped(stamp, "1")
    with pytest.raises(FileNotFoundError):
        files.publish(tmp_path / "missing", target, stamp, "2")
    assert not stamp.exists()


def test_a_stamp_holds_for_its_inputs_only(tmp_path: Path) -> None:
    stamp = tmp_path / "made" / "stamp"
    assert not files.is_stamped(stamp, "1")
    files.write_stamp(stamp, "1")
    assert files.is_stamped(stamp, "1")
    assert not files.is_stamped(stamp, "2")
