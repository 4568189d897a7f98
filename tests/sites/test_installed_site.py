"""A site that hosts Pyodide itself, from an environment into which pip has installed litestate."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Lab, errors
from playwright.sync_api import Route
from stock_sites import KERNEL, NOTEBOOK, CleanEnvironment, lay_out, settings_of
from visits import Open, find_again, use

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
