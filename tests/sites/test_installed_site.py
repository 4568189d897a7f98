"""A site that hosts Pyodide itself, from an environment into which pip has installed litestate."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import START_TIMEOUT, Lab, errors
from playwright.sync_api import Page, Route
from stock_sites import KERNEL, NOTEBOOK, CleanEnvironment, lay_out, settings_of
from visits import AUTOSAVE, Open, find_again, use

DRIVE = "__import__('pyodide_js').FS.lookupPath('/drive').node.mount.type"

RESTART = "window.panel.sessionContext.restartKernel()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site's author."""
    return tmp_path_factory.mktemp("author") / "source"


@pytest.fixture(scope="module")
def site(environment: CleanEnvironment, runtime: Path, folder: Path) -> Path:
    """The built site."""
    lay_out(folder)
    shutil.copytree(runtime, folder / "static" / "pyodide")
    return environment.build(folder, folder.parent / "site")


def test_the_build_is_checked_and_reported(
    environment: CleanEnvironment, site: Path, folder: Path
) -> None:
    output = environment.jupyter_lite("check", "--output-dir", site, folder=folder)
    assert "check:litestate:files" in output
    assert "check:litestate:settings" in output
    version = importlib.metadata.version("litestate")
    assert f"litestate: {version}\n" in environment.jupyter_lite("status", folder=folder)
    # Only the page changes it.
    assert settings_of(site)[KERNEL]["pyodideUrl"] == "./static/pyodide/pyodide.mjs"
    assert (site / "files" / NOTEBOOK).is_file()


def test_litestate_is_there(site: Path, visit: Open) -> None:
    visited = visit(site)
    lab = visited.open()
    use(lab)
    find_again(lab)
    visited.assert_asked()


def run_selected(page: Page) -> None:
    page.keyboard.press("Shift+Enter")


def wait_for_text(page: Page, text: str) -> None:
    page.get_by_text(text).first.wait_for(timeout=START_TIMEOUT)


def test_as_a_user_in_a_page_that_exposes_nothing(site: Path, visit: Open, tmp_path: Path) -> None:
    """With mouse and keyboard alone: the notebook has a history of its own."""
    hidden = shutil.copytree(site, tmp_path / "site")
    config = hidden / "jupyter-lite.json"
    document = json.loads(config.read_text(encoding="utf-8"))
    del document["jupyter-config-data"]["exposeAppInBrowser"]
    config.write_text(json.dumps(document), encoding="utf-8")
    visited = visit(hidden)
    page = visited.context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{visited.url}lab/index.html?path={NOTEBOOK}", timeout=START_TIMEOUT)
    page.locator(".jp-Notebook .cm-content").first.click(timeout=START_TIMEOUT)
    page.keyboard.insert_text(AUTOSAVE.strip())
    wait_for_text(page, "Python (Pyodide) | Idle")
    run_selected(page)
    wait_for_text(page, f"Autosave is on for {NOTEBOOK}")
    page.keyboard.press("Enter")
    page.keyboard.insert_text("answer = 6 * 7; print('stored', answer)")
    run_selected(page)
    wait_for_text(page, "stored 42")
    # JupyterLab stores the notebook, and litestate the state.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(3000)
    page.reload(timeout=START_TIMEOUT)
    wait_for_text(page, "Python (Pyodide) | Idle")
    page.locator(".jp-Notebook .cm-content").first.click(timeout=START_TIMEOUT)
    run_selected(page)
    # The page has restored it before the line ran.
    wait_for_text(page, "Restored what was saved")
    visited.assert_asked()


def missing(route: Route) -> None:
    route.fulfill(status=404)


def unreachable(route: Route) -> None:
    route.abort()


def messages(lab: Lab) -> list[str]:
    """Take what the console says about litestate and packages from the lab's list."""
    words = ("litestate", "error occurred while loading")
    found = [message for message in lab.console if any(word in message for word in words)]
    lab.console.clear()
    return found


def assert_python_works(lab: Lab, *missing_modules: str) -> None:
    lab.set_cells("open('a.txt', 'w').write('a')\nprint(open('a.txt').read() * 3)")
    cells = lab.run_all()
    assert not errors(cells)
    assert cells[0]["outputs"][0]["text"] == "aaa\n"
    for module in missing_modules:
        assert f"No module named '{module}'" in lab.run(f"import {module}").error


def test_python_starts_without_what_cannot_be_fetched(site: Path, visit: Open) -> None:
    visited = visit(site)
    lacking: dict[str, Callable[[Route], None]] = {
        "**/pathspec-*.whl": missing,
        "**/litestate-*.whl": unreachable,
        "**/drive/ledger.mjs": missing,
    }
    for address, answer in lacking.items():
        visited.context.route(address, answer)
    lab = visited.open()
    assert_python_works(lab, "litestate", "pathspec")
    about_drive, about_wheels = sorted(messages(lab), key=lambda message: "import" in message)
    assert about_drive.startswith("litestate: the notebook's folder stays JupyterLite's own")
    assert about_wheels.startswith("litestate: notebooks of this kernel cannot import litestate")
    assert "(not loaded: litestate, pathspec: " in about_wheels

    # The file that lists the wheels, and nothing else.
    visited.context.unroute_all()
    visited.context.route("**/kernel/wheels.mjs", unreachable)
    lab.page.evaluate(RESTART)
    assert_python_works(lab, "litestate")
    (about_list,) = messages(lab)
    assert about_list.startswith("litestate: notebooks of this kernel cannot import litestate")
    assert lab.value(f"'litestate' in dir({DRIVE})")
