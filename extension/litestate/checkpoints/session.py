"""The history of this kernel's notebook, and the state that belongs to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ..browser import unrecorded
from ..errors import (
    NoCheckpointError,
    ReadOnlyCheckpointsError,
    StorageError,
    StorageFullError,
)
from ..manifest import KEPT_KINDS, Skipped
from ..platform import IN_BROWSER
from ..report import Line
from ..storage import Storage, Usage
from .capture import Capture, Captured
from .cell_journal import CellJournal
from .differences import Tree, differ, differences, place_of
from .history import History
from .looking import Look, Looker
from .owed import Owed
from .ownership import Ownership
from .retention import Retention
from .tree import Checkpoint, Entry, Note


@dataclass(frozen=True)
class Made:
    """A checkpoint that has just been made.

    Attributes
    ----------
    checkpoint : Checkpoint
        The new one.
    lines : list of Line
        What differs from the one before.
    skipped : list of Skipped
        What could not be read.
    warnings : list of str
        What is not as a person might think.
    dropped : sequence of Checkpoint
        What had to go because there was no room.
    """

    checkpoint: Checkpoint
    lines: list[Line]
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    dropped: Sequence[Checkpoint] = ()


class Session:
    """One notebook's history, open, and what is known of the state that it is about.

    Parameters
    ----------
    storage : Storage
        Where the history is.
    name : str
        Of the notebook.
    looker : Looker
        Looks at the state.
    retention : Retention, optional
        Which checkpoints are kept.

    Attributes
    ----------
    tree : dict of str to Entry
        By place, what the state is compared with: mostly what the newest checkpoint holds, but in a
        kernel that has just started only what outlives one.
    is_fresh : bool
        Whether nothing has been kept or restored yet in this kernel.
    captured : Captured
        The outcome of the last look, also if it found no change: what could not be read, and what
        is not as a person might think.
    owed : Owed
        The variables that could not be made when a checkpoint was restored.
    cells : CellJournal
        The cells since the newest checkpoint, those of the kernel before included.
    ownership : Ownership
        Who wrote what is there.
    """

    def __init__(
        self, storage: Storage, name: str, looker: Looker, retention: Retention | None = None
    ) -> None:
        self.name = name
        self.looker = looker
        self.captured = Captured()
        self.owed = Owed()
        self.ownership = Ownership(name, lambda: self.looker.places, lambda: self.looker.touched)
        self._retention = retention
        self.is_fresh = True
        self._capacity: int | None = None
        self._open(storage)

    def _open(self, storage: Storage) -> None:
        self.history = History(storage, self.name, self._retention)
        self.storage = storage
        self.cells = CellJournal(storage.cells, self.newest.number if self.newest else 0)
        self._capture = Capture(self.history, self.ownership.details)
        self.looker.forget()
        self.owed.reopen(self.history)
        newest = self.entries(self.newest) if self.newest else {}
        self.ownership.settle(newest)
        self.tree: Tree = {
            place: entry
            for place, entry in newest.items()
            if not self.is_fresh or self._may_be_here(entry)
        }

    def _may_be_here(self, entry: Entry) -> bool:
        return self.outlives(entry) if IN_BROWSER else entry.kind not in KEPT_KINDS

    @property
    def newest(self) -> Checkpoint | None:
        """The newest checkpoint, if there is one."""
        return self.history.checkpoints[-1] if self.history.checkpoints else None

    def find(self, which: int | str | Checkpoint | None) -> Checkpoint:
        """Return a checkpoint by number or label, or the newest one.

        Raises
        ------
        NoCheckpointError
            If there is none such. Of several with one label, the newest is meant.
        """
        kept = self.history.checkpoints
        if not kept:
            raise NoCheckpointError(
                f"There are no checkpoints of {self.name} yet: checkpoint() makes one."
            )
        if which is None:
            return kept[-1]
        wanted = which.number if isinstance(which, Checkpoint) else which
        for checkpoint in reversed(kept):
            if wanted in (checkpoint.number, checkpoint.note.label):
                return checkpoint
        raise NoCheckpointError(
            f"There is no checkpoint {wanted!r} of {self.name}; checkpoints() lists those that are "
            "kept."
        )

    def entries(self, checkpoint: Checkpoint) -> dict[str, Entry]:
        """Return what a checkpoint holds, by place."""
        return {place_of(entry): entry for entry in self.history.entries(checkpoint.number)}

    def configure(self, looker: Looker | None, retention: Retention | None) -> None:
        """Look at something else from now on, or keep other checkpoints; None leaves it."""
        if looker is not None:
            looker.touched |= self.looker.touched
            self.looker = looker
        self.history.retention = self._retention = retention or self.history.retention

    def outlives(self, entry: Entry) -> bool:
        """Tell whether this is on the drive: JupyterLite keeps it from one kernel to the next."""
        root = self.looker.places.root(entry.root)
        mtime = entry.mtime_ns / 1e9
        return root is not None and root.outlives(entry.relative, entry.size, mtime)

    def is_on_drive(self, entry: Entry) -> bool:
        """Tell whether this belongs on the drive, whether or not it is there."""
        root = self.looker.places.root(entry.root)
        return root is not None and root.on_drive

    def look(
        self,
        cause: str,
        *,
        label: str | None = None,
        cell: int | None = None,
        thorough: bool = True,
        always: bool = False,
    ) -> Made | None:
        """Make a checkpoint if the state has changed, or if it gets a label.

        Parameters
        ----------
        cause, label, cell
            For its `Note`.
        thorough : bool, optional
            Whether to look also at what this kernel has not written on the drive.
        always : bool, optional
            Whether to make one even if nothing has changed.

        Returns
        -------
        Made or None
            None if nothing has changed: nothing was written.

        Raises
        ------
        ReadOnlyCheckpointsError
            If another tab has the history.
        StorageError
            If it could not be written; the last checkpoint is as it was.
        """
        self.check_writable()
        note = Note(time.time(), cause, label, cell)
        try:
            found = self.looker.look(self.tree, thorough=thorough)
            made = self.keep(found, note, always=always)
        except StorageFullError:
            if not self.history.make_room():
                raise
            dropped = self.history.dropped
            found = self.looker.look(self.tree, thorough=thorough)
            try:
                made = self.keep(found, note, always=always)
            except StorageFullError as error:
                # What it says is true of the last try only.
                raise StorageFullError(
                    f"There is no room for this checkpoint in {self.storage.label}, also after "
                    f"{len(dropped)} older ones were dropped. The newest one and those with a "
                    "label are as they were. Free some space, or keep the work in a file with "
                    "save_state()."
                ) from error
            return made and replace(made, dropped=dropped)
        return made and self._leave_room(made)

    def learn(self, usage: Usage | None) -> None:
        """Take note of how full the storage is."""
        free = None if usage is None else usage.quota - usage.used
        self._capacity = None if free is None else self.history.size + free

    def _leave_room(self, made: Made) -> Made:
        """Drop old checkpoints while there is still room for a copy of the others.

        Without that room nothing can be dropped any more: a log can only be made shorter by making
        a new one.
        """
        if self._capacity is None:
            return made
        history, free = self.history, self._capacity - self.history.size
        needed = history.least_bytes + made.checkpoint.written
        if free >= needed:
            return made
        # By half, or it would have to be done again after the next one.
        if not history.make_room(min(free, self._capacity - needed) // 2):
            return made
        return replace(made, dropped=[*made.dropped, *history.dropped])

    @unrecorded()
    def keep(self, look: Look, note: Note, *, always: bool = False) -> Made | None:
        """Make a checkpoint of what was found, unless nothing has changed and the note has no more.

        Parameters
        ----------
        look : Look
            What was found.
        note : Note
            Why it is made; where was looked is added.
        always : bool, optional
            Whether to make one even if nothing has changed.
        """
        with self._all_or_none():
            looked = look.looked and self.owed.packages(look.looked)
            captured = self.captured = self._capture.take(look.found, look.carried, looked)
            tree = {**look.carried, **captured.entries}
            if looked is not None:
                tree |= self.owed.take(self.history, looked)
            tree |= self._last_known(captured.unread, tree)
            is_named = note.label is not None or note.source is not None
            if not always and not is_named and not differ(self.tree, tree):
                self._settle(tree, note)
                return None
            note = replace(note, scope=look.found.scope, skipped=tuple(captured.skipped))
            checkpoint = self.history.commit(note, list(tree.values()))
            lines = differences(self.tree, tree, self.looker.places)
            self._settle(tree, note)
            self.is_fresh = False
        return Made(checkpoint, lines, captured.skipped, captured.warnings, self.history.dropped)

    def _last_known(self, unread: Sequence[str], tree: Tree) -> Tree:
        """Return what was there when it could still be read: it is not known to be gone."""
        below = tuple(place.rstrip("/") + "/" for place in unread)
        return {
            place: entry
            for place, entry in self.tree.items()
            if place not in tree
            and entry.content.whole
            and (place in unread or place.startswith(below))
        }

    def adopt(self, look: Look, entries: Iterable[Entry]) -> None:
        """Know what has just been restored without reading it again."""
        # Elsewhere another process may have written in between.
        if not IN_BROWSER:
            return
        restored = {place_of(entry): entry for entry in entries}
        for item in look.found.items:
            entry = restored.get(item.place)
            if entry and (entry.kind, entry.size, entry.mode, entry.mtime_ns) == (
                item.kind,
                item.size,
                item.mode,
                item.mtime_ns,
            ):
                self._capture.adopt(item, entry)

    def take_over(self) -> bool:
        """Become the writer if the other tab has gone; tell whether that has just happened."""
        if self.storage.writable:
            return False
        successor = self.storage.take_over()
        if successor is None:
            return False
        try:
            self._open(successor)
        except BaseException:
            successor.close()
            raise
        return True

    async def refresh(self) -> None:
        """See what another tab has written since."""
        if not self.storage.writable:
            await self.storage.refresh()
            self._open(self.storage)

    def check_writable(self) -> None:
        """Make sure that this session has the history to itself.

        Raises
        ------
        ReadOnlyCheckpointsError
            If it has not.
        """
        if not self.storage.writable:
            raise ReadOnlyCheckpointsError(
                f"Another tab (or another Python) has {self.name} open and makes its checkpoints; "
                "here they can be listed and restored. Close the other one: this one then takes "
                "over by itself. save_state() works in any case."
            )

    def close(self) -> None:
        """Give the history back."""
        self.cells.close()
        self.storage.close()

    def _settle(self, tree: Tree, note: Note) -> None:
        self.tree = tree
        self.ownership.settle(tree)
        if self.newest is not None:
            self.cells.settle(self.newest.number, between_cells=note.cause == "cell")
        self._capture.settle()
        self.owed.settle()
        self.looker.settle()

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # What was put is gone, and with it what was known of it.
            self._capture = Capture(self.history, self.ownership.details)
            self.looker.forget()
            # It is tried again before the next write; why this one failed says more.
            with suppress(StorageError):
                self.history.rollback()
            raise
