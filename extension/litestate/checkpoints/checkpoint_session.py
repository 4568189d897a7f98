"""The checkpoint session of one notebook: its scanner, history and current state."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ..browser import unrecorded
from ..bundle.manifest import KERNEL_KINDS, Skipped
from ..errors import (
    NoCheckpointError,
    StorageError,
    StorageFullError,
)
from ..platform import IN_BROWSER
from ..report import Line
from ..storage import Storage, Usage
from .checkpoint_writer import Capture, Captured
from .differences import differ, differences
from .ownership import Ownership
from .scan import Scan, Scanner
from .store.cell_journal import CellJournal
from .store.entries import Checkpoint, Entry, Note, Tree
from .store.history import History
from .store.retention import Retention
from .unrestored import Unrestored


@dataclass(frozen=True)
class NewCheckpoint:
    """A new checkpoint, and what to report about it.

    Attributes
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    lines : list of Line
        Differences from the one before.
    skipped : list of Skipped
        Items that could not be read.
    warnings : list of str
        Caveats.
    dropped : sequence of Checkpoint
        Older checkpoints that were dropped to make room.
    """

    checkpoint: Checkpoint
    lines: list[Line]
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    dropped: Sequence[Checkpoint] = ()


class Session:
    """The open history of one notebook, and its state as of the last scan.

    Parameters
    ----------
    storage : Storage
        Storage of the history.
    name : str
        Name of the notebook.
    scanner : Scanner
        Scanner of the state.
    retention : Retention, optional
        Which checkpoints are stored.

    Attributes
    ----------
    tree : dict of str to Entry
        The entries, by place, that a scan is compared with: usually those of the newest checkpoint;
        in a kernel that has just started, only those that outlive a kernel.
    is_fresh : bool
        Whether this kernel has neither committed nor restored a checkpoint yet.
    captured : Captured
        Result of the last capture, also if nothing had changed.
    unrestored : Unrestored
        Variables that a restore could not rebuild.
    cells : CellJournal
        Cells since the newest checkpoint, those of earlier kernels included.
    ownership : Ownership
        Finds who wrote a file.
    """

    def __init__(
        self, storage: Storage, name: str, scanner: Scanner, retention: Retention | None = None
    ) -> None:
        self.name = name
        self.scanner = scanner
        self.captured = Captured()
        self.unrestored = Unrestored()
        self.ownership = Ownership(name, lambda: self.scanner.roots, lambda: self.scanner.touched)
        self._retention = retention
        self.is_fresh = True
        self._capacity: int | None = None
        self._open(storage)

    def _open(self, storage: Storage) -> None:
        self.history = History(storage, self.name, self._retention)
        self.storage = storage
        self.cells = CellJournal(storage.cells, self.newest.number if self.newest else 0)
        self._capture = Capture(self.history, self.ownership.details)
        self.scanner.forget()
        self.unrestored.reopen(self.history)
        newest = self.entries(self.newest) if self.newest else {}
        self.ownership.settle(newest)
        self.tree: Tree = {
            place: entry
            for place, entry in newest.items()
            if not self.is_fresh or self._may_be_here(entry)
        }

    def _may_be_here(self, entry: Entry) -> bool:
        return self.outlives(entry) if IN_BROWSER else entry.kind not in KERNEL_KINDS

    @property
    def newest(self) -> Checkpoint | None:
        """The newest checkpoint, or None."""
        return self.history.checkpoints[-1] if self.history.checkpoints else None

    def find(self, which: int | str | Checkpoint | None) -> Checkpoint:
        """Return a checkpoint by number or label, or the newest one.

        Raises
        ------
        NoCheckpointError
            If there is no such checkpoint. Of several with one label, the newest is meant.
        """
        stored = self.history.checkpoints
        if not stored:
            raise NoCheckpointError(
                f"There are no checkpoints of {self.name} yet: checkpoint() makes one."
            )
        if which is None:
            return stored[-1]
        wanted = which.number if isinstance(which, Checkpoint) else which
        for checkpoint in reversed(stored):
            if wanted in (checkpoint.number, checkpoint.note.label):
                return checkpoint
        raise NoCheckpointError(
            f"There is no checkpoint {wanted!r} of {self.name}; checkpoints() lists the stored "
            "ones."
        )

    def entries(self, checkpoint: Checkpoint) -> dict[str, Entry]:
        """Return the entries of a checkpoint by place."""
        return {entry.place: entry for entry in self.history.entries(checkpoint.number)}

    def configure(self, scanner: Scanner | None, retention: Retention | None) -> None:
        """Change what is scanned, or which checkpoints are stored; None changes nothing."""
        if scanner is not None:
            scanner.touched |= self.scanner.touched
            self.scanner = scanner
        self.history.retention = self._retention = retention or self.history.retention

    def outlives(self, entry: Entry) -> bool:
        """Tell whether this version is on the drive, which outlives the kernel."""
        root = self.scanner.roots.root(entry.root)
        mtime = entry.mtime_ns / 1e9
        return root is not None and root.outlives(entry.relative, entry.size, mtime)

    def is_on_drive(self, entry: Entry) -> bool:
        """Tell whether this belongs on the drive, whether or not it is there."""
        root = self.scanner.roots.root(entry.root)
        return root is not None and root.on_drive

    def checkpoint(
        self,
        cause: str,
        *,
        label: str | None = None,
        cell: int | None = None,
        thorough: bool = True,
        always: bool = False,
    ) -> NewCheckpoint | None:
        """Scan the state, and make a checkpoint if it has changed or if a label is given.

        Parameters
        ----------
        cause, label, cell
            For the checkpoint's `Note`.
        thorough : bool, optional
            Whether to scan everything; see `Scanner.scan`.
        always : bool, optional
            Whether to make a checkpoint even if nothing has changed.

        Returns
        -------
        NewCheckpoint or None
            None if nothing has changed; then nothing was written.

        Raises
        ------
        ReadOnlyCheckpointsError
            If another tab writes the history.
        StorageError
            If the checkpoint could not be written; the older ones are unchanged.
        """
        self.history.check_writable()
        note = Note(time.time(), cause, label, cell)
        try:
            made = self._scan_and_commit(note, thorough=thorough, always=always)
        except StorageFullError:
            if not self.history.make_room():
                raise
            dropped = self.history.dropped
            try:
                made = self._scan_and_commit(note, thorough=thorough, always=always)
            except StorageFullError as error:
                # The message of `error` is about the second try only.
                raise StorageFullError(
                    f"There is no room for this checkpoint in {self.storage.label}, also after "
                    f"{len(dropped)} older ones were dropped. The newest one and those with a "
                    "label are as they were. Free some space, or keep the work in a file with "
                    "save_state()."
                ) from error
            return made and replace(made, dropped=dropped)
        return made and self._leave_room(made)

    def _scan_and_commit(self, note: Note, *, thorough: bool, always: bool) -> NewCheckpoint | None:
        return self.commit(self.scanner.scan(self.tree, thorough=thorough), note, always=always)

    def note_usage(self, usage: Usage | None) -> None:
        """Remember how much room the storage has."""
        free = None if usage is None else usage.quota - usage.used
        self._capacity = None if free is None else self.history.size + free

    def _leave_room(self, made: NewCheckpoint) -> NewCheckpoint:
        """Drop old checkpoints while there is still room for a copy of the others.

        Without that room nothing can be dropped: a log gets shorter only by writing a new one.
        """
        if self._capacity is None:
            return made
        history, free = self.history, self._capacity - self.history.size
        needed = history.least_bytes + made.checkpoint.written
        if free >= needed:
            return made
        # By half, or the next checkpoint would need it again.
        if not history.make_room(min(free, self._capacity - needed) // 2):
            return made
        return replace(made, dropped=[*made.dropped, *history.dropped])

    @unrecorded()
    def commit(self, scan: Scan, note: Note, *, always: bool = False) -> NewCheckpoint | None:
        """Make a checkpoint of a scan, unless nothing has changed and the note says nothing new.

        Parameters
        ----------
        scan : Scan
            The state.
        note : Note
            The checkpoint's note; scope and skipped items are added.
        always : bool, optional
            Whether to make a checkpoint even if nothing has changed.
        """
        with self._all_or_none():
            kernel = scan.kernel and self.unrestored.with_packages(scan.kernel)
            captured = self.captured = self._capture.take(scan.found, scan.carried, kernel)
            tree = {**scan.carried, **captured.entries}
            if kernel is not None:
                tree |= self.unrestored.take(self.history, kernel)
            tree |= self._last_known(captured.unread, tree)
            is_named = note.label is not None or note.source is not None
            if not always and not is_named and not differ(self.tree, tree):
                self._settle(tree, note)
                return None
            note = replace(note, scope=scan.found.scope, skipped=tuple(captured.skipped))
            checkpoint = self.history.commit(note, list(tree.values()))
            lines = differences(self.tree, tree, self.scanner.roots)
            self._settle(tree, note)
            self.is_fresh = False
        return NewCheckpoint(
            checkpoint, lines, captured.skipped, captured.warnings, self.history.dropped
        )

    def _last_known(self, unread: Sequence[str], tree: Tree) -> Tree:
        """Return the last readable version of what cannot be read now."""
        below = tuple(place.rstrip("/") + "/" for place in unread)
        return {
            place: entry
            for place, entry in self.tree.items()
            if place not in tree
            and entry.content.whole
            and (place in unread or place.startswith(below))
        }

    def adopt(self, scan: Scan, entries: Iterable[Entry]) -> None:
        """Assume that scanned files are the entries that have just been restored."""
        # In plain Python another process may have written in between.
        if not IN_BROWSER:
            return
        restored = {entry.place: entry for entry in entries}
        for item in scan.found.items:
            entry = restored.get(item.place)
            if entry and (entry.kind, entry.size, entry.mode, entry.mtime_ns) == (
                item.kind,
                item.size,
                item.mode,
                item.mtime_ns,
            ):
                self._capture.adopt(item, entry)

    def take_over(self) -> bool:
        """Become the writer if the other tab was closed; tell whether that has just happened."""
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
        """Read what another tab has written since."""
        if not self.storage.writable:
            await self.storage.refresh()
            self._open(self.storage)

    def start_over(self) -> None:
        """Delete all checkpoints; the state of this kernel stays.

        Raises
        ------
        ReadOnlyCheckpointsError
            If another tab writes the history.
        StorageError
            If the storage fails; some checkpoints may be deleted then.
        """
        self.history.check_writable()
        try:
            for file in self.storage.files:
                file.truncate(0)
                file.flush()
        finally:
            self._open(self.storage)

    def close(self) -> None:
        """Close the history."""
        self.cells.close()
        self.storage.close()

    def _settle(self, tree: Tree, note: Note) -> None:
        self.tree = tree
        self.ownership.settle(tree)
        if self.newest is not None:
            self.cells.settle(self.newest.number, between_cells=note.cause == "cell")
        self._capture.settle()
        self.unrestored.settle()
        self.scanner.settle()

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # The contents that were put are gone, and with them what was known of them.
            self._capture = Capture(self.history, self.ownership.details)
            self.scanner.forget()
            # It is tried again before the next write; the first error says more.
            with suppress(StorageError):
                self.history.rollback()
            raise
