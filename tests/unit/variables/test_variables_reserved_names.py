"""Names reserved by IPython, and their use by a notebook."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litestate
import litestate.api.kernel_session
import litestate.state.save
import pytest
from ipython_shells import new_shell, pretend_shell
from litestate.variables import namespace
from sessions import Session

pytestmark = pytest.mark.skipif(
    sys.platform == "emscripten", reason="the kernel's own shell is busy with this test"
)

OWN = ("In", "Out", "exit", "quit", "open", "get_ipython")
VALUES = {
    "open": "[101.5, 99.0]",
    "exit": "3",
    "quit": "{'a': 1}",
    "In": "['first', 'second']",
    "Out": "{}",
    "display": "'text'",
    "input": "5",
    "print": "[None]",
}


class Notebook:
    """A shell, and the public functions that see it."""

    def __init__(self, shell: Any) -> None:
        self.shell, self.names = shell, shell.user_ns

    def cell(self, code: str) -> Any:
        # Otherwise IPython takes `exit = 3` for a call.
        result = self.shell.run_cell(f"if True:\n    {code}", store_history=True)
        result.raise_error()

    def own(self) -> set[str]:
        return set(namespace.user_names(self.names))

    def save(self) -> bytes:
        file = io.BytesIO()
        assert waiting(litestate.save_state(file)) == {}
        return file.getvalue()


@pytest.fixture
def start(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(litestate.state.save, "is_session", lambda: True)
    made = []

    def start() -> Notebook:
        shells = new_shell()
        made.append(shells)
        shell = shells.__enter__()
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        return Notebook(shell)

    yield start
    litestate.api.kernel_session.close()
    for shells in reversed(made):
        shells.__exit__(None, None, None)


def waiting(report: litestate.Report) -> dict[str, str]:
    return {each.path: each.reason for each in report.skipped if each.place.startswith("variables")}


def test_objects_of_ipython_are_not_the_users(start: Any) -> None:
    notebook = start()
    assert set(OWN) <= notebook.names.keys()
    notebook.cell("1 + 1")
    assert notebook.own() == set()
    notebook.cell("%reset -f")
    assert notebook.own() == set()


@pytest.mark.parametrize("name", VALUES)
def test_a_users_object_with_such_a_name_is_restored(start: Any, name: str) -> None:
    notebook = start()
    notebook.cell(f"{name} = {VALUES[name]}")
    assert notebook.own() == {name}
    bundle = notebook.save()
    value = notebook.names[name]
    there = start()
    before = there.names.get(name)
    report = litestate.load_state(bundle)
    assert [line.verdict for line in report.lines() if line.label == name] == ["added"]
    assert there.names[name] == value
    assert there.names[name] is not before
    assert there.own() == {name}


@pytest.mark.parametrize("name", VALUES)
def test_an_untrusted_object_with_such_a_name_needs_trust(
    start: Any, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notebook = start()
    notebook.cell(f"{name} = {VALUES[name]}; mine = 1")
    bundle = notebook.save()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    there = start()
    before = dict(there.names)
    reason = "it would replace an object of Python or the notebook that has this name"
    assert waiting(litestate.load_state(bundle)) == {name: reason}
    assert there.names.get(name) is before.get(name)
    assert there.names["mine"] == 1
    assert waiting(litestate.load_state(bundle, trust=True)) == {}
    assert there.own() == {name, "mine"}


@pytest.mark.parametrize("name", OWN)
def test_removing_it_brings_back_ipythons_object(start: Any, name: str) -> None:
    notebook = start()
    before = notebook.names[name]
    notebook.cell(f"{name} = [1]")
    litestate.clear_state(paths=Path.cwd(), variables=True)
    assert notebook.names[name] is before
    assert notebook.own() == set()


def test_in_checkpoints(start: Any) -> None:
    notebook = start()
    for code in ("import litestate", "open = [1]", "open.append(2)", "Out = {}", "Out['a'] = open"):
        notebook.cell(code)
        # One checkpoint for each cell, however fast they run.
        litestate.checkpoint()
    litestate.undo()
    assert notebook.names["Out"] == {}
    litestate.undo()
    assert notebook.names["Out"] is notebook.shell.history_manager.output_hist
    assert notebook.names["open"] == [1, 2]
    litestate.undo()
    assert notebook.names["open"] == [1]


def test_objects_of_a_startup_file_are_saved_and_not_removed(start: Any) -> None:
    notebook = start()
    # IPython does this after exec_lines and startup files, and %pylab.
    notebook.names.update(math=__import__("math"), limit=3, In=["mine"])
    notebook.shell.user_ns_hidden.update(math=notebook.names["math"], limit=3)
    assert notebook.own() == {"math", "limit", "In"}
    litestate.clear_state(paths=Path.cwd(), variables=True)
    assert notebook.own() == {"math", "limit"}


def test_results_of_litestate_are_variables_and_its_interface_is_not(start: Any) -> None:
    notebook = start()
    notebook.cell("import litestate; from litestate import *")
    assert notebook.own() == set()
    notebook.cell("kept, seen = Retention(last=3), show_state()")
    assert notebook.own() == {"kept", "seen"}
    bundle = notebook.save()
    there = start()
    litestate.load_state(bundle)
    assert there.names["kept"] == notebook.names["kept"]
    assert str(there.names["seen"]) == str(notebook.names["seen"])


def test_python_without_ipython_has_no_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_shell(monkeypatch, None, "variables")
    names = {name: [1] for name in (*OWN, "display", "_", "_i", "__doc__")}
    assert set(namespace.user_names(names)) == {*OWN, "display"}


def test_an_import_of_a_builtin_needs_no_trust(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notebook = start()
    notebook.cell(
        "from IPython.display import display; from io import open; from os import open as print"
    )
    bundle = notebook.save()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    there = start()
    assert waiting(litestate.load_state(bundle)).keys() == {"print"}
    assert there.names["display"] is notebook.names["display"]
    assert there.names["open"] is open
    assert "print" not in there.names
