"""A documentation built with jupyterlite-sphinx, in which litestate is one more requirement.

Its site is as such sites often are: notebooks and files are in memory, and end with the page.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from lab import START_TIMEOUT, Lab, errors
from playwright.sync_api import Frame, Page
from stock_sites import NOTEBOOK, CleanEnvironment, lay_out, settings_of
from visits import AUTOSAVE, CHECK, Open, use

FONTS = "https://fonts.googleapis.com"

CONF = """
extensions = ["jupyterlite_sphinx"]
html_theme = "basic"
jupyterlite_dir = "lite"
"""

INDEX = f"""
Documentation
=============

.. notebooklite:: {NOTEBOOK}

.. replite::
   :kernel: python

   import litestate
   print("litestate", litestate.__version__.split(".")[0])

.. try_examples::

    >>> import litestate
    >>> print("tried", litestate.__version__.split(".")[0])
    tried 0
"""

SITE = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "exposeAppInBrowser": True,
        "enableMemoryStorage": True,
        "contentsStorageDrivers": ["memoryStorageDriver"],
        "settingsStorageDrivers": ["memoryStorageDriver"],
    },
}

NOT_KEPT = "This site keeps notebooks and their folder only until the page is reloaded or closed"


@pytest.fixture(scope="module")
def documentation(
    environment: CleanEnvironment, runtime: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The built documentation."""
    environment.install("jupyterlite-sphinx", "sphinx", versions=("sites",))
    source = tmp_path_factory.mktemp("documentation")
    lite = lay_out(source / "lite")
    (lite / "content" / NOTEBOOK).rename(source / NOTEBOOK)
    shutil.copytree(runtime, lite / "static" / "pyodide")
    (lite / "jupyter-lite.json").write_text(json.dumps(SITE), encoding="utf-8")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "index.rst").write_text(INDEX, encoding="utf-8")
    environment.run("sphinx-build", "-b", "html", ".", "built", folder=source)
    return source / "built"


def frame_of(page: Page, pattern: str) -> Frame:
    """Wait for a frame of the documentation's page, by a pattern of its address."""
    for _ in range(START_TIMEOUT // 200):
        for frame in page.frames:
            if re.search(pattern, frame.url):
                return frame
        page.wait_for_timeout(200)
    raise AssertionError(f"no frame with {pattern} in {[frame.url for frame in page.frames]}")


def lab_in(frame: Frame, lab: Lab, notebook: str) -> Lab:
    """Let a lab drive the notebook of a frame."""
    lab.page = frame  # type: ignore[assignment]
    lab._notebook = notebook
    return lab._wait()


def test_notebooks_consoles_and_examples(documentation: Path, visit: Open) -> None:
    assert "litestate:kernel" in settings_of(documentation / "lite")
    visited = visit(documentation, "/docs/")
    # jupyterlite-sphinx links a font in every page of the documentation.
    visited.context.route(f"{FONTS}/**", lambda route: route.abort())
    lab = Lab(visited.context, visited.url)
    lab._new_page()
    page = lab.page
    page.goto(f"{visited.url}index.html", timeout=START_TIMEOUT)
    use(lab_in(frame_of(page, "/notebooks/"), lab, NOTEBOOK))
    assert NOT_KEPT in str(lab.cells()[0]["outputs"])
    console = frame_of(page, "/repl/")
    console.get_by_text("litestate 0").wait_for(timeout=START_TIMEOUT)

    # The page is gone, and with it the notebook; not what autosave() has stored.
    page.reload(timeout=START_TIMEOUT)
    lab_in(frame_of(page, "/notebooks/"), lab, NOTEBOOK)
    assert [cell["source"] for cell in lab.cells()] in ([], [""])
    lab.set_cells(AUTOSAVE, CHECK, "answer")
    cells = lab.run_all()
    assert not errors(cells)
    assert cells[1]["outputs"][0]["text"] == "/drive 50000 ok\n"
    assert cells[2]["outputs"][0]["data"]["text/plain"] == "{'numbers': [1, 2, 3]}"

    page.get_by_role("button", name="Try it").click()
    example = frame_of(page, r"path=\w+_\w+\.ipynb")
    lab_in(example, lab, ".ipynb")
    assert "tried 0" in str(lab.run_all())
    visited.assert_asked(FONTS)
