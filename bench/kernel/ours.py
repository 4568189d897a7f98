"""What of litestate is measured beside the peers. Runs in the kernel."""

from __future__ import annotations

from pathlib import Path

import litestate
from litestate.checkpoints import session
from pyodide.ffi import run_sync


class Litestate:
    """Checkpoints in one log in OPFS.

    Without the pacing of autosave, which is there to wait.
    """

    name = "litestate"

    def __init__(self) -> None:
        self.folder = Path.home() / "load"
        self._names = iter(range(1, 1000))
        self._notebook = "bench"

    def store(self) -> None:
        """Make a checkpoint, if anything has changed."""
        self._session.look("manual")

    def fetch(self) -> None:
        """Open the log and bring back the newest checkpoint."""
        self.mount()
        litestate.restore(self._session.history.checkpoints[-1].number)

    def written(self) -> int:
        """Return the size of the log."""
        return sum(file.size() for file in self._session.history.storage.files)

    def mount(self) -> None:
        """Open the log."""
        self._session = run_sync(session.open_session(self._notebook))

    def unmount(self) -> None:
        """Do nothing: no peer reads it."""

    def forget(self) -> None:
        """Begin a log with nothing in it."""
        self._notebook = f"bench {next(self._names)}"
        self.mount()
