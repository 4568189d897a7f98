"""What the kernel writes on the contents drive is noticed without asking the page."""

from __future__ import annotations

import pytest
from conftest import OpenLab
from lab import Lab

WATCH = """
import os, shutil
from pathlib import Path
import pandas as pd
from litestate.browser import drive

os.chdir("/drive")
watched = drive.watch()

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
    ("os.chdir('/drive') or os.rename('new', 'old')", ["new", "old"]),
    ("write('old/deep/file')", ["old/deep/file"]),
    ("shutil.rmtree('old')", ["old", "old/deep", "old/deep/file", "old/in new"]),
    ("Path('empty').mkdir() or os.rmdir('empty')", ["empty"]),
    ("write('x') or write('y') or os.replace('x', 'y')", ["x", "y"]),
    ("write('no/such/folder')", []),
    ("os.unlink('nothing')", []),
    ("write('/home/pyodide/elsewhere')", []),
    ("shutil.copy('start.ipynb', 'copy.ipynb')", ["copy.ipynb"]),
    ("pd.DataFrame({'a': [1]}).to_csv('täble.csv')", ["täble.csv"]),
]

SPOILED = """
import pyodide_js
from pyodide.code import run_js
run_js("(fs) => { delete Object.getPrototypeOf(Object.getPrototypeOf("
       "fs.lookupPath('/drive').node.mount.type.API)).%s; }")(pyodide_js.FS)
"""


@pytest.fixture
def lab(open_lab: OpenLab) -> Lab:
    return open_lab()


def test_what_is_written_is_noticed(lab: Lab) -> None:
    lab.check(WATCH)
    for work, expected in STEPS:
        assert lab.value(f"touched(lambda: {work})") == expected, work
    # Every name is reported once, and what it did was done.
    assert lab.value("sorted(watched.take())") == []
    assert lab.value("Path('täble.csv').read_text()") == ",a\n0,1\n"

    # EIO from the page, after which nobody knows what is stored.
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

    # Nothing is put around it a second time, not by another copy of the module either.
    lab.check(
        "put = str(api.put)\n"
        "drive.watch()\n"
        "import sys\n"
        "for name in [name for name in sys.modules if name.startswith('litestate')]:\n"
        "    del sys.modules[name]\n"
        "from litestate.browser import drive as again\n"
        "assert again is not drive\n"
        "same = api.put\n"
        "more = again.watch()\n"
    )
    assert lab.value("api.put.js_id == same.js_id")
    lab.check("write('z')")
    assert lab.value("sorted(more.take())") == ["z"]
    assert lab.value("sorted(watched.take())") == []


def test_a_drive_that_is_built_differently_is_not_watched(lab: Lab) -> None:
    lab.check("from litestate.browser import drive")
    lab.check(SPOILED % "rename")
    assert lab.value("drive.watch() is None")
    lab.check("open('/drive/a.txt', 'w').close()")


def test_there_may_be_no_drive(lab: Lab) -> None:
    lab.check("from litestate.browser import drive")
    lab.check("import os, pyodide_js; os.chdir('/'); pyodide_js.FS.unmount('/drive')")
    assert lab.value("drive.watch() is None")
    lab.check("os.rmdir('/drive')")
    assert lab.value("drive.watch() is None")
