"""Choice and repair of the valid log of two files after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ...errors import NewerCheckpointsError
from . import log_format
from .entries import Checkpoint, Table
from .log import Commit, Log
from .log_format import COMMIT, DATA, HEADER, READ, Header

if TYPE_CHECKING:
    from ...storage.interface import File, Storage

_SEARCH = 1 << 20
"""Bytes to search at a time for the next record after damage."""


def open_log(storage: Storage) -> tuple[Log, list[str]]:
    """Open the log with the newest undamaged checkpoint.

    Nothing is changed before that is found, and nothing at all if the storage is not writable.

    Returns
    -------
    log : Log
        The log, ready to append to; empty if there is no checkpoint yet.
    problems : list of str
        Sentences about what was cut off or is damaged.

    Raises
    ------
    NewerCheckpointsError
        If a newer litestate wrote one of the files.
    StorageError
        If the storage fails.
    """
    scans = [LogFile(file) for file in storage.files]
    found = [scan for scan in scans if scan.newest]
    if not found:
        return _start_anew(storage, sum(scan.size for scan in scans))
    best = max(found, key=_rank)
    problems = _take_commits(best)
    if storage.writable:
        _repair(best, storage.files, problems)
    best.log.settle()
    return best.log, problems


def _rank(scan: LogFile) -> tuple[int, bool, int]:
    # Between the switch of a compaction and the emptying of the old file, both files have the same
    # newest checkpoint. Before the switch, the new file has no header.
    number = scan.newest[0].checkpoint.number if scan.newest else 0
    return number, scan.has_header, scan.log.generation


def _start_anew(storage: Storage, size: int) -> tuple[Log, list[str]]:
    problems = []
    if storage.writable and size:
        for file in storage.files:
            _empty(file)
        problems.append(
            f"{size:,} bytes without a complete checkpoint were removed from {storage.label}: the "
            "first one was not finished, or all are damaged."
        )
    return Log(storage.files[0], log_format.new_file_id(), 1), problems


def _take_commits(scan: LogFile) -> list[str]:
    assert scan.newest
    commit, table = scan.newest
    newest = commit.checkpoint.number
    kept = {number for number in table.kept if number < newest} | {newest}
    log = scan.log
    log.commits = {newest: commit} | scan.commits(tuple(kept))
    log.commits = {number: log.commits[number] for number in sorted(log.commits)}
    log.cover(each.live for each in log.commits.values())
    log.index()
    lost = sorted(kept - log.commits.keys())
    if not (scan.damaged or lost or not scan.has_header):
        return []
    # Other chunks may be damaged, and no new checkpoint may refer to them.
    log.verify()
    return _damage(scan, lost)


def _damage(scan: LogFile, lost: list[int]) -> list[str]:
    problems = []
    if scan.damaged:
        size = sum(length for _, length in scan.damaged)
        problems.append(f"{size:,} bytes of the checkpoints are damaged and cannot be read.")
    if lost:
        problems.append(f"{_named(lost)} lost.")
    torn = [
        number for number, commit in scan.log.commits.items() if not scan.log.is_whole(commit.live)
    ]
    if torn:
        problems.append(
            f"{_named(torn)} no longer complete; the other files of these can be restored."
        )
    return problems


def _named(numbers: Iterable[int]) -> str:
    names = [str(number) for number in numbers]
    if len(names) == 1:
        return f"Checkpoint {names[0]} is"
    return f"Checkpoints {', '.join(names[:-1])} and {names[-1]} are"


def _repair(scan: LogFile, files: tuple[File, File], problems: list[str]) -> None:
    log = scan.log
    if not scan.has_header:
        # Without any header both generations are unknown; then the other file is not a log.
        log.generation += 1
        log.file.write(0, log_format.pack_file_header(log.generation, log.file_id))
        log.file.flush()
        problems.append("The start of the file of the checkpoints was damaged, and was repaired.")
    if scan.size > log.end:
        tail = scan.size - log.end
        log.cut(log.end)
        problems.append(
            f"The last {tail:,} bytes of the checkpoints were cut off: a checkpoint was not "
            f"finished, or is damaged. The newest one is number {max(log.commits)}."
        )
    for file in files:
        if file is not log.file and file.size():
            _empty(file)


def _empty(file: File) -> None:
    file.truncate(0)
    file.flush()


class Raw(NamedTuple):
    """A commit record whose body is not checked yet.

    Attributes
    ----------
    header : Header
        The header.
    offset : int
        Position in the file.
    body : bytes
        The bytes after the header.
    chunks : int
        Number of chunks in the log before the record.
    """

    header: Header
    offset: int
    body: bytes
    chunks: int

    @property
    def end(self) -> int:
        """Offset of the first byte after the record."""
        return self.offset + self.header.length

    def read(self) -> tuple[Commit, Table] | None:
        """Check and parse the record; return None if it is damaged."""
        if log_format.checksum(self.body) != self.header.check:
            return None
        table = Table.from_json(self.body[: self.header.table], self.offset)
        if table is None:
            return None
        checkpoint = Checkpoint(self.header.number, table.note, table.written)
        return Commit(checkpoint, table.live, self.offset, self.header.length), table


class LogFile:
    """The records of one log file.

    Attributes
    ----------
    log : Log
        The log with its chunks; no commits yet.
    has_header : bool
        Whether the file's header is valid.
    newest : tuple of Commit and Table, or None
        The last undamaged commit record.
    damaged : list of tuple of int
        Offset and length of damaged bytes before the end of the newest commit record.
    size : int
        Bytes of the file.

    Raises
    ------
    NewerCheckpointsError
        If a newer litestate wrote the file.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self._window = b""
        self._window_start = 0
        self._raws: list[Raw] = []
        self.damaged: list[tuple[int, int]] = []
        self.size = file.size()
        head = log_format.read_file_header(self._get(0, HEADER))
        _check_version(head)
        self.has_header = head is not None
        self._file_id = head.file_id if head else None
        self.log = Log(file, b"", head.generation if head else 0)
        self._walk()
        self.log.file_id = self._file_id or b""
        self.newest = self._find_newest()

    def commits(self, numbers: tuple[int, ...]) -> dict[int, Commit]:
        """Return the undamaged commit records of these checkpoints."""
        raws = {raw.header.number: raw for raw in self._raws}
        read = {number: raws[number].read() for number in numbers if number in raws}
        return {number: found[0] for number, found in read.items() if found}

    def _walk(self) -> None:
        offset = HEADER
        while offset < self.size:
            header = self._header(offset)
            if header is None:
                following = self._search(offset + 1)
                self.damaged.append((offset, following - offset))
                offset = following
                continue
            body = self._get(offset + HEADER, header.checked)
            if header.kind == COMMIT:
                self._raws.append(Raw(header, offset, body, len(self.log.chunks)))
            elif header.kind == DATA and not self._take(header, body, offset):
                self.damaged.append((offset, header.length))
            offset += header.length

    def _take(self, header: Header, table: bytes, offset: int) -> bool:
        if log_format.checksum(table) != header.check or header.number < len(self.log.chunks):
            return False
        rows = log_format.read_rows(table, header.payload)
        if rows is None:
            return False
        self.log.take(header.number, rows, offset + HEADER + header.table)
        return True

    def _find_newest(self) -> tuple[Commit, Table] | None:
        while self._raws:
            raw = self._raws[-1]
            if found := raw.read():
                del self.log.chunks[raw.chunks :], self.log.sums[raw.chunks + 1 :]
                self.log.end = raw.end
                self.damaged = [each for each in self.damaged if each[0] < raw.end]
                return found
            self._raws.pop()
        return None

    def _header(self, offset: int) -> Header | None:
        self._get(offset, HEADER)
        header = log_format.read_header(self._window, offset - self._window_start, offset)
        if header is None or offset + header.length > self.size:
            return None
        if self._file_id is None:
            # The file's header is damaged, but its records repeat the ID.
            self._file_id = header.file_id
        return header if header.file_id == self._file_id else None

    def _search(self, offset: int) -> int:
        """Return where the next record starts, or the end of the file."""
        while offset < self.size:
            # A header may start in one piece and end in the next.
            piece = self._file.read(offset, _SEARCH + HEADER - 1)
            at = piece.find(log_format.RECORD_MAGIC)
            while 0 <= at < _SEARCH:
                if self._header(offset + at):
                    return offset + at
                at = piece.find(log_format.RECORD_MAGIC, at + 1)
            offset += _SEARCH
        return self.size

    def _get(self, offset: int, length: int) -> bytes:
        at = offset - self._window_start
        if at < 0 or at + length > len(self._window):
            self._window = self._file.read(offset, max(length, READ))
            self._window_start, at = offset, 0
        return self._window[at : at + length]


def _check_version(head: log_format.FileHeader | None) -> None:
    if head and head.version > log_format.VERSION:
        raise NewerCheckpointsError(
            f"The checkpoints of this notebook have format version {head.version}; this litestate "
            f"reads up to version {log_format.VERSION}. They were not changed. "
            "Open them with a newer litestate."
        )
