"""The history of one notebook: store contents, commit checkpoints, read them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from ...errors import (
    DamagedCheckpointError,
    NoCheckpointError,
    ReadOnlyCheckpointsError,
    StorageFullError,
)
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
from .entries import Checkpoint, Entry, Note, Table, entries_from_json, entries_to_json
from .log import Commit, damaged
from .log_format import HEADER
from .recovery import open_log
from .retention import Retention, choose, compact, is_worth

if TYPE_CHECKING:
    from ...storage.interface import Storage

_LITTLE = 4 << 10
"""Bytes of one checkpoint of a small session: saving fewer does not help when there is no room."""


class History:
    """The stored checkpoints of one notebook.

    Parameters
    ----------
    storage : Storage
        Storage of the log. If it is not writable, all methods that write raise
        `ReadOnlyCheckpointsError`.
    name : str
        Name of the notebook, for messages.
    retention : Retention
        Rules that choose which checkpoints are kept.

    Attributes
    ----------
    problems : list of str
        Sentences about damage and unfinished writes that were found.
    dropped : tuple of Checkpoint
        Checkpoints that the last `commit` or `make_room` dropped to make room, not because of age.

    Raises
    ------
    NewerCheckpointsError
        If a newer litestate wrote the log; it is not changed.
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
        """The stored checkpoints, oldest first."""
        return [commit.checkpoint for commit in self._log.commits.values()]

    @property
    def size(self) -> int:
        """Bytes of the log."""
        return self._log.end

    def entries(self, number: int) -> tuple[Entry, ...]:
        """Return the entries of a checkpoint.

        Raises
        ------
        NoCheckpointError
            If it is not stored.
        DamagedCheckpointError
            If its record cannot be read.
        """
        if self._newest[0] == number:
            return self._newest[1]
        commit = self._log.commits.get(number)
        if commit is None:
            raise NoCheckpointError(
                f"There is no checkpoint {number} of {self.name}; checkpoints() lists the stored "
                "ones."
            )
        _, data = self._log.read_commit(commit)
        try:
            return entries_from_json(data, self._log.chunks)
        except (ValueError, TypeError, LookupError):
            raise damaged(number) from None

    def put(
        self, pieces: Iterable[Bytes], *, like: Content | None = None, prints: Sequence[int] = ()
    ) -> tuple[Content, tuple[int, ...]]:
        """Store a content, unless the log has it.

        Parameters
        ----------
        pieces : iterable of bytes-like
            The content in pieces of any lengths. One buffer may be used for all of them.
        like : Content, optional
            The content as it was before.
        prints : sequence of int
            The fingerprints that were returned with `like`. A chunk with the same fingerprint is
            taken from `like`, which is five times as fast as hashing it.

        Returns
        -------
        content : Content
            For an `Entry` of the next `commit`.
        prints : tuple of int
            One fingerprint per chunk, valid in this process only.

        Raises
        ------
        StorageError, StorageFullError
            If writing failed. Everything that was put since the last commit is discarded, as by
            `rollback`. An error of `pieces` discards nothing.
        """
        self.check_writable()
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
        """Yield a content in pieces that match their hashes.

        Raises
        ------
        DamagedCheckpointError
            If a piece is damaged. The pieces before it are good.
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
                    # Other chunks may be damaged, and no new checkpoint may refer to them.
                    self._log.verify()
                    self._fail(at)
                yield data
                at += len(data)

    def commit(self, note: Note, entries: Sequence[Entry]) -> Checkpoint:
        """Make a checkpoint: durable and whole when this returns.

        Parameters
        ----------
        note : Note
            Reason, time and scope.
        entries : sequence of Entry
            The whole state. Its contents come from `put` or from a stored checkpoint.

        Raises
        ------
        StorageError, StorageFullError
            If writing failed. The last checkpoint counts, and everything that was put since is
            discarded, as by `rollback`.
        DamagedCheckpointError
            If some content is not in the log; see `Content.whole`.
        """
        self.check_writable()
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
            # Chunks must be durable before the commit record that refers to them.
            log.flush()
            planned = Commit(Checkpoint(number, note, 0), live, log.end, HEADER + len(data))
            kept, dropped = choose(log, planned, self.retention)
            commit = log.write_commit(number, Table(note, kept, live, 0), data)
            log.flush()
        except BaseException:
            # A failed flush may have lost data, and the next flush would not report that.
            log.forget()
            raise
        log.settle()
        commits = log.commits | {number: commit}
        log.commits = {each: commits[each] for each in kept}
        self._last, self._newest, self.dropped = number, (number, tuple(entries)), dropped
        return commit.checkpoint

    def check_writable(self) -> None:
        """Make sure that this is the writer of the log.

        Raises
        ------
        ReadOnlyCheckpointsError
            If another tab or process writes it.
        """
        if not self._storage.writable:
            raise ReadOnlyCheckpointsError(
                f"Another tab (or another Python) has {self.name} open and makes its checkpoints; "
                "here they can be listed and restored. Close the other one, and this one takes "
                "over. save_state() works in any case."
            )

    def rollback(self) -> None:
        """Discard what was put since the last commit, and cut it off.

        Raises
        ------
        StorageError
            If that fails; it is tried again before the next write.
        """
        self.check_writable()
        self._log.rollback()

    def wants_compaction(self) -> bool:
        """Tell whether the log has so many unused bytes that `compact` is worth the time."""
        return is_worth(self._log, self.retention.max_bytes)

    def compact(self) -> int:
        """Copy the stored checkpoints to the other file, and make that one the log.

        What was put since the last commit is discarded.

        Returns
        -------
        int
            Bytes saved.

        Raises
        ------
        StorageError, StorageFullError
            If it failed; the log is unchanged.
        """
        self.rollback()
        return self._compact(list(self._log.commits.values()))

    def drop_older(self) -> int:
        """Drop all checkpoints but the newest one, and delete their bytes from the storage.

        Returns
        -------
        int
            Bytes saved.

        Raises
        ------
        StorageError, StorageFullError
            If it failed; the checkpoints are unchanged, or their bytes are not deleted.
        """
        self.rollback()
        saved = self._compact([self._log.commits[self._last]])
        for file in self._storage.files:
            # Compaction ignores it if the old file cannot be emptied.
            if file is not self._log.file and file.size():
                file.truncate(0)
                file.flush()
        return saved

    def find_damage(self) -> bool:
        """Read all that is stored, so that no new checkpoint refers to damaged content.

        Returns
        -------
        bool
            Whether the newest checkpoint needs something that is damaged.
        """
        self._log.verify()
        return any(not entry.content.whole for entry in self.entries(self._last))

    @property
    def least_bytes(self) -> int:
        """Bytes of a log that has only the checkpoints which must not be dropped."""
        return self._log.live_bytes(self._needed())

    def make_room(self, room: int = 0) -> int:
        """Drop the oldest checkpoints that have no label, and compact.

        What was put since the last commit is discarded. Nothing is dropped if the storage has no
        room for a copy of the remaining checkpoints.

        Parameters
        ----------
        room : int, optional
            Bytes that the remaining checkpoints may take. The newest one and those with a label
            remain in any case.

        Returns
        -------
        int
            Bytes saved; 0 if nothing was dropped.
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
        self._log = compact(old, kept, self._storage.files)
        return old.end - self._log.end

    def _fail(self, at: int) -> NoReturn:
        raise DamagedCheckpointError(
            f"The content from byte {at:,} on is damaged: {self._storage.label} does not hold what "
            "was saved. An older checkpoint may have it."
        )
