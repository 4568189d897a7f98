"""The processes of a browser, found in /proc."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def family(process: int) -> list[int]:
    """Return a process, its children, and theirs."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _status(int(folder.name)):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found


def of_profile(profile: Path) -> list[int]:
    """Return the living processes whose command line names a profile."""
    mark = os.fsencode(f"--user-data-dir={profile}")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # Chromium's children rewrite theirs, with spaces between the words.
            named = mark in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if named:
            found.append(int(folder.name))
    return found


def _status(process: int) -> list[str]:
    """Return its state, its parent, and more; nothing if it has ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return []
    # The name before them is in brackets and may hold anything.
    return text.rpartition(")")[2].split()


def is_alive(process: int) -> bool:
    """Return whether a process is still running."""
    fields = _status(process)
    return bool(fields) and fields[0] not in "ZX"


def end_browser(processes: Iterable[int], profile: Path) -> None:
    """Kill these processes of a profile's browser, and check that none is left."""
    processes = list(processes)
    end(processes)
    deadline = time.monotonic() + 10
    while left := {*filter(is_alive, processes), *of_profile(profile)}:
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes {left} of the browser cannot be killed")
        end(left)
        time.sleep(0.01)


def kill_browser(profile: Path, chance: random.Random) -> None:
    """Kill all processes of a profile's browser, in any order, and check that none is left."""
    processes = sorted({each for main in of_profile(profile) for each in family(main)})
    # Each of them may be the first to miss another.
    chance.shuffle(processes)
    end_browser(processes, profile)


def end(processes: Iterable[int]) -> None:
    """Kill processes with SIGKILL, in this order."""
    for process in processes:
        # It may have ended with another.
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
