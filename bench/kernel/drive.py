"""Operations in the notebook's folder, and in a folder in memory. Runs in the kernel.

``drives.py`` calls `prepare`, `run` and `clean` in cells of their own, so that the time of a cell
is that of `run` and of what the folder does before the next cell can start.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL, COUNT = 4096, 100
ROWS, WIDTH = 20_000, 1000
"""Rows, and bytes of each: a database of 20 MB."""

COMMITS = 1000
TABLE = 200_000
"""Rows of the data frame: 10 MB as CSV."""

MEMORY = Path("/tmp/in-memory")
DATABASE = "bench.sqlite"
CSV = "bench.csv"


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Work:
    """One operation in the current folder.

    Attributes
    ----------
    run : callable
        The timed part.
    prepare : callable
        The preparation, in another cell.
    is_kept : bool
        Whether the next round continues with the same files.
    """

    run: Callable[[], Any]
    prepare: Callable[[], Any] = _nothing
    is_kept: bool = False


@dataclass
class _State:
    content: bytes = b""
    frame: Any = None
    connection: sqlite3.Connection | None = None


_state = _State()


def prepare(name: str) -> None:
    """Prepare the current folder."""
    WORKS[name].prepare()


def run(name: str) -> dict[str, Any]:
    """Run and time the operation.

    Returns
    -------
    dict
        ``seconds``, or why it ``failed``.
    """
    start = time.perf_counter()
    try:
        WORKS[name].run()
    except (OSError, sqlite3.Error) as error:
        return {"failed": str(error)}
    return {"seconds": time.perf_counter() - start}


def digests() -> dict[str, str]:
    """Return the SHA-256 that each file of the bench in the current folder should have."""
    found = {path.name: _digest(path.read_bytes()) for path in Path().glob("bench*")}
    if _state.connection:
        # Another open file may see something else than the committed content.
        found[DATABASE] = _digest(_state.connection.serialize())
    return found


def clean(name: str, *, is_last: bool) -> None:
    """Remove the bench's files from the current folder, unless they are needed again."""
    if _state.connection:
        _state.connection.close()
        _state.connection = None
    if WORKS[name].is_kept and not is_last:
        return
    for path in Path().glob("bench*"):
        path.unlink()


def in_memory() -> None:
    """Change to a folder in memory."""
    MEMORY.mkdir(exist_ok=True)
    os.chdir(MEMORY)
    # Imports must not search the drive either.
    sys.path[:] = [entry for entry in sys.path if not entry.startswith("/drive")]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _make_small() -> None:
    chance = random.Random(5)
    _state.content = chance.randbytes(SMALL)


def _write_small() -> None:
    for number in range(COUNT):
        Path(f"bench-{number:03}.bin").write_bytes(_state.content)


def _prepare_small() -> None:
    _make_small()
    if not Path(f"bench-{COUNT - 1:03}.bin").exists():
        _write_small()


def _read_small() -> None:
    for number in range(COUNT):
        if Path(f"bench-{number:03}.bin").read_bytes() != _state.content:
            raise AssertionError(f"bench-{number:03}.bin came back different")


def _stat_small() -> None:
    sizes = [os.stat(name).st_size for name in os.listdir() if name.startswith("bench-")]  # noqa: PTH116, PTH208
    if sizes != [SMALL] * COUNT:
        raise AssertionError(f"{len(sizes)} of {COUNT} files are listed, or not with their size")


def _make_large(size: int) -> Callable[[], None]:
    def make() -> None:
        _state.content = random.Random(size).randbytes(size)

    return make


def _write_large() -> None:
    Path("bench.bin").write_bytes(_state.content)


def _source() -> Path:
    """Return a database of 20 MB in memory."""
    path = Path("/tmp/source.sqlite")
    if not path.exists():
        database = sqlite3.connect(path)
        with database:
            database.execute("CREATE TABLE measured (id INTEGER PRIMARY KEY, content BLOB)")
            chance = random.Random(4)
            contents = ((chance.randbytes(WIDTH),) for _ in range(ROWS))
            database.executemany("INSERT INTO measured (content) VALUES (?)", contents)
        database.close()
    return path


def _copy_database() -> None:
    if not Path(DATABASE).exists():
        shutil.copyfile(_source(), DATABASE)


def _open_database() -> None:
    _copy_database()
    _state.connection = sqlite3.connect(DATABASE)
    _state.connection.execute("SELECT count(*) FROM measured").fetchone()


def _copy_aside() -> None:
    _copy_database()
    shutil.copyfile(_source(), _aside())


def _open_aside() -> None:
    _copy_aside()
    _state.connection = sqlite3.connect(_aside())
    _state.connection.execute("SELECT count(*) FROM measured").fetchone()


def _aside() -> Path:
    return Path("/tmp", DATABASE)


def _update(path: str | Path) -> None:
    database = sqlite3.connect(path)
    try:
        _change(database)
    finally:
        database.close()


def _change(database: sqlite3.Connection | None) -> None:
    assert database
    changed = (random.randbytes(WIDTH), random.randrange(1, ROWS))
    database.execute("UPDATE measured SET content = ? WHERE id = ?", changed)
    database.commit()


def _commit_often(path: str | Path) -> None:
    database = sqlite3.connect(path)
    try:
        database.execute("CREATE TABLE often (id INTEGER PRIMARY KEY, word TEXT)")
        for number in range(COMMITS):
            with database:
                database.execute("INSERT INTO often (word) VALUES (?)", (f"word {number}",))
    finally:
        database.close()


def _forget_aside() -> None:
    _aside().unlink(missing_ok=True)


def _and_copy(work: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        work()
        shutil.copyfile(_aside(), DATABASE)

    return run


def _load_pandas() -> None:
    # Unpacked but not imported: the import is not measured.
    import pyodide_js
    from pyodide.ffi import run_sync

    run_sync(pyodide_js.loadPackage("pandas"))


def _import_pandas() -> None:
    importlib.import_module("pandas")


def _make_frame() -> None:
    _load_pandas()
    numpy, pandas = importlib.import_module("numpy"), importlib.import_module("pandas")
    if _state.frame is None:
        numbers = numpy.random.default_rng(6)
        columns = {"a": numbers.random(TABLE), "b": numbers.random(TABLE)}
        _state.frame = pandas.DataFrame({**columns, "n": numpy.arange(TABLE)})


def _write_csv() -> None:
    _state.frame.to_csv(CSV, index=False)


WORKS = {
    "write small": Work(_write_small, _make_small),
    "read small": Work(_read_small, _prepare_small, is_kept=True),
    "stat small": Work(_stat_small, _prepare_small, is_kept=True),
    "10 MB": Work(_write_large, _make_large(10_000_000)),
    "50 MB": Work(_write_large, _make_large(50_000_000)),
    "opened": Work(lambda: _update(DATABASE), _copy_database, is_kept=True),
    "opened, copied": Work(_and_copy(lambda: _update(_aside())), _copy_aside, is_kept=True),
    "kept open": Work(lambda: _change(_state.connection), _open_database, is_kept=True),
    "kept open, copied": Work(
        _and_copy(lambda: _change(_state.connection)), _open_aside, is_kept=True
    ),
    "commits": Work(lambda: _commit_often(DATABASE)),
    "commits, copied": Work(_and_copy(lambda: _commit_often(_aside())), _forget_aside),
    "csv": Work(_write_csv, _make_frame),
    "import": Work(_import_pandas, _load_pandas),
}
