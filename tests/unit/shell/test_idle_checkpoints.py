"""Postponed checkpoints, made while idle: in kernels, in terminals, and at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "emscripten":
    pytest.skip(
        "tests/browser/test_rests_in_site.py does this in the site", allow_module_level=True
    )

from test_ipykernel import PATIENCE, Kernel, Start, start

__all__ = ["start"]

REST = 1.0
"""Seconds after which everything must be stored."""

DEBT = """
import time
pace = litestate.autosave._follower._pace
for _ in range(3):
    pace.spent(60.0, time.monotonic())
"""
"""Code that charges three checkpoints of a minute each: the pace postpones all for an hour."""

NUMBERS = "print([(row.cell, row.cause) for row in litestate.checkpoints()])"


def test_postponed_checkpoints_are_stored_when_idle(start: Start) -> None:
    kernel = start()
    kernel.run("import litestate\nlitestate.autosave()")
    kernel.run(DEBT)
    for number in range(6):
        kernel.run(f"v{number} = {number}")
    before = kernel.run(NUMBERS)
    assert "(8, 'cell')" not in before, "nothing was postponed"
    kernel.run("last = 1")
    time.sleep(REST + 0.3)
    # This kills the other kernel.
    kernel = start()
    output = kernel.run("import litestate\nlitestate.autosave()")
    offered = output.partition("restore(")[2].partition(")")[0]
    assert "ran after it" not in output, output
    report = kernel.run(f"litestate.restore({offered})")
    assert "ran after it" not in report
    assert kernel.run("print(v0, v5, last)") == "0 5 1\n"


def test_cells_that_are_in_no_checkpoint_are_named(start: Start) -> None:
    kernel = start()
    kernel.run("import litestate\nlitestate.autosave()")
    kernel.run("first = 1")
    kernel.run("litestate.autosave.pause()")
    for number in range(3):
        kernel.run(f"v{number} = {number}")
    kernel.leave_running("import time\ntime.sleep(100)")
    kernel = start()
    output = kernel.run("import litestate\nlitestate.autosave()")
    offered = output.partition("restore(")[2].partition(")")[0]
    names = "cells [3]–[6] ran after it, and cell [7] was running"
    assert names in output, output
    report = kernel.run(f"litestate.restore({offered})")
    assert f"{names}. Run them again" in report, report
    assert kernel.run("print(first, 'v0' in globals())") == "1 False\n"


def test_a_restore_names_the_cells_that_it_undoes(start: Start) -> None:
    kernel = start()
    kernel.run("import litestate\nlitestate.autosave()")
    for number in range(3):
        kernel.run(f"v = {number}")
    report = kernel.run("litestate.restore(2)")
    assert "Not in this checkpoint: cells [3]–[4] ran after it." in report, report
    assert kernel.run("print(v)") == "0\n"
    report = kernel.run("litestate.undo()")
    assert "Not in this checkpoint: cells [5]–[6] ran after it." in report, report


def test_the_shutdown_of_a_kernel_stores_it(tmp_path: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=PATIENCE, cwd=str(tmp_path))
    kernel = Kernel(client)
    kernel.run("import litestate\nr = litestate.autosave('nb')")
    kernel.run(DEBT)
    kernel.run("v1 = 1")
    manager.shutdown_kernel(now=False)
    client.stop_channels()
    assert "'v1'" in stored(tmp_path)


def terminal(folder: Path, *options: str) -> Any:
    pexpect = pytest.importorskip("pexpect", reason="there are no terminals here")
    command = ["-m", "IPython", "--colors=NoColor", "--no-banner", "--no-confirm-exit", *options]
    child = pexpect.spawn(
        sys.executable, command, cwd=str(folder), encoding="utf-8", timeout=PATIENCE
    )
    child.expect(r"In \[1\]")
    return child


def enter(child: Any, line: str, number: int) -> None:
    """Type a cell of one line, and wait for the next prompt."""
    child.sendline(line)
    child.expect(rf"In \[{number + 1}\]")


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a pseudo-terminal")
@pytest.mark.parametrize("options", [(), ("--matplotlib=agg",)])
def test_a_terminal_stores_it_while_it_waits_for_input(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    if options:
        pytest.importorskip("matplotlib", reason="only in the site")
    child = terminal(tmp_path, *options)
    enter(child, "import litestate; r = litestate.autosave('nb')", 1)
    enter(child, f"exec({DEBT!r})", 2)
    enter(child, "v1 = 1", 3)
    enter(child, "v2 = 2", 4)
    time.sleep(REST + 0.3)
    child.close(force=True)
    assert "'v1', 'v2'" in stored(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a pseudo-terminal")
@pytest.mark.parametrize("options", [(), ("--simple-prompt",)])
@pytest.mark.parametrize("end", ["exit()", "\4"])
def test_the_end_of_a_session_stores_it(tmp_path: Path, options: tuple[str, ...], end: str) -> None:
    child = terminal(tmp_path, *options)
    enter(child, "import litestate; r = litestate.autosave('nb')", 1)
    enter(child, f"exec({DEBT!r})", 2)
    enter(child, "v1 = 1", 3)
    child.send(f"{end}\n" if end.isprintable() else end)
    # Until the process ends.
    child.read()
    assert "'v1'" in stored(tmp_path)


def stored(folder: Path) -> str:
    """Return the variables that another process restores from the newest of these checkpoints."""
    code = (
        "import litestate; r = litestate.autosave('nb'); n = litestate.checkpoints(); "
        "litestate.restore([row.number for row in n if row.cause != 'start'][-1]); "
        "print(sorted(name for name in globals() if name[0] == 'v'))"
    )
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_stores_nothing(tmp_path: Path) -> None:
    code = f"import litestate, os, time\nr = litestate.autosave('nb')\nexec({DEBT!r})\nv1 = 1\n"
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"shell.run_cell({code!r}, store_history=True)\n"
        "shell.run_cell('v2 = 2', store_history=True)\n"
        "import os, sys\n"
        "from pathlib import Path\n"
        "logs = sorted(Path('.litestate').rglob('*.log'))\n"
        "def sizes(): return [path.stat().st_size for path in logs]\n"
        "before = sizes()\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print('same', sizes() == before, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "same True" in done.stdout
    assert "'v1', 'v2'" in stored(tmp_path)
