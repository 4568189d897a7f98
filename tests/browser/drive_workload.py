"""Random work on two folders side by side; this file runs inside the kernel.

A folder of MEMFS defines the expected behavior. Left out, because the drive cannot have it or
MEMFS does not follow POSIX:

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
import shutil
import stat
import time
from collections.abc import Callable
from typing import Any

from drive_operations import Generator, Operation


class Side:
    """One of the two folders, and its open files.

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


async def differ(
    operations: list[Operation], drive: str, memory: str, left: list[Side] | None = None
) -> str:
    """Do the operations in two new folders.

    Parameters
    ----------
    operations : list of tuple
        The operations.
    drive, memory : str
        The folders; they must not exist.
    left : list of Side, optional
        Gets the sides whose files stay open; without it, all files are closed.

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
    """Remove operations that a failure does not need.

    Parameters
    ----------
    operations : list of tuple
        Operations that fail.
    fails : function
        Coroutine function that returns whether the given operations fail, too.
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
    """Run the work of one seed in ``root`` and ``other``; return the description of a failure.

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
