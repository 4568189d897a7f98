"""The journal of the cells since the newest checkpoint: crashes, damage, other tabs."""

from __future__ import annotations

import random
import secrets
from pathlib import Path
from typing import Any

import pytest
from checkpoint_kernels import Kernel
from faulty_storages import MemoryFile
from litestate.checkpoints.store.cell_journal import SLOT, CellJournal, KernelCells, cells_text
from litestate.errors import StorageError

FEW = 200
"""Cells of a long series."""


def ran(file: MemoryFile, newest: int = 3) -> tuple[KernelCells, ...]:
    """Return the cells that the next kernel reports."""
    return CellJournal(file, newest).before


def run(journal: CellJournal, *numbers: int, kernel: str = "a") -> None:
    for number in numbers:
        journal.cell(kernel, number, is_over=False)
        journal.cell(kernel, number, is_over=True)


def test_cells_after_the_checkpoint_are_named() -> None:
    file = MemoryFile(b"")
    journal = CellJournal(file, 3)
    assert ran(file) == ()
    run(journal, 7, 8, 9)
    assert cells_text(ran(file)) == "cells [7]–[9] ran after it"
    journal.cell("a", 10, is_over=False)
    assert cells_text(ran(file)) == "cells [7]–[9] ran after it, and cell [10] was running"
    # The next cell begins although the end of the previous one was not reported.
    journal.cell("a", 11, is_over=False)
    assert ran(file) == (KernelCells("a", (7, 4), 11),)


def test_cells_of_a_checkpoint_are_not_named() -> None:
    file = MemoryFile(b"")
    journal = CellJournal(file, 3)
    run(journal, 7)
    journal.settle(4, between_cells=True)
    assert ran(file, 4) == ()
    # The tab was closed before the file was written: its cells are of an older checkpoint.
    run(journal, 8)
    assert ran(file, 5) == ()
    # A scan that finds nothing new.
    journal.settle(4, between_cells=True)
    assert ran(file, 4) == ()


def test_a_checkpoint_in_a_cell_and_one_before_the_news_of_its_end() -> None:
    file = MemoryFile(b"")
    journal = CellJournal(file, 3)
    journal.cell("a", 7, is_over=False)
    journal.settle(4, between_cells=False)
    assert cells_text(ran(file, 4)) == "cell [7] was running"
    journal.cell("a", 7, is_over=True)
    assert cells_text(ran(file, 4)) == "cell [7] ran after it"
    # JupyterLite reports the end of a cell that awaits after its checkpoint.
    journal.cell("a", 8, is_over=False)
    journal.settle(5, between_cells=True)
    journal.cell("a", 8, is_over=True)
    assert ran(file, 5) == ()
    # A cell of the same number, after %reset.
    run(journal, 8)
    assert cells_text(ran(file, 5)) == "cell [8] ran after it"


def test_cells_of_an_earlier_kernel_stay_until_there_is_a_newer_checkpoint() -> None:
    file = MemoryFile(b"")
    run(CellJournal(file, 3), 7, 8)
    second = CellJournal(file, 3)
    run(second, 1, 2, kernel="b")
    assert cells_text(ran(file)) == "cells [7]–[8], then [1]–[2] ran after it"
    # Nothing had changed: the cells of the earlier kernel are still lost.
    second.settle(3, between_cells=True)
    assert cells_text(ran(file)) == "cells [7]–[8] ran after it"
    second.settle(4, between_cells=True)
    assert ran(file, 4) == ()


def test_a_write_that_is_cut_off_loses_only_its_cell() -> None:
    for part in range(0, 60, 3):
        file = MemoryFile(b"")
        journal = CellJournal(file, 3)
        run(journal, 7)
        before = bytes(file.image)
        journal.cell("a", 8, is_over=False)
        changed = [
            at for at, byte in enumerate(file.image) if at >= len(before) or before[at] != byte
        ]
        if part >= len(changed):
            continue
        torn = bytearray(file.image)
        for at in changed[part:]:
            torn[at] = before[at] if at < len(before) else 0
        assert ran(MemoryFile(bytes(torn))) in (
            (KernelCells("a", (7, 1)),),
            (KernelCells("a", (7, 1), 8),),
        )
        assert ran(MemoryFile(bytes(torn[: len(torn) - part]))) != ()


def test_damage_and_other_contents_name_no_cells() -> None:
    file = MemoryFile(b"")
    run(CellJournal(file, 3), 7)
    whole, numbers = bytes(file.image), random.Random(5)
    expected = ran(MemoryFile(whole))
    for _ in range(300):
        image = bytearray(whole)
        for at in (*range(60), *range(SLOT, SLOT + 60)):
            if at < len(image) and numbers.random() < 0.03:
                image[at] = numbers.randrange(256)
        found = ran(MemoryFile(bytes(image)))
        assert found in ((), expected, (KernelCells("a", (), 7),))
    for content in (b"", b"x", bytes(2 * SLOT), numbers.randbytes(3 * SLOT), whole[:30]):
        assert ran(MemoryFile(content)) == ()
        journal = CellJournal(MemoryFile(content), 3)
        run(journal, 1)


def test_it_stays_small() -> None:
    file = MemoryFile(b"")
    journal = CellJournal(file, 3)
    run(journal, *range(1, 10 * FEW, 2))
    assert cells_text(ran(file)).startswith("cells [1]")
    run(journal, *range(10 * FEW + 1, 20 * FEW, 2))
    assert len(file.image) <= 2 * SLOT
    # Without the gaps, where there is no room for them.
    (found,) = ran(file)
    assert (found.runs[0], found.runs[-2] + found.runs[-1]) == (1, 20 * FEW)
    assert len(cells_text(ran(file))) < 50
    for _ in range(30):
        kernel = secrets.token_hex(8)
        run(CellJournal(file, 3), 1, kernel=kernel)
    assert len(file.image) <= 2 * SLOT
    assert ran(file)[-1].kernel == kernel


@pytest.mark.parametrize("at", ["write", "read"])
def test_a_failing_storage_loses_only_the_journal(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise StorageError("as if there were no room")

    file = MemoryFile(b"")
    monkeypatch.setattr(file, at, fail)
    journal = CellJournal(file, 3)
    run(journal, 1, 2)
    journal.settle(4, between_cells=True)


def test_neither_a_reader_nor_a_closed_session_writes(kernel: Kernel) -> None:
    (path,) = (each / "cells" for each in kernel.history.iterdir() if each.is_dir())
    (kernel.state.home / "a").write_text("a")
    kernel.checkpointed()
    kernel.session.cells.cell("a", 1, is_over=True)
    written = path.read_bytes()
    reader = Kernel(kernel.state, kernel.history)
    assert not reader.session.storage.writable
    reader.session.cells.cell("b", 5, is_over=True)
    reader.session.close()
    kernel.session.close()
    kernel.session.cells.cell("a", 2, is_over=True)
    assert path.read_bytes() == written


def test_a_tab_that_takes_over_names_the_cells_of_the_other(kernel: Kernel) -> None:
    (kernel.state.home / "a").write_text("a")
    kernel.checkpointed()
    kernel.session.cells.cell("a", 4, is_over=True)
    reader = Kernel(kernel.state, kernel.history)
    kernel.session.close()
    assert reader.session.take_over()
    assert cells_text(reader.session.cells.before) == "cell [4] ran after it"
    reader.session.close()


def test_a_missing_file_is_no_error(kernel: Kernel, tmp_path: Path) -> None:
    kernel.session.close()
    (place,) = (each for each in kernel.history.iterdir() if each.is_dir())
    (place / "cells").unlink()
    (place / "cells").mkdir()
    again = Kernel(kernel.state, kernel.history)
    assert again.session.storage.writable
    again.session.cells.cell("a", 1, is_over=True)
    (again.state.home / "a").write_text("a")
    assert again.checkpoint() is not None
    again.session.close()
