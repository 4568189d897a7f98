"""The tutorial and the how-to guides of Python's `sqlite3`, with rivers instead of films.

Runs in the site's kernel, in the notebook's folder.
"""

import contextlib
import datetime
import sqlite3

RIVERS = [
    ("Elbe", 1094, "North Sea"),
    ("Spree", 400, "Havel"),
    ("Havel", 325, "Elbe"),
    ("Oder", 840, "Baltic Sea"),
    ("Neiße", 252, "Oder"),
]
LATER = ("Danube", 2850, "Black Sea")
GAUGES = [("Dresden", (51.05, 13.74)), ("Wien", (48.21, 16.37))]
PICTURE = bytes(range(256)) * 40
"""A blob of three pages."""


class Place:
    """A point on the map, with its own type in the database."""

    def __init__(self, north, east):
        self.position = (north, east)


def tutorial():
    """Run the tutorial from the first `connect` to the blob; return all rows of each database."""
    _first_steps("tutorial.db")
    _placeholders("tutorial.db")
    _own_types("places.db")
    _rows("tutorial.db")
    _context_manager("tutorial.db")
    _addresses("tutorial.db")
    _backup("tutorial.db", "copied.db")
    _blob("pictures.db")
    rivers = [*RIVERS, LATER]
    places = [(name, f"{north};{east}", "2026-11-22") for name, (north, east) in GAUGES]
    return {
        "tutorial.db": {"river": rivers},
        "copied.db": {"river": rivers},
        "places.db": {"gauge": places},
        "pictures.db": {"picture": [(1, b"start" + PICTURE[5:-3] + b"end")]},
    }


def _first_steps(path):
    connection = sqlite3.connect(path)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE river(name, length, mouth)")
    assert cursor.execute("SELECT name FROM sqlite_master").fetchone() == ("river",)
    assert cursor.execute("SELECT name FROM sqlite_master WHERE name = 'lake'").fetchone() is None
    cursor.execute("INSERT INTO river VALUES ('Elbe', 1094, 'North Sea'), ('Spree', 400, 'Havel')")
    connection.commit()
    assert cursor.execute("SELECT length FROM river").fetchall() == [(1094,), (400,)]
    cursor.executemany("INSERT INTO river VALUES (?, ?, ?)", RIVERS[2:])
    connection.commit()
    ordered = cursor.execute("SELECT length, name FROM river ORDER BY length")
    assert [length for length, _ in ordered] == sorted(length for _, length, _ in RIVERS)
    connection.close()

    again = sqlite3.connect(path)
    found = again.execute("SELECT name, length FROM river ORDER BY length DESC").fetchone()
    assert found == ("Elbe", 1094)
    again.close()


def _placeholders(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        question = connection.execute("SELECT name FROM river WHERE mouth = ?", ("Oder",))
        assert question.fetchall() == [("Neiße",)]
        named = connection.execute("SELECT name FROM river WHERE mouth = :sea", {"sea": "Elbe"})
        assert named.fetchall() == [("Havel",)]
        connection.create_function("half", 1, lambda length: length / 2, deterministic=True)
        assert connection.execute("SELECT half(length) FROM river").fetchone() == (547.0,)


def _own_types(path):
    sqlite3.register_adapter(Place, lambda place: "{};{}".format(*place.position))
    sqlite3.register_converter("place", lambda text: Place(*map(float, text.split(b";"))))
    sqlite3.register_adapter(datetime.date, datetime.date.isoformat)
    sqlite3.register_converter("day", lambda text: datetime.date.fromisoformat(text.decode()))
    day = datetime.date(2026, 11, 22)
    types = sqlite3.PARSE_DECLTYPES
    with contextlib.closing(sqlite3.connect(path, detect_types=types)) as connection:
        connection.execute("CREATE TABLE gauge(name TEXT, at place, since day)")
        rows = [(name, Place(*position), day) for name, position in GAUGES]
        connection.executemany("INSERT INTO gauge VALUES (?, ?, ?)", rows)
        connection.commit()
        found = connection.execute("SELECT at, since FROM gauge").fetchall()
        assert [(at.position, since) for at, since in found] == [(at, day) for _, at in GAUGES]
    with contextlib.closing(
        sqlite3.connect(path, detect_types=sqlite3.PARSE_COLNAMES)
    ) as connection:
        (found,) = connection.execute('SELECT at AS "at [place]" FROM gauge').fetchone()
        assert found.position == GAUGES[0][1]


def _rows(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT name, length FROM river WHERE name = 'Oder'").fetchone()
        assert row.keys() == ["name", "length"]
        assert (row["NAME"], row[1]) == ("Oder", 840)
        connection.row_factory = lambda cursor, values: dict(
            zip((column[0] for column in cursor.description), values, strict=True)
        )
        assert connection.execute("SELECT 1 AS one, 2 AS two").fetchone() == {"one": 1, "two": 2}
        connection.row_factory = None
        connection.text_factory = bytes
        found = connection.execute("SELECT name FROM river WHERE length = 252").fetchone()
        assert found == ("Neiße".encode(),)


def _context_manager(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE UNIQUE INDEX once ON river(name)")
    with connection:
        connection.execute("INSERT INTO river VALUES (?, ?, ?)", LATER)
    try:
        with connection:
            connection.execute("DELETE FROM river WHERE name = 'Spree'")
            connection.execute("INSERT INTO river VALUES ('Elbe', 0, '')")
    except sqlite3.IntegrityError as error:
        assert str(error) == "UNIQUE constraint failed: river.name"
    else:
        raise AssertionError("there are two of one name")
    assert connection.execute("SELECT count(*) FROM river").fetchone() == (6,)
    # It commits, and doesn't close.
    connection.close()


def _addresses(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            connection.execute("CREATE TABLE more(data)")
        except sqlite3.OperationalError as error:
            assert str(error) == "attempt to write a readonly database"
        else:
            raise AssertionError("it was written")
    try:
        sqlite3.connect("file:no such.db?mode=rw", uri=True)
    except sqlite3.OperationalError as error:
        assert str(error) == "unable to open database file"
    else:
        raise AssertionError("it was made")
    first = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True)
    second = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True)
    with first:
        first.execute("CREATE TABLE kept(data)")
        first.execute("INSERT INTO kept VALUES (28)")
    assert second.execute("SELECT data FROM kept").fetchone() == (28,)
    first.close()
    second.close()


def _backup(path, target):
    steps = []
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
        contextlib.closing(sqlite3.connect(":memory:")) as memory,
    ):
        source.backup(copy, pages=1, progress=lambda *facts: steps.append(facts))
        source.backup(memory)
        assert memory.execute("SELECT count(*) FROM river").fetchone() == (6,)
        assert next(iter(memory.iterdump())) == "BEGIN TRANSACTION;"
    assert len(steps) > 1
    assert steps[-1][1] == 0


def _blob(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE picture(id INTEGER PRIMARY KEY, data BLOB)")
        connection.execute("INSERT INTO picture VALUES (1, zeroblob(?))", (len(PICTURE),))
        with connection.blobopen("picture", "data", 1) as blob:
            blob.write(PICTURE)
            blob.seek(0)
            blob[:5] = b"start"
            blob[-3:] = b"end"
        connection.commit()
        with connection.blobopen("picture", "data", 1, readonly=True) as blob:
            assert blob.read(7) == b"start" + PICTURE[5:7]
            assert len(blob) == len(PICTURE)
