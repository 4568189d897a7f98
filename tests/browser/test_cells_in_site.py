"""Scans after the cells of JupyterLite's kernel, which reports only the start of some cells."""

from __future__ import annotations

import json

from lab import Lab

START = '''
import asyncio, time
import litestate
from IPython.display import display
from litestate.shell.after_cell import AfterCell
from litestate.shell.pacing import Pace

looks, told = [], []

class AtOnce(Pace):
    def due(self, now):
        return 0.0

def put_off():
    """Let the next look be due in a little more than a second."""
    after._pace = Pace(time.monotonic(), share=1.0)
    for _ in range(3):
        after._pace.spent(0.5, time.monotonic())

def tell(sentence):
    told.append(sentence)
    display(sentence)

after = AfterCell(looks.append, tell, AtOnce(time.monotonic()))
'''

BODIES = {
    "plain": "x = 1",
    "awaits": "await asyncio.sleep(0.1)",
    "fails": "1 / 0",
    "awaits and fails": "await asyncio.sleep(0.1); 1 / 0",
    "waits": "from pyodide.ffi import run_sync; run_sync(asyncio.sleep(0.1))",
    "nested": "get_ipython().run_cell('y = 1')",
    "awaits, nested": "await asyncio.sleep(0.1); get_ipython().run_cell('y = 1')",
}


def test_every_cell_is_followed_by_one_look(shared_lab: Lab) -> None:
    lab = shared_lab
    for start in ("after.start()", "await asyncio.sleep(0); after.start()"):
        lab.check(f"{START}\n{start}\nget_ipython().run_cell('y = 1')\nwhile_running = len(looks)")
        # The cell with the query has not ended yet.
        assert lab.value("[while_running, len(looks)]") == [0, 1], start
        for name, body in BODIES.items():
            lab.run(f"looks.clear(); {body}")
            assert lab.value("len(looks)") == 1, name
        lab.check("looks.clear()")
        assert "SyntaxError" in lab.run("def (").error
        assert lab.value("len(looks)") == 2
        assert lab.value("looks[-1] - looks[-2]") == 1
        lab.check("after.stop()")
    lab.check("looks.clear()")
    lab.check("1")
    assert lab.value("len(looks)") == 0, "it still follows after a stop"


def test_what_is_put_off_comes_between_cells_and_never_in_one(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(f"{START}\nafter.start()")
    lab.check("put_off(); looks.clear()")
    assert lab.value("(put_off(), len(looks))[1]") == 0
    # An earlier query would be another cell, which delays the scan again.
    lab.page.wait_for_timeout(4000)
    assert lab.value("len(looks)") == 1

    for wait in ("await asyncio.sleep(2)", "run_sync(asyncio.sleep(2))", "time.sleep(2)"):
        lab.check("from pyodide.ffi import run_sync\nput_off(); looks.clear()")
        lab.check(f"{wait}; seen_inside = list(looks)")
        # In one cell: each is followed by a scan when the next one is due.
        assert lab.value("[seen_inside, len(looks)]") == [[], 1], wait
    lab.check("after.stop()")


def test_what_is_told_stands_below_a_cell(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(f"{START}\nafter.start()")
    lab.check("def fail(number): raise OSError('no room')")
    lab.set_cells(
        "put_off(); after._scan = fail; shown = display('first', display_id=True)",
        "put_off()\nasyncio.get_running_loop().call_later(1, lambda: shown.update('later'))",
    )
    lab.run_all()
    lab.page.wait_for_timeout(3000)
    first, second = (json.dumps(cell["outputs"]) for cell in lab.cells())
    # An earlier output can be changed while no cell runs.
    assert "later" in first
    assert "no room" not in first + second
    lab.set_cells("assert told == []; await asyncio.sleep(0)")
    (cell,) = lab.run_all()
    assert "no room" in json.dumps(cell["outputs"])
    assert "AssertionError" not in json.dumps(cell["outputs"])
    lab.check("after.stop()")
