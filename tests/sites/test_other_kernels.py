"""Sites with another kernel beside Pyodide, or in its place, in which litestate is silent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import START_TIMEOUT
from stock_sites import CleanEnvironment, lay_out
from visits import Open

APP_IS_THERE = "window.jupyterapp !== undefined"

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


@pytest.fixture(scope="module")
def javascript_environment(environment: CleanEnvironment) -> CleanEnvironment:
    """The environment with a kernel for JavaScript."""
    environment.install("jupyterlite-javascript-kernel", versions=("sites",))
    return environment


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
    javascript_environment: CleanEnvironment, tmp_path: Path, visit: Open, has_pyodide: bool
) -> None:
    source, output = lay_out(tmp_path / "source"), tmp_path / "site"
    javascript_environment.build(source, output)
    checked = javascript_environment.jupyter_lite("check", "--output-dir", output, folder=source)
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
