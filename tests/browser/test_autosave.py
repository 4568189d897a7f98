"""Autosave as a user meets it: cells, reloads, restarts, two tabs, no room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import OpenLab
from lab import Lab, errors
from playwright.sync_api import BrowserContext
from test_handshake import restart

START = "import litestate\nlitestate.autosave(variables=False)"
"""With the pace that users have. Variables have tests of their own: test_variables_in_site.py."""

START_UNPACED = f"""
import litestate.shell.pacing
litestate.shell.pacing.START = litestate.shell.pacing.MOST = 600.0
{START}
"""
"""A slow machine puts nothing off either: credit for ten minutes of checkpoints."""

WORK = """
import sqlite3
from pathlib import Path
home = Path.home()
(home / "notes.txt").write_text("first")
(home / "folder" / "empty").mkdir(parents=True, exist_ok=True)
connection = sqlite3.connect(home / "app.db")
connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, x)")
connection.executemany("INSERT INTO t (x) VALUES (?)", [(n,) for n in range(100)])
connection.commit()
connection.execute("INSERT INTO t (x) VALUES ('never committed')")
Path("on the drive.csv").write_text("a,b")
"""

LOOK = """
import json, sqlite3
from pathlib import Path
home = Path.home()
def look():
    found = {
        str(path.relative_to(home)): path.read_text() if path.suffix == ".txt" else ""
        for path in home.rglob("*") if ".ipython" not in str(path)
    }
    if "app.db" in found:
        with sqlite3.connect(home / "app.db") as connection:
            found["app.db"] = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        connection.close()
    return found
print(json.dumps(look()))
"""

NUMBERS = "[row.number for row in litestate.checkpoints()]"


def run(lab: Lab, *cells: str) -> list[str]:
    """Run these cells in the notebook; return the output of each as text."""
    lab.set_cells(*cells)
    made = lab.run_all()
    assert not errors(made), errors(made)
    return [_text(cell) for cell in made]


def failing(lab: Lab, cell: str) -> str:
    """Run a cell that must fail; return its error."""
    lab.set_cells(cell)
    (error,) = errors(lab.run_all())
    return error


def wait_for(lab: Lab, newest: str) -> None:
    """Wait for a checkpoint, possibly a delayed one, whose `row` fulfills a condition."""
    condition = f"(lambda row: {newest})(litestate.checkpoints()[-1])"
    # No checkpoint is delayed by more than 25 s.
    for _ in range(80):
        if lab.value(condition):
            return
        lab.page.wait_for_timeout(500)
    raise AssertionError(lab.value(f"[{newest!r}, repr(litestate.checkpoints())]"))


def _text(cell: dict[str, Any]) -> str:
    outputs = cell["outputs"]
    texts = (o.get("text") or o.get("data", {}).get("text/plain") or "" for o in outputs)
    return "\n".join(text for text in texts if text)


def look(lab: Lab) -> dict[str, Any]:
    lab.check(LOOK)
    found: dict[str, Any] = lab.value("look()")
    return found


def test_everything_is_back_after_a_reload_and_on_request_after_a_restart(fresh_lab: Lab) -> None:
    lab = fresh_lab
    started, *_ = run(
        lab, START_UNPACED, WORK, "(home / 'notes.txt').write_text('second')", "1 + 1"
    )
    # As text it is for whoever reads it later.
    assert started.startswith("Autosave was turned on for start.ipynb on ")
    made = lab.value(NUMBERS)
    assert len(made) == 3, "one at the start, and one for each cell that changed something"
    cells = lab.value("[(row.cell, row.cause) for row in litestate.checkpoints()]")
    assert cells == [[None, "start"], [2, "cell"], [3, "cell"]]
    lab.check("connection.rollback()")
    before = look(lab)
    assert before["notes.txt"] == "second"
    assert before["app.db"] == 100

    lab.reload()
    assert look(lab) == {}
    # The one cell.
    (restored,) = run(lab, START_UNPACED)
    assert (
        ": 1 database, 1 file, 2 folders added"
        in restored.partition("Restored checkpoint 3 of ")[2]
    )
    assert look(lab) == before
    assert lab.value("open('on the drive.csv').read()") == "a,b"
    # Restored values are not a change.
    assert lab.value(NUMBERS) == made

    # Nothing is restored twice in one session: that would revert later changes.
    run(lab, "(home / 'notes.txt').write_text('third')", START_UNPACED)
    assert look(lab)["notes.txt"] == "third"
    made = lab.value(NUMBERS)
    before = look(lab)

    # A restart is meant to be clean.
    restart(lab)
    started, _ = run(lab, START_UNPACED, "1 + 1")
    assert f"Its last state is in checkpoint {made[-1]} of" in started
    assert f"restore({made[-1]})" in started
    assert look(lab) == {}
    # The clean session is not a change either, before a cell changes something.
    assert lab.value(NUMBERS) == made
    run(lab, f"litestate.restore({made[-1]})")
    assert look(lab) == before


def test_undo_a_bundle_of_a_checkpoint_and_pausing(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(lab, START_UNPACED, WORK, "connection.rollback()\nconnection.close()")
    before = look(lab)
    lab.check("litestate.save_state('/tmp/first', paths=home)")
    run(lab, "(home / 'notes.txt').unlink()\n(home / 'other.txt').write_text('other')")
    changed = look(lab)
    loaded, undone = run(
        lab, "litestate.load_state('/tmp/first.litestate.zip')", "litestate.undo()"
    )
    assert "undo() brings back what was there before" in loaded
    assert "Restored checkpoint 3" in undone
    assert look(lab) == changed
    assert lab.value("open('on the drive.csv').read()") == "a,b"

    run(lab, "litestate.clear_state(variables=False)")
    assert look(lab) == {}
    assert not lab.value("Path('on the drive.csv').exists()")
    run(lab, "litestate.undo()")
    assert look(lab) == changed
    assert lab.value("open('on the drive.csv').read()") == "a,b"
    run(lab, "litestate.restore(2)")
    assert look(lab) == before

    # The state is now that of checkpoint 2.
    lab.check("then = litestate.save_state('/tmp/then', variables=False)")
    run(lab, "(home / 'notes.txt').unlink()", "litestate.checkpoint('without notes')")
    lab.check("again = litestate.save_state('/tmp/again', checkpoint=2)")
    assert lab.value("then.digest == again.digest")
    assert "checkpoint is saved whole" in failing(
        lab, "litestate.save_state(checkpoint='without notes', paths='.')"
    )

    made = lab.value(NUMBERS)
    run(lab, "litestate.autosave.pause()", "(home / 'notes.txt').write_text('while paused')")
    assert lab.value(NUMBERS) == made
    assert "Autosave is paused for start.ipynb" in run(lab, "litestate.autosave")[0]
    run(lab, "litestate.autosave.resume()", "1")
    wait_for(lab, f"row.number == {made[-1] + 1}")
    run(lab, "litestate.autosave.stop()", "(home / 'notes.txt').write_text('second')")
    assert lab.value(NUMBERS) == [*made, made[-1] + 1]
    assert "Autosave is off" in run(lab, "litestate.autosave")[0]


def test_two_sites_on_one_origin_do_not_mix(
    two_sites: tuple[str, str], new_profile: Callable[[], BrowserContext]
) -> None:
    context = new_profile()
    one, other = (Lab(context, url).open() for url in two_sites)
    run(one, START_UNPACED, WORK)
    (started,) = run(other, START_UNPACED)
    assert "another tab" not in started
    assert look(other) == {}
    run(other, "from pathlib import Path\n(Path.home() / 'notes.txt').write_text('other')")
    # A kernel that reads what is stored, without a page that starts again.
    restart(one)
    (started,) = run(one, START_UNPACED)
    assert "Its last state is in checkpoint 2 of" in started
    run(one, "litestate.restore(2)")
    assert look(one)["notes.txt"] == "first"


def test_no_room(open_lab: OpenLab, site: str, new_profile: Callable[[], BrowserContext]) -> None:
    context = new_profile()
    lab = open_lab(context=context)
    run(lab, START_UNPACED, "import os\nfrom pathlib import Path\nhome = Path.home()")
    for turn in range(3):
        run(lab, f"(home / 'a.bin').write_bytes(b'{turn}' + os.urandom(2_000_000))")
    assert len(lab.value(NUMBERS)) == 4
    used = lab.value("(await litestate.api.kernel_session.current().storage.usage()).used")
    session = context.new_cdp_session(lab.page)
    quota = {"origin": site.rstrip("/"), "quotaSize": used + 3_000_000}
    session.send("Storage.overrideQuotaForOrigin", quota)
    # The older ones are removed, and it is stored.
    (told,) = run(lab, "(home / 'b.bin').write_bytes(os.urandom(4_000_000))")
    assert "There is little room: 3 older checkpoints were dropped" in told
    assert lab.value(NUMBERS) == [4, 5]
    # No older one is left to remove: the last one stays, and a message says so.
    (told,) = run(lab, "(home / 'c.bin').write_bytes(os.urandom(20_000_000))")
    assert "There is no room" in told
    assert lab.value(NUMBERS)[-1] == 5
    run(lab, "(home / 'c.bin').unlink()\n(home / 'd.txt').write_text('small')")
    wait_for(lab, "row.number == 6")
    lab.reload()
    run(lab, START_UNPACED)
    found = look(lab)
    assert found["d.txt"] == "small"
    assert "c.bin" not in found


def test_without_opfs_and_with_nearly_no_room(fresh_lab: Lab) -> None:
    lab = fresh_lab
    lab.check(
        "from pyodide.code import run_js\n"
        "open_folder = run_js('StorageManager.prototype.getDirectory')\n"
        "run_js('delete StorageManager.prototype.getDirectory')"
    )
    (told,) = run(lab, START_UNPACED)
    assert "lacks a private file system" in told
    assert "Checkpoints are in memory only" in told
    run(lab, WORK, "connection.rollback()\nconnection.close()", "litestate.save_state()")
    # They can be undone all the same.
    run(lab, "(home / 'notes.txt').unlink()", "litestate.undo()")
    assert lab.value("(home / 'notes.txt').exists()")
    run(lab, "litestate.autosave.stop()")
    lab.check("from litestate.api import kernel_session\nkernel_session.close()")
    lab.check("run_js('(f) => { StorageManager.prototype.getDirectory = f; }')(open_folder)")

    # Chromium always reports that 10 GiB are left, whatever the quota is.
    lab.check("run_js('navigator.storage.estimate = async () => ({usage: 9e8, quota: 1e9})')")
    told = run(lab, START_UNPACED, "import asyncio\nawait asyncio.sleep(1)", "2")
    assert "The storage is nearly full: 900 MB of 1.0 GB are used" in "".join(told)


def test_the_pace(fresh_lab: Lab) -> None:
    lab = fresh_lab
    run(
        lab,
        START,
        "import os, time\nfrom pathlib import Path\n"
        "(Path.home() / 'large.bin').write_bytes(os.urandom(30_000_000))",
    )
    for turn in range(30):
        lab.check(f"(Path.home() / 'a.txt').write_text('{turn}'); written = time.time()")
    made = lab.value("len(litestate.checkpoints())")
    assert made < 30, "dear ones are not made after every quick cell"
    # A delayed checkpoint is stored when there is time, unless only earlier ones were delayed.
    wait_for(lab, "row.when >= written")
    # It has what the last cell wrote.
    number = lab.value(NUMBERS)[-1]
    lab.check("(Path.home() / 'a.txt').write_text('later')")
    run(lab, f"litestate.restore({number})")
    assert lab.value("(Path.home() / 'a.txt').read_text()") == "29"
