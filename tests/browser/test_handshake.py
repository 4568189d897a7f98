"""The page reports to the kernel which notebook it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import OpenLab
from drive_page import settle
from lab import Lab
from playwright.sync_api import BrowserContext

ASK = """
import dataclasses, json, time
from litestate.browser.notebook import identify
start = time.perf_counter()
page = await identify()
took = time.perf_counter() - start
print(json.dumps(dict(dataclasses.asdict(page), took=took)))
"""


SOON = 2.0
"""Seconds; it takes 0.02 on an idle machine, and 5 if the page does not answer."""

OPEN = """
async (path) => {
  const options = { path, kernel: { name: "python" } };
  const panel = await window.jupyterapp.commands.execute("docmanager:open", options);
  await panel.context.ready;
  await panel.sessionContext.ready;
  for (let tries = 0; tries < 200 && !panel.sessionContext.session?.kernel; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await panel.sessionContext.session.kernel.info;
  window.panel = panel;
}
"""

SHOW = "(path) => { window.jupyterapp.commands.execute('docmanager:open', { path }); }"


def ask(lab: Lab) -> dict[str, Any]:
    """Run the handshake in a cell of the notebook; it must leave nothing there."""
    lab.set_cells(ASK)
    (cell,) = lab.run_all()
    texts = [output["text"] for output in cell["outputs"] if output["output_type"] == "stream"]
    assert texts, cell["outputs"]
    others = [o["data"] for o in cell["outputs"] if o["output_type"] == "display_data"]
    assert all(data == {"text/plain": ""} for data in others), others
    page: dict[str, Any] = json.loads(texts[0])
    assert page["took"] < SOON
    return page


def restart(lab: Lab) -> None:
    lab.page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:restart'); }")
    lab.page.get_by_role("button", name="Confirm Kernel Restart").click(timeout=10_000)
    lab.page.wait_for_function(
        "['restarting', 'starting', 'unknown'].includes(panel.sessionContext.kernelDisplayStatus)",
        timeout=20_000,
    )
    lab.page.evaluate("async () => { await panel.sessionContext.session.kernel.info; }")


def test_a_restart_is_not_a_reload(open_lab: OpenLab) -> None:
    lab = open_lab()
    first = ask(lab)
    assert first["path"] == "start.ipynb"
    assert first["restarted"] is False
    assert first["persisted"] in (True, False)
    assert first["title"].startswith("start.ipynb")
    # The same kernel may ask again.
    assert ask(lab)["restarted"] is False

    lab.check("before_restart = 1")
    restart(lab)
    assert lab.run("before_restart").error
    again = ask(lab)
    assert again["restarted"] is True
    assert again["tab"] == first["tab"]

    lab.reload()
    reloaded = ask(lab)
    assert reloaded["path"] == "start.ipynb"
    assert reloaded["restarted"] is False
    assert reloaded["tab"] != first["tab"]

    # Renamed, it is the same notebook.
    lab.page.evaluate("panel.context.rename('other name.ipynb')")
    lab.page.wait_for_function("panel.context.path === 'other name.ipynb'", timeout=10_000)
    restart(lab)
    renamed = ask(lab)
    assert renamed["path"] == "other name.ipynb"
    assert renamed["name"] == "start.ipynb"
    assert renamed["restarted"] is True
    # Another notebook that gets its path does not share its history.
    lab.check("import shutil; shutil.copy('/drive/data-analysis.ipynb', '/drive/start.ipynb')")
    lab.page.evaluate(OPEN, "start.ipynb")
    other = ask(lab)
    assert other["path"] == "start.ipynb"
    assert other["name"].startswith("start.ipynb of 20")


def test_two_notebooks_and_two_views(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(
        "import os, shutil; os.makedirs('/drive/folder ü'); "
        "shutil.copy('/drive/start.ipynb', '/drive/folder ü/second.ipynb')"
    )
    settle(lab)
    first = ask(lab)
    lab.page.evaluate(OPEN, "folder ü/second.ipynb")
    second = ask(lab)
    assert (first["name"], second["name"]) == (first["path"], second["path"])
    assert (first["path"], second["path"]) == ("start.ipynb", "folder ü/second.ipynb")
    assert (first["restarted"], second["restarted"]) == (False, False)
    assert first["tab"] == second["tab"]

    # Behind another notebook, and in two views: the script runs in both.
    lab.page.evaluate(OPEN, "start.ipynb")
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:create-output-view')")
    lab.page.evaluate(OPEN, "start.ipynb")
    assert ask(lab)["path"] == "start.ipynb"
    lab.set_cells(ASK.replace("start =", "time.sleep(2); start ="))
    lab.start_all()
    lab.page.evaluate(SHOW, "folder ü/second.ipynb")
    output = lab.finish()
    assert '\\"path\\": \\"start.ipynb\\"' in output


def test_the_notebook_app_and_pages_that_expose_nothing(
    site: str, new_profile: Callable[[], BrowserContext], tmp_path: Path
) -> None:
    lab = Lab(new_profile(), site).open(app="notebooks")
    lab.set_cells("from litestate import *\nsave_state()")
    lab.run_all()
    assert lab.click_download(tmp_path).stat().st_size > 100
    assert ask(lab)["path"] == "start.ipynb"
    # Sites without exposeAppInBrowser, and pages without litestate's extension.
    lab.page.evaluate("window.panel && (window.hidden = window.jupyterapp)")
    for hide in ("delete window.jupyterapp", "delete window.litestateShell"):
        lab.set_cells(ASK.replace("start =", "time.sleep(2); start ="))
        lab.start_all()
        lab.page.evaluate(f"() => {{ delete window.jupyterapp; {hide}; }}")
        output = lab.finish()
        lab.page.evaluate("() => { window.jupyterapp = window.hidden; }")
        assert '\\"path\\": \\"start.ipynb\\"' in output, hide
        assert '\\"restarted\\": false' in output, hide


def test_where_there_is_no_notebook_there_is_no_path(shared_lab: Lab) -> None:
    lab = shared_lab
    # Code that no output area shows, as if the page ran no JavaScript.
    lab.check("from litestate.browser import notebook; notebook.TIMEOUT = 0.5")
    assert "Page(path=None, name=None, restarted=False, persisted=None" in lab.check(
        "print(await notebook.identify())"
    )
    # A console that shares the notebook's kernel.
    lab.page.evaluate(
        """async () => {
          const { commands } = window.jupyterapp;
          window.console_ = await commands.execute("console:create", {
            path: "", kernelPreference: { id: panel.sessionContext.session.kernel.id },
          });
          await window.console_.sessionContext.ready;
        }"""
    )
    lab.page.evaluate(
        "(code) => { window.console_.console.inject(code); }",
        "notebook.TIMEOUT = 5; page = await notebook.identify()",
    )
    lab.page.wait_for_timeout(2000)
    page = lab.value("[page.path, page.restarted, bool(page.tab)]")
    assert page == [None, False, True]
