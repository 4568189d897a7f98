"""The main job: save, lose everything, load, and have everything again."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
from lab import Lab, errors
from litestate import load_state, save_state

MAKE = """
import os, sqlite3
from pathlib import Path
home = Path.home()
(home / "folder" / "empty").mkdir(parents=True, exist_ok=True)
(home / "folder" / "Übersicht 100%.bin").write_bytes(bytes(range(256)) * 1000)
(home / "run.sh").write_text("#!/bin/sh")
(home / "run.sh").chmod(0o755)
os.utime(home / "run.sh", (1_000_000_000, 1_000_000_000))
if not (home / "latest").is_symlink():
    (home / "latest").symlink_to("run.sh")
Path("on the drive – é.txt").write_text("drive")
Path("results").mkdir(exist_ok=True)
Path("results/a.csv").write_text("a,b")
for mode in ("delete", "wal"):
    with sqlite3.connect(home / f"{mode}.db") as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, x)")
        connection.executemany("INSERT INTO t (x) VALUES (?)", [(n * 1.5,) for n in range(1000)])
    connection.close()
"""

LOOK = """
import hashlib, os, sqlite3
from pathlib import Path
def look():
    seen = {}
    for root in (Path.home(), Path("results")):
        for path in sorted(root.rglob("*")):
            if ".ipython" in str(path) or path.suffix in (".zip", ".db"):
                continue
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else ""
            if path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            time = 0 if root.name == "results" or path.is_symlink() else status.st_mtime
            seen[str(path)] = [oct(status.st_mode), time, content]
    for name in ("delete", "wal"):
        with sqlite3.connect(Path.home() / f"{name}.db") as connection:
            seen[name] = list(connection.iterdump())
        connection.close()
    seen["drive"] = Path("on the drive – é.txt").read_text()
    return seen
"""

FETCH = "(url) => fetch(url).then(() => 'alive', () => 'dead')"

LOST = """
import os
from pathlib import Path
assert os.listdir(Path.home()) in ([], [".ipython"]), os.listdir(Path.home())
"""


def save_by_hand(lab: Lab, folder: Path) -> Path:
    """Run a cell that saves, as a user does, and click the link."""
    lab.set_cells("from litestate import *\nsave_state()")
    assert errors(lab.run_all()) == []
    return lab.click_download(folder)


def load_by_hand(lab: Lab, bundle: Path, call: str = "load_state()") -> str:
    """Run a cell that asks for a file, choose it, and return the cell's outputs as text."""
    lab.set_cells(f"from litestate import *\n{call}")
    lab.start_all()
    lab.choose_file(bundle)
    return lab.finish()


def leaves_nothing(lab: Lab) -> None:
    """No script and no bytes in the notebook: they would run, or grow, with every reopening."""
    notebook = json.dumps(lab.cells())
    for trace in (
        "<script",
        "javascript",
        "BroadcastChannel",
        "base64",
        "data:",
        'type=\\"file\\"',
    ):
        assert trace not in notebook
    assert len(notebook) < 20_000


@pytest.mark.parametrize("compression", ["deflate", "zstd"])
def test_plain_python_and_the_site_understand_each_other(
    shared_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    """The same state, made here, loaded there, saved there and loaded here: one digest."""
    here = tmp_path / "here"
    (here / "results").mkdir(parents=True)
    (here / "results" / "ü.csv").write_text("a,b\n" * 1000, encoding="utf-8")
    with sqlite3.connect(here / "app.db") as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(500)])
    connection.close()
    monkeypatch.chdir(here)
    made = save_state(tmp_path / "here.zip", compression=compression)

    lab = shared_lab
    lab.serve("here.zip", (tmp_path / "here.zip").read_bytes())
    lab.check(
        f"import io\nfrom litestate import *\nload_state('{lab.url}here.zip')\n"
        "file = io.BytesIO()\n"
        f"report = save_state(file, compression={compression!r}, variables=False)"
    )
    assert lab.value("report.digest") == made.digest

    data = bytes(lab.value("list(file.getvalue())"))
    back = load_state(data, clean=True)
    assert {line.verdict for line in back.lines()} == {"unchanged"}


@pytest.mark.parametrize("name", ["wrong", "truncated", "damaged", "empty"])
def test_bad_files_change_nothing(shared_lab: Lab, tmp_path: Path, name: str) -> None:
    lab = shared_lab
    lab.check(MAKE + LOOK)
    bundle = bytearray(save_by_hand(lab, tmp_path).read_bytes())
    bundle[len(bundle) // 2] ^= 0xFF
    bad = {
        "wrong": b"a,b\n1,2\n",
        "truncated": bytes(bundle[: len(bundle) // 3]),
        "damaged": bytes(bundle),
        "empty": b"",
    }
    (tmp_path / "bad.litestate.zip").write_bytes(bad[name])
    lab.check("(home / 'run.sh').write_text('newer')")
    before = lab.value("look()")
    outputs = load_by_hand(lab, tmp_path / "bad.litestate.zip")
    assert "bad.litestate.zip" in outputs
    assert "Nothing was changed" in outputs
    assert lab.value("look()") == before


def test_cancel(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.set_cells("from litestate import *\nload_state()")
    lab.start_all()
    lab.page.get_by_role("button", name="Cancel", exact=True).last.click()
    assert "nothing was loaded" in lab.finish()
    assert lab.value("1 + 1") == 2


def test_a_notebook_in_two_views(shared_lab: Lab, tmp_path: Path) -> None:
    """The script beside the form runs once in each."""
    lab = shared_lab
    lab.check("open('/home/pyodide/a', 'w').write('a')")
    bundle = save_by_hand(lab, tmp_path)
    lab.check("import os; os.unlink('/home/pyodide/a')")
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:create-output-view')")
    lab.page.evaluate("window.jupyterapp.commands.execute('docmanager:clone')")
    assert "1 file added" in load_by_hand(lab, bundle)


def test_random_transactions_while_saving(shared_lab: Lab) -> None:
    """At any point of a transaction, no uncommitted row is saved, and the writer can continue."""
    lab = shared_lab
    lab.check(
        """
import io, os, random, sqlite3, zipfile
from contextlib import closing
from pathlib import Path
from litestate import load_state, save_state

def trial(seed):
    chance = random.Random(seed)
    path = Path.home() / "trial.db"
    path.unlink(missing_ok=True)
    mode = chance.choice(["delete", "truncate", "persist", "wal"])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"PRAGMA cache_size = {chance.choice([1, 20, 2000])}")
        connection.execute("CREATE TABLE t (x)")
        rows = chance.randrange(2000)
        connection.executemany("INSERT INTO t VALUES (?)", [("committed",)] * rows)
        connection.commit()
        more = chance.randrange(1, 5000)
        connection.executemany("INSERT INTO t VALUES (?)", [("uncommitted",)] * more)
        file = io.BytesIO()
        report = save_state(file, paths=path)
        assert report.warnings and not report.skipped, report
        connection.commit()
        load_state(file.getvalue())
        found = connection.execute("SELECT count(*), count(x = 'uncommitted' OR NULL) FROM t")
        assert found.fetchone() == (rows, 0), (seed, mode, rows, more)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
"""
    )
    seeds = random.sample(range(1_000_000), 60)
    lab.check(f"for seed in {seeds}: trial(seed)")
