"""Work that a checkpoint could miss: the last cells, random numbers, files of two notebooks."""

from __future__ import annotations

from typing import Any

import pytest
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


@pytest.mark.parametrize(
    "fixture",
    ["fresh_lab", "fresh_lab_without_jspi"],
    ids=["with JSPI", "without JSPI"],
)
def test_the_last_cells_are_stored_in_a_rest(request: pytest.FixtureRequest, fixture: str) -> None:
    lab: Lab = request.getfixturevalue(fixture)
    run(lab, START, *WORK, DEBT)
    run(lab, *QUICK)
    # A cell that awaits ends in another way.
    run(lab, "import asyncio\nawait asyncio.sleep(0.05)\nlast = 1")
    lab.page.wait_for_timeout(2000)
    lab.reload()
    (told,) = run(lab, START)
    assert "ran after it" not in told
    assert lab.value("[v0, v1, v2, v3, v4, v5, last]") == [0, 1, 2, 3, 4, 5, 1]


def test_cells_that_no_checkpoint_has_are_named(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(lab, START, "first = 1", DEBT)
    # Without a rest before the reload.
    run(lab, "litestate.autosave.pause()", *QUICK[:3])
    lab.set_cells("import time\ntime.sleep(600)")
    lab.start_all()
    lab.page.wait_for_timeout(1500)
    lab.reload()
    (told,) = run(lab, START)
    # Those of `DEBT` and of `pause` are among them.
    assert "cells [3]–[7] ran after it, and cell [8] was running. Run them again" in told, told
    assert lab.value("['v0' in globals(), first]") == [False, 1]
    # The same after the next reload, if nothing has changed.
    lab.reload()
    (told,) = run(lab, START)
    assert "cells [3]–[7] ran after it" in told, told
    run(lab, "second = 2")
    lab.page.wait_for_timeout(2000)
    lab.reload()
    (told,) = run(lab, START)
    assert "ran after it" not in told, told
    assert lab.value("[first, second]") == [1, 2]


def test_random_numbers_alone_make_a_checkpoint(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(
        lab,
        START,
        "import random\nimport numpy as np\nimport pandas as pd\n"
        "rng = np.random.default_rng(1)\nown = random.Random(2)",
    )
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
    drawn = "[random.random(), float(np.random.rand()), float(rng.random()), own.random()]"
    number = lab.value(NUMBERS)[-1]
    expected = lab.value(drawn)
    run(lab, f"litestate.restore({number})")
    assert lab.value(drawn) == expected
    run(lab, f"litestate.restore({number})")
    lab.reload()
    run(lab, START)
    assert lab.value(drawn) == expected


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


def test_databases_of_two_notebooks(open_lab: OpenLab, fresh_lab: Lab) -> None:
    first = fresh_lab
    make = (
        "import sqlite3\ndb = sqlite3.connect({!r})\n"
        "x = db.execute('CREATE TABLE IF NOT EXISTS t (x)')\n"
        "x = db.execute('INSERT INTO t VALUES (1)')\ndb.commit()"
    )
    run(first, START, make.format("shared.db"))
    first.page.wait_for_timeout(1500)
    number = first.value(NUMBERS)[-1]
    run(first, "x = db.execute('INSERT INTO t VALUES (2)'); db.commit(); db.close()")
    first.page.wait_for_timeout(1500)
    second = open_lab(context=first.context, notebook="data-analysis.ipynb")
    run(second, START, make.format("shared.db"), make.format("theirs.db"), "db.close()")
    second.page.wait_for_timeout(1500)
    (report,) = run(first, f"litestate.restore({number})")
    assert "shared.db: what is there now differs and stays" in report, report
    count: Any = first.value(
        "[sqlite3.connect(p).execute('SELECT count(*) FROM t').fetchone()[0]"
        " for p in ('shared.db', 'theirs.db')]"
    )
    assert count == [3, 1]
