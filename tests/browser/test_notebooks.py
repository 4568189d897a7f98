"""Every notebook that the site ships runs from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Lab, errors
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext

CONTENT = Path(__file__).parents[2] / "content"
NOTEBOOKS = sorted(path.relative_to(CONTENT).as_posix() for path in CONTENT.rglob("*.ipynb"))


AFTER_RELOAD = {
    "start.ipynb": ("look", "seconds ago"),
    "sqlite-tutorial.ipynb": ("look-reloaded", "rows:      2"),
    "data-analysis.ipynb": ("detour", "turned up at Harbour Bridge"),
}
"""A cell of each notebook that needs what the others made, and a part of what it prints."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_clean_twice_and_is_there_after_a_reload(
    site: str, new_profile: Callable[..., BrowserContext], name: str
) -> None:
    """As a visitor sees it: nothing in the notebook saves it."""
    lab = Lab(new_profile(automatic=True), site).open(name)
    page = NotebookPage(lab)
    for _ in range(2):
        cells = lab.run_all()
        assert errors(cells) == []
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert outputs
        assert not [output for output in outputs if output.get("name") == "stderr"]
    page.wait_for("saved")
    identity, text = AFTER_RELOAD[name]
    before = lab.cells()
    page.reload(name)
    assert lab.cells() == before
    (source,) = ["".join(cell["source"]) for cell in before if cell["id"] == identity]
    assert text in page.text(source)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_in_it_turns_autosave_on(name: str) -> None:
    assert "autosave" not in (CONTENT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name: str) -> None:
    notebook = json.loads((CONTENT / name).read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python"
