"""One server and one browser for all browser tests, and new profiles."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lab import Lab
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tools.browser import FLAGS
from tools.server import Server

SUB_PATH = "/some/where/"

OpenLab = Callable[..., Lab]


def _serve(base: str) -> Iterator[str]:
    with Server(Path(os.environ["LITESTATE_DIST"]), 0, base) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the built site."""
    yield from _serve("/")


@pytest.fixture(scope="session")
def sub_site() -> Iterator[str]:
    """Address of the built site below a path, as on GitHub Pages."""
    yield from _serve(SUB_PATH)


@pytest.fixture
def two_sites(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of two sites on one origin, as of two projects of one account on GitHub Pages."""
    for name in ("one", "other"):
        (tmp_path / name).symlink_to(os.environ["LITESTATE_DIST"], target_is_directory=True)
    with Server(tmp_path, 0, "/") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"{server.url}one/", f"{server.url}other/"
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS, headless=True
        )
        yield chromium
        chromium.close()


@pytest.fixture
def new_profile(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Make browser profiles that share nothing, and see that they ask no other host."""
    with _profiles(browser) as make:
        yield make


@contextmanager
def _profiles(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    contexts: list[BrowserContext] = []
    hosts: set[str | None] = set()

    def make() -> BrowserContext:
        context = browser.new_context(
            accept_downloads=True, viewport={"width": 1280, "height": 900}
        )
        context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    # Blob URLs have no host.
    assert hosts <= {"127.0.0.1", None}, f"other hosts were asked: {hosts}"


@pytest.fixture
def open_lab(site: str, new_profile: Callable[[], BrowserContext]) -> OpenLab:
    """Open a notebook of the site, in a new profile unless one is given."""

    def open_(
        notebook: str = "start.ipynb", *, context: BrowserContext | None = None, url: str = site
    ) -> Lab:
        return Lab(context or new_profile(), url).open(notebook)

    return open_


@pytest.fixture(scope="module")
def lab_of_module(site: str, browser: Browser) -> Iterator[Lab]:
    """The site, entered once for the tests of a module: a start of the kernel takes 10 s."""
    with _profiles(browser) as make:
        yield Lab(make(), site).enter()


@pytest.fixture
def shared_lab(lab_of_module: Lab) -> Lab:
    """A lab in which nothing is left of other tests but modules that were imported.

    For tests that change nothing which only a new kernel or profile takes back, as autosave does.
    """
    return lab_of_module.clean()
