"""litestate's history and its storage, with nothing between them and the files."""

from __future__ import annotations

import time
from pathlib import Path

from generations import FOLDER
from litestate.checkpoints.chunks import Content
from litestate.checkpoints.history import History
from litestate.checkpoints.retention import Retention
from litestate.checkpoints.tree import Entry, Note
from litestate.storage import open_storage

NAME = "killing"


class Store:
    """A checkpoint for each generation."""

    async def open(self) -> list[str]:
        """Open the history; return what was wrong with it."""
        storage = await open_storage(NAME, patience=10)
        self._history = History(storage, NAME, Retention(last=3, hours=0, days=0))
        self._known: dict[str, tuple[Content, tuple[int, ...]]] = {}
        return list(self._history.problems)

    def restore(self) -> bool:
        """Read every checkpoint that there is, verified, the newest one at last."""
        FOLDER.mkdir(exist_ok=True)
        for checkpoint in self._history.checkpoints:
            for entry in self._history.entries(checkpoint.number):
                with (FOLDER / entry.relative).open("wb") as file:
                    for piece in self._history.read(entry.content):
                        file.write(piece)
        return bool(self._history.checkpoints)

    def save(self, number: int) -> None:
        """Commit it."""
        entries = [self._entry(path) for path in sorted(FOLDER.iterdir())]
        self._history.commit(Note(created=time.time(), cause="cell", cell=number), entries)

    def compact(self) -> None:
        """Rewrite the log."""
        self._history.compact()

    def _entry(self, path: Path) -> Entry:
        like, prints = self._known.get(path.name, (None, ()))
        kept = self._history.put([path.read_bytes()], like=like, prints=prints)
        self._known[path.name] = kept
        status = path.stat()
        return Entry(
            kind="file",
            root="home",
            relative=path.name,
            size=status.st_size,
            mode=status.st_mode,
            mtime_ns=status.st_mtime_ns,
            content=kept[0],
        )
