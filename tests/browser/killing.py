"""Kill a browser that saves, again and again, and check the stored content each time.

A page with nothing but a kernel saves generations as fast as it can; all of the browser's
processes get SIGKILL at a random moment; the next start with the same profile has to find one
whole generation, not older than the last acknowledged one. This cannot simulate a loss of
power, because the operating system's cache survives a killed process.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kill_site import ADDRESS, PAGE, KillSite, lay_out
from processes import end_browser, family

from tools.browser import FLAGS

START_TIMEOUT = 60.0
"""Seconds for a browser and a kernel to start, and for what was left to be checked."""

SHORTEST, LONGEST = 0.1, 3.0
"""Seconds of saving before the kill."""

AIM = 0.04
"""Seconds that a save of what the page saves takes, about."""

_FLAGS = [
    *FLAGS,
    "--headless=new",
    "--remote-debugging-port=0",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    # Only this machine can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@dataclass
class Run:
    """One start of the browser, up to its death.

    Attributes
    ----------
    before : int
        The last generation that was acknowledged before this start.
    found : int
        The generation that this start found.
    acknowledged : int
        The last one that was acknowledged when it was killed.
    problems : list of str
        Problems of the generation that it found.
    said : list of str
        Messages of the store when it opened, such as that a torn end was cut off.
    aim : str
        The step in which it should be killed; empty for any time.
    doing : str
        Its last report.
    start, seconds : float
        Seconds until it had checked what was left, and for all of it.
    """

    before: int
    found: int = 0
    acknowledged: int = 0
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    aim: str = ""
    doing: str = ""
    start: float = 0.0
    seconds: float = 0.0


def wrong(run: Run) -> list[str]:
    """Return problems of what a start found: damage, or less than was acknowledged."""
    lost = run.found < run.before
    return run.problems + [
        f"generation {run.before} was acknowledged, and {run.found} is what is left"
        for _ in range(lost)
    ]


class Killer:
    """A profile whose browser is killed.

    Parameters
    ----------
    server : KillSite
        Serves the site and the page, and receives the page's reports.
    chromium : str
        The browser.
    profile : Path
        Folder of the profile.
    store : str
        Module of the page that stores the generations.
    chance : random.Random
        Chooses the moments of the kills.
    """

    def __init__(
        self, server: KillSite, chromium: str, profile: Path, store: str, chance: random.Random
    ) -> None:
        self._server = server
        self._chromium = chromium
        self._profile = profile
        self._store = store
        self._chance = chance
        self._acknowledged = 0

    def run(self, *, last: bool = False) -> Run:
        """Start the browser, get its findings, let it save for a while, and kill it.

        Parameters
        ----------
        last : bool
            Whether only to check.

        Raises
        ------
        RuntimeError
            If the page fails or does not start.
        """
        begun = time.monotonic()
        run = Run(before=self._acknowledged, acknowledged=self._acknowledged)
        self._server.forget()
        browser = self._start()
        processes: list[int] = []
        try:
            self._hear(run, begun + START_TIMEOUT, "opened")
            if run.doing != "opened":
                raise RuntimeError(f"the page did not start in {START_TIMEOUT} s")
            run.start = time.monotonic() - begun
            # Found now, as the search takes as long as a save.
            processes += family(browser.pid)
            # In any order: each of them may be the first to miss another.
            self._chance.shuffle(processes)
            if not last and not wrong(run):
                self._wait(run)
        finally:
            self._kill(browser, processes or family(browser.pid))
        # Reports that had arrived when it was killed.
        self._hear(run, time.monotonic())
        self._acknowledged = run.acknowledged
        run.seconds = time.monotonic() - begun
        return run

    def _wait(self, run: Run) -> None:
        """Let it save for a while; in two of three runs, until something is being written."""
        self._hear(run, time.monotonic() + self._chance.uniform(SHORTEST, LONGEST))
        if moment := self._chance.choice(["", "saving", "compacting"]):
            run.aim = moment
            self._hear(run, time.monotonic() + LONGEST, moment)
            time.sleep(self._chance.uniform(0, AIM))

    def _start(self) -> subprocess.Popen[bytes]:
        query = {
            "store": self._store,
            "module": [path.stem for path in PAGE.glob("*.py")],
            "package": ["litestate"],
        }
        page = f"{self._server.url}{ADDRESS}/page.html"
        return subprocess.Popen(
            [
                self._chromium,
                *_FLAGS,
                f"--user-data-dir={self._profile}",
                f"{page}?{urllib.parse.urlencode(query, doseq=True)}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _hear(self, run: Run, deadline: float, until: str = "") -> None:
        """Receive reports until one of a kind arrives, or until the time is over."""
        while True:
            try:
                facts = self._server.reports.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return
            run.doing = facts["kind"]
            if facts["kind"] == "failed":
                raise RuntimeError(f"the page failed: {facts['why']}")
            if facts["kind"] == "opened":
                run.found, run.problems, run.said = (
                    facts[name] for name in ("number", "problems", "said")
                )
            if facts["kind"] == "acknowledged":
                run.acknowledged = facts["number"]
            if facts["kind"] == until:
                return

    def _kill(self, browser: subprocess.Popen[bytes], processes: list[int]) -> None:
        """Kill these processes of the browser, and check that none is left."""
        end_browser(processes, self._profile)
        browser.wait(timeout=10)


@contextmanager
def killer(store: str, seed: int) -> Iterator[Killer]:
    """Serve the page beside the built site, with a new profile.

    Parameters
    ----------
    store : str
        Module of the page that stores the generations.
    seed : int
        Seed of the moments.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        root = Path(temporary, "site")
        lay_out(Path(os.environ["LITESTATE_DIST"]).resolve(), root)
        with KillSite(root) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            profile = Path(temporary, "profile")
            chromium = os.environ["LITESTATE_CHROMIUM"]
            yield Killer(server, chromium, profile, store, random.Random(seed))
            server.shutdown()


def main() -> int:
    """Kill many times, and print the results.

    Returns
    -------
    int
        Exit code: 1 if anything was lost or torn.
    """
    # The browser has its own session, and would outlive this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kills = int(os.environ.get("LITESTATE_KILLS", "200"))
    seed = int(os.environ.get("LITESTATE_KILL_SEED", str(random.randrange(1 << 32))))
    store = os.environ.get("LITESTATE_KILL_STORE", "in_session")
    print(f"\nkill: {kills} times, LITESTATE_KILL_SEED={seed}", flush=True)
    runs: list[Run] = []
    with killer(store, seed) as one:
        for number in range(kills + 1):
            run = one.run(last=number == kills)
            runs.append(run)
            line = f"{number:4}  found {run.found:5}, acknowledged {run.acknowledged:5}"
            line += f", killed after: {run.doing:12}  start {run.start:4.1f} s"
            print(f"{line}, all {run.seconds:4.1f} s", flush=True)
            for sentence in (*run.said, *(f"WRONG: {each}" for each in wrong(run))):
                print(f"      {sentence}", flush=True)
            if wrong(run):
                break
    _summarise(runs)
    return 1 if any(wrong(run) for run in runs) else 0


def _summarise(runs: list[Run]) -> None:
    doing = [run.doing for run in runs[:-1]]
    counted = ", ".join(f"{kind} {doing.count(kind)}" for kind in sorted(set(doing)))
    seconds = [run.seconds for run in runs]
    print(
        f"killed {len(runs) - 1} times (last heard: {counted}); the store had something to say "
        f"{sum(bool(run.said) for run in runs)} times; {sum(bool(wrong(run)) for run in runs)} "
        f"wrong; {runs[-1].acknowledged} generations; "
        f"{statistics.mean(seconds):.1f} s each, {sum(seconds):,.0f} s in all"
    )


if __name__ == "__main__":
    sys.exit(main())
