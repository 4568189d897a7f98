"""The order in which changes reach the drive, also when the page acts at a bad moment.

Each of these once lost something, or hung.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import entered
from drive_gate import (
    START,
    asked,
    be_impatient,
    during,
    hold,
    put_gate,
    release,
    seen,
)
from drive_page import contents, page_bytes, page_names, put_bytes, put_folder, put_text, settle
from lab import Lab
from playwright.sync_api import Browser
from test_drive_limits import unsaved, warnings

LARGE = 110_000_000
"""Bytes: more than the drive stores of one file."""

COUNT = """
counts = run_js('''(FS) => {
  const counts = { opens: 0, requests: 0, messages: 0 };
  FS.trackingDelegate.onOpenFile = (path) => {
    if (String(path).startsWith("/drive")) counts.opens++;
  };
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...given) {
    counts.requests++;
    return send.apply(this, given);
  };
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (...given) {
    counts.messages++;
    return postMessage.apply(this, given);
  };
  return counts;
}''')(pyodide_js.FS)
"""

OTHER_KERNEL = """
async (code) => {
  if (!window.other) {
    window.other = await window.jupyterapp.serviceManager.kernels.startNew({ name: "python" });
    await window.other.info;
  }
  const future = window.other.requestExecute({ code, stop_on_error: false });
  let text = "";
  future.onIOPub = ({ content }) => { text += content.evalue ?? content.text ?? ""; };
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the other kernel did not end")), 60000);
  });
  await Promise.race([future.done, late]);
  return text;
}
"""

SEED, RUNS, LENGTH = 5, 3000, 60
"""Numbers of random sequences, and of operations in each."""

MODEL = Path(__file__).with_name("drive_model.js").read_text("utf-8")


@pytest.fixture(scope="module")
def warm_lab(site: str, browser: Browser) -> Iterator[Lab]:
    """The site, with shorter time limits of the drive."""
    with entered(site, browser, be_impatient) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    put_gate(shared_lab)
    shared_lab.check(START)
    yield shared_lab
    release(shared_lab)


def until(condition: Callable[[], bool], lab: Lab, seconds: float = 20) -> None:
    """Wait without doing anything in the kernel."""
    for _ in range(round(seconds / 0.1)):
        if condition():
            return
        lab.page.wait_for_timeout(100)
    raise AssertionError("it did not come to that")


def rows(lab: Lab, path: str, folder: Path) -> list[Any]:
    """Return the rows of a database that the page has stored, which must be whole."""
    (folder / "stored.db").write_bytes(page_bytes(lab, path))
    connection = sqlite3.connect(folder / "stored.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in connection.execute("SELECT x FROM t")]
    finally:
        connection.close()


def test_an_old_log_goes_with_a_new_version(lab: Lab, tmp_path: Path) -> None:
    """SQLite would replay it over the newer database, and commits would be lost."""
    lab.check(
        "os.makedirs('/tmp/copied', exist_ok=True)\n"
        "copied = sqlite3.connect('/tmp/copied/app.db')\n"
        "copied.executescript('PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0')\n"
        "copied.execute('CREATE TABLE t (x)')\n"
        "copied.execute('INSERT INTO t VALUES (1)'); copied.commit()\n"
        "shutil.copy('/tmp/copied/app.db-wal', '.'); shutil.copy('/tmp/copied/app.db', '.')\n"
    )
    settle(lab)
    assert "app.db-wal" in page_names(lab)
    lab.check(
        "db = sqlite3.connect('app.db')\n"
        "db.execute('PRAGMA wal_autocheckpoint = 0')\n"
        "db.execute('INSERT INTO t VALUES (2)'); db.commit()\n"
    )
    settle(lab)
    assert [name for name in page_names(lab) if name.startswith("app")] == ["app.db"]
    assert rows(lab, "app.db", tmp_path) == [1, 2]
    lab.check("db.close(); copied.close(); shutil.rmtree('/tmp/copied')")


def test_what_is_made_anew_under_an_old_name(lab: Lab) -> None:
    hold(lab, "busy.txt")
    lab.check(
        "Path('busy.txt').write_text('busy')\n"
        "os.mkdir('d'); Path('d/x.txt').write_text('first'); os.rename('d', 'e')\n"
        "os.mkdir('d'); Path('d/x.txt').write_text('second')\n"
    )
    release(lab)
    settle(lab)
    assert lab.value("[Path(name, 'x.txt').read_text() for name in 'de']") == ["second", "first"]
    assert [page_bytes(lab, f"{name}/x.txt") for name in "de"] == [b"second", b"first"]


def test_a_folder_stays_that_is_made_removed_and_made(lab: Lab) -> None:
    hold(lab, "busy.txt")
    lab.check("Path('busy.txt').write_text('busy')\nos.mkdir('s'); os.rmdir('s'); os.mkdir('s')")
    release(lab)
    is_there = lab.check(
        "done = asyncio.ensure_future(mend().settled())\n"
        "seen = set()\n"
        "while not done.done():\n"
        "    seen.add(os.path.isdir('s'))\n"
        "    await asyncio.sleep(0.002)\n"
        "print(seen)\n"
    )
    assert is_there == "{True}\n"
    assert "s" in page_names(lab)


def test_renamed_twice(lab: Lab) -> None:
    lab.check("Path('A').write_text('old and dear'); os.mkdir('F'); Path('F/x').write_text('x')")
    settle(lab)
    hold(lab, "busy.txt")
    lab.check(
        "Path('busy.txt').write_text('busy')\n"
        "os.rename('A', 'B'); os.rename('B', 'C')\n"
        "os.rename('F', 'G'); os.rename('G', 'F')\n"
    )
    release(lab)
    settle(lab)
    states = seen(lab)
    assert len(states) > 3
    assert [names for names in states if not {"A", "B", "C"} & set(names)] == []
    assert set(page_names(lab)) & {*"ABCFG"} == {"C", "F"}
    assert page_bytes(lab, "C") == b"old and dear"
    assert page_bytes(lab, "F/x") == b"x"


def test_a_rename_whose_new_name_is_not_stored(lab: Lab) -> None:
    lab.check(f"Path('dear.txt').write_text('the only copy'){COUNT}")
    settle(lab)
    hold(lab, "moved.txt")
    lab.check("os.rename('dear.txt', 'moved.txt')")
    until(lambda: bool(unsaved(lab)), lab)
    assert [path for path, _ in unsaved(lab)] == ["moved.txt"]
    assert {"dear.txt", "moved.txt"} & set(page_names(lab)) == {"dear.txt"}
    # It is tried again even if the kernel is idle, and once at a time.
    before = asked(lab, "moved.txt")
    until(lambda: asked(lab, "moved.txt") > before, lab)
    messages = lab.check(
        "before = counts.messages\n"
        "for each in range(5):\n"
        "    os.path.exists(f'absent {each}')\n"
        "    await asyncio.sleep(0.1)\n"
        "print(counts.messages - before)\n"
    )
    assert int(messages) < 3
    release(lab)
    until(lambda: "dear.txt" not in page_names(lab), lab)
    assert page_bytes(lab, "moved.txt") == b"the only copy"
    settle(lab)
    assert unsaved(lab) == []


def test_deleted_when_it_was_stored_too_late(lab: Lab) -> None:
    hold(lab, "late.txt")
    lab.check("Path('late.txt').write_text('secret')")
    until(lambda: bool(unsaved(lab)), lab)
    release(lab)
    until(lambda: "late.txt" in page_names(lab), lab)
    lab.check("os.remove('late.txt')")
    settle(lab)
    assert "late.txt" not in page_names(lab)
    assert not lab.value("os.path.exists('late.txt')")


def test_a_folder_is_renamed_in_the_middle_of_a_transaction(lab: Lab, tmp_path: Path) -> None:
    lab.check(
        "os.mkdir('before'); db = sqlite3.connect('before/a.db', isolation_level=None)\n"
        "db.executescript('PRAGMA cache_size = 8; CREATE TABLE t (x); INSERT INTO t VALUES (1)')\n"
    )
    settle(lab)
    lab.check(
        "db.execute('BEGIN')\n"
        "db.executemany('INSERT INTO t VALUES (?)', [('z' * 500,)] * 2000)\n"
        "os.rename('before', 'after')\n"
    )
    settle(lab)
    assert rows(lab, "before/a.db", tmp_path) == [1]
    # As elsewhere, SQLite can't go on with it; the next connection rolls it back.
    assert lab.value("failure(db.execute, 'COMMIT')") == "OperationalError"
    lab.check("db.close()")
    lab.check("db = sqlite3.connect('after/a.db'); db.execute('INSERT INTO t VALUES (2)')")
    lab.check("db.commit(); db.close()")
    settle(lab)
    assert rows(lab, "after/a.db", tmp_path) == [1, 2]
    assert "before" not in page_names(lab)


def test_a_name_like_that_of_a_log(lab: Lab) -> None:
    lab.check(
        "with open('notes', 'w') as first, open('notes-wal', 'w') as second:\n"
        "    second.write('important ' * 2000); first.write('hello')\n"
    )
    settle(lab)
    assert page_bytes(lab, "notes-wal") == b"important " * 2000
    assert page_bytes(lab, "notes") == b"hello"


def test_what_is_too_large_stays_told(lab: Lab) -> None:
    hold(lab, "grows.bin")
    lab.check(
        "Path('grows.bin').write_text('small')\n"
        "await asyncio.sleep(0.2)\n"
        f"os.truncate('grows.bin', {LARGE})"
    )
    assert [path for path, _ in unsaved(lab)] == ["grows.bin"]
    release(lab)
    settle(lab)
    # What the page has stored is the small one, and the answer came after the growth.
    assert page_bytes(lab, "grows.bin") == b"small"
    assert [path for path, _ in unsaved(lab)] == ["grows.bin"]
    lab.check("os.remove('grows.bin')")
    settle(lab)
    assert unsaved(lab) == []


def test_the_kernel_rests(lab: Lab) -> None:
    """The kernel is idle even while databases are, or seem to be, in a transaction."""
    counted = lab.check(
        f"{COUNT}half = open('half.db', 'wb')\n"
        "half.write(b'SQLite format 3\\0' + bytes(4080)); half.flush()\n"
        "db = sqlite3.connect('mem.db', isolation_level=None)\n"
        "db.executescript('PRAGMA journal_mode = memory; PRAGMA cache_size = 8')\n"
        "db.executescript('CREATE TABLE t (x); BEGIN')\n"
        "db.executemany('INSERT INTO t VALUES (?)', [('z' * 500,)] * 2000)\n"
        "await asyncio.sleep(0.5)\n"
        "before = counts.opens, counts.requests, counts.messages\n"
        "await asyncio.sleep(1.5)\n"
        "now = counts.opens, counts.requests, counts.messages\n"
        "print([after - each for after, each in zip(now, before)])\n"
    )
    assert max(json.loads(counted)) <= 3
    # The locked one is reported with the reason; the other may be a copy.
    assert [path for path, _ in unsaved(lab)] == ["mem.db"]
    assert "half.db" in page_names(lab)
    assert "mem.db" not in page_names(lab)
    lab.check("half.close(); db.execute('COMMIT'); db.close()")
    settle(lab)
    assert "mem.db" in page_names(lab)


def test_a_second_version_in_a_long_cell(lab: Lab) -> None:
    told = during(
        lab,
        """
        Path("long.bin").write_bytes(bytes(10_000_000))
        Path("long.bin").write_bytes(b"second")
        page_acts()
        spin(0.5)
        api = pyodide_js.FS.lookupPath("/drive").node.mount.type.API
        end = time.perf_counter() + 8
        size = None
        while size != 6 and time.perf_counter() < end:
            spin(0.05)
            # Asked for the size of what is not there, the page never answers.
            if api.lookup("/drive/long.bin").ok:
                size = api.getattr("/drive/long.bin").size
        print(size)
        """,
    )
    assert told.split()[-1] == "6"


def test_a_folder_of_an_open_file_is_deleted(lab: Lab) -> None:
    lab.check("os.mkdir('lost'); file = open('lost/x.txt', 'w'); file.write('a'); file.flush()")
    settle(lab)
    contents(lab, "delete", "lost")
    assert lab.value("failure(os.stat, 'lost')") in ("", "FileNotFoundError")
    lab.check("file.write('b'); file.close()")
    settle(lab)
    lab.check("os.makedirs('lost', exist_ok=True); Path('lost/y.txt').write_text('new')")
    settle(lab)
    assert unsaved(lab) == []
    assert page_bytes(lab, "lost/x.txt") == b"ab"
    assert page_bytes(lab, "lost/y.txt") == b"new"


def test_the_page_acts_while_a_cell_runs(lab: Lab) -> None:
    for name in ("renamed.txt", "listed.txt"):
        put_text(lab, name, "of the page")
    put_folder(lab, "uploads")
    told = during(
        lab,
        """
        os.stat("renamed.txt"); os.listdir("."); os.listdir("uploads")
        page_acts()
        print(failure(os.rmdir, "uploads"))
        print(failure(open, "listed.txt"))
        spin(1.2)
        print(failure(os.rename, "renamed.txt", "other.txt"))
        print(os.path.exists("renamed.txt"))
        Path("renamed.txt").write_text("precious")
        """,
        ["delete", "renamed.txt"],
        ["delete", "listed.txt"],
        ["save", "uploads/new.txt", {"type": "file", "format": "text", "content": "uploaded"}],
    )
    assert told.split()[1:] == ["OSError", "FileNotFoundError", "FileNotFoundError", "False"]
    settle(lab)
    assert page_bytes(lab, "uploads/new.txt") == b"uploaded"
    assert page_bytes(lab, "renamed.txt") == b"precious"


def test_an_upload_over_a_database_that_is_open(lab: Lab, tmp_path: Path) -> None:
    lab.check("import sqlite3\ndb = sqlite3.connect('p.db'); db.execute('CREATE TABLE t (x)')")
    lab.check("db.executemany('INSERT INTO t VALUES (?)', [(n,) for n in range(400)])")
    lab.check("db.commit()")
    settle(lab)
    lab.check("db.execute('INSERT INTO t VALUES (400)')")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE other (x)")
    other.execute("CREATE INDEX i ON other (x)")
    other.executemany("INSERT INTO other VALUES (?)", [(f"{n:0100}",) for n in range(900)])
    other.commit()
    other.close()
    put_bytes(lab, "p.db", (tmp_path / "other.db").read_bytes())
    lab.check("second = sqlite3.connect('p.db', timeout=0)")
    assert lab.value("second.execute('SELECT count(*) FROM t').fetchone()") == [400]
    lab.check("second.close()")
    told = warnings(lab, "db.commit()", "p.db was stored by another notebook, or in JupyterLab")
    assert "while it is open here" in told
    settle(lab)
    assert rows(lab, "p.db", tmp_path) == list(range(401))
    lab.check("db.close()")


def test_two_names_that_are_stored_as_one(lab: Lab) -> None:
    lab.check(
        "file = open('t%.txt', 'w'); file.write('old'); file.flush()\n"
        "Path('new.txt').write_text('new'); os.replace('new.txt', 't\\uff05.txt')\n"
        "file.write(', older'); file.close()\n"
    )
    settle(lab)
    assert page_bytes(lab, "t\uff05.txt") == b"new"
    assert lab.value("Path('t%.txt').read_text()") == "new"


def test_an_answer_that_is_not_the_page_s(lab: Lab) -> None:
    """Without an active service worker, the web host answers, with a page."""
    lab.check(
        "restore = run_js('''() => {\n"
        "  const { prototype } = XMLHttpRequest;\n"
        "  const real = Object.getOwnPropertyDescriptor(prototype, 'responseText');\n"
        "  const get = () => '<!doctype html>';\n"
        "  Object.defineProperty(prototype, 'responseText', { get, configurable: true });\n"
        "  return () => Object.defineProperty(prototype, 'responseText', real);\n"
        "}''')()\n"
        "try:\n"
        "    told = [failure(os.stat, 'absent'), failure(os.listdir, '.')]\n"
        "finally:\n"
        "    restore()\n"
    )
    assert lab.value("told") == ["PermissionError", "PermissionError"]
    # The request is repeated after a while.
    until(lambda: lab.value("failure(os.listdir, '.')") == "", lab)
    assert lab.value("os.path.exists('absent')") is False


def test_another_kernel(lab: Lab, tmp_path: Path) -> None:
    """It has no helper worker, does its storing itself, and writes what is open here."""
    lab.check(
        f"with open('big.bin', 'wb') as file: file.truncate({LARGE})\n"
        "db = sqlite3.connect('both.db')\n"
        "db.executescript('CREATE TABLE t (x); INSERT INTO t VALUES (1)')\n"
    )
    settle(lab)
    lab.context.route("**/drive/worker.mjs", lambda route: route.abort())
    told = lab.page.evaluate(
        OTHER_KERNEL,
        f"{START}\n"
        "os.chdir('/drive')\n"
        "Path('alone.txt').write_text('stored')\n"
        "print(os.path.exists('big.bin'))\n"
        "await asyncio.wait_for(mend().settled(), 20)\n"
        "db = sqlite3.connect('both.db')\n"
        "db.execute('INSERT INTO t VALUES (2)'); db.commit(); db.close()\n"
        "await asyncio.wait_for(mend().settled(), 20)\n"
        "print(len(mend().unsaved()))\n",
    )
    lab.context.unroute("**/drive/worker.mjs")
    assert told == "False\n0\n"
    assert any("the helper of the drive has failed" in line for line in lab.console)
    assert page_bytes(lab, "alone.txt") == b"stored"
    assert rows(lab, "both.db", tmp_path) == [1, 2]
    assert "big.bin" in lab.value("mend().written().to_py()")
    warnings(lab, "db.execute('INSERT INTO t VALUES (3)'); db.commit()", "both.db was stored by")
    settle(lab)
    assert rows(lab, "both.db", tmp_path) == [1, 3]
    lab.check("db.close(); os.remove('big.bin')")
    lab.page.evaluate("() => window.other.shutdown()")


@pytest.mark.parametrize("outcomes", [[""], ["", "", "", "", "lost", "late"]])
def test_model(lab: Lab, outcomes: list[str]) -> None:
    """At each moment each file that was stored is stored under one of its names.

    If nothing fails, the drive is what the kernel has in the end.
    """
    given = f"pyodide_js, {lab.url!r}, {json.dumps(outcomes)!r}, {SEED}, {RUNS}, {LENGTH}"
    found = lab.check(f"print(await run_js({MODEL!r})({given}), end='')")
    assert found == ""
