"""Kill a browser in which a notebook is saved automatically, and check what was called saved.

The tests do it a few times. To do it more often, in the environment that `build.py bench` makes,
with ``LITESTATE_DIST`` and ``LITESTATE_CHROMIUM`` set:
``python tests/browser/automatic_killing.py 200``.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root), str(root / "tests" / "support")]

from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import BrowserType, Error, sync_playwright
from processes import kill_browser
from rounds import problems, work
from serving import serving

from tools.browser import FLAGS

DELAYS = (0.2, 1.5)
"""Most seconds from the end of a cell to the kill, one as often as the other: everything is to be
stored within one second."""

NOTEBOOK = "Untitled.ipynb"


@dataclass
class Life:
    """One start of the browser, up to its death.

    Attributes
    ----------
    problems : list of str
        What was wrong after the start.
    delay : float
        Seconds from the end of the last cell to the kill.
    last : int
        The last round of work.
    stored : int
        The last round that the status called saved.
    """

    problems: list[str] = field(default_factory=list)
    delay: float = 0.0
    last: int = 0
    stored: int = 0


class AutomaticKiller:
    """A profile whose browser is killed.

    Parameters
    ----------
    chromium : BrowserType
        Starts the browser.
    url : str
        Address of the site.
    profile : Path
        Folder of the profile.
    chance : random.Random
        Chooses the moments of the kills.
    """

    def __init__(
        self, chromium: BrowserType, url: str, profile: Path, chance: random.Random
    ) -> None:
        self._chromium = chromium
        self._url = url
        self._profile = profile
        self._chance = chance
        self._before = Life()

    def run(self, *, last: bool = False) -> Life:
        """Start the browser, check what is there, do a round of work, and kill the browser.

        Parameters
        ----------
        last : bool
            Whether only to check.
        """
        life, before = Life(), self._before
        context = self._chromium.launch_persistent_context(
            self._profile,
            executable_path=os.environ["LITESTATE_CHROMIUM"],
            args=FLAGS,
            headless=True,
        )
        try:
            page = NotebookPage(Lab(context, self._url))
            if before.last:
                page.go(f"lab/index.html?path={NOTEBOOK}").show(NOTEBOOK)
                life.stored, life.problems = problems(page, before.stored, before.last)
            else:
                assert page.go().create() == NOTEBOOK
            if not last:
                life.last = work(page)
                life.delay = self._chance.uniform(0, self._chance.choice(DELAYS))
                time.sleep(life.delay)
                life.stored = life.last if page.kind == "saved" else life.stored
        finally:
            kill_browser(self._profile, self._chance)
            # Requests that were pending when the browser died have no answer.
            with suppress(Error):
                context.close()
        self._before = life
        return life


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, help="how often to kill the browser")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    failures = saved = 0
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        serving(Path(os.environ["LITESTATE_DIST"])) as server,
        sync_playwright() as playwright,
    ):
        chance = random.Random(arguments.seed)
        killer = AutomaticKiller(playwright.chromium, server.url, Path(folder), chance)
        for number in range(arguments.kills + 1):
            life = killer.run(last=number == arguments.kills)
            failures += bool(life.problems)
            saved += life.last == life.stored
            print(number, f"{life.delay:.2f} s", life.last, life.stored, *life.problems, flush=True)
    print(f"{arguments.kills} kills, {saved} after all was saved, {failures} with a loss")
    return failures > 0


if __name__ == "__main__":
    sys.exit(_main())
