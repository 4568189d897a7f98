"""A notebook in plain Python: real kernels, one after the other, as Jupyter starts them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from next_cell_notebook import GOES_ON, WORK

pytestmark = pytest.mark.skipif(
    sys.platform == "emscripten", reason="tests/browser/test_variables_in_site.py does this there"
)

PATIENCE = 60
"""Seconds for a kernel to start, or for a cell."""


class Kernel:
    """A running kernel."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str) -> str:
        """Run a cell that must not fail; return what it shows."""
        shown: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/plain", ""))

        reply = self._client.execute_interactive(code, timeout=PATIENCE, output_hook=hook)
        assert reply["content"]["status"] == "ok", reply["content"].get("traceback")
        return "".join(shown)

    def leave_running(self, code: str) -> None:
        """Start a cell that does not end, and wait until it runs."""
        self._client.execute(code)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "execute_input" and message["content"]["code"] == code:
                # The message precedes the start of the cell.
                time.sleep(0.3)
                return
        raise AssertionError("it does not run")


Start = Callable[[], Kernel]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a kernel in place of the one before, in one folder."""
    with ExitStack() as last:

        def new() -> Kernel:
            last.close()
            return last.enter_context(running(tmp_path))

        yield new


@contextmanager
def running(folder: Path) -> Iterator[Kernel]:
    """A kernel of its own in a folder, which is killed at the end."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=PATIENCE, cwd=str(folder))
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_next_cell_works(start: Start, tmp_path: Path) -> None:
    kernel = start()
    assert "Autosave was turned on" in kernel.run("import litestate\nlitestate.autosave()")
    kernel.run(WORK)
    kernel.run("litestate.save_state('bundle')")
    expected = kernel.run("print(random.random())\nrandom.seed(6)")
    rows = kernel.run("litestate.checkpoints()")
    assert "variables added" in rows

    # The checkpoint of autosave.
    kernel = start()
    output = kernel.run("import litestate\nlitestate.autosave()")
    number = output.partition("restore(")[2].partition(")")[0]
    assert number.isdecimal()
    assert "generator" in kernel.run(f"litestate.restore({number})")
    assert kernel.run(GOES_ON) == expected
    kernel.run("litestate.undo()")
    assert kernel.run("factor") == "2"

    # The bundle; this computer signed it.
    kernel = start()
    assert "Not loaded" not in kernel.run("import litestate\nlitestate.load_state('bundle')")
    assert kernel.run(GOES_ON) == expected
    history = kernel.run("litestate.history()")
    assert "before:" in history
    assert "import sqlite3" in history
