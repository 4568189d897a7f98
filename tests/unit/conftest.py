"""A session in temporary folders: the same in CPython and in the Pyodide kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestate import places
from litestate.places import HOME, NOTEBOOK, Places, Root
from states import Session


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    folder = tmp_path / "session"
    home, notebook = folder / "home", folder / "notebook"
    home.mkdir(parents=True)
    notebook.mkdir()
    roots = Places((Root(HOME, home, "~/"), Root(NOTEBOOK, notebook, "")))
    monkeypatch.setattr(places, "detect", lambda: roots)
    monkeypatch.chdir(notebook)
    return Session(home, notebook, folder)
