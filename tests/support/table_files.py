"""Tables to export, and readers of the exported files."""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

needs_openpyxl = pytest.mark.skipif(
    importlib.util.find_spec("openpyxl") is None, reason="openpyxl is not here"
)


def _has_fts5() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        options = connection.execute("PRAGMA compile_options").fetchall()
    return ("ENABLE_FTS5",) in options


needs_fts5 = pytest.mark.skipif(not _has_fts5(), reason="this SQLite has no full-text search")

SCHEMA = """
CREATE TABLE things (
    id INTEGER PRIMARY KEY, note TEXT, day DATE, at TIMESTAMP, data BLOB, score REAL, big INTEGER
);
CREATE TABLE "a/b" (x);
CREATE VIEW notes AS SELECT id, note FROM things;
CREATE TABLE removed (x);
DROP TABLE removed;
"""
ROWS = [
    (1, "with, \"quotes\"\nand lines", "2026-01-02", "2026-01-02 10:11:12.5", b"\0\xff", 0.5, 7),
    (2, "", "1899-12-31", "2026-01-02T10:11:12", b"", 0.1 + 0.2, 2**53),
    (3, None, None, None, None, None, None),
    (4, "Zürich 😀", "2026-02-30", "2026-01-02T10:11:12Z", None, 1e300, 2**63 - 1),
    (5, "=cmd|' /C calc'!A0", "soon", "2026-01-02 10:11:12.123456", None, -1.5, -(2**63)),
]  # fmt: skip
FORMULAS = ["=1+1", "+cmd", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "+41 79", "\uff1d1"]


def make_things(path: Path) -> None:
    """Create a database with a table of every type, an empty one, and a view."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        connection.commit()


def of(*values: Any, declared: str = "") -> sqlite3.Connection:
    """Return a database in memory with one table of one column."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (x {declared})")
    connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    return connection


def query(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def sheet(path: Path | str, name: str | None = None) -> list[list[Any]]:
    import openpyxl

    book = openpyxl.load_workbook(path)
    return [list(row) for row in (book[name] if name else book.worksheets[0]).iter_rows()]
