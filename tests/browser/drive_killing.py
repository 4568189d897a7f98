"""Kill a browser while a cell commits to SQLite in the notebook's folder, and check the files.

The tests do it once. To do it more often, in the environment that `build.py bench` makes, with
``LITESTATE_DIST`` and ``LITESTATE_CHROMIUM`` set: ``python tests/browser/drive_killing.py 100``.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root), str(root / "tests" / "support")]

from kill_site import KillSite
from lab import Lab
from playwright.sync_api import BrowserType, Error, sync_playwright
from processes import kill_browser

from tools.browser import FLAGS

COMMITS = Path(__file__).with_name("sqlite_commits.py")

SHORTEST, LONGEST = 0.3, 5.0
"""Seconds of committing before the kill."""

START_TIMEOUT = 60.0
"""Seconds until the first transaction."""

IMPORT = """
from pyodide.http import pyfetch
import json, os, sys
with open("/tmp/sqlite_commits.py", "wb") as file:
    file.write(await (await pyfetch("{url}sqlite_commits.py")).bytes())
sys.path.insert(0, "/tmp")
# An import statement would make the kernel look for it among Pyodide's packages online.
commits = __import__("sqlite_commits")
assert os.getcwd() == "/drive"
found = commits.look()
print(found)
"""

GO = """
from js import XMLHttpRequest

def report(number):
    request = XMLHttpRequest.new()
    request.open("POST", "{url}report", False)
    request.send(json.dumps({{"number": number}}))

await commits.go(json.loads(found)["numbers"], report)
"""

_START = """
(code) => {
  void window.panel.sessionContext.session.kernel.requestExecute({ code });
}
"""


@dataclass
class Run:
    """One start of the browser, up to its death.

    Attributes
    ----------
    before : dict
        Result of the start before this one: the last transaction of each database.
    limit : int
        The last transaction that may have been committed before this start.
    found : dict
        Result of this start.
    problems : list of str
        Problems in that result.
    allowed : int
        The last transaction that may have been committed when it was killed.
    """

    before: dict[str, int]
    limit: int
    found: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    allowed: int = 0


def wrong(run: Run) -> list[str]:
    """Return problems of a result: damage, a partial transaction, too few or too many."""
    return run.problems + [
        f"{mode}: transaction {number} is the last, and there were {run.before.get(mode, 0)} "
        f"before and at most {run.limit} committed"
        for mode, number in run.found.items()
        if not run.before.get(mode, 0) <= number <= run.limit
    ]


class DriveKiller:
    """A profile whose browser is killed.

    Parameters
    ----------
    chromium : BrowserType
        Starts the browser.
    server : KillSite
        Serves the site, and receives the progress of the cell.
    profile : Path
        Folder of the profile.
    chance : random.Random
        Chooses the moments of the kills.
    """

    def __init__(
        self, chromium: BrowserType, server: KillSite, profile: Path, chance: random.Random
    ) -> None:
        self._chromium = chromium
        self._server = server
        self._profile = profile
        self._chance = chance
        self._found: dict[str, int] = {}
        self._limit = 0

    def run(self, *, last: bool = False) -> Run:
        """Start the browser, check the files, let it commit for a while, and kill it.

        Parameters
        ----------
        last : bool
            Whether only to check.
        """
        run = Run(before=self._found, limit=self._limit, allowed=self._limit)
        context = self._chromium.launch_persistent_context(
            self._profile,
            executable_path=os.environ["LITESTATE_CHROMIUM"],
            args=FLAGS,
            headless=True,
        )
        context.route(
            f"{self._server.url}sqlite_commits.py",
            lambda route: route.fulfill(body=COMMITS.read_bytes()),
        )
        try:
            lab = Lab(context, self._server.url).open()
            seen = json.loads(lab.check(IMPORT.replace("{url}", self._server.url)))
            run.found, run.problems = seen["numbers"], seen["problems"]
            if not last and not wrong(run):
                lab.page.evaluate(_START, GO.format(url=self._server.url))
                self._wait(run)
        finally:
            kill_browser(self._profile, self._chance)
            # Requests that were pending when the browser died have no answer.
            with suppress(Error):
                context.close()
        self._hear(run, 0)
        self._found, self._limit = run.found, run.allowed
        return run

    def _wait(self, run: Run) -> None:
        """Let it commit for a while, counted from the first transaction."""
        if not self._hear(run, START_TIMEOUT, first=True):
            raise RuntimeError(f"no transaction began in {START_TIMEOUT} s")
        self._hear(run, self._chance.uniform(SHORTEST, LONGEST))

    def _hear(self, run: Run, seconds: float, *, first: bool = False) -> bool:
        """Receive reports for a time, or until one arrives."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                facts = self._server.reports.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return False
            run.allowed = facts["number"]
            if first:
                return True


@contextmanager
def drive_killer(chromium: BrowserType, seed: int) -> Iterator[DriveKiller]:
    """Serve the built site, with a new profile.

    Parameters
    ----------
    chromium : BrowserType
        Starts the browser.
    seed : int
        Seed of the moments.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary,
        KillSite(Path(os.environ["LITESTATE_DIST"]).resolve()) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield DriveKiller(chromium, server, Path(temporary, "profile"), random.Random(seed))
        server.shutdown()


def main(arguments: list[str]) -> int:
    """Kill many times, and print the results.

    Returns
    -------
    int
        Exit code: 1 if anything was torn.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args(arguments)
    print(f"drive: {options.kills} kills, --seed {options.seed}", flush=True)
    with sync_playwright() as playwright, drive_killer(playwright.chromium, options.seed) as one:
        for number in range(options.kills + 1):
            run = one.run(last=number == options.kills)
            found = ", ".join(f"{mode} {last}" for mode, last in run.found.items())
            print(f"{number:4}  at most {run.limit}; found {found}", flush=True)
            for sentence in wrong(run):
                print(f"      WRONG: {sentence}", flush=True)
            if wrong(run):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
