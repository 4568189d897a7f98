"""Compare the fixed notebook's folder with JupyterLite's own and with memory.

Two browsers run at the same time, and take turns: one has the site as it is, the other the site
without the fix. The operations are in kernel/drive.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from drive_table import HEAD, MEMORY, MENDED, STOCK, Line, Measured, cells
from lab import Lab
from playwright.sync_api import BrowserType, Route
from rows import aligned

from tools.browser import FLAGS

KERNEL = Path(__file__).parent / "kernel"
ROUNDS = 3
TIMEOUT = 300_000
"""Milliseconds for one cell."""

_WITHOUT = {"static/kernel/drive/mount.mjs": "export const mendMounts = () => {};\n"}
_IS_MENDED = "'litestate' in dir(__import__('pyodide_js').FS.lookupPath('/drive').node.mount.type)"
_SETTLE = (
    "await __import__('pyodide_js').FS.lookupPath('/drive').node.mount.type.litestate.settled()"
)

# A second cell is sent with the first: its end shows when the kernel is free again.
_TIME = """
async ([code, timeout]) => {
  const kernel = window.panel.sessionContext.session.kernel;
  let text = "";
  const start = performance.now();
  const cell = kernel.requestExecute({ code });
  cell.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") text += content.text;
    if (header.msg_type === "error") text += `${content.ename}: ${content.evalue}`;
  };
  const next = kernel.requestExecute({ code: "pass" });
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cell did not end")), timeout);
  });
  await Promise.race([cell.done, late]);
  const whole = performance.now() - start;
  await Promise.race([next.done, late]);
  return { text, whole: whole / 1000, next: (performance.now() - start) / 1000 };
}
"""

# The browser's content, read without the kernel.
_STORED = """
async (names) => {
  const found = {};
  for (const name of names) {
    const model = await window.jupyterapp.serviceManager.contents.get(name, { content: true });
    const { content, format } = model;
    const bytes =
      format === "base64" ? Uint8Array.fromBase64(content) : new TextEncoder().encode(content);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    found[name] = hash.toHex();
  }
  return found;
}
"""


@dataclass
class Side:
    """One folder.

    Attributes
    ----------
    name : str
        Name of the side.
    lab : Lab
        The tab.
    """

    name: str
    lab: Lab

    def start(self, *, anew: bool = False) -> None:
        """Load the bench into the kernel; with `anew`, into a new kernel."""
        if anew:
            self.lab.reload()
        sources = {path.name: path.read_text("utf-8") for path in KERNEL.glob("*.py")}
        self.lab.check(
            "import sys, json\nfrom pathlib import Path\nPath('/tmp/bench').mkdir()\n"
            f"for name, text in {sources!r}.items(): Path('/tmp/bench', name).write_text(text)\n"
            "sys.path.insert(0, '/tmp/bench')\nimport drive\nsys.path.remove('/tmp/bench')"
        )
        is_mended = self.lab.value(_IS_MENDED)
        if is_mended == (self.name == STOCK):
            raise SystemExit(f"bench drive: the drive is{' ' if is_mended else ' not '}mended")

    def enter(self) -> None:
        """Change to the folder of this side."""
        self.lab.check(
            "drive.in_memory()" if self.name == MEMORY else "import os; os.chdir('/drive')"
        )

    def settle(self) -> float:
        """Wait until everything is stored; return how long that took, in seconds."""
        return self._timed(_SETTLE)["whole"] if self.name == MENDED else 0.0

    def measure(self, work: str, *, is_last: bool) -> Measured:
        """Run one operation once."""
        self._do(f"prepare({work!r})", work)
        self.settle()
        taken = self._timed(f"print(json.dumps(drive.run({work!r})))")
        try:
            inner = json.loads(taken["text"])
        except ValueError:
            raise SystemExit(f"bench drive: {work} of {self.name}: {taken['text']}") from None
        settled = taken["next"] + self.settle()
        if why := inner.get("failed"):
            measured = Measured(failed=why)
        else:
            is_stored = self._is_stored()
            if self.name == MENDED and not is_stored:
                raise SystemExit(f"bench drive: {work}: what is stored is not what was written")
            measured = Measured(inner["seconds"], taken["next"], settled, is_stored=is_stored)
        is_last = is_last or bool(measured.failed)
        self._do(f"clean({work!r}, is_last={is_last})", work)
        self.settle()
        return measured

    def _do(self, call: str, work: str) -> None:
        output = self.lab.run(f"drive.{call}", TIMEOUT)
        if output.error:
            raise SystemExit(f"bench drive: {work} of {self.name}: {output.error}")

    def _timed(self, code: str) -> dict[str, Any]:
        taken: dict[str, Any] = self.lab.page.evaluate(_TIME, [code, TIMEOUT])
        return taken

    def _is_stored(self) -> bool:
        if self.name == MEMORY:
            return False
        expected = self.lab.value("drive.digests()")
        stored: dict[str, str] = self.lab.page.evaluate(_STORED, list(expected))
        return stored == expected


LINES = (
    Line("100 files of 4 KiB: write", "write small", is_target=True),
    Line("... read", "read small", is_target=True),
    Line("... list and stat", "stat small", is_target=True),
    Line("10 MB: write", "10 MB", is_target=True),
    Line("50 MB: write", "50 MB", is_target=True),
    Line("1 row of a 20 MB database, opened anew", "opened"),
    Line("... JupyterLite: in /tmp, and copied", "opened", "opened, copied", is_target=True),
    Line("1 row of it, kept open", "kept open"),
    Line("... JupyterLite: in /tmp, and copied", "kept open", "kept open, copied", is_target=True),
    Line("1,000 small commits, new database", "commits"),
    Line("... JupyterLite: in /tmp, and copied", "commits", "commits, copied"),
    Line("DataFrame.to_csv, 10 MB", "csv"),
    Line("import pandas", "import"),
)
ANEW = "import"
"""Operations that need a new kernel each time."""


def measure(chromium: BrowserType, url: str) -> tuple[list[Line], str]:
    """Run all operations on all sides, in turns.

    Returns
    -------
    list of Line
        The measurements.
    str
        Version of the browser.
    """
    # The side with the fixed folder also has the folder in memory.
    with _lab(chromium, url, {}) as mended, _lab(chromium, url, _WITHOUT) as stock:
        sides = [Side(MENDED, mended), Side(STOCK, stock), Side(MEMORY, mended)]
        for side in sides[:2]:
            side.start()
        lines = [replace(line, rounds={}) for line in LINES]
        for line in lines:
            _measure(line, sides)
        assert mended.context.browser
        version = mended.context.browser.version
    return lines, version


def table(lines: list[Line]) -> str:
    """Return the printed table."""
    return aligned(list(HEAD), [cells(line) for line in lines])


def _measure(line: Line, sides: list[Side]) -> None:
    for number in range(ROUNDS):
        for side in sides:
            if line.work == ANEW:
                side.start(anew=True)
            side.enter()
            work = line.instead if side.name == STOCK and line.instead else line.work
            line.rounds.setdefault(side.name, []).append(
                side.measure(work, is_last=number == ROUNDS - 1)
            )


@contextlib.contextmanager
def _lab(chromium: BrowserType, url: str, replaced: dict[str, str]) -> Iterator[Lab]:
    # On disk, as users have it: a profile in memory stores faster.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = chromium.launch_persistent_context(
            profile, executable_path=os.environ["LITESTATE_CHROMIUM"], args=FLAGS
        )
        for name, text in replaced.items():
            context.route(f"{url}{name}", partial(_answer, text))
        yield Lab(context, url).open()
        context.close()


def _answer(text: str, route: Route) -> None:
    route.fulfill(body=text, content_type="text/javascript")
