"""A page that loses its answers to the kernel, and a drive with shorter time limits."""

from __future__ import annotations

from lab import Lab
from playwright.sync_api import BrowserContext, Route

_LOSE = """
(() => {
  const { postMessage } = BroadcastChannel.prototype;
  window.lost = 0;
  BroadcastChannel.prototype.postMessage = function (data) {
    const isLost = window.lost < Number(localStorage.getItem("lose") ?? INITIAL);
    if (this.name === "/sw-api.v1" && isLost) window.lost++;
    else postMessage.call(this, data);
  };
})();
"""

ALL = "Infinity"


def lose_answers(context: BrowserContext, count: str) -> None:
    """Make each page of a profile lose its first answers to the kernel's requests for files."""
    context.add_init_script(_LOSE.replace("INITIAL", count))


def lose_from_now_on(lab: Lab, count: str) -> None:
    """Make the pages of a lab's profile lose this many answers, counted since they were loaded."""
    lab.page.evaluate("(count) => localStorage.setItem('lose', count)", count)


def lost(lab: Lab) -> int:
    """Return how many answers the page has lost."""
    return int(lab.page.evaluate("window.lost"))


def be_quick(context: BrowserContext) -> None:
    """Make the site's drive wait at most a second for lost answers, and seconds for others."""

    def answer(route: Route) -> None:
        given = route.fetch()
        text = given.text()
        for before, after in (
            ("const TRIES = [5_000, 10_000, 15_000];", "const TRIES = [500, 1_000, 8_000];"),
            ("const DOUBT = [3_000, 30_000];", "const DOUBT = [1_000, 8_000];"),
            ("const REST = 10_000;", "const REST = 2_000;"),
        ):
            assert before in text
            text = text.replace(before, after)
        route.fulfill(response=given, body=text)

    context.route("**/drive/remote.mjs", answer)
