"""Work that a checkpoint could miss: the last cells, random numbers, files of two notebooks."""

from __future__ import annotations

from typing import Any

from conftest import OpenLab
from lab import Lab
from test_autosave import NUMBERS, run

START = "import litestate\nlitestate.autosave()"

DEBT = """
import time
pace = litestate.autosave._follower._pace
for _ in range(3):
    pace.spent(60.0, time.monotonic())
"""
"""As if three checkpoints had taken a minute each: the pace puts off all for an hour."""

WORK = [
    "import pandas as pd, numpy as np, matplotlib.pyplot as plt\n"
    "table = pd.DataFrame({'x': np.arange(50_000), 'y': np.arange(50_000) ** 0.5})",
    "fig, ax = plt.subplots()\nax.plot(table.x[:1000], table.y[:1000])\nplt.show()",
]

QUICK = [f"v{number} = {number}" for number in range(6)]


GENERATORS = """
import random
import numpy as np
import pandas as pd
rng = np.random.default_rng(1)
own = random.Random(2)
"""

DRAWN = "[random.random(), float(np.random.rand()), float(rng.random()), own.random()]"


def test_reloads_after_a_rest_with_random_numbers_and_with_a_running_cell(fresh_lab: Lab) -> None:
    """In one lab, as each reload starts a kernel."""
    lab = fresh_lab
    the_last_cells_are_stored_in_a_rest(lab)
    # What is expensive to import in each of the next kernels.
    run(lab, "del table, fig, ax, plt", GENERATORS)
    drawn = _random_numbers_alone_make_a_checkpoint(lab)
    _cells_that_no_checkpoint_has_are_named(lab)
    assert lab.value(DRAWN) == drawn
    _after_another_checkpoint_they_are_not(lab)


def _random_numbers_alone_make_a_checkpoint(lab: Lab) -> list[float]:
    """Return the numbers that are drawn next after the last checkpoint."""
    for draw in (
        "random.random();",
        "np.random.rand();",
        "rng.random();",
        "own.random();",
        "random.seed(5); np.random.seed(6)",
        "pd.Series(range(9)).sample(2);",
    ):
        # Everything that ran before is stored.
        lab.page.wait_for_timeout(1500)
        made = lab.value(NUMBERS)
        run(lab, draw)
        for _ in range(10):
            # A query is a cell, which delays the checkpoint again.
            lab.page.wait_for_timeout(1000)
            if lab.value(NUMBERS)[-1] > made[-1]:
                break
        else:
            raise AssertionError(draw)
    number = lab.value(NUMBERS)[-1]
    drawn: list[float] = lab.value(DRAWN)
    run(lab, f"litestate.restore({number})")
    assert lab.value(DRAWN) == drawn
    run(lab, f"litestate.restore({number})")
    return drawn


def _cells_that_no_checkpoint_has_are_named(lab: Lab) -> None:
    run(lab, "first = 1")
    lab.page.wait_for_timeout(1500)
    run(lab, DEBT)
    debt = lab.cells()[0]["execution_count"]
    # Without a rest before the reload.
    run(lab, "litestate.autosave.pause()", "w0 = 0", "w1 = 1", "w2 = 2")
    lab.set_cells("import time\ntime.sleep(600)")
    lab.start_all()
    lab.page.wait_for_timeout(1500)
    lab.reload()
    (told,) = run(lab, START)
    # Those of `DEBT` and of `pause` are among them.
    named = f"cells [{debt}]–[{debt + 4}] ran after it, and cell [{debt + 5}] was running."
    assert f"{named} Run them again" in told, told
    assert lab.value("['w0' in globals(), first]") == [False, 1]
    # The same after the next reload, if nothing has changed.
    lab.reload()
    (told,) = run(lab, START)
    assert named in told, told


def _after_another_checkpoint_they_are_not(lab: Lab) -> None:
    run(lab, "second = 2")
    lab.page.wait_for_timeout(2000)
    lab.reload()
    (told,) = run(lab, START)
    assert "ran after it" not in told, told
    assert lab.value("[first, second]") == [1, 2]


def the_last_cells_are_stored_in_a_rest(lab: Lab) -> None:
    """Run quick cells after expensive checkpoints; each comes back after a reload."""
    run(lab, START, *WORK, DEBT)
    run(lab, *QUICK)
    # A cell that awaits ends in another way.
    run(lab, "import asyncio\nawait asyncio.sleep(0.05)\nlast = 1")
    lab.page.wait_for_timeout(2000)
    lab.reload()
    (told,) = run(lab, START)
    assert "ran after it" not in told, told
    assert lab.value("[v0, v1, v2, v3, v4, v5, last]") == [0, 1, 2, 3, 4, 5, 1]


WRITE = "from pathlib import Path\nwritten = Path({!r}).write_text({!r})"


def files(lab: Lab) -> dict[str, str]:
    found: dict[str, str] = lab.value(
        "{name: open(name).read() for name in __import__('glob').glob('*.txt')}"
    )
    return found


UPLOAD = """
async ([name, text]) => {
  const { contents } = window.jupyterapp.serviceManager;
  await contents.save(name, { type: "file", format: "text", content: text });
}
"""


def test_a_restore_leaves_what_another_notebook_wrote(open_lab: OpenLab, fresh_lab: Lab) -> None:
    first = fresh_lab
    # Written before the kernel knows its notebook.
    run(first, WRITE.format("early.txt", "a"), START, WRITE.format("own.txt", "1"))
    run(first, WRITE.format("over.txt", "a"), WRITE.format("uploaded.txt", "a"))
    first.page.wait_for_timeout(1500)
    number = first.value(NUMBERS)[-1]
    run(first, WRITE.format("own.txt", "22"), WRITE.format("new.txt", "a"))

    second = open_lab(context=first.context, notebook="data-analysis.ipynb")
    run(second, START, WRITE.format("theirs.txt", "b"), WRITE.format("over.txt", "b"))
    second.page.wait_for_timeout(1500)
    second.page.evaluate(UPLOAD, ["uploaded.txt", "u"])
    second.page.wait_for_timeout(1500)

    (report,) = run(first, f"litestate.restore({number})")
    assert "theirs.txt differs from the checkpoint and stays" in report, report
    kept = {"early.txt": "a", "own.txt": "1", "over.txt": "b", "theirs.txt": "b"}
    assert files(first) == {**kept, "uploaded.txt": "u"}
    for name in ("over.txt", "uploaded.txt"):
        assert f"{name}: what is there now differs and stays" in report, report

    # After a reload it is known, too.
    first.page.wait_for_timeout(1500)
    first.reload()
    run(first, START, WRITE.format("own.txt", "333"), WRITE.format("later.txt", "a"))
    run(first, f"litestate.restore({number})")
    assert files(first) == {**kept, "uploaded.txt": "u"}
    run(first, "litestate.undo()")
    assert files(first) == {**kept, "uploaded.txt": "u", "own.txt": "333", "later.txt": "a"}

    # The second notebook's restore leaves the first one's files.
    (report,) = run(second, "litestate.restore(1)")
    found = files(second)
    assert "theirs.txt" not in found
    assert {"early.txt", "own.txt", "later.txt", "uploaded.txt"} <= found.keys()

    _the_same_with_databases(first, second)


def _the_same_with_databases(first: Lab, second: Lab) -> None:
    make = (
        "import sqlite3\ndb = sqlite3.connect({!r})\n"
        "x = db.execute('CREATE TABLE IF NOT EXISTS t (x)')\n"
        "x = db.execute('INSERT INTO t VALUES (1)')\ndb.commit()"
    )
    run(first, make.format("shared.db"))
    first.page.wait_for_timeout(1500)
    number = first.value(NUMBERS)[-1]
    run(first, "x = db.execute('INSERT INTO t VALUES (2)'); db.commit(); db.close()")
    first.page.wait_for_timeout(1500)
    run(second, make.format("shared.db"), make.format("theirs.db"), "db.close()")
    second.page.wait_for_timeout(1500)
    (report,) = run(first, f"litestate.restore({number})")
    assert "shared.db: what is there now differs and stays" in report, report
    count: Any = first.value(
        "[sqlite3.connect(p).execute('SELECT count(*) FROM t').fetchone()[0]"
        " for p in ('shared.db', 'theirs.db')]"
    )
    assert count == [3, 1]
