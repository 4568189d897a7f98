"""Record of who last wrote each file in the notebook's folder.

Other notebooks, editors, Git and uploads write to the same folder, and a restore must not remove
their files. In the site, the drive records which notebook wrote last. Plain Python has no such
record: a file that changed while a cell of this notebook ran counts as the notebook's own, and the
entries of checkpoints mark the others (docs/checkpoint-format.md, 4.2).
"""

from __future__ import annotations

import bisect
import heapq
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from typing import Any, Literal

from ..bundle.manifest import KERNEL_KINDS
from ..files.survey_items import Item, parents
from ..host.roots import Roots
from ..platform import IN_BROWSER, ipython_shell
from ..sqlite import SIDECARS
from .store.entries import Entry

Writer = Literal["own", "other", "unknown"]

BY = "by"
"""Key in an entry's details: the writer, if it was not this notebook."""

_PROBES = 50
"""Number of recently changed files and folders whose times are read when a cell begins or ends."""

_COARSE = 5
"""CLOCK_REALTIME_COARSE (linux/time.h): the clock for the times of inodes, at its last tick."""

_JUST_NOW = 0.02
"""Seconds: two ticks of 10 ms, the longest ones (Linux with 100 Hz)."""

_LONGEST_TICK = 0.1
"""Seconds: a busy machine misses ticks."""

_MOST_CELLS = 10_000
"""Cells whose times are remembered."""


class Ownership:
    """Writers of the files of one notebook.

    Parameters
    ----------
    name : str
        Name of the notebook.
    roots : callable
        Returns the root folders.
    touched : callable
        Returns the paths on the drive, below its root, that this kernel has written or deleted.
    """

    def __init__(
        self, name: str, roots: Callable[[], Roots], touched: Callable[[], Set[str]]
    ) -> None:
        self._name = name
        self._roots = roots
        self._touched = touched
        self._known: Mapping[str, Entry] = {}
        self._since = time.time() if IN_BROWSER else _wait_for_clock()
        self._cells: list[tuple[float, float]] = []
        self._running: float | None = None
        self._probes: list[Entry] = []

    def cell(self, *, is_over: bool) -> None:
        """Record that a cell begins, or that it has ended."""
        if IN_BROWSER:
            return
        boundary = self._boundary()
        if self._running is not None:
            self._cells.append((self._running, boundary))
            del self._cells[:-_MOST_CELLS]
        self._running = None if is_over else boundary

    def has_touched(self, relative: str) -> bool:
        """Tell whether this kernel has written or deleted something on the drive."""
        return relative in self._touched()

    def writer(self, item: Item) -> Writer:
        """Return who wrote an item."""
        if item.root.on_drive:
            return self._on_drive(item)
        # The home folder is in the memory of this kernel.
        return "own" if IN_BROWSER else self._by_time(item)

    def details(self, item: Item) -> dict[str, Any]:
        """Return the writer of an item as details for its entry."""
        if IN_BROWSER or item.root.on_drive:
            return {}
        by = self._by_time(item)
        return {} if by == "own" else {BY: by}

    def settle(self, tree: Mapping[str, Entry]) -> None:
        """Remember the entries of the newest checkpoint."""
        self._known = tree
        if not IN_BROWSER:
            files = (entry for entry in tree.values() if entry.kind not in KERNEL_KINDS)
            self._probes = heapq.nlargest(_PROBES, files, key=lambda entry: entry.mtime_ns)

    def _on_drive(self, item: Item) -> Writer:
        mtime = None if item.kind == "directory" else item.mtime_ns / 1e9
        name = item.root.writer(item.relative, mtime)
        if name == "":
            # An older litestate did not record it, or the drive is not mended.
            return "own" if self.has_touched(item.relative) else "unknown"
        # Files that were uploaded, edited in the page or shipped by the site have no writer.
        return "own" if name == self._name else "other"

    def _by_time(self, item: Item) -> Writer:
        known = self._known.get(item.place)
        if item.kind == "directory" and known is not None and known.kind == "directory":
            # The time of a folder changes with each file that is created in it.
            return _of_entry(known)
        at = _changed_at(item)
        if known is not None and at < self._since:
            same = (known.kind, known.mtime_ns) == (item.kind, item.mtime_ns)
            return _of_entry(known) if same else "unknown"
        if at < self._since:
            at = self._put_there_at(item)
        if at < self._since:
            return "unknown"
        # A program counts as one long cell.
        return "own" if ipython_shell() is None or self._in_a_cell(at) else "other"

    def _put_there_at(self, item: Item) -> float:
        """Return when a new folder above an item appeared, as by renaming; 0 if none did."""
        for parent in parents(item.relative):
            if f"{item.root.name}/{parent}" not in self._known:
                return _stamp(os.fspath(item.root.target(parent)))
        return 0.0

    def _in_a_cell(self, at: float) -> bool:
        if self._running is not None and at >= self._running:
            return True
        at_index = bisect.bisect_right(self._cells, (at, math.inf)) - 1
        return at_index >= 0 and at <= self._cells[at_index][1]

    def _boundary(self) -> float:
        """Return a time between all changes so far and all later ones."""
        tick = _tick()
        # Changes before the last boundary are already on its other side.
        recent = max(tick - _JUST_NOW, self._cells[-1][1] if self._cells else 0.0)
        if all(_stamp(path) < recent for path in self._probed()):
            return max(tick, recent)
        return _wait_for_clock()

    def _probed(self) -> Iterator[str]:
        roots = {root.name: root for root in self._roots().roots}
        yield from (os.fspath(root.path) for root in roots.values())
        for entry in self._probes:
            if entry.root in roots:
                path = os.fspath(roots[entry.root].target(entry.relative))
                yield from (path + suffix for suffix in _suffixes(entry.kind))


def _of_entry(entry: Entry) -> Writer:
    by = entry.details.get(BY)
    return "own" if by is None else "other" if by == "other" else "unknown"


def _changed_at(item: Item) -> float:
    """Return when an item or its attributes last changed (seconds since 1970)."""
    return max(_stamp(os.fspath(item.path) + suffix) for suffix in _suffixes(item.kind))


def _suffixes(kind: str) -> tuple[str, ...]:
    # Committed rows may be in the log of a database only.
    return ("", "-wal", "-journal") if kind == "database" else ("",)


def _stamp(path: str) -> float:
    try:
        status = os.lstat(path)
    except OSError:
        return 0.0
    # ctime changes also when mtime is set back. SQLite changes the ctime of a log when root opens
    # it to read.
    is_log = path.endswith(SIDECARS)
    return (status.st_mtime_ns if is_log else max(status.st_mtime_ns, status.st_ctime_ns)) / 1e9


def _wait_for_clock() -> float:
    """Return the time, once the clock of file systems, which is a tick behind, has reached it."""
    now, end = time.time(), time.monotonic() + _LONGEST_TICK
    while _tick() < now and time.monotonic() < end:
        time.sleep(0.0005)
    return now


def _tick() -> float:
    """Return the time that a file written now would get, or an earlier one."""
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime_ns(_COARSE) / 1e9
    return time.time()
