"""Each request of the kernel to the page ends, with any answer or none, in simulated time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

PLAY = """
async ([address, script, questions]) => {
  const { Remote } = await import(address);
  const real = { now: performance.now, XMLHttpRequest: window.XMLHttpRequest };
  let now = 0;
  let asked = 0;
  const failing = (name) => { throw Object.assign(new Error(name), { name }); };
  performance.now = () => (now += 0.01);
  window.XMLHttpRequest = class {
    open() {}
    send() {
      asked++;
      const answer = script.length > 1 ? script.shift() : script[0];
      if (answer === "lost") {
        now += this.timeout;
        failing("TimeoutError");
      }
      now += 5;
      if (answer === "refused") failing("NetworkError");
      this.status = answer === "site" ? 501 : 200;
      this.responseText = answer === "html" ? "<!doctype html>" : JSON.stringify(answer);
    }
  };
  const reports = [];
  const fail = (code) => failing(code);
  const remote = new Remote("api/drive", "id", "", fail, () => {}, (text) => reports.push(text));
  const played = [];
  try {
    for (const [method, path, pause] of questions) {
      now += 1000 * (pause ?? 0);
      const start = now;
      asked = 0;
      let found;
      try {
        found = path === "as a folder" ? remote.takingForFolders(() => remote[method](path))
          : remote[method](path);
      } catch (error) {
        found = error.name;
      }
      const result = ArrayBuffer.isView(found) ? [...found] : found ?? null;
      played.push([result, (now - start) / 1000, asked, reports.splice(0)]);
    }
  } finally {
    performance.now = real.now;
    window.XMLHttpRequest = real.XMLHttpRequest;
  }
  return played;
}
"""

IS_FILE = {"ok": True, "mode": 1}
IS_ABSENT = {"ok": False}
STAT = {"size": 3, "mtime": "2026-01-02T00:00:00Z"}
FOLDER_MODE = 0o40777

KERNEL = "extensions/litestate/static/kernel/"
"""Folder of the site with the kernel's modules."""

LONGEST = 65
"""Seconds that any request may take; after 60, the page itself reports that it is late."""

Question = tuple[str, str] | tuple[str, str, float]


@pytest.fixture(scope="module")
def page(site: str, browser: Browser) -> Iterator[Page]:
    """A page that may import the site's modules: no notebook and no kernel."""
    page = browser.new_page()
    page.goto(f"{site}{KERNEL}wheels.mjs")
    yield page
    page.close()


def play(page: Page, script: list[Any], *questions: Question) -> list[list[Any]]:
    """Send requests; each try gets the next answer, and later ones get the last answer again.

    Returns for each request the result or the error, seconds, tries and messages.
    """
    address = page.url.replace("wheels.mjs", "drive/remote.mjs")
    given = [address, script, [list(question) for question in questions]]
    played: list[list[Any]] = page.evaluate(PLAY, given)
    return played


@pytest.mark.parametrize(
    ("script", "question", "expected", "seconds"),
    [
        ([IS_FILE], ("mode", "a"), 1, 0.1),
        ([IS_ABSENT], ("mode", "a"), None, 0.1),
        ([None], ("read", "a"), None, 0.1),
        (["lost", IS_FILE], ("mode", "a"), 1, 5.1),
        (["lost", "lost", IS_FILE], ("mode", "a"), 1, 15.1),
        (["lost", IS_FILE, ["a"]], ("list", ""), ["a"], 3.1),
        (["lost", IS_FILE, ["a"]], ("list", "folder"), ["a"], 3.1),
        (["lost", IS_FILE, STAT], ("stat", "a"), {"size": 3, "mtime": 1767312000000}, 3.1),
        (["lost", IS_ABSENT], ("stat", "a"), "ENOENT", 3.1),
        (["lost", IS_FILE, "lost"], ("stat", "a"), "EIO", 33.1),
        (["lost", IS_FILE, {"content": "hi"}], ("read", "a"), [104, 105], 15.1),
        (["refused"] * 5 + [IS_FILE], ("mode", "a"), 1, 1.2),
        (["site", "html", "refused", IS_FILE], ("mode", "a"), 1, 0.3),
        (["lost"], ("mode", "a"), "EACCES", 30.1),
        (["lost"], ("list", ""), "EACCES", 33.1),
        (["lost"], ("read", "a"), "EACCES", 45.1),
        (["site"], ("mode", "a"), "EACCES", 3.2),
        (["html"], ("list", "folder"), "EACCES", 6.2),
        (["lost"], ("mode", "as a folder"), FOLDER_MODE, 30.1),
    ],
)
def test_each_question_has_an_end(
    page: Page, script: list[Any], question: Question, expected: Any, seconds: float
) -> None:
    ((found, took, _, reports),) = play(page, script, question)
    assert found == expected
    assert took <= seconds
    # Only a page that answers nothing is reported as silent.
    assert len(reports) == (expected in ("EACCES", FOLDER_MODE))


def test_a_silent_page_costs_a_start_of_the_kernel_half_a_minute(page: Page) -> None:
    questions = [("list", ""), ("mode", "a"), ("stat", "b"), ("read", "c"), ("list", "d")] * 30
    played = play(page, ["lost"], *questions)
    assert {found for found, *_ in played} == {"EACCES"}
    assert sum(seconds for _, seconds, *_ in played) < 40
    assert [reports for *_, reports in played if reports] == [played[0][3]]
    assert "cannot be reached" in played[0][3][0]


def test_it_is_noticed_when_the_page_answers_again(page: Page) -> None:
    script = ["lost"] * 4 + [IS_FILE]
    questions: list[Question] = [("mode", "a"), ("mode", "a", 9), ("mode", "a", 2)]
    questions += [("mode", "a", 9), ("list", "", 11), ("mode", "a")]
    played = play(page, [*script, ["names"], IS_FILE], *questions)
    # Three tries, none, one of a second, none; then one more, of something that costs little.
    assert [tries for _, _, tries, _ in played] == [3, 0, 1, 0, 2, 1]
    assert played[2][1] < 1.1
    assert [found for found, *_ in played[-2:]] == [["names"], 1]
    assert "can be reached again" in played[4][3][0]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_there_is_an_end(page: Page, seed: int) -> None:
    chance = random.Random(seed)
    answers = ["lost", "refused", "site", "html", None, IS_FILE, IS_ABSENT, STAT, ["a"], {}, 0]
    script = chance.choices(answers, weights=[4, 2, 2, 1, *[1] * 7], k=400)
    paths = ["", "a", "folder/b", "as a folder"]
    questions = [
        (chance.choice(["mode", "stat", "list", "read"]), chance.choice(paths), chance.random() * 9)
        for _ in range(100)
    ]
    assert max(seconds for _, seconds, *_ in play(page, script, *questions)) < LONGEST
