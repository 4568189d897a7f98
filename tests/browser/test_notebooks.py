"""Every notebook that the site ships runs from top to bottom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import OpenLab
from lab import Lab, errors, sources

CONTENT = Path(__file__).parents[2] / "content"
NOTEBOOKS = sorted(path.relative_to(CONTENT).as_posix() for path in CONTENT.rglob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_clean_twice(open_lab: OpenLab, name: str) -> None:
    lab = open_lab(name)
    for _ in range(2):
        cells = lab.run_all()
        assert errors(cells) == []
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert outputs
        assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_without_jspi(lab_without_jspi: Lab, name: str) -> None:
    lab = lab_without_jspi
    lab.set_cells(*sources(CONTENT / name))
    # Autosave is on.
    lab.use_up()
    assert errors(lab.run_all()) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name: str) -> None:
    notebook = json.loads((CONTENT / name).read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python"
