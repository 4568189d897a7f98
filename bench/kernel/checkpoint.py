"""Checkpoints compared with other stores in the browser, in two phases with a reload between."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import load_r
from measure import ROUNDS, contest, timed
from ours import Litestate
from peers import Drive, Idbfs, NativeFs, Zip
from rows import Row, Taken, Target

NEW_FILES = 20
ROWS = 20_000
"""Rows of 1,000 bytes each: a database of 20 MB."""

TARGETS = {
    "nothing": Target(0.015, 0),
    "file": Target(0.030),
    "byte": Target(0.300, 1_500_000),
    "first": Target(1.2),
    "restore": Target(0.600),
    "row": Target(0.060, 100_000),
}
"""Those of issue 4."""


def save() -> list[Row]:
    """Store load R, and changes in it."""
    ours, peers = Litestate(), [Idbfs(), NativeFs()]
    for side in (ours, *peers):
        # All before the first file exists: mountNativeFS reads every existing mount again.
        side.mount()
    load_r.make(ours.folder)
    for side in peers:
        shutil.copytree(ours.folder, side.folder)
    return [
        *_first(ours, peers),
        *contest("nothing changed", ours, peers, _nothing, target=TARGETS["nothing"]),
        *contest("1 of 200 files changed", ours, peers, _file, target=TARGETS["file"]),
        *contest("1 byte of 50 MiB changed", ours, peers, _byte, target=TARGETS["byte"]),
        *_new_files(ours, peers),
        *_database(ours, peers),
    ]


def restore() -> list[Row]:
    """Restore what `save` stored, and verify it."""
    expected = Path("/tmp/expected")
    load_r.make(expected)
    for number in range(ROUNDS):
        _change_file(expected, number)
        _change_byte(expected, number)
    sides = (Litestate(), Idbfs(), NativeFs())
    taken = []
    for side in sides:
        taken.append(Taken([timed(side.fetch)]))
        _same(expected, side.folder)
        side.unmount()
    ours, *theirs = taken
    return [
        Row("restore after a reload", side.name, ours, its, TARGETS["restore"])
        for side, its in zip(sides[1:], theirs, strict=True)
    ]


def _first(ours: Litestate, peers: list[Any]) -> list[Row]:
    archive = Zip(peers[0].folder)
    rows = contest(
        "first, all of it",
        ours,
        [*peers, archive],
        lambda side, _: side.forget(),
        target=TARGETS["first"],
        rounds=3,
    )
    archive.forget()
    return rows


def _new_files(ours: Litestate, peers: list[Any]) -> list[Row]:
    copied = Path("/tmp/copied")
    copied.mkdir()
    drive, archive = Drive(copied), Zip(copied)
    sides = [*peers, drive, archive]

    def prepare(side: Any, number: int) -> None:
        # Two sides share the folder, and both write the same into it.
        for index in range(NEW_FILES):
            content = random.Random(1000 * number + index).randbytes(load_r.SMALL)
            (side.folder / f"new-{index}.bin").write_bytes(content)

    rows = contest(f"{NEW_FILES} files of 256 KiB", ours, sides, prepare, rounds=3)
    drive.remove()
    archive.forget()
    for side in (ours, *peers):
        for path in side.folder.glob("new-*"):
            path.unlink()
        side.store()
    return rows


def _database(ours: Litestate, peers: list[Any]) -> list[Row]:
    for side in (ours, *peers):
        with closing(sqlite3.connect(side.folder / "data.sqlite")) as database, database:
            database.execute("CREATE TABLE measured (id INTEGER PRIMARY KEY, content BLOB)")
            chance = random.Random(4)
            contents = ((chance.randbytes(1000),) for _ in range(ROWS))
            database.executemany("INSERT INTO measured (content) VALUES (?)", contents)
        side.store()
    rows = contest("1 row of a 20 MB database", ours, peers, _row, target=TARGETS["row"])
    for side in (ours, *peers):
        (side.folder / "data.sqlite").unlink()
        side.store()
    return rows


def _nothing(side: Any, number: int) -> None:
    pass


def _file(side: Any, number: int) -> None:
    _change_file(side.folder, number)


def _byte(side: Any, number: int) -> None:
    _change_byte(side.folder, number)


def _row(side: Any, number: int) -> None:
    with closing(sqlite3.connect(side.folder / "data.sqlite")) as database, database:
        changed = (random.Random(number).randbytes(1000), 1 + 3000 * number)
        database.execute("UPDATE measured SET content = ? WHERE id = ?", changed)


def _change_file(folder: Path, number: int) -> None:
    content = random.Random(number).randbytes(load_r.SMALL)
    (folder / f"{number:03}.bin").write_bytes(content)


def _change_byte(folder: Path, number: int) -> None:
    with (folder / "large.bin").open("r+b") as file:
        file.seek((number + 1) * load_r.LARGE // (ROUNDS + 1))
        (old,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([old ^ 255]))


def _same(expected: Path, folder: Path) -> None:
    names = sorted(path.name for path in expected.iterdir())
    if names != sorted(path.name for path in folder.iterdir()):
        raise AssertionError(f"{folder} does not hold the same files as {expected}")
    for name in names:
        if (expected / name).read_bytes() != (folder / name).read_bytes():
            raise AssertionError(f"{folder / name} came back different")
