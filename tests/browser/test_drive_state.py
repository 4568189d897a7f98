"""The notebook's own folder is saved, stored in checkpoints and restored like any other."""

from __future__ import annotations

from typing import Any

from lab import Lab

BEGIN = """
import io, os, sqlite3
from pathlib import Path
import litestate
from litestate import *
from litestate.browser import drive

def labels(report, verdict=None):
    return sorted(line.label for line in report.lines(verdict))

def rows(path):
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT x FROM t")]
    finally:
        connection.close()
"""

WORK = """
work = Path("work")
work.mkdir()
(work / "100 %.txt").write_text("first")
os.utime(work / "100 %.txt", (1e9, 1e9))
connection = sqlite3.connect("app.db")
connection.execute("PRAGMA journal_mode = wal")
connection.execute("CREATE TABLE t (x)")
connection.execute("INSERT INTO t VALUES (1)")
connection.commit()
connection.execute("INSERT INTO t VALUES ('never committed')")
log = open("log.txt", "w")
log.write("still open")
log.flush()
"""

UPLOAD = """
async (count) => {
  const { contents } = window.jupyterapp.serviceManager;
  await contents.save("uploads", { type: "directory" });
  for (let each = 0; each < count; each++) {
    await contents.save(`uploads/${each}.txt`, { type: "file", format: "text", content: "u" });
  }
}
"""

STATE = ["app.db", "log.txt", "work", "work/100 %.txt"]


class Requests:
    """A counter of the kernel's requests to the page about the drive."""

    def __init__(self, lab: Lab) -> None:
        self._count = 0
        lab.context.on("request", self._seen)

    def _seen(self, request: Any) -> None:
        self._count += request.url.endswith("/api/drive")

    def take(self) -> int:
        taken, self._count = self._count, 0
        return taken


def test_there_and_back_with_what_is_open(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(BEGIN)
    requests = Requests(lab)
    lab.page.evaluate(UPLOAD, 60)
    lab.check(WORK)
    requests.take()
    lab.check("file = io.BytesIO()\nreport = save_state(file, variables=False)")
    asked = requests.take()
    assert lab.value("labels(report)") == STATE
    assert "app.db has an open transaction" in lab.value("str(report)")
    assert "everything else in the notebook's folder" in lab.value("str(report)")
    # The page is asked about none of the 60 uploaded files.
    assert 0 < asked < 30, asked

    lab.check(
        "connection.rollback()\n"
        "connection.execute('DELETE FROM t'); connection.commit()\n"
        "(work / '100 %.txt').write_text('second')\n"
        "log.write(', and more'); log.flush()\n"
        "report = load_state(file.getvalue())"
    )
    assert lab.value("labels(report, 'changed')") == ["app.db", "log.txt", "work/100 %.txt"]
    assert lab.value("connection.execute('SELECT x FROM t').fetchall()") == [[1]]
    assert lab.value("(work / '100 %.txt').read_text()") == "first"
    assert lab.value("(work / '100 %.txt').stat().st_mtime") == 1e9
    assert lab.value("open('log.txt').read()") == "still open"

    lab.check("connection.close(); log.close(); report = clear_state(variables=False)")
    assert lab.value("labels(report)") == STATE
    assert lab.value("[os.path.exists(n) for n in ('app.db', 'work', 'uploads/7.txt')]") == [
        False,
        False,
        True,
    ]
    lab.check("report = load_state(file.getvalue())")
    assert lab.value("labels(report, 'added')") == STATE
    assert lab.value("rows('app.db')") == [1]
    lab.check("await drive.settled()")

    lab.reload()
    lab.check(BEGIN)
    # As a user sees it, and as written by earlier sessions.
    assert lab.value("rows('app.db')") == [1]
    assert lab.value("Path('work/100 %.txt').stat().st_mtime") == 1e9
    lab.check("report = save_state(io.BytesIO(), variables=False)")
    assert lab.value("labels(report)") == STATE
    lab.check("report = save_state(io.BytesIO(), paths='uploads')")
    assert len(lab.value("labels(report)")) == 61


def test_checkpoints_and_what_is_too_large(fresh_lab: Lab) -> None:
    lab = fresh_lab
    lab.check(BEGIN)
    lab.check("litestate.autosave(variables=False)")
    lab.check(WORK)
    lab.check("connection.rollback()")
    lab.check("Path('large.bin').write_bytes(b'large' + bytes(110_000_000)) and None")
    named = "large.bin is in memory only, the browser's storage does not hold it: "
    lab.check("kept = checkpoint('with all')\nsaved = save_state('/tmp/all', variables=False)")
    assert named in lab.value("str(kept)")
    assert named in lab.value("str(saved)")
    assert lab.value("labels(saved)") == sorted([*STATE, "large.bin"])
    lab.check("connection.close(); log.close(); await drive.settled()")

    lab.reload()
    lab.check(BEGIN)
    assert lab.value("[os.path.exists(n) for n in ('app.db', 'large.bin')]") == [True, False]
    lab.check("Path('log.txt').write_text('newer')\nreport = litestate.autosave(variables=False)")
    # Files that the drive has stored stay unchanged.
    assert lab.value("labels(report)") == ["large.bin"]
    assert named in lab.value("str(report)")
    assert lab.value("os.path.getsize('large.bin')") == 110_000_005
    assert lab.value("open('log.txt').read()") == "newer"

    lab.check(
        "connection = sqlite3.connect('app.db')\n"
        "connection.execute('DELETE FROM t'); connection.commit()\n"
        "Path('work/100 %.txt').unlink(); Path('later.txt').write_text('later')\n"
    )
    lab.check("report = restore('with all')")
    assert lab.value("connection.execute('SELECT x FROM t').fetchall()") == [[1]]
    assert lab.value("labels(report, 'removed')") == ["later.txt"]
    assert lab.value("labels(report, 'added')") == ["work/100 %.txt"]
    assert lab.value("labels(report, 'changed')") == ["app.db", "log.txt"]
    assert lab.value("open('log.txt').read()") == "still open"
    lab.check("report = undo()")
    assert lab.value("Path('later.txt').read_text()") == "later"
    assert lab.value("connection.execute('SELECT x FROM t').fetchall()") == []

    # A page that ends before it has stored the checkpoint's files.
    lab.check("await drive.settled()")
    lab.page.evaluate(
        "() => { jupyterapp.serviceManager.contents.save = () => new Promise(() => {}); }"
    )
    lab.check(
        "Path('log.txt').write_text('too late')\n"
        "Path('new.txt').write_text('too late as well')\n"
        "checkpoint()"
    )
    lab.reload()
    lab.check(BEGIN)
    assert lab.value("open('log.txt').read()") != "too late"
    assert lab.value("os.path.exists('new.txt')") is False
    lab.check("report = litestate.autosave(variables=False)")
    assert lab.value("labels(report)") == ["large.bin", "log.txt", "new.txt"]
    assert lab.value("open('log.txt').read()") == "too late"
    assert lab.value("open('new.txt').read()") == "too late as well"
