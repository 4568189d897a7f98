"""Random operations on files, as lists of plain values; this file runs inside the kernel."""

from __future__ import annotations

import mmap
import os
import random
from collections.abc import Iterator
from typing import Any

NAMES = (
    "a.txt",
    "b",
    "data.json",
    "n.ipynb",
    "p.png",
    "100%.csv",
    "%41",
    "a%20b",
    "％",
    "５％ full.txt",
    "# 1",
    "why?.txt",
    "a b  c",
    " lead",
    "trail.",
    "Übersicht ü",
    "u\u0308",
    "漢字 🎈.txt",
    "a&b=c;d+e",
    'it\'s "it"',
    "<i>~$@!^*()[]{},",
    ".hidden",
    "...",
    "back\\slash",
    "C:|x",
    "content",
    "l" * 100,
    "é" * 100,
)
"""Names that something between the kernel and the browser's storage may take for its own."""

SLOTS = 3
"""Descriptors that may be open at once."""

Operation = tuple[Any, ...]


class Generator:
    """Random operations on a few names, so that they meet.

    Parameters
    ----------
    seed : int
        The same seed gives the same operations.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.files = self.random.sample(NAMES, 4)
        self.folders = self.random.sample(NAMES, 3)
        self.slots: list[int] = [0]

    def operations(self, count: int) -> Iterator[Operation]:
        """Yield that many operations."""
        # Something to work on.
        yield ("mkdir", self.folders[0])
        yield ("put", self.files[0], "w", self.data())
        kinds = list(CHOICES)
        weights = [CHOICES[kind] for kind in kinds]
        for _ in range(count):
            kind = self.random.choices(kinds, weights)[0]
            yield (kind, *getattr(self, f"_{kind}", self._name_only)())

    def name(self) -> str:
        """Return a path: mostly of a file, sometimes of a folder or of nothing."""
        chosen = self.random.random()
        if chosen < 0.5:
            return self.random.choice(self.files)
        if chosen < 0.7:
            return self.random.choice(self.folders)
        return f"{self.random.choice(self.folders)}/{self.name()}"

    def folder(self) -> str:
        """Return a path that is mostly a folder's."""
        if self.random.random() < 0.2:
            return self.name()
        depth = self.random.choice((1, 1, 2))
        return "/".join(self.random.choice(self.folders) for _ in range(depth))

    def data(self) -> bytes:
        """Return some bytes, often not of text."""
        size = self.random.choice((0, 1, 5, 100, 3000, 70_000))
        if self.random.random() < 0.5:
            return (b"text %d\r\n" % self.random.randrange(1000) * (size // 8 + 1))[:size]
        return self.random.randbytes(size)

    def size(self) -> int:
        return self.random.choice((0, 1, 3, 17, 1000, 5000, 66_000))

    def slot(self) -> int:
        """Return a descriptor's number, of one that was opened if all went well."""
        return self.random.choice(self.slots)

    def new_slot(self) -> int:
        slot = self.random.randrange(SLOTS)
        self.slots.append(slot)
        return slot

    def _name_only(self) -> tuple[Any, ...]:
        return (self.name(),)

    def _open(self) -> tuple[Any, ...]:
        flags = self.random.choice((os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR))
        for flag, share in (
            (os.O_CREAT, 0.7),
            (os.O_EXCL, 0.15),
            (os.O_TRUNC, 0.2),
            (os.O_APPEND, 0.2),
            (os.O_DIRECTORY, 0.03),
        ):
            if self.random.random() < share:
                flags |= flag
        return self.new_slot(), self.name(), flags, self.random.choice((0o644, 0o600, 0o755))

    def _close(self) -> tuple[Any, ...]:
        slot = self.slot()
        self.slots = [other for other in self.slots if other != slot] or [slot]
        return (slot,)

    def _fsync(self) -> tuple[Any, ...]:
        return (self.slot(),)

    _fstat = _fsync

    def _dup(self) -> tuple[Any, ...]:
        return self.slot(), self.new_slot()

    def _read(self) -> tuple[Any, ...]:
        return self.slot(), self.size()

    _ftruncate = _read

    def _pread(self) -> tuple[Any, ...]:
        return self.slot(), self.size(), self.size()

    def _write(self) -> tuple[Any, ...]:
        return self.slot(), self.data()

    def _pwrite(self) -> tuple[Any, ...]:
        return self.slot(), self.data(), self.size()

    def _seek(self) -> tuple[Any, ...]:
        whence = self.random.choice((os.SEEK_SET, os.SEEK_CUR, os.SEEK_END))
        return self.slot(), self.size() * self.random.choice((1, 1, -1)), whence

    def _fchmod(self) -> tuple[Any, ...]:
        return self.slot(), self._mode()

    def _map(self) -> tuple[Any, ...]:
        access = self.random.choice((mmap.ACCESS_READ, mmap.ACCESS_WRITE, mmap.ACCESS_COPY))
        # Mostly the whole file, since no map may be longer than that.
        return 0, self.random.choice(self.files), self.random.choice((0, 0, 0, 17)), access

    def _map_read(self) -> tuple[Any, ...]:
        return 0, self.size(), self.size()

    def _map_write(self) -> tuple[Any, ...]:
        return 0, self.random.choice((0, 0, 1, 50)), self.data()

    def _map_flush(self) -> tuple[Any, ...]:
        return (0,)

    _map_close = _map_flush

    def _put(self) -> tuple[Any, ...]:
        return self.name(), self.random.choice("wwax"), self.data()

    def _edit(self) -> tuple[Any, ...]:
        return self.name(), self.data(), self.size()

    def _truncate(self) -> tuple[Any, ...]:
        return self.name(), self.size()

    def _rename(self) -> tuple[Any, ...]:
        if self.random.random() < 0.3:
            return self.folder(), self.folder()
        return self.name(), self.name()

    _replace = _copy = _rename

    def _mkdir(self) -> tuple[Any, ...]:
        return (self.folder(),)

    _makedirs = _rmdir = _rmtree = _list = _scan = _chdir = _mkdir

    def _utime(self) -> tuple[Any, ...]:
        # Milliseconds: what the browser's clock has.
        return self.name(), self.random.randrange(10**12, 16 * 10**11) / 1000

    def _mode(self) -> int:
        # Nothing is refused for lack of permissions, not even in folders.
        return self.random.choice((0o744, 0o700, 0o755, 0o777))

    def _chmod(self) -> tuple[Any, ...]:
        return self.name(), self._mode()

    def _access(self) -> tuple[Any, ...]:
        return self.name(), self.random.choice((os.F_OK, os.R_OK, os.W_OK))

    def _tree(self) -> tuple[Any, ...]:
        return ()

    _turn = _tree


CHOICES = {
    "open": 20,
    "close": 6,
    "dup": 2,
    "read": 6,
    "pread": 3,
    "write": 10,
    "pwrite": 3,
    "seek": 6,
    "ftruncate": 3,
    "fsync": 2,
    "fstat": 4,
    "fchmod": 1,
    "map": 3,
    "map_read": 2,
    "map_write": 3,
    "map_flush": 2,
    "map_close": 1,
    "put": 8,
    "get": 6,
    "edit": 3,
    "truncate": 2,
    "rename": 7,
    "replace": 3,
    "readlink": 1,
    "unlink": 5,
    "mkdir": 6,
    "makedirs": 2,
    "rmdir": 3,
    "rmtree": 1,
    "copy": 3,
    "list": 3,
    "scan": 3,
    "stat": 4,
    "lstat": 1,
    "utime": 2,
    "chmod": 2,
    "access": 2,
    "chdir": 1,
    "tree": 2,
    "turn": 6,
}
"""Operations, and how often they are chosen."""
