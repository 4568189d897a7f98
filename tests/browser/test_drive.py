"""Files that the kernel writes on the contents drive are recorded without asking the page.

A drive that litestate has replaced records them itself. JupyterLite's own drive is wrapped in
functions that record them.
"""

from __future__ import annotations

from collections.abc import Callable

from conftest import OpenLab
from lab import Lab
from playwright.sync_api import BrowserContext

WATCH = """
import io, os, shutil, sqlite3
from pathlib import Path
import pandas as pd
from litestate import *
from litestate.browser import drive
from litestate.sqlite import SIDECARS

os.chdir("/drive")
watched = drive.watch(SIDECARS)

def write(path, mode="w"):
    with open(path, mode) as file:
        file.write("x")

def touched(work):
    watched.take()
    try:
        work()
    except OSError:
        pass
    return sorted(watched.take())
"""

STEPS = [
    ("write('a.txt')", ["a.txt"]),
    ("write('a.txt', 'a')", ["a.txt"]),
    ("open('a.txt').read()", []),
    ("os.listdir('/drive')", []),
    ("Path('a.txt').rename('b ü #1.txt')", ["a.txt", "b ü #1.txt"]),
    ("write('b ü #1.txt')", ["b ü #1.txt"]),
    ("os.truncate('b ü #1.txt', 0)", ["b ü #1.txt"]),
    ("Path('b ü #1.txt').unlink()", ["b ü #1.txt"]),
    ("Path('new/deep').mkdir(parents=True)", ["new", "new/deep"]),
    ("write('new/deep/file')", ["new/deep/file"]),
    ("os.chdir('new') or write('in new')", ["new/in new"]),
    ("os.chdir('/drive') or os.rename('new/deep', 'new/er')", ["new/deep", "new/er"]),
    ("write('new/er/file')", ["new/er/file"]),
    ("shutil.rmtree('new')", ["new", "new/er", "new/er/file", "new/in new"]),
    ("Path('empty').mkdir() or os.rmdir('empty')", ["empty"]),
    ("write('x') or write('y') or os.replace('x', 'y')", ["x", "y"]),
    ("write('no/such/folder')", []),
    ("os.unlink('nothing')", []),
    ("write('/home/pyodide/elsewhere')", []),
    ("shutil.copy('start.ipynb', 'copy.ipynb')", ["copy.ipynb"]),
    ("pd.DataFrame({'a': [1]}).to_csv('täble.csv')", ["täble.csv"]),
]

UNMENDED = "export const mendMounts = () => {};"
"""A module that leaves the drive as it is."""


def test_a_mended_drive_knows_what_was_written(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(WATCH)
    assert lab.value("drive.is_mended()")
    for work, expected in STEPS:
        found = set(lab.value(f"touched(lambda: {work})"))
        # The files of a renamed folder are recorded, too.
        found -= {"new/er/file"} if "os.rename('new/deep'" in work else set()
        assert sorted(found) == expected, work
    assert lab.value("watched.take() == set() and sorted(drive.written())") == [
        "copy.ipynb",
        "täble.csv",
        "y",
    ]
    lab.check(
        "c = sqlite3.connect('a.db'); c.execute('CREATE TABLE t (x)'); c.commit()\n"
        "d = sqlite3.connect('w.db'); d.execute('PRAGMA journal_mode = wal')\n"
        "d.execute('CREATE TABLE t (x)'); d.commit()"
    )
    for connection, name in (("c", "a.db"), ("d", "w.db")):
        insert = f"{connection}.execute('INSERT INTO t VALUES (1)') and {connection}.commit()"
        assert name in lab.value(f"touched(lambda: {insert})"), name
    assert [path for path in lab.value("drive.written()") if ".db" in path] == ["a.db", "w.db"]
    # Changes by the page are not the kernel's.
    lab.page.evaluate(
        "window.jupyterapp.serviceManager.contents.save('uploaded.txt', "
        "{type: 'file', format: 'text', content: 'u'})"
    )
    assert lab.value("open('uploaded.txt').read()") == "u"
    assert lab.value("'uploaded.txt' in drive.written()") is False
    assert lab.value("drive.unsaved()") == {}
    lab.check("await drive.settled()")

    lab.reload()
    lab.check(WATCH)
    paths = ["a.db", "copy.ipynb", "täble.csv", "w.db", "y"]
    assert lab.value("sorted(drive.written())") == paths
    assert lab.value("sorted(watched.take())") == []
    lab.check("os.unlink('y')")
    assert "y" not in lab.value("drive.written()")


def test_a_drive_that_is_not_mended(
    open_lab: OpenLab, new_profile: Callable[[], BrowserContext]
) -> None:
    context = new_profile()
    context.route(
        "**/static/kernel/drive/mount.mjs",
        lambda route: route.fulfill(body=UNMENDED, content_type="text/javascript"),
    )
    lab = open_lab(context=context)
    lab.check(WATCH)
    assert not lab.value("drive.is_mended()")
    assert lab.value("[drive.written(), drive.unsaved()]") == [[], {}]
    lab.check("await drive.settled()")
    for work, expected in STEPS:
        assert lab.value(f"touched(lambda: {work})") == expected, work
    # Every name is reported once, and every operation was done.
    assert lab.value("sorted(watched.take())") == []
    assert lab.value("Path('täble.csv').read_text()") == ",a\n0,1\n"
    _what_fails_is_noticed(lab)
    _nothing_is_watched_twice(lab)
    _what_is_open_is_not_saved(lab)
    # A drive with another structure, and none.
    lab.check("api.rename = None")
    assert lab.value("drive.watch(SIDECARS) is None")
    lab.check("open('/drive/a.txt', 'w').close()")
    lab.check("os.chdir('/'); pyodide_js.FS.unmount('/drive')")
    assert lab.value("drive.watch(SIDECARS) is None")
    lab.check("os.rmdir('/drive')")
    assert lab.value("drive.watch(SIDECARS) is None")


def _what_fails_is_noticed(lab: Lab) -> None:
    # EIO from the page, after which it is unknown what is stored.
    lab.check(
        "import pyodide_js\n"
        "api = pyodide_js.FS.lookupPath('/drive').node.mount.type.API\n"
        "request = api.request\n"
        "from pyodide.code import run_js\n"
        "fail = run_js('(fs) => () => { throw new fs.ErrnoError(29); }')\n"
        "api.request = fail(pyodide_js.FS)\n"
    )
    failed = lab.run("write('y')")
    lab.check("api.request = request")
    assert failed.error
    assert lab.value("sorted(watched.take())") == ["y"]


def _nothing_is_watched_twice(lab: Lab) -> None:
    # Not by another copy of the module either.
    lab.check(
        "drive.watch(SIDECARS)\n"
        "import sys\n"
        "for name in [name for name in sys.modules if name.startswith('litestate')]:\n"
        "    del sys.modules[name]\n"
        "from litestate.browser import drive as again\n"
        "assert again is not drive\n"
        "same = api.put\n"
        "more = again.watch(SIDECARS)\n"
    )
    assert lab.value("api.put.js_id == same.js_id")
    lab.check("write('z')")
    assert lab.value("sorted(more.take())") == ["z"]
    assert lab.value("sorted(watched.take())") == []


def _what_is_open_is_not_saved(lab: Lab) -> None:
    """JupyterLite stores a file when it is closed; before that, its content is not available."""
    lab.check(
        "from litestate import *\nfor name in ('y', 'z', 'täble.csv', 'copy.ipynb'):\n"
        "    Path(name).unlink()\n"
        "open('log.txt', 'w').write('old')\nearlier = io.BytesIO()\n"
        "save_state(earlier, variables=False)\n"
        "c = sqlite3.connect('small.db'); c.execute('CREATE TABLE t (x)'); c.commit()\n"
        "log = open('log.txt', 'w'); log.write('text'); log.flush()\n"
        "open('closed.txt', 'w').write('closed')\n"
        "file = io.BytesIO(); report = save_state(file, exclude='elsewhere', variables=False)"
    )
    skipped = "[skipped.path for skipped in report.skipped]"
    assert lab.value(skipped) == ["log.txt", "small.db"]
    assert lab.value("[line.label for line in report.lines()]") == ["closed.txt"]
    assert "start.ipynb" in lab.value("str(report.excluded)")
    assert "is open" in lab.run("load_state(earlier.getvalue())").error
    lab.check("report = clear_state(exclude='elsewhere', variables=False)")
    assert lab.value(skipped) == ["log.txt", "small.db"]
    assert lab.value("[os.path.exists(n) for n in ('closed.txt', 'log.txt')]") == [False, True]
    lab.check(
        "c.close(); log.close(); report = save_state(file, exclude='elsewhere', variables=False)"
    )
    labels = lab.value("[line.label for line in report.lines()]")
    assert [label for label in labels if not label.startswith("~")] == ["log.txt", "small.db"]
