"""Databases of every kind, and their comparison."""

from __future__ import annotations

import importlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

IN_KERNEL = sys.platform == "emscripten"

crash_needs_processes = pytest.mark.skipif(IN_KERNEL, reason="the kernel has one process")

CAPTURE = importlib.import_module("litestate.sqlite.database_capture")
"""The module, whose name a function of the package hides."""

PRAGMAS = ("application_id", "user_version", "encoding", "page_size", "auto_vacuum")
"""Settings of a database besides its journal mode."""

COMMON = """
PRAGMA application_id = 1263684691;
PRAGMA user_version = 77;
CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT);
INSERT INTO runs (note) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 50)
    SELECT 'run ' || i FROM n;
"""
"""Statements that create a table in every database."""

SCRIPTS = {
    "nothing special": "",
    "a schema without rows": "DELETE FROM runs; CREATE TABLE empty (a, b);",
    "FTS5": """
        CREATE VIRTUAL TABLE words USING fts5(title, body, prefix = '2 3');
        INSERT INTO words VALUES ('one', 'a brown fox'), ('two', 'ein Fuchs, größer');
        DELETE FROM words WHERE title = 'one';
        INSERT INTO words VALUES ('three', 'a fox again');""",
    "FTS5, external content": """
        CREATE VIRTUAL TABLE words USING fts5(note, content = 'runs', content_rowid = 'id');
        INSERT INTO words (words) VALUES ('rebuild');""",
    "FTS5, contentless": """
        CREATE VIRTUAL TABLE words USING fts5(note, content = '');
        INSERT INTO words (rowid, note) SELECT id, note FROM runs;""",
    "R*Tree": """
        CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +label);
        INSERT INTO boxes SELECT id, id, id + 1, id * 0.5, id, note FROM runs;""",
    "generated columns": """
        CREATE TABLE sides (a REAL, b REAL, area REAL AS (a * b) STORED, sum AS (a + b) VIRTUAL);
        INSERT INTO sides (a, b) VALUES (2, 3), (4.5, NULL);
        CREATE INDEX by_sum ON sides (sum);""",
    "WITHOUT ROWID": """
        CREATE TABLE pairs (a TEXT, b INTEGER, c, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
        INSERT INTO pairs SELECT note, id % 7, id FROM runs;""",
    "STRICT": """
        CREATE TABLE exact (i INT, r REAL, t TEXT, b BLOB, x ANY) STRICT;
        INSERT INTO exact VALUES (1, 2, 'three', x'04', '005');""",
    "triggers and views": """
        CREATE TABLE log (what);
        CREATE TRIGGER noted AFTER DELETE ON runs BEGIN INSERT INTO log VALUES (old.note); END;
        CREATE VIEW late AS SELECT * FROM runs WHERE id > 40;
        CREATE TRIGGER through INSTEAD OF DELETE ON late
            BEGIN DELETE FROM runs WHERE id = old.id; END;
        DELETE FROM late WHERE id = 45;""",
    "partial and expression indexes": """
        CREATE INDEX partial ON runs (note) WHERE id > 10;
        CREATE UNIQUE INDEX expression ON runs (substr(note, 5) || id);
        CREATE INDEX other_order ON runs (note COLLATE NOCASE DESC);""",
    "foreign keys and constraints": """
        PRAGMA foreign_keys = on;
        CREATE TABLE points (
            run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            value REAL CHECK (value >= 0) DEFAULT 1.5, UNIQUE (run, value));
        INSERT INTO points (run) VALUES (1), (2);""",
    "a row that a later constraint forbids": """
        CREATE TABLE old (x CHECK (x < 5), y NOT NULL DEFAULT 0);
        PRAGMA ignore_check_constraints = on;
        INSERT INTO old (x) VALUES (7);""",
    "values at their limits": """
        CREATE TABLE limits (x);
        INSERT INTO limits VALUES (9223372036854775807), (-9223372036854775808), (9e999), (-9e999),
            (0.1), (-0.0), (5e-324), (NULL), (''), (x''), (zeroblob(100000)), (x'00ff00'),
            (char(0, 120, 0)), (char(55357)), ('1'), (1), (1.0), (replace(hex(zeroblob(9000)),
            '00', 'ü€😀'));""",
    "free pages": """
        CREATE TABLE much (x);
        INSERT INTO much SELECT hex(zeroblob(3000)) FROM runs;
        DELETE FROM much;""",
    "names": """
        CREATE TABLE "a ""b""; -- [c] `d`" ("select" TEXT, "x y" INT, "ü€" BLOB, "1" REAL);
        INSERT INTO "a ""b""; -- [c] `d`" VALUES ('a', 1, x'02', 3.5);
        CREATE TABLE "table" ("from");
        INSERT INTO "table" VALUES (1);
        CREATE TABLE "" ("");
        INSERT INTO "" VALUES (7);
        CREATE VIEW "%s %d" AS SELECT * FROM "table";""",
    "AUTOINCREMENT": """
        CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
        INSERT INTO counted (x) SELECT note FROM runs;
        DELETE FROM counted WHERE id > 20;""",
    "ANALYZE": "CREATE INDEX by_note ON runs (note); ANALYZE;",
    "negative version and id": "PRAGMA user_version = -3; PRAGMA application_id = -2;",
    "a table of one page that overflows": """
        CREATE TABLE wide (x); INSERT INTO wide VALUES (zeroblob(3000000));""",
    "UTF-16le": "",
    "UTF-16be": "",
    "auto_vacuum full": "DELETE FROM runs WHERE id > 5;",
    "auto_vacuum incremental": """
        CREATE TABLE much (x);
        INSERT INTO much SELECT hex(zeroblob(3000)) FROM runs;
        DELETE FROM much;
        PRAGMA incremental_vacuum(3);""",
    "secure_delete": "DELETE FROM runs WHERE id < 20;",
    "an old file format": "CREATE INDEX descending ON runs (note DESC);",
    "WAL": "INSERT INTO runs (note) VALUES ('in the log');",
    "WAL, small pages": "INSERT INTO runs (note) VALUES ('in the log');",
} | {f"page size {1 << power}": "" for power in range(9, 17)}
"""Contents of the databases, after `COMMON`."""

_FIRST = {
    "UTF-16le": "PRAGMA encoding = 'UTF-16le'",
    "UTF-16be": "PRAGMA encoding = 'UTF-16be'",
    "auto_vacuum full": "PRAGMA auto_vacuum = full",
    "auto_vacuum incremental": "PRAGMA auto_vacuum = incremental",
    "secure_delete": "PRAGMA secure_delete = on",
    "an old file format": "PRAGMA legacy_file_format = on",
    "WAL": "PRAGMA journal_mode = wal",
    "WAL, small pages": "PRAGMA page_size = 1024; PRAGMA journal_mode = wal",
} | {f"page size {1 << power}": f"PRAGMA page_size = {1 << power}" for power in range(9, 17)}
"""Settings that need an empty database."""


def build(path: Path, name: str) -> None:
    """Make the database of the given kind."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"{_FIRST.get(name, '')};{COMMON};{SCRIPTS[name]}")


def lacks(name: str) -> bool:
    """Return whether this SQLite does not support a kind of table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.executescript(f"{COMMON};{SCRIPTS[name]}")
        except sqlite3.OperationalError as error:
            if "no such module" in str(error):
                return True
            raise
    return False


def content(path: Path) -> dict[str, Any]:
    """Return everything that can be compared of a valid database."""
    with closing(sqlite3.connect(path)) as connection:
        return content_of(connection)


def content_of(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the same as `content`, as seen by a connection."""
    # SQLite stores lone surrogates as text; Python cannot decode them.
    connection.text_factory = bytes
    found: dict[str, Any] = {name: _one(connection, f"PRAGMA {name}") for name in PRAGMAS}
    findings = connection.execute("PRAGMA integrity_check").fetchall()
    if not all(b"CHECK constraint failed" in row[0] for row in findings):
        assert findings == [(b"ok",)]
    found["schema"] = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"
    ).fetchall()
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in names:
        quoted = name.decode().replace('"', '""')
        rows = connection.execute(f'SELECT * FROM "{quoted}"').fetchall()
        found[f"rows of {name!r}"] = sorted(map(repr, rows))
    if any(name == b"words" for (name,) in names):
        found["matches"] = connection.execute(
            "SELECT rowid FROM words WHERE words MATCH 'fox OR run' ORDER BY rowid"
        ).fetchall()
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    found["dump"] = list(connection.iterdump())
    connection.text_factory = str
    return found


def _one(connection: sqlite3.Connection, statement: str) -> Any:
    return connection.execute(statement).fetchone()[0]


def size(path: Path, suffix: str) -> int:
    """Return the size of a file beside a database."""
    return path.with_name(path.name + suffix).stat().st_size


def files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, except the index of a log, which every reader recreates."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if not path.name.endswith("-shm")
    }


_CHILD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.executescript(sys.stdin.readline())
print("done", flush=True)
sys.stdin.read()
"""


@contextmanager
def other_process(path: Path, script: str, *, wait: bool = True) -> Iterator[Callable[[], None]]:
    """Run statements in another process that stays connected; yield a function that kills it."""
    command = [sys.executable, "-c", _CHILD, str(path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(script.replace("\n", " ").encode() + b"\n")
        child.stdin.flush()
        if wait:
            assert child.stdout.readline() == b"done\n"
        yield child.kill
    finally:
        child.kill()
        child.communicate(timeout=30)


def crash(path: Path, script: str) -> None:
    """Run statements in another process, and kill it before it closes."""
    with other_process(path, script) as kill:
        kill()


def leave_a_log(path: Path, script: str) -> None:
    """Write into the log of a database in another process, and kill it before it closes."""
    crash(path, f"PRAGMA journal_mode = wal; {script}")
    assert size(path, "-wal")
