"""Variables that a restore could not rebuild stay in later checkpoints."""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import litestate
import litestate.variables.changes.tracker
import pytest
from checkpoint_kernels import IN_KERNEL, Kernel
from litestate import packages, save_state
from litestate.checkpoints import checkpoint_restore
from litestate.checkpoints.checkpoint_source import CheckpointSource
from variable_kernels import Notebook


class Library:
    """A removable module, as when there is no network to install it from."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "helper_mod.py"
        self._aside = folder / "aside"
        self._file.write_text("class K:\n    pass\n")

    def remove(self) -> None:
        self._file.rename(self._aside)
        self._forget()

    def reinstall(self) -> None:
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


SHARED = (
    "import helper_mod\n"
    "import numpy as np\n"
    "shared = np.arange(10_000.0); k = helper_mod.K(); k.v = shared; alone = helper_mod.K()\n"
    "small = 7"
)


def test_unrestored_variables_are_in_later_checkpoints(
    notebook: Notebook, library: Library
) -> None:
    notebook.cell(SHARED)
    library.remove()
    missing = {"k", "alone", "helper_mod"}
    assert notebook.reloaded() == missing
    assert notebook.names["shared"][5] == 5
    notebook.cell("shared[5] = -1; small = 8")
    notebook.thin()
    assert notebook.reloaded() == missing
    notebook.thin()

    library.reinstall()
    assert notebook.reloaded() == set()
    names = notebook.names
    # Changed variables have their new values; unrestored ones are as stored before.
    assert (names["shared"][5], names["k"].v[5], names["small"]) == (-1, 5, 8)
    assert type(names["alone"]) is names["helper_mod"].K
    # Only existing variables are stored.
    notebook.cell("small = 9")
    assert notebook.stored_variables() == notebook.here()


def test_unrestored_variables_alone_make_no_checkpoint(
    notebook: Notebook, library: Library
) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); k.a = k; other = [1]\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"k"}
    assert notebook.cell("other") == 0
    assert len(notebook.kernel.session.history.checkpoints) == 1


def test_a_new_value_replaces_an_unrestored_variable(notebook: Notebook, library: Library) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); a = [k]; z = [k]\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"a", "k", "z"}
    # The key of the group was that of its first name.
    notebook.cell("a = ['new']")
    assert notebook.reloaded() == {"k", "z"}
    assert notebook.names["a"] == ["new"]
    notebook.cell("k = 5")
    notebook.cell("del k")
    library.reinstall()
    assert notebook.reloaded() == set()
    assert notebook.names["a"] == ["new"]
    assert type(notebook.names["z"][0]).__name__ == "K"
    assert "k" not in notebook.names


def test_a_restore_forgets_what_another_state_lacked(notebook: Notebook, library: Library) -> None:
    notebook.cell("x = 1")
    notebook.cell("import helper_mod\nk = helper_mod.K(); x = 2\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"k"}
    kernel = notebook.kernel
    kernel.restore(1)
    notebook.cell("y = 1")
    assert notebook.stored_variables() == notebook.here()
    kernel.restore(2)
    assert kernel.session.unrestored.names == {"k"}
    notebook.cell("y = 2")
    kernel.activate()
    litestate.clear_state(paths=[kernel.state.home], variables=True)
    assert notebook.stored_variables() == {}
    library.reinstall()
    litestate.undo()
    assert type(notebook.names["k"]).__name__ == "K"


def test_variables_that_wait_for_trust_are_in_later_checkpoints(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.cell("class K: pass\nk = K(); k.v = 42; plain = 1")
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointSource, "trusted", False)
        assert {"k", "K"} <= notebook.reloaded()
        notebook.thin()
        assert {"k", "K"} <= notebook.reloaded()
        assert notebook.names["plain"] == 1
    assert notebook.reloaded() == set()
    assert notebook.names["k"].v == 42


def test_a_reader_that_takes_over_keeps_unrestored_variables(
    notebook: Notebook, kernel: Kernel, library: Library
) -> None:
    if IN_KERNEL:
        pytest.skip("there is one process in the kernel, and it has no locks")
    notebook.cell("import helper_mod\nk = helper_mod.K(); other = 1\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"k"}
    reader = Kernel(kernel.state, kernel.history, options={"variables": True})
    checkpoint_restore.restore_missing(reader.session, reader.session.find(None))
    notebook.thin()
    kernel.session.close()
    assert reader.session.take_over()
    notebook.names["other"] = 2
    reader.checkpointed()
    reader.checkpointed(label="again")
    reader.session.close()
    library.reinstall()
    assert notebook.reloaded() == set()
    assert type(notebook.names["k"]).__name__ == "K"


@pytest.mark.skipif(IN_KERNEL, reason="the kernel would try to install the package")
def test_missing_packages_are_in_later_checkpoints(
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
    assert notebook.reloaded() == {"k"}
    assert notebook.cell("z = 1") > 0
    tree = notebook.kernel.session.tree
    listed = tree["packages/installed.json"].content
    history = notebook.kernel.session.history
    assert json.loads(b"".join(history.read(listed)))["added"] == [added]
    notebook.cell("k = 0")
    notebook.cell("k = 1")
    listed = notebook.kernel.session.tree["packages/installed.json"].content
    assert json.loads(b"".join(history.read(listed)))["added"] == []


def test_damage_to_unrestored_variables_costs_nothing_else(
    notebook: Notebook, library: Library
) -> None:
    notebook.cell("import helper_mod\na = [1]; k = helper_mod.K(); k.a = a\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"k"}
    notebook.damage("k")
    notebook.cell("b = 1")
    assert notebook.stored_variables() == notebook.here()


def test_a_bundle_names_unrestored_variables(notebook: Notebook, library: Library) -> None:
    notebook.cell("import helper_mod\nk = helper_mod.K(); x = 1\ndel helper_mod")
    library.remove()
    assert notebook.reloaded() == {"k"}
    notebook.kernel.activate()
    text = str(save_state(io.BytesIO(), variables=True))
    assert "k could not be rebuilt when the checkpoint was restored: only checkpoints have" in text
    notebook.cell("k = 5")
    assert "could not be made" not in str(save_state(io.BytesIO(), variables=True))
