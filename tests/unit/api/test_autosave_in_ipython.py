"""Autosave in plain Python, in IPython's own shell."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import litestate
import litestate.api.kernel_session
import pytest
from ipython_shells import new_shell
from litestate.errors import LitestateError

pytestmark = pytest.mark.skipif(
    sys.platform == "emscripten", reason="tests/browser/test_autosave.py does this in the site"
)


class Shell:
    """A shell that was just started in a folder."""

    def __init__(self, shell: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shell = shell
        monkeypatch.setattr("IPython.get_ipython", lambda: self.shell)
        monkeypatch.chdir(folder)

    def cell(self, code: str) -> Any:
        result = self.shell.run_cell(code, store_history=True)
        result.raise_error()
        return result.result

    def fails(self, code: str) -> str:
        result = self.shell.run_cell(code, store_history=True)
        return str(result.error_in_exec)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "work").mkdir()
    with ExitStack() as made:

        def start() -> Shell:
            litestate.autosave.stop()
            litestate.api.kernel_session.close()
            return Shell(made.enter_context(new_shell()), tmp_path / "work", monkeypatch)

        yield start
        litestate.autosave.stop()
        litestate.api.kernel_session.close()


def rows() -> list[tuple[int, str, int | None]]:
    return [(row.number, row.cause, row.cell) for row in litestate.checkpoints()]


def test_each_cell_with_a_change_makes_a_checkpoint(start: Any, tmp_path: Path) -> None:
    shell = start()
    report = shell.cell("import litestate\nlitestate.autosave()")
    assert str(report).startswith("Autosave is on for python.")
    shell.cell("open('a.txt', 'w').write('1')")
    shell.cell("1 + 1")
    assert "division" in shell.fails("open('a.txt', 'w').write('22')\n1 / 0")
    assert rows() == [(1, "start", None), (2, "cell", 2), (3, "cell", 4)]
    shell.cell("litestate.undo()")
    assert (tmp_path / "work" / "a.txt").read_text() == "1"
    assert "Autosave is on for python; checkpoint" in repr(litestate.autosave)


def test_a_new_process_restores_nothing_automatically(start: Any, tmp_path: Path) -> None:
    shell = start()
    shell.cell("import litestate\nlitestate.autosave()\nopen('a.txt', 'w').write('1')")
    path = tmp_path / "work" / "a.txt"
    shell = start()
    report = shell.cell("import litestate\nlitestate.autosave()")
    assert "Its last state" not in str(report), "the folder is as it was"
    shell = start()
    path.write_text("edited elsewhere")
    report = shell.cell("import litestate\nlitestate.autosave()")
    assert path.read_text() == "edited elsewhere"
    assert "Its last state is in checkpoint 2 of" in str(report)
    shell.cell("litestate.restore(2)")
    assert path.read_text() == "1"
    shell.cell("litestate.undo()")
    assert path.read_text() == "edited elsewhere"


def test_a_problem_is_reported_once(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell = start()
    shell.cell("import litestate, sqlite3\nlitestate.autosave()")
    shell.cell("db = sqlite3.connect('app.db')\ndb.execute('CREATE TABLE t (x)')\ndb.commit()")
    capsys.readouterr()
    for number in range(3):
        shell.cell(f"cursor = db.execute('INSERT INTO t VALUES ({number})')")
    output = capsys.readouterr().out
    assert output.count("Note: app.db has an open transaction") == 1
    shell.cell("db.commit()")
    shell.cell("db.close()")
    shell.cell("litestate.autosave.pause()")
    shell.cell("open('b', 'w').write('b')")
    made = len(litestate.checkpoints())
    assert "paused" in repr(litestate.autosave)
    assert "What has changed since is not in it yet" in repr(litestate.autosave)
    shell.cell("litestate.autosave.resume()")
    assert len(litestate.checkpoints()) == made + 1


def test_autosave_stays_off_after_a_failed_restore(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = start()
    shell.cell("import litestate\nlitestate.autosave()\nopen('a', 'w').write('a')")
    before = rows()
    shell = start()

    def fail(*_: object, **__: object) -> None:
        raise LitestateError("as if the restore had failed")

    with monkeypatch.context() as patch:
        patch.setattr(importlib.import_module("litestate.api.autosave"), "first_restore", fail)
        assert "as if the restore" in shell.fails("import litestate\nlitestate.autosave()")
        shell.cell("import os; os.remove('a')")
    assert "Autosave is off" in repr(litestate.autosave)
    assert rows() == before


def test_outside_of_ipython(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    with pytest.raises(LitestateError, match="no cells to follow"):
        litestate.autosave()
    for method in (litestate.autosave.pause, litestate.autosave.resume):
        with pytest.raises(LitestateError, match="Autosave is off"):
            method()
    litestate.autosave.stop()
