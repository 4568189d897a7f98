"""Every notebook that the site ships runs from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import entered
from lab import Lab, errors
from playwright.sync_api import Browser
from test_handshake import OPEN

CONTENT = Path(__file__).parents[2] / "content"
NOTEBOOKS = sorted(path.relative_to(CONTENT).as_posix() for path in CONTENT.rglob("*.ipynb"))


@pytest.fixture(scope="module")
def page_of_notebooks(site: str, browser: Browser) -> Iterator[Lab]:
    """One page of a new profile, in which each notebook has a kernel of its own."""
    with entered(site, browser) as lab:
        yield lab


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_clean_twice(page_of_notebooks: Lab, name: str) -> None:
    lab = page_of_notebooks
    # The site's own address has opened one of them.
    lab.page.evaluate(OPEN, name)
    for _ in range(2):
        cells = lab.run_all()
        assert errors(cells) == []
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert outputs
        assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name: str) -> None:
    notebook = json.loads((CONTENT / name).read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python"
