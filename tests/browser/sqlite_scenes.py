"""Scenes with SQLite in the notebook's folder. Runs in the site's kernel.

Each scene returns the committed content that the databases must have after a reload. It leaves
connections and transactions open, like a user who closes the tab.
"""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import time
from pathlib import Path

import sqlite_tutorial

KEPT = []
"""Connections that are never closed."""

MODES = ("delete", "truncate", "persist", "memory", "off", "wal")
LEVELS = ("off", "normal", "full")

WIDE = 400
"""Bytes of a row of which some hundred do not fit into a small cache."""

SMALL_CACHE = 10
"""Pages; SQLite writes what is too much into the file before the commit."""

COMMITS = 10_000


def digest(rows):
    """Return the number of rows and a hash of them."""
    rows = [tuple(row) for row in rows]
    return [len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()[:16]]


def look(path):
    """Return whether a database is whole, and its tables; a missing file counts as empty."""
    if not Path(path).exists():
        return whole()
    with contextlib.closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True)) as opened:
        names = opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        tables = [name for (name,) in names if not name.startswith("sqlite_")]
        return {
            "check": opened.execute("PRAGMA integrity_check").fetchone()[0],
            "tables": {
                name: digest(opened.execute(f'SELECT * FROM "{name}" ORDER BY rowid'))
                for name in tables
            },
        }


def whole(**tables):
    """Return the result of `look` for a database that has these rows."""
    return {"check": "ok", "tables": {name: digest(rows) for name, rows in tables.items()}}


def _quoted(path):
    return str(path).replace("%", "%25").replace("#", "%23").replace("?", "%3f")


def play(scene):
    """Play a scene; return the expected content as JSON, and its duration (seconds)."""
    start = time.monotonic()
    expected = globals()[scene]()
    return json.dumps({"expected": expected, "seconds": time.monotonic() - start})


def revisit(paths):
    """Return the content of databases, and the files beside them, as JSON."""
    found = {}
    for path in paths:
        try:
            found[path] = look(path)
        except sqlite3.Error as error:
            found[path] = f"{type(error).__name__}: {error}"
    left = [
        str(each)
        for each in Path().rglob("*")
        if each.name.endswith(("-journal", "-wal", "-shm", "-mj"))
    ]
    return json.dumps({"found": found, "left": left})


def _connect(path, mode="delete", level="normal", **options):
    connection = sqlite3.connect(path, **options)
    KEPT.append(connection)
    found = connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0]
    assert found == mode, found
    connection.execute(f"PRAGMA synchronous = {level}")
    connection.execute(f"PRAGMA cache_size = {SMALL_CACHE}")
    return connection


def _row(number):
    return (number, f"{number:0{WIDE}}")


def _insert(connection, numbers):
    connection.executemany("INSERT INTO data VALUES (?, ?)", map(_row, numbers))


def _create(connection):
    connection.execute("CREATE TABLE data (number INTEGER PRIMARY KEY, text TEXT)")
    connection.commit()


def tutorial():
    """Run the tutorial of Python's documentation."""
    expected = sqlite_tutorial.tutorial()
    return {path: whole(**tables) for path, tables in expected.items()}


_waiting = {}


def modes():
    """Use every journal mode at every level: commits, a rollback, and an open transaction.

    Without a journal on disk, committed and open changes look the same before the cell ends, so
    there the last transaction is in the next cell.
    """
    expected = {}
    for mode in MODES:
        for level in LEVELS:
            path = f"mode {mode} {level}.db"
            connection = _connect(path, mode, level)
            _create(connection)
            for start in range(0, 300, 100):
                _insert(connection, range(start, start + 100))
                connection.commit()
            if mode != "off":
                _insert(connection, range(1000, 1500))
                connection.execute("DELETE FROM data WHERE number < 50")
                connection.rollback()
            if mode in ("memory", "off"):
                _waiting[path] = connection
            else:
                _go_on(connection)
            expected[path] = whole(data=map(_row, range(300)))
    return expected


def without_a_journal():
    """Continue `modes` in the next cell, for databases without a journal on disk."""
    for connection in _waiting.values():
        _go_on(connection)
    return {path: whole(data=map(_row, range(300))) for path in _waiting}


def _go_on(connection):
    _insert(connection, range(2000, 2500))
    connection.execute("UPDATE data SET text = 'never' WHERE number < 100")
    assert connection.in_transaction


def first_transaction():
    """Leave the first transaction open, with more data than the cache holds."""
    expected = {}
    for mode in MODES:
        path = f"first {mode}.db"
        connection = _connect(path, mode)
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE data (number INTEGER PRIMARY KEY, text TEXT)")
        _insert(connection, range(2000))
        assert connection.in_transaction
        expected[path] = whole()
    return expected


def two_connections():
    """Let one connection see the other's commits; the second writer has to wait."""
    path = "two.db"
    first = _connect(path, timeout=0)
    second = _connect(path, timeout=0)
    _create(first)
    _insert(first, range(10))
    count = "SELECT count(*) FROM data"
    assert first.execute(count).fetchone() == (10,)
    assert second.execute(count).fetchone() == (0,)
    _refused(lambda: _insert(second, [99]))
    second.rollback()

    # A reader blocks commits, not writes.
    reading = second.execute("SELECT 1 UNION ALL SELECT number FROM data UNION ALL SELECT 2")
    reading.fetchone()
    _refused(first.commit)
    reading.fetchall()
    first.commit()
    assert second.execute(count).fetchone() == (10,)

    first.execute("BEGIN EXCLUSIVE")
    _refused(lambda: second.execute(count))
    third = sqlite3.connect(path, timeout=0.3)
    start = time.monotonic()
    _refused(lambda: third.execute(count))
    assert 0.2 < time.monotonic() - start < 5
    third.close()
    first.rollback()

    _insert(second, [10])
    second.commit()
    _insert(first, [11])
    second.close()
    first.commit()
    first.execute("DELETE FROM data")
    return {path: whole(data=map(_row, range(12)))}


def two_connections_in_wal_mode():
    """Commit while readers keep their snapshots; then close one of them."""
    path = "two wal.db"
    first = _connect(path, "wal", timeout=0)
    second = _connect(path, "wal", timeout=0)
    _create(first)
    _insert(first, range(10))
    first.commit()
    count = "SELECT count(*) FROM data"
    second.execute("BEGIN")
    assert second.execute(count).fetchone() == (10,)
    _insert(first, range(10, 20))
    first.commit()
    assert second.execute(count).fetchone() == (10,)
    _refused(lambda: _insert(second, [99]))
    second.rollback()
    assert second.execute(count).fetchone() == (20,)
    assert first.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert Path(f"{path}-wal").stat().st_size == 0
    _insert(second, range(20, 30))
    second.commit()
    assert first.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0
    _insert(first, range(30, 40))
    first.commit()
    _insert(first, range(40, 900))
    assert first.in_transaction
    return {path: whole(data=map(_row, range(40)))}


def closed_wal():
    """Close the last connection, which checkpoints the log; then change the mode."""
    path = "closed wal.db"
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA journal_mode = wal")
        _create(opened)
        _insert(opened, range(100))
        opened.commit()
    assert not Path(f"{path}-wal").exists()
    with contextlib.closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert opened.execute("PRAGMA journal_mode = delete").fetchone() == ("delete",)
        _insert(opened, range(100, 110))
        opened.commit()
    return {path: whole(data=map(_row, range(110)))}


def _refused(work):
    try:
        work()
    except sqlite3.OperationalError as error:
        assert str(error) == "database is locked", error
    else:
        raise AssertionError("it was not locked")


def attached():
    """Use one transaction in three files: committed, rolled back, and left open."""
    expected = {}
    for mode in ("delete", "truncate", "persist", "wal"):
        names = [f"attached {mode} {each}.db" for each in ("main", "second", "third")]
        for name in names[1:]:
            with contextlib.closing(sqlite3.connect(name)) as opened:
                opened.execute(f"PRAGMA journal_mode = {mode}")
        connection = _connect(names[0], mode)
        for index, name in enumerate(names[1:]):
            connection.execute(f"ATTACH ? AS other{index}", (name,))
        schemas = ("main", "other0", "other1")
        for schema in schemas:
            connection.execute(f"PRAGMA {schema}.cache_size = {SMALL_CACHE}")
            connection.execute(f"CREATE TABLE {schema}.data (number INTEGER PRIMARY KEY, text)")
        for start, ending in ((0, "COMMIT"), (300, "ROLLBACK"), (300, "COMMIT"), (600, "")):
            connection.execute("BEGIN")
            for schema in schemas:
                rows = map(_row, range(start, start + 300))
                connection.executemany(f"INSERT INTO {schema}.data VALUES (?, ?)", rows)
            if ending:
                connection.execute(ending)
        expected |= {name: whole(data=map(_row, range(600))) for name in names}
    return expected


def vacuumed():
    """Make files smaller."""
    expected = {}
    for mode in MODES:
        path = f"vacuum {mode}.db"
        connection = _connect(path, mode)
        _create(connection)
        _insert(connection, range(1000))
        connection.commit()
        connection.execute("DELETE FROM data WHERE number >= 10")
        connection.commit()
        checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
        connection.execute(checkpoint)
        before = _size(path)
        connection.execute("VACUUM")
        connection.execute(checkpoint)
        assert _size(path) < before / 5, (mode, before, _size(path))
        expected[path] = whole(data=map(_row, range(10)))
    path = "vacuum incremental.db"
    connection = sqlite3.connect(path)
    KEPT.append(connection)
    connection.execute("PRAGMA auto_vacuum = incremental")
    _create(connection)
    _insert(connection, range(1000))
    connection.commit()
    connection.execute("DELETE FROM data WHERE number >= 10")
    connection.commit()
    before = _size(path)
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    connection.commit()
    assert _size(path) < before / 5
    connection.execute("VACUUM INTO 'vacuum into.db'")
    return {
        **expected,
        path: whole(data=map(_row, range(10))),
        "vacuum into.db": whole(data=map(_row, range(10))),
    }


def _size(path):
    return Path(path).stat().st_size


def spilling():
    """Write a transaction that is a hundred times as large as the cache."""
    expected = {}
    for mode in MODES:
        path = f"spill {mode}.db"
        connection = _connect(path, mode)
        _create(connection)
        _insert(connection, range(10_000))
        connection.execute("UPDATE data SET text = text || '!' WHERE number % 3 = 0")
        assert (Path(f"{path}-wal") if mode == "wal" else Path(path)).stat().st_size > 2e6
        connection.commit()
        rows = [
            (number, text + "!" * (number % 3 == 0)) for number, text in map(_row, range(10_000))
        ]
        expected[path] = whole(data=rows)
    return expected


def temporary_and_savepoints():
    """Use temporary tables, which leave nothing, and savepoints."""
    path = "savepoints.db"
    connection = _connect(path, isolation_level=None)
    _create(connection)
    connection.execute("CREATE TEMP TABLE helper AS SELECT 1 AS one")
    connection.execute("BEGIN")
    _insert(connection, range(500))
    connection.execute("SAVEPOINT outer")
    _insert(connection, range(500, 1000))
    connection.execute("SAVEPOINT inner")
    _insert(connection, range(1000, 1500))
    connection.execute("ROLLBACK TO inner")
    connection.execute("RELEASE outer")
    connection.execute("SAVEPOINT undone")
    connection.execute("DELETE FROM data")
    connection.execute("ROLLBACK TO undone")
    connection.execute("COMMIT")
    connection.executemany("INSERT INTO helper VALUES (?)", [(n,) for n in range(5000)])
    assert connection.execute("SELECT count(*) FROM helper").fetchone() == (5001,)
    connection.execute("SAVEPOINT open")
    connection.execute("DELETE FROM data WHERE number > 3")
    return {path: whole(data=map(_row, range(1000)))}


def names():
    """Rename, copy, replace and delete databases with unusual names and folders."""
    Path("100 % of it").mkdir()
    odd = "100 % of it/ä #1 'q' ?.db"
    with contextlib.closing(sqlite3.connect(odd)) as opened:
        _create(opened)
        _insert(opened, range(20))
        opened.commit()
    with contextlib.closing(sqlite3.connect("before.db")) as opened:
        _create(opened)
        _insert(opened, range(30))
        opened.commit()
    Path("before.db").rename("after.db")
    shutil.copy("after.db", "copy.db")
    with contextlib.closing(sqlite3.connect("after.db")) as opened:
        _insert(opened, range(30, 40))
        opened.commit()
        target = sqlite3.connect("backup.db")
        KEPT.append(target)
        opened.backup(target, pages=3)
    for rows in (5, 6):
        Path("again.db").unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect("again.db")) as opened:
            _create(opened)
            _insert(opened, range(rows))
            opened.commit()
    # A new version is written beside it and replaces it.
    shutil.copy("again.db", "new version")
    with contextlib.closing(sqlite3.connect("new version")) as opened:
        _insert(opened, range(6, 8))
        opened.commit()
    Path("new version").replace("again.db")
    return {
        odd: whole(data=map(_row, range(20))),
        "after.db": whole(data=map(_row, range(40))),
        "copy.db": whole(data=map(_row, range(30))),
        "backup.db": whole(data=map(_row, range(40))),
        "again.db": whole(data=map(_row, range(8))),
    }


def many_commits():
    """Commit single rows, like a program that logs."""
    path = "many.db"
    connection = sqlite3.connect(path)
    KEPT.append(connection)
    connection.execute("CREATE TABLE log (number INTEGER PRIMARY KEY, text TEXT)")
    for number in range(COMMITS):
        connection.execute("INSERT INTO log VALUES (?, ?)", (number, f"line {number}"))
        connection.commit()
    return {path: whole(log=[(number, f"line {number}") for number in range(COMMITS)])}
