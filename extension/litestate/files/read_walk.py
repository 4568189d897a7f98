"""Files the notebook has read, added to the survey of a bundle."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from .. import sqlite
from ..bundle.manifest import Scope, Skipped
from ..bundle.member_names import readable
from ..bundle.zip_format import is_bundle_file
from ..host.roots import Root, Roots
from ..report.lines import size_text
from .survey_items import Entry, Survey
from .walk import BUNDLES, Walk

LIMIT = 20_000_000
"""Bytes of the largest file that is saved because it was read. That is a table of half a million
rows; a bundle with it can still be sent by mail."""

TOTAL = 100_000_000
"""Most bytes of all such files together."""

COUNT = 1_000
"""Most files of this kind that are saved, and checked."""

_SHOWN = 10
"""Files that a report names one by one."""

_TOO_MUCH = f"files that were only read are saved up to {size_text(TOTAL)} in all"

_COMPILED = re.compile(r"(?P<folder>.*?)__pycache__/(?P<name>[^/.]+)\.[^/]*\.pyc$")


@dataclass(frozen=True)
class ReadFile:
    """A file that programs have read but never written.

    Attributes
    ----------
    root, relative : Root, str
        Its root, and the path below it.
    size : int
        Bytes when it was read.
    """

    root: Root
    relative: str
    size: int

    @property
    def label(self) -> str:
        """Path as users write it."""
        return self.root.show(self.relative)

    @property
    def folder(self) -> str:
        """Its folder, with ``/`` at the end; empty for the root."""
        above, slash, _ = self.relative.rpartition("/")
        return above + slash


def read_files(places: Roots) -> list[ReadFile]:
    """Return the files below the roots that programs have only read, the smallest first."""
    found: dict[tuple[str, str], ReadFile] = {}
    for root in places.roots:
        if root.mended is None:
            continue
        sizes = {_source(path): size for path, size in root.mended.read()}
        for path, relative in root.relative_paths(sizes):
            found[root.name, relative] = ReadFile(root, relative, sizes[path])
    return sorted(found.values(), key=lambda file: (file.size, file.relative))


def _source(path: str) -> str:
    """Return the source of a compiled module: the source belongs to the state."""
    compiled = _COMPILED.fullmatch(path)
    return f"{compiled['folder']}{compiled['name']}.py" if compiled else path


class Budget:
    """The limits on files that were only read.

    Attributes
    ----------
    left_out : list of (ReadFile, str)
        Files that exceed a limit, with the reason.
    """

    def __init__(self) -> None:
        self.left_out: list[tuple[ReadFile, str]] = []
        self._bytes = 0
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether the number of files has reached its limit."""
        return self._count >= COUNT

    def takes(self, file: ReadFile, size: int) -> bool:
        """Tell whether a file of this size is within the limits; record the reason if not."""
        reason = ""
        if self.is_full:
            reason = f"at most {COUNT:,} files that were only read are saved"
        elif size > LIMIT:
            reason = f"files that were only read are saved up to {size_text(LIMIT)}"
        elif self._bytes + size > TOTAL:
            reason = _TOO_MUCH
        if reason:
            self.left_out.append((ReadFile(file.root, file.relative, size), reason))
            return False
        self._bytes += size
        self._count += 1
        return True

    def report(self, found: Survey) -> None:
        """Add the files that exceed a limit to the survey, with the argument that adds them."""
        by_size = sorted(self.left_out, key=lambda each: -each[0].size)
        found.skipped += [_skipped(file, reason) for file, reason in by_size[:_SHOWN]]
        groups: dict[tuple[str, str], list[ReadFile]] = {}
        for file, _ in by_size[_SHOWN:]:
            groups.setdefault((file.root.name, file.folder), []).append(file)
        found.skipped += [_skipped_group(files) for files in groups.values()]


class ReadWalk(Walk):
    """A walk that adds files that were only read, within the limits.

    Parameters
    ----------
    places, scope
        As for `Walk`.
    read : sequence of ReadFile
        The files, the smallest first. The ignore rules apply to them.
    """

    def __init__(self, places: Roots, scope: Scope, read: Sequence[ReadFile]) -> None:
        super().__init__(places, scope)
        self._read = read

    def _visit_read(self) -> list[tuple[Root, str]]:
        budget, taken = Budget(), []
        for file in self._read:
            root, relative = file.root, file.relative
            entry = Entry.at(root, relative, relative)
            # Files after it are not checked: each may be a request to the page.
            size = file.size if budget.is_full else self._size_of_read(entry)
            if size is not None and budget.takes(file, size) and self._visit(entry):
                taken.append((root, relative))
        budget.report(self._found)
        return taken

    def _size_of_read(self, entry: Entry) -> int | None:
        """Return the size of a file that was read, or None if the rules exclude it."""
        if entry.location in self._seen or (
            entry.location.endswith(sqlite.SIDECARS) and sqlite.is_sidecar(entry.path)
        ):
            return None
        try:
            status = os.lstat(entry.location)
            if not stat.S_ISREG(status.st_mode) or self._is_excluded(entry, is_folder=False):
                return None
            # Smaller files are checked when they are visited.
            if status.st_size > LIMIT and self._is_large_bundle(entry, status):
                self._exclude(entry, BUNDLES)
                return None
        except OSError as error:
            # A deleted file is not reported.
            self._skip_unreadable(entry, "be read", error)
            return None
        return status.st_size

    @staticmethod
    def _is_large_bundle(entry: Entry, status: os.stat_result) -> bool:
        # The name first: opening a large file of the drive requests all of it from the page.
        return (
            entry.location.endswith(".zip")
            and not sqlite.is_database(entry.path, status.st_size)
            and is_bundle_file(entry.path)
        )


def _skipped(file: ReadFile, reason: str) -> Skipped:
    return Skipped(
        file.label, f"{size_text(file.size)}; {reason}", _advice([file.label]), _place(file)
    )


def _skipped_group(files: Sequence[ReadFile]) -> Skipped:
    first, rest = files[0], len(files) - 1
    if not rest:
        return _skipped(first, _TOO_MUCH)
    size = size_text(sum(file.size for file in files))
    labels = [file.label for file in files[:_SHOWN]]
    asked = [first.root.show(first.folder.rstrip("/"))] if first.folder else labels
    return Skipped(
        f"{first.label} and {rest:,} more beside it",
        f"{size} in all; {_TOO_MUCH}",
        _advice(asked),
        _place(first),
    )


def _place(file: ReadFile) -> str:
    return f"{file.root.name}/{readable(file.relative)}"


def _advice(labels: list[str]) -> str:
    return f"Add it with include={labels!r}."
