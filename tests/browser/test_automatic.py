"""Notebooks without a line of litestate: everything is saved, and comes back."""

from __future__ import annotations

from conftest import OpenPage
from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import expect
from rounds import problems, work


def test_what_the_status_calls_saved_is_there_after_a_reload(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    stored = 0
    for moment in (0, 5, 20, 50, 100, 200, 400, 800, 1500, 3000):
        # The first cell runs while Python starts.
        last = work(page)
        page.lab.page.wait_for_timeout(moment)
        stored = last if page.kind == "saved" else stored
        page.reload(path)
        restored, wrong = problems(page, stored, last)
        assert wrong == []
        page.wait_for("saved")
        stored = restored
    assert stored == last


def test_a_cell_that_awaits_is_not_saved(open_page: OpenPage) -> None:
    page = open_page()
    page.create()
    assert page.text("x = 1; print(x)") == "1\n"
    page.wait_for("saved")
    page.add("import asyncio\nfor x in range(60):\n    await asyncio.sleep(0.1)\nprint(x)")
    page.lab.start_all()
    page.wait_for("unsaved")
    # The kernel answers while the cell awaits.
    for _ in range(3):
        page.lab.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        page.lab.page.wait_for_timeout(500)
        assert not page.lab.page.evaluate("window.finished")
        assert page.kind == "unsaved"
    page.lab.finish()
    page.wait_for("saved")


def test_the_request_leaves_no_trace(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    code = "print(len(In), get_ipython().execution_count, sorted(globals().keys()))"
    first = page.text(code)
    page.wait_for("saved")
    assert page.lab.cells()[0]["execution_count"] == 1
    assert first.startswith("2 2 "), first
    assert "litestate" not in first
    assert page.text("import litestate; n = len(litestate.history()); print(n)") == "2\n"
    page.wait_for("saved")
    page.reload(path)
    assert page.text("import litestate; print(len(litestate.history()), len(In))") == "3 2\n"
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
async (path) => {
  const { contents } = window.jupyterapp.serviceManager;
  return (await contents.get(path, { content: true })).content.cells;
}
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


def test_histories_follow_renamed_copied_and_deleted_notebooks(open_page: OpenPage) -> None:
    page = open_page()
    path = page.create()
    code = (
        "from pathlib import Path; h = Path.home() / 'h.txt'; h.write_text('hi'); x = 7; print(x)"
    )
    assert page.text(code) == "7\n"
    page.wait_for("saved")
    contents = "window.jupyterapp.serviceManager.contents"
    # Renamed: the history goes along.
    page.lab.page.evaluate(f"{contents}.rename('{path}', 'renamed.ipynb')")
    page.wait_for("saved")
    page.lab.page.goto(f"{page.lab.url}lab/index.html?path=renamed.ipynb")
    page.show("renamed.ipynb")
    assert page.text("print(x)") == "7\n"
    page.wait_for("saved")
    # Another notebook that gets the old name has nothing of it.
    page.lab.page.evaluate(WRITE, path)
    page.lab.page.evaluate(OPEN, path)
    page.show(path)
    assert "not defined" in page.text("x")
    # Duplicated: the copy starts with the state, and has its own from then on.
    copy = page.lab.page.evaluate(f"async () => (await {contents}.copy('renamed.ipynb', '')).path")
    page.lab.page.evaluate(OPEN, copy)
    page.show(copy)
    assert page.text("print(x, h.read_text())") == "7 hi\n"
    assert page.text("x = 8; print(x)") == "8\n"
    page.wait_for("saved")
    page.show("renamed.ipynb")
    assert page.text("print(x)") == "7\n"
    page.wait_for("saved")
    # Deleted: offered when a notebook of that path is opened, and not restored unasked.
    page.lab.page.evaluate(
        "async () => { const { id } = window.panel.sessionContext.session;"
        " window.panel.dispose(); await window.jupyterapp.serviceManager.sessions.shutdown(id);"
        f" await {contents}.delete('renamed.ipynb'); }}"
    )
    page.lab.page.evaluate(WRITE, "renamed.ipynb")
    page.lab.page.evaluate(OPEN, "renamed.ipynb")
    page.show("renamed.ipynb")
    assert "not defined" in page.text("x")
    deleted = page.notification("A notebook of this name was deleted")
    bring_back = deleted.get_by_role("button", name="Bring Back")
    # If that fails, the offer stays for the next time.
    page.text("from litestate.api import kernel_session; kernel_session.close()")
    bring_back.click()
    expect(page.notification("Autosave is off here")).to_be_visible()
    page.reload("renamed.ipynb")
    bring_back.click(timeout=60_000)
    expect(page.notification("Restored the state of")).to_be_visible()
    assert page.text("print(x)") == "7\n"


WRITE = """
(path) => {
  const metadata = { kernelspec: { name: "python", display_name: "Python" } };
  const content = { cells: [], metadata, nbformat: 4, nbformat_minor: 5 };
  const model = { type: "notebook", format: "json", content };
  return window.jupyterapp.serviceManager.contents.save(path, model);
}
"""
OPEN = "(path) => void window.jupyterapp.commands.execute('docmanager:open', { path })"
