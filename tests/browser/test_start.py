"""A kernel starts whatever the page answers; if it does not start, the page says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import OpenLab, serving
from drive_gate import START
from drive_page import settle
from lab import START_TIMEOUT, Lab
from playwright.sync_api import BrowserContext, Route, expect
from silence import ALL, be_quick, lose_answers, lose_from_now_on, lost

UNREACHABLE = "litestate: the notebook's folder cannot be reached"
REACHABLE = "litestate: the notebook's folder can be reached again"

COPY = """
import os, shutil
os.makedirs("deep/er")
shutil.copy("start.ipynb", "deep/er/nested.ipynb")
"""

NOT_STARTED = "Python has not started after"


def outputs(lab: Lab, code: str) -> str:
    """Run a cell of the notebook; return all of its output."""
    lab.set_cells(code)
    lab.start_all()
    return lab.finish()


def output_with(lab: Lab, code: str, expected: str) -> str:
    """Run a cell until it has the expected output, for which the drive needs some time."""
    for _ in range(20):
        found = outputs(lab, code)
        lab.page.wait_for_timeout(500)
        found += str(lab.cells())
        if expected in found:
            return found
    raise AssertionError(found)


def test_lost_answers_are_asked_for_again(
    open_lab: OpenLab, new_profile: Callable[[], BrowserContext]
) -> None:
    context = new_profile()
    lose_answers(context, "3")
    be_quick(context)
    lab = open_lab(context=context)
    outputs(lab, "import os, numpy\nprint(os.getcwd(), os.path.exists('start.ipynb'))")
    found = str(lab.cells())
    assert "/drive True" in found
    assert lost(lab) == 3
    assert UNREACHABLE not in found

    # The page does not answer, and the notebook is not in the drive's own folder.
    lab.check(COPY)
    settle(lab)
    lose_from_now_on(lab, ALL)
    lab.page.close()
    lab.open("deep/er/nested.ipynb")
    found = outputs(lab, "import os, json, pandas\nprint(os.getcwd(), pandas.Series([7]).sum())")
    assert "/drive/deep/er 7" in found
    assert UNREACHABLE in found + str(lab.cells())
    lab.check(START)
    for action in ("open, 'nested.ipynb'", "os.listdir, '.'", "open, 'new', 'w'"):
        assert lab.value(f"failure({action})") == "PermissionError", action
    assert lab.value("failure(sqlite3.connect, 'a.db')") == "OperationalError"
    assert lab.value("os.path.exists('nested.ipynb')") is False

    lose_from_now_on(lab, "0")
    exists = "print(os.path.exists('nested.ipynb'), os.listdir('.'))"
    found = output_with(lab, exists, "True ['nested.ipynb']")
    assert lab.value("open('nested.ipynb').read(1)") == "{"
    assert REACHABLE in found + str(lab.cells())


@pytest.fixture
def site_without_a_worker_for_files(tmp_path: Path) -> Iterator[str]:
    """Address of a site whose service worker lets the site itself answer questions about files."""
    dist = Path(os.environ["LITESTATE_DIST"])
    worker = (dist / "service-worker.js").read_text("utf-8")
    assert "/api/drive" in worker
    for path in dist.iterdir():
        if path.name != "service-worker.js":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "service-worker.js").write_text(worker.replace("/api/drive", "/api/other"))
    with serving(tmp_path) as server:
        yield server.url


def test_the_site_answers_instead_of_the_page(
    site_without_a_worker_for_files: str, open_lab: OpenLab
) -> None:
    lab = open_lab(url=site_without_a_worker_for_files)
    found = output_with(lab, "import numpy\nprint(numpy.arange(8).sum())", UNREACHABLE)
    assert "28" in found


def impatient(route: Route) -> None:
    """Serve a page that shows its message after three seconds instead of sixty."""
    given = route.fetch()
    text = given.text()
    # The bundler has put PATIENCE where it is used.
    if NOT_STARTED in text:
        assert text.count(">=6e4") == 1
        text = text.replace(">=6e4", ">=3e3")
    route.fulfill(response=given, body=text)


@pytest.mark.parametrize("app", ["lab", "notebooks"])
def test_the_page_says_that_python_does_not_start(
    site: str, new_profile: Callable[[], BrowserContext], app: str
) -> None:
    context = new_profile()
    context.route("**/extensions/litestate/static/*.js*", impatient)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    context.route("**/pyodide.asm.wasm", hold)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    address = "lab" if app == "lab" else "notebooks"
    page.goto(f"{site}{address}/index.html?path=start.ipynb", timeout=START_TIMEOUT)
    told = page.get_by_text(NOT_STARTED).first
    expect(told).to_be_visible(timeout=START_TIMEOUT)
    assert told.inner_text().endswith("is kept."), "JupyterLab cuts off what is longer"
    with page.expect_navigation(timeout=30_000):
        page.get_by_role("button", name="Save and reload").first.click()
    expect(told).to_be_visible(timeout=START_TIMEOUT)
    # When it starts after all, the message is removed.
    waiting[-1].continue_()
    expect(told).to_be_hidden(timeout=START_TIMEOUT)
