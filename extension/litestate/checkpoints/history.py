"""The history of one notebook: put contents, commit checkpoints, read them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from ..errors import (
    DamagedCheckpointError,
    NoCheckpointError,
    ReadOnlyCheckpointsError,
    StorageFullError,
)
from . import compaction
from .chunks import (
    Bytes,
    Chunk,
    Content,
    fingerprint,
    read_span,
    spans,
    split,
    unpacked,
)
from .format import HEADER
from .log import Commit, damaged
from .recovery import open_log
from .retention import Retention, choose
from .tree import Checkpoint, Entry, Note, Table, entries_from_json, entries_to_json

if TYPE_CHECKING:
    from ..storage.interface import Storage

_LITTLE = 4 << 10
"""Bytes that are too few to help anybody who has no room: one checkpoint of a small session."""


class History:
    """The checkpoints of one notebook.

    Parameters
    ----------
    storage : Storage
        Where they are. If it is not writable, everything that writes raises
        `ReadOnlyCheckpointsError`.
    name : str
        Of the notebook, for messages.
    retention : Retention
        Which checkpoints are kept.

    Attributes
    ----------
    problems : list of str
        What was found damaged or unfinished, in sentences.
    dropped : tuple of Checkpoint
        Those that the last `commit` or `make_room` dropped for want of room, not of age.

    Raises
    ------
    NewerCheckpointsError
        If a newer litestate wrote them; they are not touched.
    StorageError
        If the storage fails.
    """

    def __init__(self, storage: Storage, name: str, retention: Retention | None = None) -> None:
        self.name = name
        self.retention = retention or Retention()
        self.dropped: tuple[Checkpoint, ...] = ()
        self._storage = storage
        self._log, self.problems = open_log(storage)
        self._last = max(self._log.commits, default=0)
        self._newest: tuple[int, tuple[Entry, ...]] = (0, ())

    @property
    def checkpoints(self) -> Sequence[Checkpoint]:
        """Those that are kept, oldest first."""
        return [commit.checkpoint for commit in self._log.commits.values()]

    @property
    def size(self) -> int:
        """Bytes of the log."""
        return self._log.end

    def entries(self, number: int) -> tuple[Entry, ...]:
        """Return what a checkpoint holds.

        Raises
        ------
        NoCheckpointError
            If it is not kept.
        DamagedCheckpointError
            If its record cannot be read.
        """
        if self._newest[0] == number:
            return self._newest[1]
        commit = self._log.commits.get(number)
        if commit is None:
            raise NoCheckpointError(
                f"There is no checkpoint {number} of {self.name}; checkpoints() lists those that "
                "are kept."
            )
        _, data = self._log.read_commit(commit)
        try:
            return entries_from_json(data, self._log.chunks)
        except (ValueError, TypeError, LookupError):
            raise damaged(number) from None

    def put(
        self, pieces: Iterable[Bytes], *, like: Content | None = None, prints: Sequence[int] = ()
    ) -> tuple[Content, tuple[int, ...]]:
        """Store a content, or find that it is there.

        Parameters
        ----------
        pieces : iterable of bytes-like
            Of any lengths. One buffer may be used for all.
        like : Content, optional
            What it was before.
        prints : sequence of int
            The fingerprints that came with `like`: a chunk that still has the same is taken from
            there, which is five times as fast as to name it by its hash.

        Returns
        -------
        content : Content
            For an `Entry` of the next `commit`.
        prints : tuple of int
            One fingerprint per chunk. They are good in this process only.

        Raises
        ------
        StorageError, StorageFullError
            If it could not be written: everything that was put since the last commit is forgotten,
            as by `rollback`. Not so for an error of `pieces`.
        """
        self._check_writable()
        log = self._log
        known = list(zip(prints, like.chunks, strict=False)) if like else []
        chunks: list[Chunk] = []
        found: list[int] = []
        size = 0
        for data in split(pieces):
            size += len(data)
            mark = fingerprint(data)
            at = len(chunks)
            if at < len(known) and known[at][0] == mark:
                chunk = known[at][1]
                if chunk.size != len(data) or chunk.number < 0:
                    chunk = log.store(data)
            else:
                chunk = log.store(data)
            chunks.append(chunk)
            found.append(mark)
        return Content(size, tuple(chunks)), tuple(found)

    def read(self, content: Content) -> Iterator[bytes]:
        """Yield a content in pieces, each compared with its hash.

        Raises
        ------
        DamagedCheckpointError
            If a piece is not what was saved. What came before it is good.
        """
        if any(chunk.offset < 0 for chunk in content.chunks):
            self._log.write_batch()
        at = 0
        for span in spans(content.chunks):
            for chunk in span:
                if chunk.number < 0:
                    self._fail(at)
            for chunk, packed in read_span(self._log.file, span):
                data = unpacked(chunk, packed)
                if data is None:
                    # There may be more, and nothing new shall be built on any.
                    self._log.verify()
                    self._fail(at)
                yield data
                at += len(data)

    def commit(self, note: Note, entries: Sequence[Entry]) -> Checkpoint:
        """Make a checkpoint: durable and whole when this returns.

        Parameters
        ----------
        note : Note
            Why it is made.
        entries : sequence of Entry
            All that it holds. Their contents come from `put` or from a checkpoint that is kept.

        Raises
        ------
        StorageError, StorageFullError
            If it could not be written: the last one counts, and everything that was put since is
            forgotten, as by `rollback`.
        DamagedCheckpointError
            If some content is not in the log, see `Content.whole`.
        """
        self._check_writable()
        for entry in entries:
            if not entry.content.whole:
                raise DamagedCheckpointError(
                    f"{entry.root}/{entry.relative} cannot be part of a checkpoint: its content is "
                    "damaged or was dropped. Put it again."
                )
        log, number = self._log, self._last + 1
        data, live = entries_to_json(entries)
        try:
            log.write_batch()
            # What the commit record refers to must never be less durable than the record.
            log.flush()
            planned = Commit(Checkpoint(number, note, 0), live, log.end, HEADER + len(data))
            kept, dropped = choose(log, planned, self.retention)
            commit = log.write_commit(number, Table(note, kept, live, 0), data)
            log.flush()
        except BaseException:
            # A flush that failed may have lost what it was to write, and say nothing next time.
            log.forget()
            raise
        log.settle()
        commits = log.commits | {number: commit}
        log.commits = {each: commits[each] for each in kept}
        self._last, self._newest, self.dropped = number, (number, tuple(entries)), dropped
        return commit.checkpoint

    def rollback(self) -> None:
        """Forget what was put since the last commit, and cut it off.

        Raises
        ------
        StorageError
            If that fails; it is tried again before the next write.
        """
        self._check_writable()
        self._log.rollback()

    def wants_compaction(self) -> bool:
        """Whether so much of the log is of no use that it is worth the time to copy the rest."""
        return compaction.is_worth(self._log, self.retention.max_bytes)

    def compact(self) -> int:
        """Copy what is kept to the other file and use that one from now on.

        What was put since the last commit is forgotten.

        Returns
        -------
        int
            Bytes won.

        Raises
        ------
        StorageError, StorageFullError
            If it failed; everything is as before.
        """
        self.rollback()
        return self._compact(list(self._log.commits.values()))

    @property
    def least_bytes(self) -> int:
        """Bytes of a log with nothing in it but what may not be dropped."""
        return self._log.live_bytes(self._needed())

    def make_room(self, room: int = 0) -> int:
        """Drop the oldest checkpoints that have no label, and compact.

        What was put since the last commit is forgotten. Nothing is dropped if the storage has no
        room for a copy of what would remain.

        Parameters
        ----------
        room : int, optional
            Bytes that what remains may take. The newest checkpoint and those with a label remain
            in any case.

        Returns
        -------
        int
            Bytes won; 0 if nothing could be.
        """
        self.rollback()
        log = self._log
        kept = self._needed()
        for commit in reversed(log.commits.values()):
            if commit not in kept:
                if log.live_bytes([*kept, commit]) > room:
                    break
                kept.append(commit)
        if log.end - log.live_bytes(kept) < _LITTLE:
            return 0
        commits = list(log.commits.values())
        try:
            won = self._compact([commit for commit in commits if commit in kept])
        except StorageFullError:
            return 0
        self.dropped = tuple(commit.checkpoint for commit in commits if commit not in kept)
        return won

    def _needed(self) -> list[Commit]:
        return [
            commit
            for number, commit in self._log.commits.items()
            if number == self._last or commit.checkpoint.note.label is not None
        ]

    def _compact(self, kept: Sequence[Commit]) -> int:
        old = self._log
        self._log = compaction.compact(old, kept, self._storage.files)
        return old.end - self._log.end

    def _check_writable(self) -> None:
        if not self._storage.writable:
            raise ReadOnlyCheckpointsError(
                f"Another tab or process writes the checkpoints of {self.name}; here they can only "
                "be read. Close the other one to go on here."
            )

    def _fail(self, at: int) -> NoReturn:
        raise DamagedCheckpointError(
            f"The content from byte {at:,} on is damaged: {self._storage.label} does not hold what "
            "was saved. An older checkpoint may have it."
        )
