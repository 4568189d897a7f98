"""Libraries can use the notebook's folder as any other, and their files survive a reload."""

from __future__ import annotations

from pathlib import Path

from drive_page import page_bytes, settle
from lab import Lab

LIBRARIES = Path(__file__).parent / "drive_libraries.py"

# An import statement in a cell is what makes the kernel load a package.
IMPORTS = "import matplotlib, numpy, openpyxl, pandas, sqlite3"

WORK = """
os.mkdir("all of it")
os.chdir("all of it")
for kind in KINDS:
    globals()[f"write_{kind}"]()
    globals()[f"read_{kind}"]()
"""

LOOK = """
os.chdir("/drive/all of it")
for kind in KINDS:
    globals()[f"read_{kind}"]()
"""


def test_libraries_work_in_the_current_folder(shared_lab: Lab) -> None:
    lab = shared_lab
    libraries = LIBRARIES.read_text(encoding="utf-8")
    lab.check(IMPORTS)
    lab.check(libraries + WORK)
    before = lab.value("digests()")
    # A file or a folder of each kind, whatever the functions above may come to be.
    assert len(before) > 60
    settle(lab)

    lab.reload()
    lab.check(IMPORTS)
    lab.check(libraries + LOOK)
    assert lab.value("digests()") == before
    assert page_bytes(lab, "all of it/no text.txt") == bytes(range(256))
    assert page_bytes(lab, "all of it/figure.png").startswith(b"\x89PNG")
