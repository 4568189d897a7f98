"""Automatic saving where notebooks are used in less common ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext, expect

OPEN = "(path) => void window.jupyterapp.commands.execute('docmanager:open', { path })"

CONSOLE = """
async () => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute("notebook:create-console");
  window.side = [...shell.widgets("main")].find((widget) => widget.console).console;
}
"""

METADATA = """
async (path) => {
  const model = await window.jupyterapp.serviceManager.contents.get(path, { content: true });
  return model.content.metadata;
}
"""

SLOW = "import time; time.sleep(3); slow = 1"


def reopen(page: NotebookPage, path: str) -> None:
    """Close a notebook, whose kernel goes on, and open it again."""
    page.lab.page.evaluate("window.panel.dispose()")
    page.lab.page.evaluate(OPEN, path)
    page.show(path)


def start(page: NotebookPage, source: str) -> None:
    """Append a cell and run it, without waiting for its end."""
    page.add(source)
    page.lab.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")


def expect_unsaved_while(page: NotebookPage) -> None:
    """Check the status in the middle of a slow cell, and wait for its end."""
    page.lab.page.wait_for_timeout(1500)
    assert page.kind == "unsaved"
    expect(page.status).to_have_text("1 cell not saved yet")
    page.wait_for("saved")


def test_all_cells_count_whoever_sends_them(
    site: str, new_profile: Callable[..., BrowserContext]
) -> None:
    page = NotebookPage(Lab(new_profile(automatic=True), site)).go()
    path = page.create()
    # A comment that looks like a request of the page is the user's.
    assert page.text("# litestate: my own note\nx = 5; print(x)") == "5\n"
    assert page.text("# litestate: {}\nprint(x)") == "5\n"
    page.wait_for("saved")
    # The notebook was closed: the page counts from 0, and the kernel does not.
    reopen(page, path)
    page.wait_for("saved")
    start(page, SLOW)
    expect_unsaved_while(page)
    # A console of the same kernel.
    page.lab.page.evaluate(CONSOLE)
    for number in range(3):
        page.lab.page.evaluate("(code) => window.side.inject(code)", f"c{number} = 1")
    page.show(path)
    page.wait_for("saved")
    start(page, SLOW)
    expect_unsaved_while(page)
    page.lab.page.evaluate("(code) => void window.side.inject(code)", SLOW)
    expect_unsaved_while(page)
    # The kernel forgets what waits when a cell fails: also the request of a notebook that opens.
    page.lab.page.evaluate("(code) => void window.side.inject(code)", f"{SLOW}; 1 / 0")
    page.lab.page.wait_for_timeout(500)
    reopen(page, path)
    page.wait_for("saved")
    assert page.text("print(x, c2, slow)") == "5 1 1\n"
    page.wait_for("saved")
    # The status says what a line in a cell has changed.
    page.text("import litestate; litestate.autosave.pause()")
    page.wait_for("failed")
    expect(page.status).to_contain_text("Autosave is paused")
    page.text("litestate.autosave.resume()")
    page.wait_for("saved")
    page.text("open('a.txt', 'w').close(); litestate.autosave(paths='a.txt')")
    page.wait_for("saved")
    expect(page.status.locator("button")).to_have_attribute("title", re.compile("chosen with"))
    page.text("litestate.autosave.stop()")
    page.wait_for("off")
    assert no_kernel(page, path) == "off"


def no_kernel(page: NotebookPage, path: str) -> str | None:
    """Shut the kernel down; return the status. What is typed is saved, and a cell starts Python."""
    page.lab.page.evaluate("window.panel.sessionContext.shutdown()")
    page.add("typed = 1")
    page.lab.page.wait_for_function(IS_STORED, arg=path)
    kind = page.kind
    assert page.text("print('x' in globals())") == "False\n"
    page.wait_for("saved")
    return kind


IS_STORED = """
async (path) => {
  const model = await window.jupyterapp.serviceManager.contents.get(path, { content: true });
  return JSON.stringify(model.content.cells).includes("typed");
}
"""


def test_the_choice_of_a_kernel_is_saved(
    site: str, new_profile: Callable[..., BrowserContext]
) -> None:
    page = NotebookPage(Lab(new_profile(automatic=True), site)).go()
    path = page.create()
    page.text("1")
    page.wait_for("saved")
    other: dict[str, Any] = {"name": "other", "display_name": "Other"}
    page.lab.page.evaluate(
        "(kernel) => window.panel.context.model.setMetadata('kernelspec', kernel)", other
    )
    page.wait_for("unsaved")
    page.wait_for("saved")
    assert page.lab.page.evaluate(METADATA, path)["kernelspec"] == other


def test_a_cell_without_a_kernel_asks_for_one(
    site: str, new_profile: Callable[..., BrowserContext]
) -> None:
    page = NotebookPage(Lab(new_profile(automatic=True), site)).go()
    dialog = page.lab.page.locator(".jp-Dialog")
    page.lab.page.evaluate(WITHOUT_KERNELSPEC, "plain.ipynb")
    page.lab.page.evaluate(OPEN, "plain.ipynb")
    page.show("plain.ipynb")
    dialog.locator("select").select_option(label="No Kernel")
    dialog.get_by_role("button", name="Select").click()
    start(page, "x = 5; print(x)")
    # The status does not wait for a kernel that nobody has asked for, and neither does the cell.
    expect(dialog.locator("select")).to_be_visible(timeout=30_000)
    assert page.kind == "off"
    dialog.get_by_role("button", name="Select").click()
    page.wait_for("saved")
    assert page.lab.cells()[-1]["outputs"][0]["text"] == "5\n"


WITHOUT_KERNELSPEC = """
async (path) => {
  await window.jupyterapp.restored;
  const content = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
  const model = { type: "notebook", format: "json", content };
  await window.jupyterapp.serviceManager.contents.save(path, model);
}
"""
