"""Checkpoints as a notebook makes them, without the pacing."""

from __future__ import annotations

from generations import FOLDER
from litestate.checkpoints.checkpoint_restore import restore_missing
from litestate.checkpoints.checkpoint_session import Session
from litestate.checkpoints.scan import Scanner
from litestate.checkpoints.store.retention import Retention
from litestate.storage import open_storage

NAME = "killing"

KEPT = Retention(last=3, hours=0, days=0)
"""Few, as all of them are read after each kill."""


class Store:
    """A checkpoint for each generation."""

    async def open(self) -> list[str]:
        """Open the history; return its problems."""
        # A folder that does not exist cannot be chosen.
        FOLDER.mkdir(exist_ok=True)
        storage = await open_storage(NAME, patience=10)
        self._session = Session(storage, NAME, Scanner(paths=FOLDER), KEPT)
        return list(self._session.history.problems)

    def restore(self) -> bool:
        """Read and verify every checkpoint, and restore the newest one."""
        history = self._session.history
        for checkpoint in history.checkpoints:
            for entry in history.entries(checkpoint.number):
                for _ in history.read(entry.content):
                    pass
        if self._session.newest:
            restore_missing(self._session, self._session.newest)
        return bool(self._session.newest)

    def save(self, number: int) -> None:
        """Make a checkpoint."""
        if self._session.checkpoint("cell", cell=number) is None:
            raise AssertionError(f"generation {number} was not seen as a change")

    def compact(self) -> None:
        """Rewrite the log."""
        self._session.history.compact()
