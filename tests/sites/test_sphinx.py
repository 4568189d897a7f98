"""Documentation built with jupyterlite-sphinx, and sites with other kernels beside Pyodide."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page
from stock_sites import NOTEBOOK, CleanEnvironment, lay_out
from visits import Open

START_TIMEOUT = 120_000
"""Milliseconds for a kernel to start and to run a cell."""

FONTS = "https://fonts.googleapis.com"

CONF = """
project = "Example"
extensions = ["jupyterlite_sphinx"]
jupyterlite_dir = "lite"
"""

INDEX = """
Example
=======

.. notebooklite:: example.ipynb

.. replite::
   :kernel: python

   import litestate
   print("repl", 6 * 7, litestate.__name__)

.. try_examples::

   >>> import litestate
   >>> print("example", 6 * 7, litestate.__name__)
   example 42 litestate
"""

IN_FOLDER = """
import litestate, sqlite3
with sqlite3.connect("rows.db") as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id)")
print("notebook", 6 * 7, *connection.execute("PRAGMA integrity_check").fetchone())
"""

APP_IS_THERE = "window.jupyterapp !== undefined"

RUN_ALL = """
async (timeout) => {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cells did not end")), timeout);
  });
  const run = async () => {
    await window.jupyterapp.restored;
    let panel;
    while (!(panel = window.jupyterapp.shell.currentWidget)?.context) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await panel.context.ready;
    await panel.sessionContext.ready;
    await window.jupyterapp.commands.execute("notebook:run-all-cells");
  };
  await Promise.race([run(), late]);
}
"""

KERNELS = """
async () => {
  await window.jupyterapp.restored;
  await window.jupyterapp.serviceManager.kernelspecs.ready;
  return Object.keys(window.jupyterapp.serviceManager.kernelspecs.specs.kernelspecs);
}
"""

JAVASCRIPT = """
async (timeout) => {
  await window.jupyterapp.restored;
  const { sessions } = window.jupyterapp.serviceManager;
  const session = await sessions.startNew({
    name: "first.ipynb", path: "first.ipynb", type: "notebook", kernel: { name: "javascript" }
  });
  const future = session.kernel.requestExecute({ code: "6 * 7" });
  const outputs = [];
  future.onIOPub = ({ content }) => outputs.push(content);
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), timeout));
  await Promise.race([future.done, late]);
  return JSON.stringify(outputs);
}
"""


def install(environment: CleanEnvironment, *packages: str) -> CleanEnvironment:
    """Install more packages into an environment."""
    pip = [sys.executable, "-m", "pip", "--python", str(environment.folder / "bin" / "python")]
    # Not newer versions of what is there already.
    command = [*pip, "install", "--quiet", "--upgrade-strategy", "only-if-needed", *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return environment


@pytest.fixture(scope="module")
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """An environment with more packages than other tests want."""
    new = CleanEnvironment.create(tmp_path_factory.mktemp("sphinx") / "environment")
    return install(new, "jupyterlite-sphinx>=0.23,<0.24", "jupyterlite-javascript-kernel")


@pytest.fixture(scope="module")
def documentation(
    own_environment: CleanEnvironment, runtime: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Built documentation that hosts Pyodide itself."""
    folder = tmp_path_factory.mktemp("docs")
    lite = lay_out(folder / "lite")
    shutil.copytree(runtime, lite / "static" / "pyodide")
    notebook = json.loads((lite / "content" / NOTEBOOK).read_text(encoding="utf-8"))
    cell: dict[str, Any] = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": []}
    notebook["cells"] = [{**cell, "execution_count": None, "source": IN_FOLDER}]
    (folder / "example.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    (folder / "index.rst").write_text(INDEX, encoding="utf-8")
    config = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"exposeAppInBrowser": True}}
    (lite / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
    python = own_environment.folder / "bin" / "python"
    done = subprocess.run(
        [str(python), "-m", "sphinx", "-q", str(folder), str(folder / "html")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def frame_of(page: Page, part: str) -> Frame:
    """Wait for the frame whose address has this part."""
    page.wait_for_selector(f'iframe[src*="{part}"]', state="attached")
    (found,) = (frame for frame in page.frames if part in frame.url)
    return found


def wait_for_output(frame: Frame, text: str) -> None:
    frame.locator(".jp-OutputArea-output", has_text=text).first.wait_for(timeout=START_TIMEOUT)


def run_all(frame: Frame) -> None:
    frame.wait_for_function(APP_IS_THERE, timeout=START_TIMEOUT)
    frame.evaluate(RUN_ALL, START_TIMEOUT)


def test_directives_in_a_page_below_a_path(documentation: Path, visit: Open) -> None:
    visited = visit(documentation, "/project/en/")
    # jupyterlite-sphinx links a font in every page of the documentation.
    visited.context.route(f"{FONTS}/**", lambda route: route.abort())
    page = visited.context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(f"{visited.url}index.html")

    notebook = frame_of(page, "path=example.ipynb")
    run_all(notebook)
    wait_for_output(notebook, "notebook 42 ok")
    wait_for_output(frame_of(page, "/repl/"), "repl 42 litestate")

    page.get_by_role("button", name="Try it with JupyterLite!").click()
    page.wait_for_timeout(500)
    (example,) = (
        frame
        for frame in page.frames
        if "/notebooks/" in frame.url and "example.ipynb" not in frame.url
    )
    run_all(example)
    wait_for_output(example, "example 42 litestate")

    assert not [text for text in console if "litestate:" in text]
    visited.assert_asked(FONTS)


def remove_pyodide(path: Path) -> None:
    """Remove the Pyodide kernel's extension from a site's configuration."""
    document = json.loads(path.read_text(encoding="utf-8"))
    settings = document["jupyter-config-data"]
    settings["federated_extensions"] = [
        each for each in settings["federated_extensions"] if "pyodide" not in each["name"]
    ]
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("has_pyodide", [True, False])
def test_another_kernel(
    own_environment: CleanEnvironment, tmp_path: Path, visit: Open, has_pyodide: bool
) -> None:
    source, output = lay_out(tmp_path / "source"), tmp_path / "site"
    own_environment.build(source, output)
    checked = own_environment.jupyter_lite("check", "--output-dir", output, folder=source)
    assert "check:litestate:files" in checked
    if not has_pyodide:
        remove_pyodide(output / "jupyter-lite.json")
    visited = visit(output)
    page = visited.context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(f"{visited.url}lab/index.html")
    page.wait_for_function(APP_IS_THERE, timeout=START_TIMEOUT)
    expected = {"javascript", "python"} if has_pyodide else {"javascript"}
    assert set(page.evaluate(KERNELS)) == expected
    assert '"42"' in page.evaluate(JAVASCRIPT, START_TIMEOUT).replace("\\", "")
    assert not [text for text in console if "litestate" in text]
    visited.assert_asked()
