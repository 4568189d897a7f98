"""Variables in checkpoints: what is taken again after a cell, what is written, what comes back."""

from __future__ import annotations

import codecs
import importlib
import io
import json
import os
import random
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import litestate
import litestate.variables.tracking
import pytest
from checkpointed import IN_KERNEL, Kernel
from litestate import packages, save_state
from litestate.checkpoints import Retention, restoring
from litestate.checkpoints.log import Log
from litestate.checkpoints.source import CheckpointSource
from litestate.checkpoints.tree import Entry, Note
from litestate.current import wait
from litestate.errors import DamagedCheckpointError, StorageError
from litestate.variables import namespace
from litestate.variables.taking import take


class Notebook:
    """A kernel with autosave whose cells say themselves which names they use."""

    def __init__(self, kernel: Kernel, names: dict[str, Any]) -> None:
        self.kernel = kernel
        self.names = names
        self.used: frozenset[str] = frozenset()
        kernel.options = {"variables": True, "watch": self._used}
        kernel.reopen()

    def _used(self) -> frozenset[str]:
        used, self.used = self.used, frozenset()
        return used

    def run(self, code: str) -> None:
        exec(compile(code, "<cell>", "exec", dont_inherit=True), self.names)
        self.used |= frozenset(re.findall(r"[a-zA-Z_]+", code))

    def cell(self, code: str, *, thorough: bool = False) -> int:
        """Run a cell; return how many bytes of variables its checkpoint has written."""
        self.run(code)
        before = self.chunks()
        self.kernel.session.look("cell", thorough=thorough)
        return sum(size for chunk, size in self.chunks().items() if chunk not in before)

    def chunks(self) -> dict[bytes, int]:
        return {
            chunk.digest: chunk.size
            for entry in self.kernel.session.tree.values()
            if entry.kind == "variables"
            for chunk in entry.content.chunks
        }

    def kept(self) -> dict[str, bytes]:
        """What the newest checkpoint has of variables."""
        session = self.kernel.session
        assert session.newest is not None
        return {
            entry.relative: b"".join(session.history.read(entry.content))
            for entry in session.entries(session.newest).values()
            if entry.kind == "variables"
        }

    def here(self) -> dict[str, bytes]:
        """What a look at everything finds."""
        taken = take(self.names, namespace.user_names(self.names))
        return {
            f"{group.key}/{part}": bytes(content)
            for group in taken.groups
            for part, content in group.members()
        }

    def refreshed(self) -> None:
        """Go on in a new kernel, which has no variables."""
        for name in namespace.user_names(self.names):
            del self.names[name]
        self.kernel.reopen()
        # In the browser's kernel, too: `reopen` takes what is in memory as still there.
        session = self.kernel.session
        session.tree = {
            place: entry for place, entry in session.tree.items() if entry.kind != "variables"
        }


@pytest.fixture
def notebook(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    # The shell of the browser's kernel is busy with this test.
    monkeypatch.setattr(namespace, "_shell", lambda: None)
    return Notebook(kernel, vars(module))


ARRAYS = (
    "import numpy as np\n"
    "arrays = [np.full(8000, n, dtype=float) for n in range(20)]\n"
    "for n, each in enumerate(arrays): globals()['array_' + chr(97 + n)] = each\n"
    "del arrays, each, n"
)


def test_only_what_has_changed_is_written(notebook: Notebook) -> None:
    assert notebook.cell(ARRAYS) > 20 * 64_000
    assert 64_000 <= notebook.cell("array_c[5] = -1") < 70_000
    assert notebook.cell("array_c.sum()") == 0
    notebook.cell("x = 1")
    assert notebook.cell("x = 2") < 1000
    assert notebook.cell("del array_c") == 0
    assert notebook.kept() == notebook.here()


def test_what_shares_with_a_used_name_is_looked_at(notebook: Notebook) -> None:
    notebook.cell("a = [1, [2]]; b = a[1]; c = [9]")
    # The cell uses `b` alone, and changes what `a` holds.
    notebook.cell("b.append(3)")
    assert notebook.kept() == notebook.here()
    # Two groups become one, and two again.
    notebook.cell("c.append(b)")
    assert notebook.kept() == notebook.here()
    notebook.cell("c.pop()")
    assert notebook.kept() == notebook.here()


def test_a_hidden_change_is_found_by_the_next_full_look(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.cell("a = [1]; b = [2]")
    notebook.names["a"].append(7)
    notebook.cell("b")
    assert notebook.kept() != notebook.here()
    notebook.cell("", thorough=True)
    assert notebook.kept() == notebook.here()

    # Without anybody who asks for one, there is one after some time.
    monkeypatch.setattr(litestate.variables.tracking, "_FULL_EVERY", 3)
    notebook.names["a"].append(8)
    for _ in range(4):
        notebook.cell("b.append(0)")
    assert notebook.kept() == notebook.here()


STEPS = (
    "{x} = [{n}]",
    "{x} = {y}",
    "{x} = [{y}, {n}]",
    "{x} = {{'n': {n}, 'it': {y}}}",
    "{x} = np.arange({n} + 300.0)",
    "{x} = {y}[2:] if isinstance({y}, (list, np.ndarray)) else {n}",
    "{x} = {n}",
    "{x} = 'text {n}'",
    "globals().pop('{x}', None)",
    "{x}.append({n}) if isinstance({x}, list) else None",
    "{x}.append({y}) if isinstance({x}, list) else None",
    "{x}.clear() if isinstance({x}, list) else None",
    "{x}.__setitem__(0, {n}) if isinstance({x}, np.ndarray) and len({x}) else None",
    "{x}.update(n={n}) if isinstance({x}, dict) else None",
    "{x}",
)


@pytest.mark.parametrize("seed", range(8))
def test_random_cells(notebook: Notebook, seed: int) -> None:
    """However they share: what is kept is what a look at everything would have found."""
    chance = random.Random(seed)
    notebook.cell("import numpy as np\na = b = c = d = e = 0")
    for _ in range(40):
        step = chance.choice(STEPS)
        x, y = chance.choices("abcde", k=2)
        for name in (x, y):
            notebook.names.setdefault(name, 0)
        notebook.cell(step.format(x=x, y=y, n=chance.randrange(1000)))
        assert notebook.kept() == notebook.here()


def test_what_could_not_be_written_is_taken_again(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.cell("a = [1]; b = [2]; c = [3]")
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise StorageError("No.")

        patch.setattr(Log, "flush", full)
        with pytest.raises(StorageError, match="No"):
            notebook.cell("a.append(2)")
    assert notebook.cell("b.append(3)") > 0
    assert notebook.kept() == notebook.here()


def test_a_reader_that_takes_over_takes_everything_again(notebook: Notebook) -> None:
    notebook.cell("a = [1]; b = [2]; c = [3]")
    session = notebook.kernel.session
    # As when the other tab has gone: what this one knew of its history is of no use.
    session._open(session.storage)
    assert notebook.cell("b.append(3)") > 0
    assert notebook.kept() == notebook.here()


def test_damaged_variables_are_taken_again(notebook: Notebook) -> None:
    notebook.cell("a = [1]; b = [2]; c = [3]")
    session = notebook.kernel.session
    (damaged,) = (it for it in session.tree.values() if "a" in it.details.get("names", ()))
    (chunk,) = damaged.content.chunks
    for path in notebook.kernel.history.rglob("*.log"):
        with path.open("r+b") as file:
            file.seek(chunk.offset + chunk.stored - 1)
            file.write(b"?")
    with pytest.raises(DamagedCheckpointError):
        list(session.history.read(damaged.content))
    assert notebook.cell("b.append(3)") > 0
    assert notebook.kept() == notebook.here()


def test_everything_is_one_again_after_a_refresh(notebook: Notebook) -> None:
    notebook.cell("import numpy as np\na = [1]; b = a; n = np.arange(10); v = n[2:]")
    session = notebook.kernel.session
    notebook.refreshed()
    session = notebook.kernel.session
    report = restoring.restore_missing(session, session.find(None))
    # It is known what is there: nothing is written again.
    assert notebook.cell("a") == 0
    assert len(session.history.checkpoints) == 1
    told = {line.label for line in report.lines() if line.kind == "variable"}
    assert told == {"a", "b", "n", "np", "v"}
    assert notebook.names["a"] is notebook.names["b"]
    notebook.names["n"][2] = -1
    assert notebook.names["v"][0] == -1
    assert len(session.history.checkpoints) == 1


def test_what_the_first_cell_has_made_is_kept_before_it_is_replaced(notebook: Notebook) -> None:
    notebook.cell("import math\nk = 3; a = [1]")
    notebook.cell("a.append(2)")

    notebook.refreshed()
    # The same as what comes back: nothing would be lost.
    notebook.run("import math\nk = 3; z = 5")
    session = notebook.kernel.session
    restoring.restore_missing(session, session.find(None))
    assert [each.note.cause for each in session.history.checkpoints] == ["cell", "cell"]

    for name, value in (("a", [7]), ("k", 4)):
        notebook.refreshed()
        notebook.run(f"{name} = {value}")
        session = notebook.kernel.session
        restoring.restore_missing(session, session.find(2))
        assert (notebook.names["a"], notebook.names["k"]) == ([1, 2], 3)
        kept, restored = session.history.checkpoints[-2:]
        assert (kept.note.cause, restored.note.cause) == ("before restore", "restored")
        restoring.restore(session, kept)
        assert notebook.names[name] == value


def test_undo_brings_variables_back(notebook: Notebook, tmp_path: Path) -> None:
    notebook.cell("a = [1]; b = a")
    notebook.cell("a.append(2); new = 1")
    session = notebook.kernel.session
    restoring.restore(session, restoring.before(session), cause="undone")
    assert notebook.names["a"] == [1]
    assert notebook.names["a"] is notebook.names["b"]
    assert "new" not in notebook.names


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
    call = f"load_state({reader.session.looker.places.show(aside)!r}, clean=True, variables=True)"
    assert call in report.notes[-1]
    monkeypatch.delenv("OF_THIS_TAB")
    litestate.load_state(aside, clean=True, variables=True)
    assert (notebook.names["x"], notebook.names["mine"]) == ("newer", [1, 2])
    assert notebook.names["mine"] is notebook.names["again"]
    assert "gone" not in notebook.names
    assert os.environ["OF_THIS_TAB"] == "1"
    with zipfile.ZipFile(aside) as bundle:
        assert {"session/session.json", "packages/installed.json"} <= set(bundle.namelist())


def test_a_reader_that_starts_leaves_alone_what_differs(
    notebook: Notebook, kernel: Kernel, reader: Kernel
) -> None:
    file = kernel.state.home / "file"
    file.write_text("kept")
    notebook.cell("")
    file.write_text("of the first cell")
    notebook.run("x = (i for i in [7]); gone = ['newer']; same = 'text'")
    wait(reader.session.refresh(), "")
    report = restoring.restore_missing(reader.session, reader.session.find(None))
    assert notebook.names["gone"] == ["newer"]
    assert next(notebook.names["x"]) == 7
    assert file.read_text() == "of the first cell"
    told = {each.path: each for each in report.skipped if " variable " not in each.path}
    assert told.keys() == {"gone", "x", "~/file"}
    for each in told.values():
        assert "another tab" in each.reason
        assert each.advice.startswith("restore(2) replaces it, and puts")
    # What it has not does come.
    notebook.run("del gone")
    restoring.restore_missing(reader.session, reader.session.find(None))
    assert notebook.names["gone"] == [0]


def test_what_cannot_be_kept_is_not_replaced(notebook: Notebook, kernel: Kernel) -> None:
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
    # As the advice says.
    notebook.run("old = x; del x")
    litestate.restore(1)
    assert notebook.names["x"] == 1
    assert next(notebook.names["old"]) == 8


def test_what_cannot_be_kept_is_not_replaced_when_a_kernel_starts(notebook: Notebook) -> None:
    notebook.cell("x = 1; y = 2; a = b = [1]")
    notebook.refreshed()
    notebook.run("x = (i for i in [7]); b = (i for i in [8])")
    session = notebook.kernel.session
    report = restoring.restore_missing(session, session.find(None))
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


class Library:
    """A module that can be taken away, as when there is no network to install it from."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "helper_mod.py"
        self._aside = folder / "aside"
        self._file.write_text("class K:\n    pass\n")

    def remove(self) -> None:
        self._file.rename(self._aside)
        self._forget()

    def bring_back(self) -> None:
        self._aside.rename(self._file)
        self._forget()

    def _forget(self) -> None:
        sys.modules.pop("helper_mod", None)
        shutil.rmtree(self._file.parent / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    folder = tmp_path / "library"
    folder.mkdir()
    monkeypatch.syspath_prepend(os.fspath(folder))
    library = Library(folder)
    yield library
    library._forget()


def reloaded(notebook: Notebook) -> set[str]:
    """Go on as after a reload; return which variables are not there."""
    notebook.refreshed()
    session = notebook.kernel.session
    report = restoring.restore_missing(session, session.find(None))
    return {each.path for each in report.skipped if " " not in each.path}


def thin(notebook: Notebook) -> None:
    """Make checkpoints until there is none left of those that were there."""
    session = notebook.kernel.session
    session.configure(None, Retention(last=2, hours=0, days=0))
    newest = session.find(None).number
    for n in range(3):
        notebook.cell(f"count = {n}")
    assert all(each.number > newest for each in session.history.checkpoints)
    session.history.compact()


SHARED = (
    "import helper_mod\n"
    "import numpy as np\n"
    "shared = np.arange(10_000.0); k = helper_mod.K(); k.v = shared; alone = helper_mod.K()\n"
    "small = 7"
)


def test_what_cannot_be_made_is_in_later_checkpoints(notebook: Notebook, library: Library) -> None:
    notebook.cell(SHARED)
    library.remove()
    missing = {"k", "alone", "helper_mod"}
    assert reloaded(notebook) == missing
    assert notebook.names["shared"][5] == 5
    notebook.cell("shared[5] = -1; small = 8")
    thin(notebook)
    assert reloaded(notebook) == missing
    thin(notebook)

    library.bring_back()
    assert reloaded(notebook) == set()
    names = notebook.names
    # What has changed since is as it was changed; what was not there is as it was kept.
    assert (names["shared"][5], names["k"].v[5], names["small"]) == (-1, 5, 8)
    assert type(names["alone"]) is names["helper_mod"].K
    # Nothing more is kept than what is there.
    notebook.cell("small = 9")
    assert notebook.kept() == notebook.here()


def test_what_cannot_be_made_writes_nothing_by_itself(notebook: Notebook, library: Library) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); k.a = k; other = [1]\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    assert notebook.cell("other") == 0
    assert len(notebook.kernel.session.history.checkpoints) == 1


def test_a_new_value_takes_the_place_of_what_could_not_be_made(
    notebook: Notebook, library: Library
) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); a = [k]; z = [k]\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"a", "k", "z"}
    # The key of the group was that of its first name.
    notebook.cell("a = ['new']")
    assert reloaded(notebook) == {"k", "z"}
    assert notebook.names["a"] == ["new"]
    notebook.cell("k = 5")
    notebook.cell("del k")
    library.bring_back()
    assert reloaded(notebook) == set()
    assert notebook.names["a"] == ["new"]
    assert type(notebook.names["z"][0]).__name__ == "K"
    assert "k" not in notebook.names


def test_a_restore_forgets_what_another_state_lacked(notebook: Notebook, library: Library) -> None:
    notebook.cell("x = 1")
    notebook.cell("import helper_mod\nk = helper_mod.K(); x = 2\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    kernel = notebook.kernel
    kernel.restore(1)
    notebook.cell("y = 1")
    assert notebook.kept() == notebook.here()
    kernel.restore(2)
    assert kernel.session.owed.names == {"k"}
    notebook.cell("y = 2")
    kernel.activate()
    litestate.clear_state(paths=[kernel.state.home], variables=True)
    assert notebook.kept() == {}
    library.bring_back()
    litestate.undo()
    assert type(notebook.names["k"]).__name__ == "K"


def test_what_waits_for_trust_is_in_later_checkpoints(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.cell("class K: pass\nk = K(); k.v = 42; plain = 1")
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointSource, "trusted", False)
        assert {"k", "K"} <= reloaded(notebook)
        thin(notebook)
        assert {"k", "K"} <= reloaded(notebook)
        assert notebook.names["plain"] == 1
    assert reloaded(notebook) == set()
    assert notebook.names["k"].v == 42


def test_a_reader_that_takes_over_keeps_what_it_could_not_make(
    notebook: Notebook, kernel: Kernel, library: Library
) -> None:
    if IN_KERNEL:
        pytest.skip("there is one process in the kernel, and it has no locks")
    notebook.cell("import helper_mod\nk = helper_mod.K(); other = 1\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    reader = Kernel(kernel.state, kernel.history, options={"variables": True})
    restoring.restore_missing(reader.session, reader.session.find(None))
    thin(notebook)
    kernel.session.close()
    assert reader.session.take_over()
    notebook.names["other"] = 2
    reader.looked()
    reader.looked(label="again")
    reader.session.close()
    library.bring_back()
    assert reloaded(notebook) == set()
    assert type(notebook.names["k"]).__name__ == "K"


@pytest.mark.skipif(IN_KERNEL, reason="the kernel would try to install the package")
def test_packages_that_are_not_there_are_in_later_checkpoints(
    notebook: Notebook, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = {
        "name": "helper",
        "version": "1.0",
        "url": "https://example.org/helper-1.0-py3-none-any.whl",
        "sha256": None,
        "depends": [],
        "imports": ["helper_mod"],
    }
    with monkeypatch.context() as patch:
        patch.setattr(packages, "describe", lambda: {"added": [added], "imported": {}})
        notebook.cell("import helper_mod\nk = helper_mod.K()\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    assert notebook.cell("z = 1") > 0
    tree = notebook.kernel.session.tree
    listed = tree["packages/installed.json"].content
    history = notebook.kernel.session.history
    assert json.loads(b"".join(history.read(listed)))["added"] == [added]
    notebook.cell("k = 0")
    notebook.cell("k = 1")
    listed = notebook.kernel.session.tree["packages/installed.json"].content
    assert json.loads(b"".join(history.read(listed)))["added"] == []


def test_damage_to_what_could_not_be_made_costs_nothing_else(
    notebook: Notebook, library: Library
) -> None:
    notebook.cell("import helper_mod\na = [1]; k = helper_mod.K(); k.a = a\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    session = notebook.kernel.session
    (graph,) = (it for it in session.tree.values() if "k" in it.details.get("names", ()))
    (chunk,) = graph.content.chunks
    for path in notebook.kernel.history.rglob("*.log"):
        with path.open("r+b") as file:
            file.seek(chunk.offset + chunk.stored - 1)
            file.write(b"?")
    notebook.cell("b = 1")
    assert notebook.kept() == notebook.here()


def test_variables_that_make_no_sense_here_take_no_others_with_them(notebook: Notebook) -> None:
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
            assert reloaded(notebook) == {"both", "file"}
            assert notebook.names["other"][0] is notebook.names["shared"]
            assert notebook.names["alone"] == [2]
            thin(notebook)
    finally:
        codecs.register(find)
    assert reloaded(notebook) == set()
    assert notebook.names["both"][0] is notebook.names["file"]
    codecs.unregister(find)


def test_a_checkpoint_that_makes_no_sense_hides_no_older_one(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    notebook.cell("x = 2")
    session = notebook.kernel.session
    content, _ = session.history.put([b"no JSON"])
    entry = Entry("session", "session", "session.json", content.size, 0o644, 0, content)
    session.history.commit(Note(0, "cell"), [entry])
    notebook.refreshed()
    report = sys.modules["litestate.autosave"]._newest_whole(notebook.kernel.session)
    assert notebook.names["x"] == 2
    assert any("checkpoint 3 is not whole" in each for each in report.warnings)


def test_a_bundle_says_what_only_the_checkpoints_have(notebook: Notebook, library: Library) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); x = 1\ndel helper_mod")
    library.remove()
    assert reloaded(notebook) == {"k"}
    notebook.kernel.activate()
    told = str(save_state(io.BytesIO(), variables=True))
    assert "k could not be made when the checkpoint came back: it is in the checkpoints" in told
    notebook.cell("k = 5")
    assert "could not be made" not in str(save_state(io.BytesIO(), variables=True))
