"""The browsers that the suite of `engine_suite` runs in, and what is different in each."""

from __future__ import annotations

import base64
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import KERNEL_HANGS, START_TIMEOUT, Lab
from playwright.sync_api import Error, Playwright
from webkit import WebKit

from tools import system

DOWNLOAD_TIMEOUT = 30
"""Seconds for a file of a few kilobytes to arrive."""

_CLICK = """
(label) => {
  const links = [...document.querySelectorAll("a[download]")].filter(
    (link) => link.textContent.includes(label) && link.checkVisibility()
  );
  links.at(-1).click();
}
"""

_CHOOSE = """
async ([name, text]) => {
  const field = [...document.querySelectorAll("input[type=file]")].at(-1);
  // Disabled until the script beside it has connected it to the kernel.
  for (let tries = 0; field.disabled; tries++) {
    if (tries === 300) throw new Error("the form is not connected");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
  field.files = files.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
"""

_FIELD = "document.querySelectorAll('input[type=file]').length > 0"


@dataclass
class Engine:
    """A browser with a new profile.

    Attributes
    ----------
    context : BrowserContext
        The profile, or what stands for one.
    downloads : Path or None
        Folder where downloads arrive under their names; None if Playwright hands them over.
    keeps_checkpoints : bool
        Whether it has files with synchronous access, in which checkpoints outlive a reload.
    may_hang : bool
        Whether a kernel sometimes does not start after a reload, for a reason that is not known.
    """

    context: Any
    downloads: Path | None = None
    keeps_checkpoints: bool = True
    may_hang: bool = False

    def reload(self, lab: Lab) -> None:
        """Reload the page; if Python does not start, do what the page's message offers."""
        try:
            lab.reload()
        except Error as error:
            if not self.may_hang or KERNEL_HANGS not in str(error):
                raise
            warnings.warn(f"Python did not start after a reload: {error}", stacklevel=2)
            button = lab.page.get_by_role("button", name="Save and reload").first
            with lab.page.expect_navigation(timeout=START_TIMEOUT):
                button.click()
            lab._wait()

    def click_download(self, lab: Lab, folder: Path) -> Path:
        """Click the newest link to a bundle, and return the file that arrived."""
        if self.downloads is None:
            return lab.click_download(folder)
        before = set(self.downloads.iterdir())
        lab.page.evaluate(_CLICK, "Download")
        end, size = time.monotonic() + DOWNLOAD_TIMEOUT, -1
        while time.monotonic() < end:
            for path in set(self.downloads.iterdir()) - before:
                # Complete when it has its name and does not grow.
                if path.suffix == ".zip" and 0 < path.stat().st_size == size:
                    return path
                size = path.stat().st_size
            time.sleep(0.2)
        raise TimeoutError(f"no file in {DOWNLOAD_TIMEOUT} s: {list(self.downloads.iterdir())}")

    def choose_file(self, lab: Lab, path: Path) -> None:
        """Wait for the page's file chooser, and choose a file, as a drop of it would."""
        lab.page.wait_for_function(_FIELD, timeout=DOWNLOAD_TIMEOUT * 1000)
        text = base64.b64encode(path.read_bytes()).decode()
        lab.page.evaluate(_CHOOSE, [path.name, text])


Start = Callable[[Playwright, Path], AbstractContextManager[Engine]]
"""Starts an engine: with Playwright, and a folder."""

_WINDOW: Any = {"width": 1280, "height": 900}


@contextmanager
def firefox(playwright: Playwright, folder: Path) -> Iterator[Engine]:
    """Start a headless Firefox ESR."""
    downloads = folder / "downloads"
    downloads.mkdir()
    browser = playwright.firefox.launch(
        # Without this channel, Playwright takes it for its own build of Firefox.
        channel="moz-firefox",
        executable_path=system.firefox(),
        headless=True,
        downloads_path=downloads,
        timeout=60_000,
    )
    yield Engine(browser.new_context(viewport=_WINDOW), downloads, may_hang=True)
    browser.close()


@contextmanager
def webkit(_: Playwright, folder: Path) -> Iterator[Engine]:
    """Start WebKitGTK."""
    context = WebKit(folder)
    try:
        yield Engine(context, context.downloads, keeps_checkpoints=False)
    finally:
        context.close()
