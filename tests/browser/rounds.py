"""Rounds of work in a notebook without a line of litestate, and a check that nothing was lost.

Each round writes its number into a variable, a file in the home folder, a file beside the notebook,
and a database; and it is in the notebook, as a cell with its output.
"""

from __future__ import annotations

import json

from notebook_page import NotebookPage

CELL = """
import sqlite3
from pathlib import Path
k = globals().get("k", 0) + 1
Path.home().joinpath("home.txt").write_text(str(k))
Path("beside.txt").write_text(str(k))
with sqlite3.connect("data.db") as c:
    c.execute("create table if not exists t (k)")
    c.execute("insert into t values (?)", (k,))
print("round", k)
"""

_READ = """
import json as _json, sqlite3 as _sqlite3
from pathlib import Path as _Path
print(_json.dumps([
    globals().get("k", 0),
    *(int(_path.read_text()) if _path.exists() else 0
      for _path in (_Path.home() / "home.txt", _Path("beside.txt"))),
    _sqlite3.connect("data.db").execute("select max(k) from t").fetchone()[0]
    if _Path("data.db").exists() else 0,
]))
"""


def work(page: NotebookPage) -> int:
    """Do a round; return its number."""
    return int(page.text(CELL).removeprefix("round "))


def problems(page: NotebookPage, stored: int, last: int) -> tuple[int, list[str]]:
    """Check what is there after a reload or a kill.

    Parameters
    ----------
    page : NotebookPage
        The page, in which the notebook is open again.
    stored : int
        The last round that the status has called saved.
    last : int
        The last round that was done.

    Returns
    -------
    (int, list of str)
        The last round of which everything is there, and what is wrong.
    """
    # While Python starts: a cell of the user's would wait, too.
    variable, home, beside, database = json.loads(page.text(_READ))
    page.remove_active()
    texts = [o.get("text", "") for c in page.lab.cells() for o in c.get("outputs", [])]
    shown = {int(text.split()[1]) for text in texts if text.startswith("round ")}
    facts = {
        "variable": variable,
        "file in the home folder": home,
        "file beside the notebook": beside,
        "database": database,
        "newest output": max(shown, default=0),
    }
    wrong = [
        f"{name}: round {number}, but round {stored} of {last} was saved"
        for name, number in facts.items()
        if not stored <= number <= last
    ]
    if stored and stored not in shown:
        wrong.append(f"the notebook has no cell of round {stored}, which was saved")
    if variable != home:
        wrong.append(f"the variable is of round {variable}, the file in the home folder of {home}")
    # What the status had not called saved yet may be there in part.
    whole = [number for number in shown if number <= min(facts.values())]
    return max(whole, default=0), wrong
