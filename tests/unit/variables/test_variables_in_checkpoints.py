"""Variables in checkpoints: which are captured after a cell, and which are written."""

from __future__ import annotations

import random

import litestate
import litestate.variables.changes.tracker
import pytest
from litestate.checkpoints.store.log import Log
from litestate.errors import DamagedCheckpointError, StorageError
from variable_kernels import Notebook

ARRAYS = (
    "import numpy as np\n"
    "arrays = [np.full(8000, n, dtype=float) for n in range(20)]\n"
    "for n, each in enumerate(arrays): globals()['array_' + chr(97 + n)] = each\n"
    "del arrays, each, n"
)


def test_only_changed_variables_are_written(notebook: Notebook) -> None:
    assert notebook.cell(ARRAYS) > 20 * 64_000
    assert 64_000 <= notebook.cell("array_c[5] = -1") < 70_000
    assert notebook.cell("array_c.sum()") == 0
    notebook.cell("x = 1")
    assert notebook.cell("x = 2") < 1000
    assert notebook.cell("del array_c") == 0
    assert notebook.stored_variables() == notebook.here()


def test_variables_that_share_with_a_used_name_are_scanned(notebook: Notebook) -> None:
    notebook.cell("a = [1, [2]]; b = a[1]; c = [9]")
    # The cell uses only `b`, and changes the object that `a` holds.
    notebook.cell("b.append(3)")
    assert notebook.stored_variables() == notebook.here()
    # Two groups become one, and two again.
    notebook.cell("c.append(b)")
    assert notebook.stored_variables() == notebook.here()
    notebook.cell("c.pop()")
    assert notebook.stored_variables() == notebook.here()


def test_a_hidden_change_is_found_by_the_next_full_scan(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.cell("a = [1]; b = [2]")
    notebook.names["a"].append(7)
    notebook.cell("b")
    assert notebook.stored_variables() != notebook.here()
    notebook.cell("", thorough=True)
    assert notebook.stored_variables() == notebook.here()

    # A full scan follows after some time without a request.
    monkeypatch.setattr(litestate.variables.changes.tracker, "_FULL_EVERY", 3)
    notebook.names["a"].append(8)
    for _ in range(4):
        notebook.cell("b.append(0)")
    assert notebook.stored_variables() == notebook.here()


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
    """Checkpoints contain what a full scan would have found, however variables share objects."""
    chance = random.Random(seed)
    notebook.cell("import numpy as np\na = b = c = d = e = 0")
    for _ in range(40):
        step = chance.choice(STEPS)
        x, y = chance.choices("abcde", k=2)
        for name in (x, y):
            notebook.names.setdefault(name, 0)
        notebook.cell(step.format(x=x, y=y, n=chance.randrange(1000)))
        assert notebook.stored_variables() == notebook.here()


def test_variables_that_could_not_be_written_are_captured_again(
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
    assert notebook.stored_variables() == notebook.here()


def test_a_reader_that_takes_over_makes_a_full_scan(notebook: Notebook) -> None:
    notebook.cell("a = [1]; b = [2]; c = [3]")
    session = notebook.kernel.session
    # As when the other tab is closed: this tab's knowledge of the history is outdated.
    session._open(session.storage)
    assert notebook.cell("b.append(3)") > 0
    assert notebook.stored_variables() == notebook.here()


def test_damaged_variables_are_captured_again(notebook: Notebook) -> None:
    notebook.cell("a = [1]; b = [2]; c = [3]")
    damaged = notebook.damage("a")
    with pytest.raises(DamagedCheckpointError):
        list(notebook.kernel.session.history.read(damaged))
    assert notebook.cell("b.append(3)") > 0
    assert notebook.stored_variables() == notebook.here()
