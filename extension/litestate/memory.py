"""What a walk found out about files, so that the next one need not look into them again."""

from __future__ import annotations

import os
import time

from .items import Item
from .platform import IN_BROWSER

RACY = 10_000_000 if IN_BROWSER else 2_000_000_000
"""Nanoseconds. A file that was written so shortly before it was looked at may be written once more
without another time: its stat says nothing then, and it is looked at again next time ("racy git",
https://git-scm.com/docs/racy-git). Times in the browser's memory are whole milliseconds; FAT counts
two seconds, and no other file system that is in use counts coarser."""

Stamp = tuple[int, ...]


class Memory:
    """What is known from one walk to the next, always with the same scope.

    An `Item` that a later walk finds again as the same object is unchanged.

    Attributes
    ----------
    fit : list of str or None
        Names of which the last walk had found that a bundle may hold them all.
    """

    def __init__(self) -> None:
        self.fit: list[str] | None = None
        self._items: dict[str, tuple[Stamp, Item]] = {}
        self._rules: dict[str, int] = {}

    def recall(self, path: str, status: os.stat_result) -> Item | None:
        """Return what was found at a path if nothing there has changed since."""
        known = self._items.get(path)
        if known is None or known[0] != _stamp(path, status, known[1]):
            return None
        return known[1]

    def forget(self, path: str) -> None:
        """Look into a file again, whatever its times say."""
        self._items.pop(path, None)

    def keep(self, path: str, status: os.stat_result, item: Item) -> None:
        """Remember what was found, unless its times are too young to tell the next change."""
        stamp = _stamp(path, status, item)
        if _youngest(stamp) < time.time_ns() - RACY:
            self._items[path] = stamp, item
        else:
            self._items.pop(path, None)

    def rule(self, name: str) -> int | None:
        """Return which rule leaves a name out: its index, -1 for none, None if not known yet."""
        return self._rules.get(name)

    def keep_rule(self, name: str, index: int) -> None:
        """Remember which rule leaves a name out."""
        self._rules[name] = index


def _stamp(path: str, status: os.stat_result, item: Item) -> Stamp:
    stamp = _of(status)
    if item.root.mended:
        # Files that nobody has open are found anew after each cell, with another number.
        stamp = (*stamp[:3], 0, *stamp[4:])
    if item.kind == "database":
        # What was committed may be in the log only. The log's index changes when somebody reads.
        for suffix in ("-wal", "-journal"):
            try:
                stamp += _of(os.lstat(path + suffix))
            except FileNotFoundError:
                stamp += (0, 0, 0, 0, 0)
    return stamp


def _of(status: os.stat_result) -> Stamp:
    return (
        status.st_mtime_ns,
        # Changes also when the other time is set back. On Windows it is the time of creation.
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
    )


def _youngest(stamp: Stamp) -> int:
    return max(*stamp[0::5], *stamp[1::5])
