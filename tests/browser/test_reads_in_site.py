"""Files that a cell has read belong to the work: uploads, databases, imported modules."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from drive_page import put_bytes, put_text, settle
from lab import Lab

START = "import litestate, os, sqlite3, sys\nfrom pathlib import Path"

ON_DRIVE = "sorted(path for path, _ in __import__('litestate.browser.drive').browser.drive.read())"

WAYS = {
    "open.csv": "open('open.csv').read()",
    "text.txt": "Path('text.txt').read_text()",
    "pandas.csv": "import pandas; pandas.read_csv('pandas.csv')",
    "numpy.txt": "import numpy; numpy.loadtxt('numpy.txt')",
    "folder/zip.bin": "import shutil; shutil.copy('folder/zip.bin', '/tmp/copy.bin')",
    "script.py": "get_ipython().run_line_magic('run', 'script.py')",
    "helpers.py": "import helpers",
    "package/__init__.py": "import package",
    "mapped.bin": "import numpy; numpy.memmap('mapped.bin', mode='r')",
}


@pytest.fixture
def lab(fresh_lab: Lab) -> Lab:
    fresh_lab.check(START)
    return fresh_lab


def members(lab: Lab, call: str = "litestate.save_state('/tmp/b.zip')") -> list[str]:
    """Return the files and databases in the notebook's folder of a new bundle."""
    lab.check(f"import zipfile\nreport = {call}\nnames = zipfile.ZipFile('/tmp/b.zip').namelist()")
    found: list[str] = lab.value(
        "[n.partition('/')[2][9:] for n in names if n.split('/')[1:2] == ['notebook'] "
        "and not n.endswith('/')]"
    )
    return found


def test_what_cells_have_read_is_in_the_bundle_also_after_a_reload(lab: Lab) -> None:
    lab.check("os.mkdir('folder'); os.mkdir('package'); os.mkdir('data2')")
    settle(lab)
    for name in (*WAYS, "looked at.csv", "data2/never.csv"):
        put_text(lab, name, "1\n2\n" if not name.endswith(".py") else "x = 1\n")
    lab.check("os.listdir('.'); os.stat('looked at.csv'); list(Path('data2').glob('*'))")
    assert lab.value(ON_DRIVE) == []
    for code in WAYS.values():
        lab.check(code)
    assert set(WAYS) <= set(lab.value(ON_DRIVE))
    assert set(members(lab)) == set(WAYS)
    # Files that litestate itself reads are not among them.
    put_bytes(lab, "other.zip", b"PK")
    lab.run("litestate.load_state('other.zip')")
    lab.check("litestate.show_state(paths=['.']); litestate.autosave(); litestate.checkpoint('x')")
    assert set(members(lab)) == set(WAYS)

    lab.reload()
    lab.check(START)
    assert set(members(lab)) == set(WAYS)
    # No function that removes files treats it as the notebook's own.
    lab.check("litestate.clear_state(variables=False)")
    assert lab.value("sorted(os.listdir('folder'))") == ["zip.bin"]
    lab.check("os.remove('open.csv')")
    assert set(members(lab)) == {*WAYS} - {"open.csv"}


def test_a_connection_to_an_uploaded_database_and_a_large_file(lab: Lab, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "up.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    connection.close()
    put_bytes(lab, "up.db", (tmp_path / "up.db").read_bytes())
    put_bytes(lab, "huge.db", (tmp_path / "up.db").read_bytes())
    put_text(lab, "big.csv", "a,b\n" * 6_000_000)
    lab.check("con = sqlite3.connect('up.db'); con.execute('SELECT * FROM t').fetchall()")
    lab.check("len(open('big.csv').read())")
    assert members(lab) == ["up.db"]
    text = lab.value("str(report)")
    assert "big.csv: 24.0 MB; " in text
    assert "include=['big.csv']" in text
    asked = "litestate.save_state('/tmp/b.zip', include=['big.csv'])"
    assert sorted(members(lab, asked)) == ["big.csv", "up.db"]
    members(lab, "litestate.save_state('/tmp/b.zip', exclude='*.db')")
    assert "`con` is connected to up.db" in lab.value("str(report)")
    lab.check("Path('/tmp/outside.csv').write_text('a'); open('/tmp/outside.csv').read()")
    members(lab)
    assert "Not in this bundle: /tmp/outside.csv (1 B)" in lab.value("str(report)")
