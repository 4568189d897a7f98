"""Notebooks without a line of litestate: everything is saved, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext, expect

OpenPage = Callable[..., NotebookPage]

STATE = """
import sqlite3
from pathlib import Path
k = globals().get("k", 0) + 1
Path.home().joinpath("home.txt").write_text(str(k))
Path("beside.txt").write_text(str(k))
with sqlite3.connect("data.db") as c:
    c.execute("create table if not exists t (k)")
    c.execute("insert into t values (?)", (k,))
print("round", k)
"""
READ = """
import sqlite3
from pathlib import Path
rows = sqlite3.connect("data.db").execute("select k from t").fetchall()
print(k, Path.home().joinpath("home.txt").read_text(), Path("beside.txt").read_text(), len(rows))
"""


@pytest.fixture
def open_page(site: str, new_profile: Callable[..., BrowserContext]) -> OpenPage:
    """Open a page of the site, in a new profile unless one is given."""

    def open_(address: str = "lab/index.html", **options: Any) -> NotebookPage:
        context = options.pop("context", None) or new_profile(automatic=True, **options)
        return NotebookPage(Lab(context, site)).go(address)

    return open_


def test_what_the_status_calls_saved_is_there_after_a_reload(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    stored = 0
    for moment in (0, 5, 20, 50, 100, 200, 400, 800, 1500, 3000):
        # The first cell runs while Python starts.
        output = page.text(STATE)
        page.lab.page.wait_for_timeout(moment)
        number = int(output.removeprefix("round "))
        stored = number if page.kind == "saved" else stored
        page.reload(path)
        # At once, while Python starts again.
        restored, home, beside, rows = map(int, page.text(READ).split())
        assert restored >= stored
        assert number >= restored
        assert home == restored
        assert beside >= restored <= rows
        assert page.sources().count(STATE) >= restored
        outputs = str([cell.get("outputs") for cell in page.lab.cells()])
        assert f"round {restored}\\n" in outputs
        page.wait_for("saved")
        stored = restored
    assert stored


def test_the_request_leaves_no_trace(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    code = "print(len(In), get_ipython().execution_count, sorted(globals().keys()))"
    first = page.text(code)
    page.wait_for("saved")
    assert page.lab.cells()[0]["execution_count"] == 1
    assert first.startswith("2 2 "), first
    assert "litestate" not in first
    assert page.text("import litestate; print(len(litestate.history()))") == "2\n"
    page.wait_for("saved")
    page.reload(path)
    assert page.text("print(len(litestate.history()), len(In))") == "3 2\n"
    assert page.text("litestate.autosave()") == ""
    assert "Autosave is on for" in str(page.lab.cells()[-1]["outputs"])
    assert page.text("print(len(litestate.checkpoints()))").strip().isdigit()


def test_a_restart_is_clean_and_one_click_brings_all_back(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    assert page.text("x = 41; print(x)") == "41\n"
    page.wait_for("saved")
    page.lab.page.evaluate("window.panel.sessionContext.restartKernel()")
    assert "not defined" in page.text("x")
    page.notification("Your last state is kept").get_by_role("button", name="Bring Back").click()
    expect(page.notification("Restored")).to_be_visible()
    assert page.text("print(x)") == "41\n"
    page.wait_for("saved")
    # An undo of a restore is a restart.
    page.reload(path)
    page.notification("Restored").get_by_role("button", name="Undo").click()
    expect(page.notification("Your last state is kept")).to_be_visible(timeout=60_000)
    assert "not defined" in page.text("x")


def test_a_second_tab_reads_and_takes_over(open_page: OpenPage) -> None:
    first = open_page()
    path = first.create()
    assert first.text("x = 1; print(x)") == "1\n"
    first.wait_for("saved")
    second = NotebookPage(Lab(first.lab.context, first.lab.url)).go(f"lab/index.html?path={path}")
    second.show(path)
    second.wait_for("readonly")
    assert second.text("x += 1; print(x)") == "2\n"
    second.lab.page.wait_for_timeout(3000)
    assert not second.lab.page.evaluate("window.panel.context.canSave")
    assert "x += 1" not in str(first.lab.page.evaluate(STORED, path))
    assert first.text("print(x)") == "1\n"
    first.wait_for("saved")
    assert "print(x)" in str(first.lab.page.evaluate(STORED, path))
    assert second.lab.page.locator(".jp-Dialog").count() == 0
    first.lab.page.close()
    assert second.text("print(x)") == "2\n"
    # The closed tab has saved another version since: JupyterLab asks once.
    second.lab.page.get_by_role("button", name="Overwrite").click()
    second.wait_for("saved")
    assert "x += 1" in str(second.lab.page.evaluate(STORED, path))


STORED = """
async (path) => (await window.jupyterapp.serviceManager.contents.get(path, { content: true })).content.cells
"""


def test_two_notebooks_have_their_own_states(open_page: OpenPage) -> None:
    page = open_page()
    one = page.create()
    assert page.text("x = 'one'; open('one.txt', 'w').write('1'); print(x)") == "one\n"
    page.wait_for("saved")
    other = page.create()
    assert page.text("x = 'other'; open('other.txt', 'w').write('2'); print(x)") == "other\n"
    page.wait_for("saved")
    page.reload(one)
    assert page.text("print(x)") == "one\n"
    assert page.text("import litestate; r = litestate.restore(2)") == ""
    assert page.text("import os; print(os.path.exists('other.txt'))") == "True\n"
    page.show(other)
    assert page.text("print(x)") == "other\n"


def test_typed_text_is_saved_soon_and_opening_changes_nothing(open_page: OpenPage) -> None:
    page = open_page("lab/index.html?path=start.ipynb").show("start.ipynb")
    page.wait_for("saved")
    dirty = "window.panel.context.model.dirty"
    page.lab.page.wait_for_timeout(500)
    assert not page.lab.page.evaluate(dirty)
    page.add("typed = 1")
    page.wait_for("unsaved")
    page.wait_for("saved", 10_000)
    assert "typed = 1" in str(page.lab.page.evaluate(STORED, "start.ipynb"))


def test_the_browser_asks_only_while_something_would_be_lost(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    asked: list[str] = []
    page.lab.page.on("dialog", lambda dialog: asked.append(dialog.type))
    page.text("1")
    # Browsers ask only after a gesture of the user.
    page.lab.page.locator(".jp-Notebook").first.click()
    page.wait_for("saved")
    page.reload(path)
    assert asked == []
    page.wait_for("saved")
    page.lab.page.locator(".jp-Notebook").first.click()
    page.add("import time; time.sleep(3)")
    page.lab.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    page.wait_for("unsaved")
    page.reload(path)
    assert asked == ["beforeunload"]
    text = page.notification("was running")
    expect(text).to_be_visible(timeout=60_000)


def test_it_works_in_notebook_too(open_page: OpenPage) -> None:
    page = open_page("notebooks/index.html?path=start.ipynb").show("start.ipynb")
    assert page.text("y = 5; print(y)") == "5\n"
    page.wait_for("saved")
    page.reload("start.ipynb")
    assert page.text("print(y)") == "5\n"
    assert "y = 5; print(y)" in page.sources()
