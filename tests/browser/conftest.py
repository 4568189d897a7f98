"""One server and one browser for all browser tests, and new profiles.

In these profiles, nothing is saved automatically: most tests show what a line in a notebook does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lab import Lab, with_settings, without_jspi
from notebook_page import NotebookPage
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from serving import serving

from tools.browser import FLAGS

pytest.register_assert_rewrite("engine_suite")

SUB_PATH = "/some/where/"

OpenLab = Callable[..., Lab]
OpenPage = Callable[..., NotebookPage]


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the built site."""
    with serving(Path(os.environ["LITESTATE_DIST"])) as server:
        yield server.url


@pytest.fixture(scope="session")
def sub_site() -> Iterator[str]:
    """Address of the built site below a path, as on GitHub Pages."""
    with serving(Path(os.environ["LITESTATE_DIST"]), SUB_PATH) as server:
        yield server.url


@pytest.fixture
def two_sites(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of two sites on one origin, as of two projects of one account on GitHub Pages."""
    for name in ("one", "other"):
        (tmp_path / name).symlink_to(os.environ["LITESTATE_DIST"], target_is_directory=True)
    with serving(tmp_path) as server:
        yield f"{server.url}one/", f"{server.url}other/"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers; a process can have one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium."""
    chromium = playwright.chromium.launch(
        executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS, headless=True
    )
    yield chromium
    chromium.close()


@pytest.fixture
def new_profile(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Create separate browser profiles, and check that they send no request to other hosts."""
    with _profiles(browser) as make:
        yield make


@contextmanager
def _profiles(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    contexts: list[BrowserContext] = []
    hosts: set[str | None] = set()

    def make(*, automatic: bool = False, **settings: Any) -> BrowserContext:
        context = browser.new_context(
            accept_downloads=True, viewport={"width": 1280, "height": 900}
        )
        context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        with_settings(context, automatic=automatic, **settings)
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


@pytest.fixture
def open_page(site: str, new_profile: Callable[..., BrowserContext]) -> OpenPage:
    """Open a page of the site, in a new profile unless one is given.

    There, everything is saved automatically.
    """

    def open_(address: str = "lab/index.html", **options: Any) -> NotebookPage:
        context = options.pop("context", None) or new_profile(automatic=True, **options)
        return NotebookPage(Lab(context, site)).go(address)

    return open_


@contextmanager
def entered(
    site: str, browser: Browser, prepare: Callable[[BrowserContext], None] | None = None
) -> Iterator[Lab]:
    """Enter the site in a new, prepared profile."""
    with _profiles(browser) as make:
        context = make()
        if prepare is not None:
            prepare(context)
        yield Lab(context, site).enter()


@pytest.fixture(scope="session")
def warm_lab(site: str, browser: Browser) -> Iterator[Lab]:
    """The site, entered once for most of the tests: page and kernel take 15 s to start."""
    with entered(site, browser) as lab:
        yield lab


@pytest.fixture
def shared_lab(warm_lab: Lab) -> Lab:
    """A lab without traces of other tests, except for imported modules.

    Tests that use it must not change what only a new kernel or profile resets, such as autosave;
    or they must reload the page afterwards, so that the kernel is a new one.
    """
    return warm_lab.clean()


@pytest.fixture
def fresh_lab(warm_lab: Lab) -> Lab:
    """The shared page with a new kernel and nothing stored, for tests that turn on autosave."""
    lab = warm_lab.renew()
    lab.use_up()
    return lab


@pytest.fixture(scope="session")
def _warm_lab_without_jspi(site: str, browser: Browser) -> Iterator[Lab]:
    with entered(site, browser, without_jspi) as lab:
        yield lab


@pytest.fixture
def lab_without_jspi(_warm_lab_without_jspi: Lab) -> Lab:
    """A shared lab in a browser without JSPI."""
    return _warm_lab_without_jspi.clean()


@pytest.fixture
def fresh_lab_without_jspi(_warm_lab_without_jspi: Lab) -> Lab:
    """A `fresh_lab` in a browser without JSPI."""
    lab = _warm_lab_without_jspi.renew()
    lab.use_up()
    return lab


LONGEST = (
    "test_kernel_units",
    "test_engine_webkit",
    "test_engine_firefox",
    "test_autosave",
    "test_rests_in_site",
    "test_start",
    "test_handshake",
    "test_variables_in_site",
    "test_without_jspi",
    "test_another_browser",
    "test_two_tabs",
    "test_outputs_later",
    "test_drive_limits",
    "test_drive",
    "test_opfs",
    "test_drive_order",
    "test_environment_in_site",
    "test_automatic",
    "test_automatic_kill",
)
"""Files that come first: one of them at the end would leave the other process without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, after the tests without a browser."""

    def rank(item: pytest.Item) -> int:
        if item.path.parent != Path(__file__).parent:
            return -1
        name = item.path.stem
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=rank)
