"""The parts of litestate that are measured beside the peers. Runs in the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from litestate.checkpoints.checkpoint_restore import restore_missing
from litestate.checkpoints.checkpoint_session import Session
from litestate.checkpoints.scan import Scanner
from litestate.storage import open_storage
from pyodide.ffi import run_sync

NOTEBOOK = "bench"


class Litestate:
    """Checkpoints, as `autosave()` makes them after a cell and restores them after a reload.

    Pacing is left out, because it only adds waiting.
    """

    name = "litestate"

    def __init__(self) -> None:
        self.folder = Path.home() / "load"

    def mount(self) -> None:
        """Open the log."""
        storage = run_sync(open_storage(NOTEBOOK))
        self._session = Session(storage, NOTEBOOK, self._scanner())

    def unmount(self) -> None:
        """Release the log."""
        self._session.close()

    def store(self) -> None:
        """Make a checkpoint, if anything has changed."""
        self._session.checkpoint("cell", thorough=False)

    def fetch(self) -> None:
        """Open the log and restore the newest checkpoint."""
        self.mount()
        restore_missing(self._session, self._session.find(None))

    def written(self) -> int:
        """Return the size of the log."""
        return self._session.history.size

    def forget(self) -> None:
        """Begin an empty log."""
        for file in self._session.storage.files:
            file.truncate(0)
        self.unmount()
        self.mount()

    def _scanner(self) -> Scanner:
        # Nothing is written on the drive.
        return Scanner(touched=set)


class Variables(Litestate):
    """Checkpoints of variables, as `autosave()` makes them after a cell.

    Parameters
    ----------
    names : sequence of str
        Names of the variables.
    folder : Path
        Folder of the files; it is empty.

    Attributes
    ----------
    used : frozenset of str
        Names in the text of the last cell.
    """

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self.folder = folder
        self._names = names
        self.used: frozenset[str] = frozenset()

    def _scanner(self) -> Scanner:
        return Scanner(
            paths=self.folder, touched=set, variables=self._names, watch=lambda: self.used
        )
