"""Files of the notebook's folder that were only read: which of them a bundle takes in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import names
from .items import Survey
from .manifest import Skipped
from .places import Places, Root
from .report.words import size_text

LIMIT = 20_000_000
"""Bytes of one file that was only read, up to which it is saved without being asked for. It is a
table of half a million rows; a bundle with it can still be sent by mail."""

TOTAL = 100_000_000
"""Bytes of all such files together."""

COUNT = 1_000
"""How many such files are saved, and looked at."""

_SHOWN = 10
"""Files that are named one by one."""

_TOO_MUCH = f"files that were only read are saved up to {size_text(TOTAL)} in all"

_COMPILED = re.compile(r"(?P<folder>.*?)__pycache__/(?P<name>[^/.]+)\.[^/]*\.pyc$")


@dataclass(frozen=True)
class ReadFile:
    """A file that a program has read and none has written.

    Attributes
    ----------
    root, relative : Root, str
        Where it is.
    size : int
        Bytes that it had then.
    """

    root: Root
    relative: str
    size: int

    @property
    def label(self) -> str:
        """Path as a person would write it."""
        return self.root.show(self.relative)

    @property
    def folder(self) -> str:
        """The folder above it, with ``/`` at its end; empty for the root."""
        above, slash, _ = self.relative.rpartition("/")
        return above + slash


def read_files(places: Places) -> list[ReadFile]:
    """Return what programs have read below the roots and not written, the smallest first."""
    found: dict[tuple[str, str], ReadFile] = {}
    for root in places.roots:
        if root.mended is None:
            continue
        sizes = {_source(path): size for path, size in root.mended.read()}
        for path, relative in root.relative_paths(sizes):
            found[root.name, relative] = ReadFile(root, relative, sizes[path])
    return sorted(found.values(), key=lambda file: (file.size, file.relative))


def _source(path: str) -> str:
    """Return the module that a compiled one was made from: that is what belongs to the work."""
    compiled = _COMPILED.fullmatch(path)
    return f"{compiled['folder']}{compiled['name']}.py" if compiled else path


class Budget:
    """Decides which of these files are saved.

    Attributes
    ----------
    left_out : list of (ReadFile, str)
        Those that are not, and why.
    """

    def __init__(self) -> None:
        self.left_out: list[tuple[ReadFile, str]] = []
        self._bytes = 0
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return self._count >= COUNT

    def takes(self, file: ReadFile, size: int) -> bool:
        """Tell whether a file of so many bytes is saved; note why, if it is not."""
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
        """Name what was left out, with the line that takes it in."""
        by_size = sorted(self.left_out, key=lambda each: -each[0].size)
        found.skipped += [_skipped(file, reason) for file, reason in by_size[:_SHOWN]]
        groups: dict[tuple[str, str], list[ReadFile]] = {}
        for file, _ in by_size[_SHOWN:]:
            groups.setdefault((file.root.name, file.folder), []).append(file)
        found.skipped += [_skipped_group(files) for files in groups.values()]


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
    return f"{file.root.name}/{names.readable(file.relative)}"


def _advice(labels: list[str]) -> str:
    return f"Add it with include={labels!r}."
