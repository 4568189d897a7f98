"""Transactions of known content, in which a partial one can be detected.

Runs in the site's kernel, where the browser is killed in the middle of it, and in plain Python,
where tests check that it finds errors.
"""

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path

MODES = ("delete", "truncate", "persist", "memory", "off", "wal")

KEPT = 100
"""Transactions whose rows are kept, so that the databases don't grow."""

LARGE = 15
"""Each of so many is larger than the cache, so that it is in the file before it is committed."""

ALL = 9
"""Each of so many changes all rows."""

BURST = 10
"""Transactions in each database between two reports."""

TURN = 50
"""Transactions in each database between two turns of the event loop."""


def path_of(mode):
    """Return the name of the database that a journal mode has."""
    return f"killed {mode}.db"


def rows_of(number):
    """Return the rows that a transaction adds."""
    count = 200 if number % LARGE == 0 else 1 + number % 5
    return [(number, index, f"{number} {index} ".ljust(300, "x"), number) for index in range(count)]


def stamp_of(number, last):
    """Return the stamp of a transaction's rows after the last transaction."""
    newest = last - last % ALL
    return newest if newest > number else number


def connect(path, mode):
    """Open a database, and make it if it is new."""
    connection = sqlite3.connect(path, isolation_level=None)
    found = connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0]
    assert found == mode, found
    connection.execute("PRAGMA cache_size = 10")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE IF NOT EXISTS state (number INTEGER)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entry (number INTEGER, part INTEGER, text TEXT, stamp INTEGER)"
    )
    if not connection.execute("SELECT count(*) FROM state").fetchone()[0]:
        connection.execute("INSERT INTO state VALUES (0)")
    connection.execute("COMMIT")
    return connection


def transact(connection, number, ending="COMMIT"):
    """Run one transaction, which is marked as unfinished until its last statement."""
    execute = connection.execute
    execute("BEGIN")
    execute("UPDATE state SET number = ?", (-number,))
    execute("DELETE FROM entry WHERE number <= ?", (number - KEPT,))
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows_of(number))
    if number % ALL == 0:
        execute("UPDATE entry SET stamp = ?", (number,))
    if ending == "COMMIT":
        execute("UPDATE state SET number = ?", (number,))
    execute(ending)


def found(path):
    """Return the last transaction of a database, and its problems."""
    # A kill before the first commit leaves no file, or an empty one.
    if not Path(path).exists():
        return 0, []
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return _found(connection)
    except sqlite3.Error as error:
        return 0, [f"{path}: {type(error).__name__}: {error}"]


def _found(connection):
    if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return 0, []
    (check,) = connection.execute("PRAGMA integrity_check").fetchone()
    states = connection.execute("SELECT number FROM state").fetchall()
    if check != "ok" or len(states) != 1:
        return 0, [f"integrity_check says {check}, and the states are {states}"]
    last = states[0][0]
    if last < 0:
        return -last, [f"transaction {-last} is not finished"]
    rows = connection.execute("SELECT number, part, text, stamp FROM entry ORDER BY 1, 2")
    expected = [
        (*row[:3], stamp_of(number, last))
        for number in range(max(1, last - KEPT + 1), last + 1)
        for row in rows_of(number)
    ]
    if rows.fetchall() == expected:
        return last, []
    return last, [f"the rows are not those of transaction {last}"]


def look():
    """Return the content of every database, and the files beside them, as JSON."""
    numbers, problems = {}, []
    beside = [each.name for each in Path().iterdir() if each.name.startswith("killed ")]
    problems += [f"{name} was stored" for name in beside if not name.endswith(".db")]
    for mode in MODES:
        numbers[mode], wrong = found(path_of(mode))
        problems += [f"{mode}: {each}" for each in wrong]
    return json.dumps({"numbers": numbers, "problems": problems})


async def go(numbers, report):
    """Commit forever.

    `report(number)` is called, and returns, before any database gets to that transaction.
    The event loop turns now and then: without a journal in the folder, only then
    can litestate see that a database is between two transactions, and store it.
    """
    connections = {mode: connect(path_of(mode), mode) for mode in MODES}
    number = max(numbers.values())
    while True:
        report(number + BURST)
        for _ in range(BURST):
            number += 1
            for mode, connection in connections.items():
                _advance(connection, mode, numbers, number)
        if number % TURN < BURST:
            await asyncio.sleep(0)


def _advance(connection, mode, numbers, number):
    # One that is behind has what was committed last stored later.
    for each in range(numbers[mode] + 1, number + 1):
        if each % 4 == 0 and mode != "off":
            transact(connection, each, "ROLLBACK")
        transact(connection, each)
    numbers[mode] = number
