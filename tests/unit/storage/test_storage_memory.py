"""The storage of browsers that have no lasting one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import litestate
import pytest
from ipython_shells import new_shell
from litestate.errors import StorageError, StorageFullError
from litestate.platform import IN_BROWSER
from litestate.storage.memory import LIMIT, MemoryStorage
from storage_exercises import exercise_files

REASON = "This browser cannot keep checkpoints: it lacks Web Locks."

needs_plain_python = pytest.mark.skipif(
    IN_BROWSER, reason="tests/browser/engine_suite.py does this in the site"
)


@pytest.mark.parametrize("seed", range(5))
def test_the_files_are_files(seed: int) -> None:
    storage = MemoryStorage(REASON)
    models = exercise_files(storage, seed)
    assert [bytes(file.content) for file in storage.files] == models
    assert storage.used() == sum(map(len, models))


def test_it_has_a_limit() -> None:
    storage = MemoryStorage(REASON, limit=100)
    first, second = storage.files
    first.write(0, bytes(60))
    with pytest.raises(StorageFullError, match=r"save_state\(\)"):
        second.write(0, bytes(41))
    with pytest.raises(StorageFullError):
        first.truncate(101)
    assert (first.size(), second.size()) == (60, 0)
    first.write(20, bytes(40))
    second.write(0, bytes(40))
    first.truncate(10)
    second.truncate(90)
    if not IN_BROWSER:
        assert asyncio.run(storage.usage()) == (100, 100)


def test_a_closed_one_says_so() -> None:
    storage = MemoryStorage(REASON)
    file = storage.files[0]
    file.write(0, b"x")
    assert storage.take_over() is storage
    storage.close()
    storage.close()
    for action in (file.size, file.flush, storage.take_over, lambda: file.read(0, 1)):
        with pytest.raises(StorageError, match="have been closed"):
            action()


@pytest.fixture
def shell(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell whose checkpoints are in memory."""
    storages: list[MemoryStorage] = []

    async def open_storage(_name: str) -> MemoryStorage:
        storages.append(MemoryStorage(REASON))
        return storages[-1]

    monkeypatch.setattr("litestate.api.kernel_session.open_storage", open_storage)
    monkeypatch.chdir(tmp_path)
    with new_shell() as shell:
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        yield shell
        litestate.autosave.stop()
        litestate.api.kernel_session.close()


@needs_plain_python
def test_autosave_says_that_a_reload_loses_them(shell: Any, tmp_path: Any) -> None:
    def cell(code: str) -> Any:
        result = shell.run_cell(code, store_history=True)
        result.raise_error()
        return result.result

    report = cell("import litestate\nlitestate.autosave()")
    assert report.headline.startswith("Autosave is on for python, but only until the page is")
    (warning,) = report.sections[0].warnings
    assert warning.startswith(REASON)
    assert "save_state()" in warning
    assert "until the page is reloaded" in repr(litestate.autosave)
    file = tmp_path / "a.txt"
    cell("from pathlib import Path\nPath('a.txt').write_text('1')")
    cell("litestate.checkpoint('one')")
    cell("Path('a.txt').write_text('number 2')")
    assert warning in cell("litestate.checkpoint('two')").notes
    cell("litestate.restore('one')")
    assert file.read_text() == "1"
    cell("litestate.restore('two')")
    assert file.read_text() == "number 2"
    # Before it removes anything, it writes a bundle: these checkpoints are no safe place.
    cleared = cell("litestate.clear_state(paths=['a.txt'])")
    assert "load_state(" in cleared.notes[0]
    assert LIMIT < 1 << 30
