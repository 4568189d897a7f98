"""Files that the drive cannot store are reported by name; nothing hangs or is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

from conftest import OpenLab
from drive_page import page_bytes, page_names, settle
from lab import Lab, errors
from playwright.sync_api import BrowserContext, Route

LARGE = 110_000_000
"""Bytes: more than one message between the kernel's worker and the page can hold."""

QUICK = 60_000
"""Milliseconds for a cell that writes or reads as much."""

SAVE = """
async ([path, size]) => {
  const contents = window.jupyterapp.serviceManager.contents;
  await contents.save(path, { type: "file", format: "text", content: "x".repeat(size) });
  return (await contents.get(path, { content: false })).size;
}
"""

FSYNC = """
import errno
def fsync(name):
    with open(name, "r+b") as file:
        file.write(b"!")
        file.flush()
        try:
            os.fsync(file.fileno())
        except OSError as error:
            return errno.errorcode[error.errno]
    return ""
"""


def warnings(lab: Lab, code: str, expected: str) -> str:
    """Run a cell of the notebook that must not fail; return all of its output.

    Background storing fails a moment later, but the cell's output reports it.
    """
    lab.set_cells(code)
    assert errors(lab.run_all()) == []
    for _ in range(600):
        reported = json.dumps(lab.cells()[0]["outputs"], ensure_ascii=False)
        if expected in reported:
            return reported
        lab.page.wait_for_timeout(100)
    raise AssertionError(f"not reported: {expected}; but: {reported}")


def unsaved(lab: Lab) -> list[list[str]]:
    lab.check("import pyodide_js, os")
    pairs: list[list[str]] = lab.value(
        "pyodide_js.FS.lookupPath('/drive').node.mount.type.litestate.unsaved().to_py()"
    )
    return pairs


def test_a_file_that_is_too_large(fresh_lab: Lab) -> None:
    lab = fresh_lab
    write = f"with open('large.bin', 'wb') as file: file.write(bytes({LARGE}))"
    reported = warnings(lab, write, "large.bin is not stored")
    assert "110.0 MB" in reported
    assert [path for path, _ in unsaved(lab)] == ["large.bin"]
    assert lab.value("[os.path.getsize('large.bin'), len(open('large.bin', 'rb').read())]") == [
        LARGE,
        LARGE,
    ]
    lab.check(FSYNC)
    assert lab.value("fsync('large.bin')") == "EFBIG"
    assert "large.bin" not in page_names(lab)
    # Work continues: others are stored, and it can be renamed, truncated and deleted.
    lab.check("open('small.txt', 'w').write('small')")
    settle(lab)
    assert page_bytes(lab, "small.txt") == b"small"
    lab.check("os.rename('large.bin', 'still large.bin')")
    assert lab.value("os.path.getsize('still large.bin')") == LARGE
    lab.check("os.truncate('still large.bin', 1000)")
    settle(lab)
    assert unsaved(lab) == []
    assert page_bytes(lab, "still large.bin") == b"!" + bytes(999)
    lab.check("os.unlink('still large.bin')")

    # The page itself can store text of that size, which is not base64 there.
    size = lab.page.evaluate(SAVE, ["of the page.csv", LARGE])
    assert size == LARGE
    assert lab.value("os.path.getsize('of the page.csv')") == LARGE
    failed = lab.run("open('of the page.csv', 'rb').read()", timeout=QUICK)
    assert "OSError" in failed.error
    assert "of the page.csv" in failed.error
    assert lab.value("open('small.txt').read()") == "small"
    lab.check("os.unlink('of the page.csv')")
    settle(lab)
    assert "of the page.csv" not in page_names(lab)


def test_no_room(open_lab: OpenLab, site: str, new_profile: Callable[[], BrowserContext]) -> None:
    context = new_profile()
    session = context.new_cdp_session(context.new_page())
    origin = {"origin": site.rstrip("/")}
    # Before IndexedDB is opened: it asks for the free room, and caches the answer for a while.
    session.send("Storage.overrideQuotaForOrigin", {**origin, "quotaSize": 3_000_000})
    lab = open_lab(context=context)
    lab.check("import os, sqlite3" + FSYNC)
    lab.check("open('before.txt', 'w').write('before')")
    settle(lab)
    write = "data = os.urandom(4_000_000); open('a.bin', 'wb').write(data)"
    warnings(lab, write, "a.bin is not stored")
    assert [path for path, _ in unsaved(lab)] == ["a.bin"]
    # The session goes on with it, and fsync says how it went with what was handed over before.
    assert lab.value("open('a.bin', 'rb').read() == data")
    assert lab.value("fsync('a.bin')") == "ENOSPC"
    # A database gets no error: its commits are valid in this session.
    warnings(
        lab,
        "connection = sqlite3.connect('a.db')\n"
        "connection.execute('CREATE TABLE t (x)')\n"
        "connection.execute('INSERT INTO t VALUES (randomblob(4000000))')\n"
        "connection.commit()\n",
        "a.db is not stored",
    )
    lab.check("connection.execute('INSERT INTO t VALUES (1)'); connection.commit()")
    assert lab.value("connection.execute('SELECT count(*) FROM t').fetchone()") == [2]

    session.send("Storage.overrideQuotaForOrigin", origin)
    lab.check("connection.close(); open('b.txt', 'w').write('b')")
    for _ in range(180):
        if not unsaved(lab):
            break
        lab.page.wait_for_timeout(500)
    assert unsaved(lab) == []
    settle(lab)
    digest = "__import__('hashlib').sha256(open('a.bin', 'rb').read()).hexdigest()"
    expected = lab.value(digest)
    lab.reload()
    lab.check("import os, sqlite3")
    assert lab.value(digest) == expected
    assert lab.value("[open(name).read() for name in ('before.txt', 'b.txt')]") == ["before", "b"]
    lab.check("connection = sqlite3.connect('a.db')")
    assert lab.value("connection.execute('PRAGMA integrity_check').fetchone()") == ["ok"]
    assert lab.value("connection.execute('SELECT count(*) FROM t').fetchone()") == [2]


def test_it_steps_aside(open_lab: OpenLab, new_profile: Callable[[], BrowserContext]) -> None:
    """Another version of JupyterLite may lack the replaced parts, or name them differently."""
    context = new_profile()

    def otherwise(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("normalizePath", "normalPath"))

    context.route("**/pyodide-kernel-extension/static/*.js*", otherwise)
    lab = open_lab(context=context)
    reported = [line for line in lab.console if "leaves JupyterLite's drive as it is" in line]
    assert len(reported) == 1
    assert "DriveFS.API.normalizePath is not as expected" in reported[0]
    # It is JupyterLite's own: closed files are stored, and there is no interface to ask.
    lab.check("import os, pyodide_js")
    assert lab.value("hasattr(pyodide_js.FS.lookupPath('/drive').node.mount.type, 'API')")
    assert not lab.value("hasattr(pyodide_js.FS.lookupPath('/drive').node.mount.type, 'litestate')")
    lab.check("with open('a.txt', 'w') as file: file.write('stock')")
    assert page_bytes(lab, "a.txt") == b"stock"
    assert lab.value("[open('a.txt').read(), os.path.getsize('a.txt')]") == ["stock", 5]
    assert lab.value("'a.txt' in os.listdir()")
    lab.check("os.mkdir('folder'); os.rename('a.txt', 'folder/b.txt')")
    assert page_names(lab, "folder") == ["b.txt"]
