"""Random work on two folders side by side; this file runs inside the kernel.

What one folder of MEMFS does is what is expected of one on the drive. Left out, since the drive
cannot have it or MEMFS does not do as POSIX says:

- symbolic links: the drive has none (and this Python has no ``os.link``);
- times of folders: a folder of the drive has none of its own;
- ``st_ino``, ``st_nlink``, ``st_blocks`` and access times: MEMFS makes them up.
"""

# The functions of `os` are what is tested.
# ruff: noqa: PTH101, PTH102, PTH103, PTH104, PTH105, PTH106, PTH108, PTH109, PTH115, PTH116, PTH118, PTH123, PTH208
from __future__ import annotations

import asyncio
import base64
import errno
import mmap
import os
import random
import shutil
import stat
import time
from collections.abc import Callable, Iterator
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


class Side:
    """One of the two folders, and what is open in it.

    Parameters
    ----------
    root : str
        The folder.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.open: dict[int, int] = {}
        self.maps: dict[int, tuple[mmap.mmap, int]] = {}

    def do(self, operation: Operation) -> tuple[str, Any]:
        """Do one operation; return its value or the name of its error."""
        verb, *arguments = operation
        try:
            return "value", getattr(self, f"do_{verb}")(*arguments)
        except OSError as error:
            return "error", errno.errorcode.get(error.errno or 0, type(error).__name__)
        except (KeyError, ValueError, TypeError) as error:
            # A descriptor that is not open; a map that is too short or only for reading.
            return "error", type(error).__name__

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def close(self) -> None:
        for number in list(self.maps):
            self.do_map_close(number)
        for slot in list(self.open):
            os.close(self.open.pop(slot))

    # Descriptors

    def do_open(self, slot: int, name: str, flags: int, mode: int) -> None:
        opened = os.open(self.path(name), flags, mode)
        if flags & os.O_TRUNC:
            # As POSIX has it; MEMFS forgets it, here and below, if the file was empty.
            os.utime(opened)
        self.do_close_if_open(slot)
        self.open[slot] = opened

    def do_close_if_open(self, slot: int) -> None:
        if slot in self.open:
            os.close(self.open.pop(slot))

    def do_close(self, slot: int) -> None:
        os.close(self.open.pop(slot))

    def do_dup(self, slot: int, to: int) -> None:
        copy = os.dup(self.open[slot])
        self.do_close_if_open(to)
        self.open[to] = copy

    def do_read(self, slot: int, size: int) -> bytes:
        return os.read(self.open[slot], size)

    def do_pread(self, slot: int, size: int, at: int) -> bytes:
        return os.pread(self.open[slot], size, at)

    def do_write(self, slot: int, data: bytes) -> int:
        return os.write(self.open[slot], data)

    def do_pwrite(self, slot: int, data: bytes, at: int) -> int:
        return os.pwrite(self.open[slot], data, at)

    def do_seek(self, slot: int, to: int, whence: int) -> int:
        return os.lseek(self.open[slot], to, whence)

    def do_ftruncate(self, slot: int, size: int) -> None:
        os.ftruncate(self.open[slot], size)
        os.utime(self.open[slot])

    def do_fsync(self, slot: int) -> None:
        os.fsync(self.open[slot])

    def do_fstat(self, slot: int) -> list[int]:
        status = os.fstat(self.open[slot])
        return [status.st_size, status.st_mode]

    def do_fchmod(self, slot: int, mode: int) -> None:
        os.fchmod(self.open[slot], mode)

    # Maps

    def do_map(self, number: int, name: str, size: int, access: int) -> None:
        opened = os.open(self.path(name), os.O_RDWR)
        try:
            new = mmap.mmap(opened, size, access=access)
        except BaseException:
            os.close(opened)
            raise
        if number in self.maps:
            self.do_map_close(number)
        self.maps[number] = new, opened

    def do_map_read(self, number: int, at: int, size: int) -> bytes:
        return self.maps[number][0][at : at + size]

    def do_map_write(self, number: int, at: int, data: bytes) -> None:
        self.maps[number][0].seek(at)
        self.maps[number][0].write(data)

    def do_map_flush(self, number: int) -> None:
        self.maps[number][0].flush()

    def do_map_close(self, number: int) -> None:
        mapped, opened = self.maps.pop(number)
        mapped.close()
        # In Emscripten the map is written to whatever file has this number when it is closed.
        os.close(opened)

    # Paths

    def do_put(self, name: str, mode: str, data: bytes) -> None:
        with open(self.path(name), f"{mode}b") as file:
            file.write(data)
        if mode == "w":
            os.utime(self.path(name))

    def do_get(self, name: str) -> bytes:
        with open(self.path(name), "rb") as file:
            return file.read()

    def do_edit(self, name: str, data: bytes, at: int) -> tuple[bytes, int]:
        with open(self.path(name), "r+b") as file:
            before = file.read()
            file.seek(at)
            file.write(data)
            return before, file.tell()

    def do_truncate(self, name: str, size: int) -> None:
        os.truncate(self.path(name), size)
        os.utime(self.path(name))

    def do_rename(self, name: str, to: str) -> None:
        os.rename(self.path(name), self.path(to))

    def do_replace(self, name: str, to: str) -> None:
        os.replace(self.path(name), self.path(to))

    def do_readlink(self, name: str) -> str:
        return os.readlink(self.path(name))

    def do_unlink(self, name: str) -> None:
        os.unlink(self.path(name))

    def do_mkdir(self, name: str) -> None:
        os.mkdir(self.path(name))

    def do_makedirs(self, name: str) -> None:
        os.makedirs(self.path(name), exist_ok=True)

    def do_rmdir(self, name: str) -> None:
        os.rmdir(self.path(name))

    def do_rmtree(self, name: str) -> None:
        shutil.rmtree(self.path(name))

    def do_copy(self, name: str, to: str) -> None:
        shutil.copyfile(self.path(name), self.path(to))
        os.utime(self.path(to))

    def do_list(self, name: str) -> list[str]:
        return sorted(os.listdir(self.path(name)))

    def do_scan(self, name: str) -> list[Any]:
        with os.scandir(self.path(name)) as entries:
            return sorted(
                [entry.name, entry.is_dir(), 0 if entry.is_dir() else entry.stat().st_size]
                for entry in entries
            )

    def do_stat(self, name: str) -> list[Any]:
        return _status(self.path(name))

    def do_lstat(self, name: str) -> int:
        return os.lstat(self.path(name)).st_mode

    def do_utime(self, name: str, when: float) -> None:
        os.utime(self.path(name), (when, when))

    def do_chmod(self, name: str, mode: int) -> None:
        os.chmod(self.path(name), mode)

    def do_access(self, name: str, mode: int) -> bool:
        return os.access(self.path(name), mode)

    def do_chdir(self, name: str) -> list[str]:
        back = os.getcwd()
        try:
            os.chdir(self.path(name))
            return sorted(os.listdir("."))
        finally:
            os.chdir(back)

    def do_tree(self) -> dict[str, list[Any]]:
        return tree(self.root)


def _status(path: str) -> list[Any]:
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        return [status.st_mode]
    # The two sides are written one after the other, so "now" is all that can be compared.
    changed = "now" if abs(status.st_mtime - time.time()) < 3600 else status.st_mtime
    return [status.st_mode, status.st_size, changed]


def tree(root: str) -> dict[str, list[Any]]:
    """Return the status and the content of everything in a folder."""
    found: dict[str, list[Any]] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = _status(path)
            if name in files:
                with open(path, "rb") as file:
                    found[os.path.relpath(path, root)].append(
                        base64.b64encode(file.read()).decode()
                    )
    return found


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
        # Something is there to work on.
        yield ("mkdir", self.folders[0])
        yield ("put", self.files[0], "w", self.data())
        kinds = list(CHOICES)
        weights = [CHOICES[kind] for kind in kinds]
        for _ in range(count):
            kind = self.random.choices(kinds, weights)[0]
            yield (kind, *getattr(self, f"_{kind}", self._name_only)())

    def name(self) -> str:
        """Return a path: mostly of a file, sometimes of a folder, sometimes of neither."""
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
        # Nothing here is refused for lack of rights, in folders neither.
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


async def differ(
    operations: list[Operation], drive: str, memory: str, left: list[Side] | None = None
) -> str:
    """Do the operations in two new folders.

    Parameters
    ----------
    operations : list of tuple
        What to do.
    drive, memory : str
        The folders; they must not exist.
    left : list of Side, optional
        What is to stay open at the end is put here; without it, all is closed.

    Returns
    -------
    str
        The first difference, or nothing.
    """
    sides = [Side(drive), Side(memory)]
    for side in sides:
        os.mkdir(side.root)
    try:
        for number, operation in enumerate([*operations, ("tree",)]):
            if operation[0] == "turn":
                await asyncio.sleep(0)
                continue
            here, there = (side.do(operation) for side in sides)
            if here != there:
                return f"{number}: {_short(operation)}: {_difference(here, there)}"
        return ""
    finally:
        if left is None:
            for side in sides:
                side.close()
        else:
            left.extend(sides)


def _difference(here: Any, there: Any) -> str:
    if here[0] == there[0] == "value" and isinstance(here[1], dict):
        drive, memory = here[1], there[1]
        names = [name for name in {**drive, **memory} if drive.get(name) != memory.get(name)]
        here, there = ({name: side.get(name) for name in names} for side in (drive, memory))
    return f"the drive gave {_short(here)}, memory {_short(there)}"


def _short(value: Any) -> str:
    if isinstance(value, bytes | str):
        return repr(value) if len(value) < 120 else f"{value[:12]!r}…({len(value)})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_short, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_short(item)}' for key, item in value.items())}}}"
    return repr(value)


async def shrink(
    operations: list[Operation], fails: Callable[[list[Operation]], Any], seconds: float
) -> list[Operation]:
    """Leave out what a failure does not need.

    Parameters
    ----------
    operations : list of tuple
        Operations that fail.
    fails : function
        Awaited with operations, it tells whether these fail, too.
    seconds : float
        When to stop.
    """
    end = time.monotonic() + seconds
    step = len(operations) // 2
    while step:
        at = 0
        while at < len(operations) and time.monotonic() < end:
            fewer = operations[:at] + operations[at + step :]
            if await fails(fewer):
                operations = fewer
            else:
                at += step
        step //= 2
    return operations


async def compare(
    seed: int, count: int, root: str, other: str, left: list[Side] | None = None
) -> str:
    """Do the work of one seed in ``root`` and ``other``; return what is to be said of a failure.

    The folders are ``root/<seed>`` and ``other/<seed>``, and stay.
    """
    operations = list(Generator(seed).operations(count))
    found = await differ(operations, f"{root}/{seed}", f"{other}/{seed}", left)
    if not found:
        return ""
    tried = 0

    async def fails(fewer: list[Operation]) -> bool:
        nonlocal tried
        tried += 1
        return bool(await differ(fewer, f"{root}/{seed}-{tried}", f"{other}/{seed}-{tried}"))

    fewest = await shrink(operations[: int(found.split(":")[0]) + 1], fails, 20)
    again = await differ(fewest, f"{root}/{seed}-again", f"{other}/{seed}-again")
    steps = "\n".join(f"  {_short(operation)}" for operation in fewest)
    return f"seed {seed}: {found}\nsmallest:\n{steps}\n{again}"
