"""Restores of variables from checkpoints, without the loss of existing ones."""

from __future__ import annotations

import codecs
import importlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import litestate
import litestate.variables.changes.tracker
import pytest
from checkpoint_kernels import IN_KERNEL, Kernel
from litestate.checkpoints import checkpoint_restore
from litestate.checkpoints.store.entries import Entry, Note
from litestate.variables.graph.encoder import Encoder
from litestate.waiting import wait
from variable_kernels import Notebook


def test_shared_objects_are_restored_after_a_refresh(notebook: Notebook) -> None:
    notebook.cell("import numpy as np\na = [1]; b = a; n = np.arange(10); v = n[2:]")
    notebook.refreshed()
    session = notebook.kernel.session
    report = checkpoint_restore.restore_missing(session, session.find(None))
    # The restored variables are known: nothing is written again.
    assert notebook.cell("a") == 0
    assert len(session.history.checkpoints) == 1
    reported = {line.label for line in report.lines() if line.kind == "variable"}
    assert reported == {"a", "b", "n", "np", "v"}
    assert notebook.names["a"] is notebook.names["b"]
    notebook.names["n"][2] = -1
    assert notebook.names["v"][0] == -1
    assert len(session.history.checkpoints) == 1


def test_variables_of_the_first_cell_are_stored_before_a_restore(notebook: Notebook) -> None:
    notebook.cell("import math\nk = 3; a = [1]")
    notebook.cell("a.append(2)")

    notebook.refreshed()
    # Equal to the restored value: nothing would be lost.
    notebook.run("import math\nk = 3; z = 5")
    session = notebook.kernel.session
    checkpoint_restore.restore_missing(session, session.find(None))
    assert [each.note.cause for each in session.history.checkpoints] == ["cell", "cell"]

    for name, value in (("a", [7]), ("k", 4)):
        notebook.refreshed()
        notebook.run(f"{name} = {value}")
        session = notebook.kernel.session
        checkpoint_restore.restore_missing(session, session.find(2))
        assert (notebook.names["a"], notebook.names["k"]) == ([1, 2], 3)
        protecting, restored = session.history.checkpoints[-2:]
        assert (protecting.note.cause, restored.note.cause) == ("before restore", "restored")
        checkpoint_restore.restore(session, protecting)
        assert notebook.names[name] == value


def test_undo_restores_variables(notebook: Notebook) -> None:
    notebook.cell("a = [1]; b = a")
    notebook.cell("a.append(2); new = 1")
    session = notebook.kernel.session
    checkpoint_restore.restore(session, checkpoint_restore.before(session), cause="undone")
    assert notebook.names["a"] == [1]
    assert notebook.names["a"] is notebook.names["b"]
    assert "new" not in notebook.names


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Names of the variables in each graph that is encoded."""
    found: list[set[str]] = []
    real = Encoder.encode

    def encode(self: Encoder, values: Mapping[str, object]) -> bytes:
        found.append(set(values))
        return real(self, values)

    monkeypatch.setattr(Encoder, "encode", encode)
    return found


def test_a_restore_encodes_each_variable_once(
    notebook: Notebook, encodings: list[set[str]]
) -> None:
    names = [{"a"}, {"b"}, {"c"}]
    notebook.cell("a = [1, 2]; b = {'x': 1}; c = 'text'")

    notebook.refreshed()
    session = notebook.kernel.session
    encodings.clear()
    checkpoint_restore.restore_missing(session, session.find(1))
    assert not encodings

    notebook.refreshed()
    session = notebook.kernel.session
    checkpoint_restore.restore(session, session.find(1))
    assert sorted(encodings, key=min) == names

    notebook.cell("a.append(3)")
    encodings.clear()
    checkpoint_restore.restore(session, session.find(1))
    assert encodings == [*names, {"a"}], "all before the restore, and what it has changed"
    assert notebook.names["a"] == [1, 2]
    assert notebook.cell("a") == 0
    assert session.history.checkpoints[-1].note.cause == "restored"


def test_a_restore_of_some_variables_of_a_group(notebook: Notebook) -> None:
    notebook.cell("a = [1]; k = 5")
    notebook.cell("b = [a]; z = 6", thorough=True)
    held = notebook.names["a"]
    session = notebook.kernel.session
    checkpoint_restore.restore(session, session.find(1))
    assert notebook.names["a"] is held, "it is as in the checkpoint, only shared no more"
    assert {"b", "z"}.isdisjoint(notebook.names)
    assert (notebook.names["a"], notebook.names["k"]) == ([1], 5)


@pytest.fixture
def reader(notebook: Notebook, kernel: Kernel) -> Iterator[Kernel]:
    """Another kernel with the same names, while the first one makes the checkpoints."""
    if IN_KERNEL:
        pytest.skip("there is one process in the kernel, and it has no locks")
    notebook.cell("x = 1; gone = [0]; same = 'text'")
    other = Kernel(kernel.state, kernel.history, options={"variables": True})
    assert not other.session.storage.writable
    other.activate()
    yield other
    other.session.close()


def test_a_restore_in_a_reader_keeps_variables_in_a_bundle(
    notebook: Notebook, reader: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THIS_TAB", "1")
    notebook.run("x = 'newer'; mine = [1, 2]; again = mine; del gone")
    report = litestate.restore(1)
    assert (notebook.names["x"], notebook.names["gone"]) == (1, [0])
    assert "mine" not in notebook.names
    (aside,) = Path.cwd().glob("before-restore-*")
    call = f"load_state({reader.session.scanner.roots.show(aside)!r}, clean=True, variables=True)"
    assert call in report.notes[-1]
    monkeypatch.delenv("OF_THIS_TAB")
    litestate.load_state(aside, clean=True, variables=True)
    assert (notebook.names["x"], notebook.names["mine"]) == ("newer", [1, 2])
    assert notebook.names["mine"] is notebook.names["again"]
    assert "gone" not in notebook.names
    assert os.environ["OF_THIS_TAB"] == "1"
    with zipfile.ZipFile(aside) as bundle:
        assert {"session/session.json", "packages/installed.json"} <= set(bundle.namelist())


def test_a_reader_that_starts_protects_different_variables(
    notebook: Notebook, kernel: Kernel, reader: Kernel
) -> None:
    file = kernel.state.home / "file"
    file.write_text("kept")
    notebook.cell("")
    file.write_text("of the first cell")
    notebook.run("x = (i for i in [7]); gone = ['newer']; same = 'text'")
    wait(reader.session.refresh(), "")
    report = checkpoint_restore.restore_missing(reader.session, reader.session.find(None))
    assert notebook.names["gone"] == ["newer"]
    assert next(notebook.names["x"]) == 7
    assert file.read_text() == "of the first cell"
    reported = {each.path: each for each in report.skipped if " variable " not in each.path}
    assert reported.keys() == {"gone", "x", "~/file"}
    for each in reported.values():
        assert "another tab" in each.reason
        assert each.advice.startswith("restore(2) replaces it, and puts")
    # Names that it lacks are restored.
    notebook.run("del gone")
    checkpoint_restore.restore_missing(reader.session, reader.session.find(None))
    assert notebook.names["gone"] == [0]


def test_variables_that_cannot_be_stored_are_not_replaced(
    notebook: Notebook, kernel: Kernel
) -> None:
    notebook.cell("x = 1; a = 1")
    notebook.cell("x = (i for i in [7, 8]); a = 2")
    kernel.activate()
    report = litestate.restore(1)
    assert notebook.names["a"] == 1
    (left,) = (each for each in report.skipped if each.path == "x")
    assert "undo() could not bring it back" in left.reason
    assert "a generator" in left.reason
    assert "del x" in left.advice
    litestate.undo()
    assert notebook.names["a"] == 2
    assert next(notebook.names["x"]) == 7
    # Follow the advice of the report.
    notebook.run("old = x; del x")
    litestate.restore(1)
    assert notebook.names["x"] == 1
    assert next(notebook.names["old"]) == 8


def test_variables_that_cannot_be_stored_are_not_replaced_at_the_start(notebook: Notebook) -> None:
    notebook.cell("x = 1; y = 2; a = b = [1]")
    notebook.refreshed()
    notebook.run("x = (i for i in [7]); b = (i for i in [8])")
    session = notebook.kernel.session
    report = checkpoint_restore.restore_missing(session, session.find(None))
    assert {each.path for each in report.skipped if " " not in each.path} == {"x", "b"}
    assert (next(notebook.names["x"]), next(notebook.names["b"])) == (7, 8)
    assert (notebook.names["y"], notebook.names["a"]) == (2, [1])


@pytest.mark.parametrize("choice", [False, ["a"]])
def test_variables_that_do_not_belong_to_the_state_are_not_replaced(
    notebook: Notebook, choice: bool | list[str]
) -> None:
    notebook.cell("a = 1; x = 1; same = 3")
    kernel = notebook.kernel
    kernel.options = {"variables": choice}
    kernel.reopen()
    notebook.run("x = 2; mine = 3")
    report = kernel.restore(1)
    assert (notebook.names["x"], notebook.names["mine"]) == (2, 3)
    assert [each.path for each in report.skipped if " " not in each.path] == ["x"]


def test_invalid_variables_do_not_affect_the_others(notebook: Notebook) -> None:
    def find(name: str) -> codecs.CodecInfo | None:
        return codecs.lookup("utf-8") if name == "mycodec" else None

    codecs.register(find)
    try:
        notebook.cell(
            "shared = [1]\n"
            "file = open('a.txt', 'w', encoding='mycodec'); file.close()\n"
            "both = [file, shared]; other = [shared]; alone = [2]"
        )
        codecs.unregister(find)
        session = notebook.kernel.session
        (graph,) = (it for it in session.tree.values() if "file" in it.details.get("names", ()))
        assert graph.details["names"].keys() == {"both", "file", "other", "shared"}
        for _ in range(2):
            assert notebook.reloaded() == {"both", "file"}
            assert notebook.names["other"][0] is notebook.names["shared"]
            assert notebook.names["alone"] == [2]
            notebook.thin()
    finally:
        codecs.register(find)
    assert notebook.reloaded() == set()
    assert notebook.names["both"][0] is notebook.names["file"]
    codecs.unregister(find)


def test_an_invalid_checkpoint_does_not_hide_older_ones(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    notebook.cell("x = 2")
    session = notebook.kernel.session
    content, _ = session.history.put([b"no JSON"])
    entry = Entry("session", "session", "session.json", content.size, 0o644, 0, content)
    session.history.commit(Note(0, "cell"), [entry])
    notebook.refreshed()
    report = importlib.import_module("litestate.api.autosave_start")._newest_whole(
        notebook.kernel.session
    )
    assert notebook.names["x"] == 2
    assert any("checkpoint 3 is damaged" in each for each in report.warnings)
