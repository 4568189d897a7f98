"""One clean environment for all tests of a run, sites built in it, and a browser to visit them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from serving import serving
from stock_sites import CleanEnvironment, copy_runtime
from visits import Open, Visit

from tools.browser import FLAGS


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """The environment; processes that run tests at the same time share it."""
    folder = tmp_path_factory.getbasetemp()
    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    return CleanEnvironment.create((folder.parent if is_shared else folder) / "environment")


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of Pyodide as its CDN has them."""
    return copy_runtime(tmp_path_factory.mktemp("cdn") / "pyodide")


@pytest.fixture(scope="module")
def cdn(runtime: Path) -> Iterator[str]:
    """Address of another origin that serves Pyodide."""
    with serving(runtime, to_other_origins=True) as server:
        yield server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium.

    A process can drive one at a time, so this one ends before tests/browser starts its own.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS, headless=True
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Serve a site, and visit it in a new profile."""
    with ExitStack() as stack:

        def open_(site: Path, base: str = "/") -> Visit:
            server = stack.enter_context(serving(site, base))
            context = stack.enter_context(browser.new_context())
            return Visit(context, server.url)

        yield open_
