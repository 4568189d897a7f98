"""A session in temporary folders, and databases, for the unit tests."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import litestate
import pytest
from litestate.errors import BundleError
from litestate.report import Report


@dataclass
class Session:
    """Two folders, and the API pointed at them."""

    home: Path
    notebook: Path
    folder: Path

    def save(self, **options: Any) -> tuple[bytes, Report]:
        """Save into memory."""
        file = io.BytesIO()
        report = litestate.save_state(file, **options)
        return file.getvalue(), report

    def load(self, bundle: bytes, **options: Any) -> Report:
        return litestate.load_state(bundle, **options)

    def clear(self) -> None:
        """Remove all files, as a reload of the page does."""
        for root in (self.home, self.notebook):
            for path in sorted(root.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def snapshot(self) -> dict[str, Any]:
        """Return everything that a load could change: names, kinds, modes, times and contents."""
        return {
            path.relative_to(self.folder).as_posix(): _describe(path)
            for path in sorted(self.folder.rglob("*"))
        }


def _describe(path: Path) -> Any:
    status = path.lstat()
    if path.is_symlink():
        return ("link", path.readlink().as_posix())
    if path.is_dir():
        return ("folder", oct(status.st_mode))
    return (oct(status.st_mode), status.st_mtime_ns, path.read_bytes())


def refused(session: Session, data: bytes, error: type[BundleError], match: str = "") -> str:
    """Load a bundle, and check that it is refused and nothing changes."""
    session.clear()
    (session.home / "mine").write_text("mine")
    before = session.snapshot()
    with pytest.raises(error, match=match or None) as caught:
        session.load(data)
    assert session.snapshot() == before
    return str(caught.value)


def make_database(path: Path, rows: int = 10, pragma: str = "") -> None:
    """Create a database with one table ``runs`` of some rows."""
    with closing(sqlite3.connect(path)) as connection:
        if pragma:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT)")
        connection.executemany(
            "INSERT INTO runs (note) VALUES (?)", [(f"run {n}",) for n in range(rows)]
        )
        connection.commit()


def count(path: Path, table: str = "runs") -> int:
    """Return the number of rows of a table."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def dump(path: Path) -> list[str]:
    """Return a database as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def same_but_for_databases(after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Compare everything but the bytes of databases: a rollback raises their change counter."""
    return {key: value for key, value in after.items() if not key.endswith(".db")} == {
        key: value for key, value in before.items() if not key.endswith(".db")
    } and after.keys() == before.keys()
