"""Find the log that counts among two files, and bring both in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import format, reading
from .log import Log
from .scan import Scan

if TYPE_CHECKING:
    from ..storage.interface import File, Storage


def open_log(storage: Storage) -> tuple[Log, list[str]]:
    """Open the newest whole state of a storage.

    Nothing is changed before it has been found, and nothing at all in a storage that is not
    writable.

    Returns
    -------
    log : Log
        Ready to append to; empty if there is no checkpoint yet.
    problems : list of str
        What was cut off or is damaged, in sentences.

    Raises
    ------
    NewerCheckpointsError
        If a newer litestate wrote one of the files.
    StorageError
        If the storage fails.
    """
    scans = [Scan(file) for file in storage.files]
    found = [scan for scan in scans if scan.newest]
    if not found:
        return _start_anew(storage, sum(scan.size for scan in scans))
    best = max(found, key=_rank)
    problems = _take_commits(best)
    if storage.writable:
        _repair(best, storage.files, problems)
    best.log.settle()
    return best.log, problems


def _rank(scan: Scan) -> tuple[int, bool, int]:
    # Both files have the same newest checkpoint between a compaction's switch and the emptying of
    # the old one. Before the switch, the new one has no header.
    number = scan.newest[0].checkpoint.number if scan.newest else 0
    return number, scan.has_header, scan.log.generation


def _start_anew(storage: Storage, size: int) -> tuple[Log, list[str]]:
    problems = []
    if storage.writable and size:
        for file in storage.files:
            _empty(file)
        problems.append(
            f"{size:,} bytes in {storage.label} are no complete checkpoint: the first one was not "
            "finished, or all are damaged. They were removed."
        )
    return Log(storage.files[0], format.new_file_id(), 1), problems


def _take_commits(scan: Scan) -> list[str]:
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
    # Where some bytes are damaged, others may be; nothing new shall be built on those.
    reading.verify(log)
    return _damage(scan, lost)


def _damage(scan: Scan, lost: list[int]) -> list[str]:
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


def _repair(scan: Scan, files: tuple[File, File], problems: list[str]) -> None:
    log = scan.log
    if not scan.has_header:
        # Both generations are unknown if no header is left; then the other file is no log.
        log.generation += 1
        log.file.write(0, format.pack_file_header(log.generation, log.file_id))
        log.file.flush()
        problems.append("The start of the checkpoints' file was damaged, and has been repaired.")
    if scan.size > log.end:
        tail = scan.size - log.end
        log.cut(log.end)
        problems.append(
            f"The last {tail:,} bytes of the checkpoints were cut off: they are no complete "
            "checkpoint, because it was not finished or is damaged. The newest one is number "
            f"{max(log.commits)}."
        )
    for file in files:
        if file is not log.file and file.size():
            _empty(file)


def _empty(file: File) -> None:
    file.truncate(0)
    file.flush()
