"""WebKitGTK as `lab.Lab` needs a browser: the part of Playwright's interface that it calls."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from tools.system import SYSTEM_PYTHON

DRIVER = Path(__file__).with_name("webkit_driver.py")

ANSWER = 150
"""Seconds for a command. Scripts that wait end earlier on their own."""

SETTINGS = {
    # There is no graphics card, and no desktop.
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "GDK_BACKEND": "x11",
    "NO_AT_BRIDGE": "1",
    "GIO_USE_VFS": "local",
    "GSETTINGS_BACKEND": "memory",
}


class WebKit:
    """A profile of WebKitGTK; stands for a ``BrowserContext``.

    Parameters
    ----------
    folder : Path
        Folder for the profile, downloads and the log.
    """

    def __init__(self, folder: Path) -> None:
        self.pages: list[WebKitPage] = []
        self.downloads = folder / "downloads"
        self.log = folder / "webkit.log"
        self.downloads.mkdir()
        self._lock = threading.Lock()
        self._last = 0
        self._answers: queue.Queue[str] = queue.Queue()
        self._log = self.log.open("wb")
        self._screen, display = _screen(self._log)
        self._driver = subprocess.Popen(
            [SYSTEM_PYTHON, DRIVER, folder / "profile", self.downloads],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            env={**os.environ, **SETTINGS, "DISPLAY": display},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def new_page(self) -> WebKitPage:
        """Open a tab."""
        page = WebKitPage(self, self.call("open"))
        self.pages.append(page)
        return page

    def close(self) -> None:
        """End the browser."""
        assert self._driver.stdin
        self._driver.stdin.close()
        for process in (self._driver, self._screen):
            try:
                process.wait(5 if process is self._driver else 0)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait(10)
        self._log.close()

    def console(self) -> str:
        """Return what the pages have logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def call(self, do: str, **arguments: Any) -> Any:
        """Send a command, and return its answer."""
        self._last += 1
        command = {"id": self._last, "do": do, **arguments}
        assert self._driver.stdin
        print(json.dumps(command), file=self._driver.stdin, flush=True)
        end = time.monotonic() + ANSWER
        while True:
            try:
                line = self._answers.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"WebKit did not answer {do} in {ANSWER} s") from None
            if not line:
                raise RuntimeError(f"WebKit has ended:\n{self.console()[-2000:]}")
            answer = json.loads(line)
            # Late answers to commands that were given up are dropped.
            if answer["id"] == self._last:
                break
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def _read(self) -> None:
        assert self._driver.stdout
        for line in self._driver.stdout:
            self._answers.put(line)
        self._answers.put("")


class WebKitPage:
    """A tab; stands for a ``Page``."""

    def __init__(self, browser: WebKit, name: str) -> None:
        self._browser = browser
        self._name = name
        self.url = "about:blank"

    def goto(self, url: str, **_: Any) -> None:
        """Load an address."""
        self._browser.call("goto", tab=self._name, url=url)
        self.url = url

    def reload(self, **_: Any) -> None:
        """Load the page again."""
        self._browser.call("reload", tab=self._name)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Call a function, or evaluate an expression, and wait for its promise."""
        is_function = script.strip().startswith(("async (", "("))
        function = script if is_function else f"() => ({script})"
        return self._browser.call(
            "evaluate", tab=self._name, function=function, argument=json.dumps(argument)
        )

    def wait_for_function(self, expression: str, *, timeout: float) -> None:
        """Wait until an expression is true; ``timeout`` is in milliseconds."""
        end = time.monotonic() + timeout / 1000
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise TimeoutError(f"not true after {timeout} ms: {expression}")
            time.sleep(0.1)

    def screenshot(self, *, path: Path) -> None:
        """Write what is seen into a file."""
        self._browser.call("screenshot", tab=self._name, path=str(path))

    def close(self) -> None:
        """Close the tab."""
        self._browser.call("close", tab=self._name)
        self._browser.pages.remove(self)

    def on(self, event: str, handler: Any) -> None:
        """Ignore; the browser accepts dialogs and has the console."""


def _screen(log: Any) -> tuple[subprocess.Popen[bytes], str]:
    """Start an X server without a screen; return it and its name."""
    read, write = os.pipe()
    size = ["-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    command = ["Xvfb", "-displayfd", str(write), *size]
    screen = subprocess.Popen(command, pass_fds=[write], stdout=log, stderr=log)
    os.close(write)
    with os.fdopen(read) as number:
        # Ends at once if the server cannot start.
        display = number.readline().strip()
    if not display:
        raise RuntimeError("Xvfb does not start")
    return screen, f":{display}"
