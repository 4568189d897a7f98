"""One notebook in two tabs of one browser."""

from __future__ import annotations

import pytest
from lab import Lab
from test_autosave import NUMBERS, START_UNPACED, WORK, failing, look, run
from test_handshake import ask

AT_ONCE = """
import asyncio, time
from litestate.browser import signing_key

async def make(start, count):
    names = []
    for number in range(count):
        signing_key.DATABASE = f"race {number}"
        await asyncio.sleep(max(0, start + 0.2 * number - time.time()))
        names.append((await signing_key.load_key(create=True)).id)
    return names
"""

RACES = 30


@pytest.fixture(scope="module")
def tabs(warm_lab: Lab) -> tuple[Lab, Lab]:
    """Two tabs with new kernels, which the tests share; only the last test changes them."""
    second = warm_lab.renew()
    second.use_up()
    return Lab(second.context, second.url).open(), second


def test_each_tab_has_a_name(tabs: tuple[Lab, Lab]) -> None:
    one, two = map(ask, tabs)
    assert one["path"] == two["path"]
    assert one["tab"] != two["tab"]
    assert not one["restarted"] and not two["restarted"]


def test_two_tabs_that_make_the_first_key_at_once_have_one(
    tabs: tuple[Lab, Lab],
) -> None:
    first, second = tabs
    for lab in (first, second):
        lab.check(AT_ONCE)
    # Both begin at the same tick of the clock that they share, many times over.
    start = first.value("time.time()") + 3
    for lab in (first, second):
        lab.check(f"task = asyncio.ensure_future(make({start}, {RACES}))")
    found = []
    for lab in (first, second):
        lab.check("names = await asyncio.wait_for(task, 60)")
        found.append(lab.value("names"))
    assert found[0] == found[1]
    assert len(set(found[0])) == RACES


def test_one_tab_makes_checkpoints_until_it_is_closed(tabs: tuple[Lab, Lab]) -> None:
    first, second = tabs
    run(first, START_UNPACED, WORK, "connection.rollback()\nconnection.close()")
    before = look(first)
    (told,) = run(second, START_UNPACED)
    assert "This notebook is open in another tab, which makes the checkpoints" in told
    assert look(second) == before
    assert "Another tab" in failing(second, "litestate.checkpoint()")
    run(first, "(home / 'notes.txt').write_text('of the first')")
    (listed,) = run(second, "litestate.checkpoints()")
    assert "3 checkpoints of start.ipynb" in listed
    (restored,) = run(second, "litestate.restore()")
    assert look(second)["notes.txt"] == "of the first"
    assert "load_state('" in restored

    first.page.close()
    told, _ = run(second, "(home / 'notes.txt').write_text('of the second')", "1")
    if not told.endswith("this one makes the checkpoints now."):
        # The browser takes a moment to release the lock.
        second.page.wait_for_timeout(2000)
        (told,) = run(second, "2")
    assert "The other tab was closed: this one makes the checkpoints now." in told
    assert second.value(NUMBERS)[-1] == 4
    second.reload()
    run(second, START_UNPACED)
    assert look(second)["notes.txt"] == "of the second"
