"""The front end with a keyboard, for a screen reader, in both themes, narrow, and right to left."""

from __future__ import annotations

from accessibility import violations
from conftest import OpenPage
from playwright.sync_api import expect

THEME = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
START = "(id) => { void window.jupyterapp.commands.execute(id); }"
DIALOGS = {
    "litestate:restore": "Restore",
    "litestate:checkpoint": "Checkpoint",
    "litestate:clear-state": "Clear",
    "litestate:export-tables": "Export",
    "litestate:forget-history": "Forget",
}
WIDE = "() => [...document.querySelectorAll('.jp-Dialog-content')].filter(\
  (node) => node.scrollWidth > innerWidth || node.getBoundingClientRect().left < 0).length"


def test_all_can_be_read_and_reached(open_page: OpenPage) -> None:
    notebook = open_page()
    page = notebook.lab.page
    path = notebook.create()
    notebook.text("import pandas as pd; x = 1; df = pd.DataFrame({'a': [1]})")
    notebook.wait_for("saved")
    notebook.reload(path)
    notebook.wait_for("saved")
    expect(notebook.notification("Restored")).to_be_visible()
    found: list[str] = []
    for theme, direction, width in (("Light", "ltr", 1280), ("Dark", "rtl", 640)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(THEME, f"JupyterLab {theme}")
        page.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
        found += violations(page, ".litestate-status")
        for command, title in DIALOGS.items():
            page.evaluate(START, command)
            dialog = page.locator(".jp-Dialog", has_text=title)
            expect(dialog).to_be_visible(timeout=30_000)
            # Something in it has the focus, so that a keyboard is enough.
            expect(dialog.locator(":focus")).to_have_count(1)
            found += violations(page, ".jp-Dialog-content")
            assert page.evaluate(WIDE) == 0, command
            page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
    assert found == []
