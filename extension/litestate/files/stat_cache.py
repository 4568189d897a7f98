"""The stat cache: results of a walk for files that have not changed since."""

from __future__ import annotations

import os
import time

from ..platform import IN_BROWSER
from .survey_items import Item

RACY = 10_000_000 if IN_BROWSER else 2_000_000_000
"""Nanoseconds. A file that is written again so soon may keep its time, so its stat is not cached
("racy git", https://git-scm.com/docs/racy-git). Times in the browser's memory are whole
milliseconds. FAT has the coarsest times of all file systems in use: two seconds."""

Stamp = tuple[int, ...]


class StatCache:
    """Results that later walks with the same scope use again.

    A later walk returns the same `Item` object for an unchanged file.

    Attributes
    ----------
    fit : list of str or None
        Member names of the last walk, if a bundle may hold all of them.
    """

    def __init__(self) -> None:
        self.fit: list[str] | None = None
        self._items: dict[str, tuple[Stamp, Item]] = {}
        self._rules: dict[str, int] = {}

    def recall(self, path: str, status: os.stat_result) -> Item | None:
        """Return the cached item of a path, if its stat is unchanged."""
        known = self._items.get(path)
        if known is None or known[0] != _stamp(path, status, known[1]):
            return None
        return known[1]

    def forget(self, path: str) -> None:
        """Read a file again in the next walk, even if its stat is unchanged."""
        self._items.pop(path, None)

    def store(self, path: str, status: os.stat_result, item: Item) -> None:
        """Store an item, unless its times are too recent to show the next change."""
        stamp = _stamp(path, status, item)
        if _newest(stamp) < time.time_ns() - RACY:
            self._items[path] = stamp, item
        else:
            self._items.pop(path, None)

    def rule(self, name: str) -> int | None:
        """Return the index of the rule that excludes a name, -1 for no rule, None if unknown."""
        return self._rules.get(name)

    def store_rule(self, name: str, index: int) -> None:
        """Store the index of the rule that excludes a name."""
        self._rules[name] = index


def _stamp(path: str, status: os.stat_result, item: Item) -> Stamp:
    stamp = _fields(status)
    if item.root.mended:
        # Closed files get another inode number after each cell.
        stamp = (*stamp[:3], 0, *stamp[4:])
    if item.kind == "database":
        # A commit may be in the log only. The log's index (-shm) changes with every reader.
        for suffix in ("-wal", "-journal"):
            try:
                stamp += _fields(os.lstat(path + suffix))
            except FileNotFoundError:
                stamp += (0, 0, 0, 0, 0)
    return stamp


def _fields(status: os.stat_result) -> Stamp:
    return (
        status.st_mtime_ns,
        # It also changes when the other time is set back. On Windows it is the time of creation.
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
    )


def _newest(stamp: Stamp) -> int:
    return max(*stamp[0::5], *stamp[1::5])
