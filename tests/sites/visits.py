"""Visits of a site, with all that litestate promises to notebooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lab import Lab, errors
from playwright.sync_api import BrowserContext
from stock_sites import NOTEBOOK

AUTOSAVE = """
import litestate
import litestate.shell.pacing
# A slow machine puts nothing off.
litestate.shell.pacing.START = litestate.shell.pacing.MOST = 600.0
litestate.autosave()
"""

WORK = """
import sqlite3
from pathlib import Path
connection = sqlite3.connect("rows.db")
with connection:
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text)")
    rows = ((f"row {number}",) for number in range(50_000))
    connection.executemany("INSERT INTO rows (text) VALUES (?)", rows)
del rows
answer = {"numbers": [1, 2, 3]}
"""

CHECK = """
import sqlite3
from contextlib import closing
from pathlib import Path
with closing(sqlite3.connect("rows.db")) as check:
    count, = check.execute("SELECT count(*) FROM rows").fetchone()
    integrity, = check.execute("PRAGMA integrity_check").fetchone()
print(Path.cwd(), count, integrity)
"""


@dataclass
class Visit:
    """A browser profile at a site.

    Attributes
    ----------
    context : BrowserContext
        The profile.
    url : str
        Address of the site.
    asked : set of str
        Origins of all requests of the profile's pages and kernels.
    """

    context: BrowserContext
    url: str
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.context.on("request", lambda request: self.asked.add(origin(request.url)))

    def open(self) -> Lab:
        """Open the site's notebook and wait for its kernel."""
        return Lab(self.context, self.url).open(NOTEBOOK)

    def assert_asked(self, *origins: str) -> None:
        """Check that the page's host and these were asked, and no others."""
        assert self.asked - {""} == {origin(self.url), *origins}


Open = Callable[..., Visit]


def origin(url: str) -> str:
    """Return scheme and host of an address; addresses of Blobs have none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def use(lab: Lab) -> None:
    """Work in a notebook as its user does: autosave, a database, a variable."""
    lab.set_cells(AUTOSAVE, WORK, CHECK)
    cells = lab.run_all()
    assert not errors(cells)
    assert cells[-1]["outputs"][0]["text"] == "/drive 50000 ok\n"


def find_again(lab: Lab) -> None:
    """Check that the work is there after a reload."""
    lab.reload()
    lab.set_cells(AUTOSAVE, CHECK, "answer")
    cells = lab.run_all()
    assert not errors(cells)
    assert cells[1]["outputs"][0]["text"] == "/drive 50000 ok\n"
    assert cells[2]["outputs"][0]["data"]["text/plain"] == "{'numbers': [1, 2, 3]}"
