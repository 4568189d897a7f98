"""Generations that are saved until the browser is killed, and a check that one is complete.

Runs in the page's kernel. All content of generation ``n`` contains ``n`` and can be computed from
``n`` alone, so that a mixture, a torn file or a database of another time is detected.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Protocol

FOLDER = Path.home() / "work"
FILES = 6
SMALLEST, LARGEST = 1 << 10, 5 << 20
BLOCK, BLOCKS = 64 << 10, 40
"""Of the file of which a part changes: bytes, and how many."""

ROW = 300
"""Bytes of the row that each generation adds to the database."""

COMPACT_EVERY = 5
"""Generations."""

_POOL = random.Random(20261122).randbytes(3 * LARGEST)
"""What all files consist of."""

Report = Callable[..., Awaitable[None]]


class Store(Protocol):
    """A store of generations."""

    async def open(self) -> list[str]:
        """Open it; return its messages about what it found."""

    def restore(self) -> bool:
        """Put the newest generation into `FOLDER`; return whether one exists."""

    def save(self, number: int) -> None:
        """Store `FOLDER`, durably before it returns."""

    def compact(self) -> None:
        """Rewrite the stored content."""


async def run(store_name: str, report: Report) -> None:
    """Check the result of the last run, and save generations until the browser is killed.

    Parameters
    ----------
    store_name : str
        The module of the store.
    report : callable
        Reports to the test. A generation counts as acknowledged when the test has its report.
    """
    store: Store = import_module(store_name).Store()
    said = await store.open()
    number, problems = 0, []
    try:
        if store.restore():
            number, problems = found()
    except Exception as error:
        # The test needs a report of every error.
        problems = [f"{type(error).__name__}: {error}"]
    await report(kind="opened", number=number, problems=problems, said=said)
    while not problems:
        number += 1
        write(number)
        await report(kind="saving", number=number)
        store.save(number)
        await report(kind="acknowledged", number=number)
        if number % COMPACT_EVERY == 0:
            await report(kind="compacting", number=number)
            store.compact()
            await report(kind="compacted", number=number)


def write(number: int) -> None:
    """Make the next generation in `FOLDER`."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in contents(number).items():
        (FOLDER / name).write_bytes(content)
    with closing(sqlite3.connect(FOLDER / "data.sqlite")) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS generations (number INTEGER, content BLOB)")
        row = (number, _bytes(f"row {number}", ROW))
        database.execute("INSERT INTO generations VALUES (?, ?)", row)


def contents(number: int) -> dict[str, bytes]:
    """Return the files of a generation."""
    made = {f"{index}.bin": _file(number, index) for index in range(FILES)}
    # A large one, of which only the head and one block are new each time.
    latest = (number - (number - index) % BLOCKS for index in range(BLOCKS))
    blocks = [_bytes(f"block {max(each, 0)}", BLOCK) for each in latest]
    made["part.bin"] = _head(number) + b"".join(blocks)
    return made


def found() -> tuple[int, list[str]]:
    """Check the content of `FOLDER`.

    Returns
    -------
    int
        The generation of the first file.
    list of str
        Everything that does not belong to that generation.
    """
    first = (FOLDER / "0.bin").read_bytes()
    number = _number(first)
    if number is None:
        return 0, [f"0.bin begins with {first[:30]!r}"]
    expected = contents(number)
    there = {path.name for path in FOLDER.iterdir()}
    problems = [
        f"there should be {sorted(expected)} and data.sqlite, there is {sorted(there)}"
        for _ in range(there != {*expected, "data.sqlite"})
    ]
    for name in sorted(there & set(expected)):
        content = (FOLDER / name).read_bytes()
        if content != expected[name]:
            its = _number(content)
            problems.append(
                f"{name} is torn ({len(content)} of {len(expected[name])} bytes)"
                if its == number
                else f"{name} is of generation {its}, 0.bin of {number}"
            )
    return number, problems + _database_problems(number)


def _database_problems(number: int) -> list[str]:
    try:
        with closing(sqlite3.connect(FOLDER / "data.sqlite")) as database:
            ((state,),) = database.execute("PRAGMA integrity_check").fetchall()
            rows = database.execute("SELECT number, content FROM generations").fetchall()
    except sqlite3.Error as error:
        return [f"data.sqlite: {error}"]
    problems = [] if state == "ok" else [f"data.sqlite: {state}"]
    if rows != [(each, _bytes(f"row {each}", ROW)) for each in range(1, number + 1)]:
        problems.append(f"data.sqlite holds {len(rows)} generations and should hold {number}")
    return problems


def _file(number: int, index: int) -> bytes:
    chance = random.Random(f"size {number} {index}")
    # As many small ones as large ones.
    size = round(SMALLEST * (LARGEST / SMALLEST) ** chance.random())
    head = _head(number)
    return head + _bytes(f"file {number} {index}", size - len(head))


def _head(number: int) -> bytes:
    return f"generation {number:10}\n".encode()


def _number(content: bytes) -> int | None:
    word, _, rest = content[:21].partition(b" ")
    return int(rest) if word == b"generation" and rest.strip().isdigit() else None


def _bytes(seed: str, size: int) -> bytes:
    # A part of a large one: to make megabytes anew would take longer than to save them, and the
    # kills are meant to land in saves.
    start = random.Random(seed).randrange(len(_POOL) - size)
    return _POOL[start : start + size]
