"""Connections to SQLite databases, without pickle.

A connection to a file comes back as one to the file of that place: the file itself belongs to the
databases of a bundle. One to a database in memory comes back with its content.

No lock is taken on a file for this. What SQLite does not tell is left as it is by default: whether
a connection may only read, `check_same_thread`, and whether declared types are converted.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from .. import places
from .codecs import Codec, Get, Put
from .failures import NotLoadedError, NotSavedError

_LEVELS = (None, "", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
_TEXTS: dict[str, Any] = {"str": str, "bytes": bytes, "bytearray": bytearray}
_ROWS: dict[str, Any] = {"sqlite3.Row": sqlite3.Row}

_KNOWN_CONVERTERS = {"DATE", "TIMESTAMP"}
"""What Python registers itself (deprecated since 3.12)."""

_MAX_DATABASES = 126
"""SQLite's own limit is main, and 125 attached ones (https://www.sqlite.org/limits.html, 11)."""


class _Stop(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def _encode(connection: sqlite3.Connection, put: Put) -> dict[str, Any]:
    try:
        listed = [(name, file) for _, name, file in _ask(connection, "PRAGMA database_list")]
        if any(name == "temp" for name, _ in listed) and _has_temporary(connection):
            put.approximate("the TEMP tables of a connection are not saved")
        databases = [
            {"name": name, **_database(connection, name, file, put)}
            for name, file in listed
            if name != "temp"
        ]
        settings = _settings(connection, put)
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise NotSavedError(f"a database connection of another thread: {error}") from None
        return {"closed": True}
    except sqlite3.Error as error:
        raise NotSavedError(f"SQLite cannot read its database: {error}") from None
    return {"closed": False, "databases": databases, "settings": settings}


def _ask(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return rows with text as `str`, whatever the connection makes of rows and texts."""
    factory = connection.text_factory
    connection.text_factory = os.fsdecode
    try:
        with closing(sqlite3.Cursor(connection)) as cursor:
            return cursor.execute(sql).fetchall()
    finally:
        connection.text_factory = factory


def _has_temporary(connection: sqlite3.Connection) -> bool:
    return bool(_ask(connection, "SELECT 1 FROM temp.sqlite_schema LIMIT 1"))


def _database(
    connection: sqlite3.Connection, name: str, file: str | None, put: Put
) -> dict[str, Any]:
    # What was deserialized has the name of its schema there.
    if not file or not Path(file).is_absolute():
        return {"content": _content(connection, name, put)}
    if connection.in_transaction and getattr(connection, "autocommit", None) is not False:
        put.approximate("the open transaction of a connection is not saved")
    return _place(Path(file))


def _place(file: Path) -> dict[str, Any]:
    for root in places.detect().roots:
        # SQLite has followed links.
        for folder in (root.path, root.path.resolve()):
            if not root.is_anywhere and file.is_relative_to(folder):
                return {"root": root.name, "path": file.relative_to(folder).as_posix()}
    raise NotSavedError(f"its database {file} is outside of the folders that are saved")


def _content(connection: sqlite3.Connection, name: str, put: Put) -> int | None:
    if _is_being_written(connection, name):
        raise NotSavedError(
            "its database is in memory, and what it wrote is not committed; "
            "call commit() or rollback() on it and save again"
        )
    if not _ask(connection, f"PRAGMA {_quoted(name)}.page_count")[0][0]:
        return None
    return put.raw(connection.serialize(name=name))


def _is_being_written(connection: sqlite3.Connection, name: str) -> bool:
    """Tell whether a database has rows that are not committed.

    A backup of one is refused (https://www.sqlite.org/c3ref/backup_finish.html: SQLITE_BUSY).
    """

    def stop(status: int, remaining: int, total: int) -> None:
        raise _Stop(status)

    with closing(sqlite3.connect(":memory:")) as aside:
        try:
            connection.backup(aside, pages=1, progress=stop, name=name, sleep=0)
        except _Stop as stopped:
            return stopped.status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False


def _settings(connection: sqlite3.Connection, put: Put) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "isolation_level": connection.isolation_level,
        "autocommit": None,
        "parse_colnames": _parses_names(connection),
    }
    if sys.version_info >= (3, 12) and isinstance(connection.autocommit, bool):
        settings["autocommit"] = connection.autocommit
    for name, known in (("row_factory", _ROWS), ("text_factory", _TEXTS)):
        value = getattr(connection, name)
        settings[name] = next((key for key, found in known.items() if found is value), None)
        if settings[name] is None and value is not None:
            put.approximate(f"the {name} of a connection is not saved; set it again")
    if set(sqlite3.converters) - _KNOWN_CONVERTERS:
        put.approximate("whether a connection has detect_types=PARSE_DECLTYPES is not saved")
    if own := _functions(connection):
        put.approximate(f"functions registered with a connection are not saved: {', '.join(own)}")
    return settings


def _parses_names(connection: sqlite3.Connection) -> bool:
    with closing(sqlite3.Cursor(connection)) as cursor:
        cursor.execute('SELECT 1 AS "name [type]"')
        return bool(cursor.description[0][0] == "name")


def _functions(connection: sqlite3.Connection) -> list[str]:
    """Return what was registered beyond what a new connection has."""
    sql = "PRAGMA function_list"
    with closing(sqlite3.connect(":memory:")) as new:
        usual = {row[0] for row in _ask(new, sql)}
    return sorted({row[0] for row in _ask(connection, sql) if not row[1]} - usual)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _decode(payload: Any, get: Get) -> sqlite3.Connection:
    if not isinstance(payload, dict) or not isinstance(payload.get("closed"), bool):
        raise get.fail("a database connection without its parts")
    if payload["closed"]:
        closed = sqlite3.connect(":memory:")
        closed.close()
        return closed
    listed, settings = payload.get("databases"), payload.get("settings")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_DATABASES:
        raise get.fail("a database connection without its databases")
    if not isinstance(settings, dict) or not _are_known(settings):
        raise get.fail("a database connection with unknown settings")
    if not all(isinstance(d, dict) and isinstance(d.get("name"), str) for d in listed):
        raise get.fail("a database connection with a database that has no name")
    files = [_file(database, get) for database in listed]
    types = sqlite3.PARSE_COLNAMES if settings["parse_colnames"] else 0
    connection = sqlite3.connect(files[0], isolation_level=None, detect_types=types)
    try:
        for index, (database, file) in enumerate(zip(listed, files, strict=True)):
            name = database["name"] if index else "main"
            if index:
                connection.execute(f"ATTACH DATABASE ? AS {_quoted(name)}", (file,))
            if file == ":memory:" and database.get("content") is not None:
                content = get.buffer(database["content"])
                if not content:
                    raise get.fail("a database in memory without its content")
                _fill(connection, name, content)
        _set(connection, settings)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise NotLoadedError(f"SQLite cannot open its database: {error}") from None
        raise
    return connection


def _are_known(settings: dict[str, Any]) -> bool:
    level = settings.get("isolation_level")
    return (
        (level is None or isinstance(level, str))
        and (level.upper() if level else level) in _LEVELS
        and any(settings.get("autocommit") is known for known in (None, True, False))
        and isinstance(settings.get("parse_colnames"), bool)
        and settings.get("row_factory") in (None, *_ROWS)
        and settings.get("text_factory") in (None, *_TEXTS)
    )


def _file(database: dict[str, Any], get: Get) -> str:
    """Return what to open: a file that is there, or nothing but memory."""
    if "path" not in database:
        content = database.get("content")
        if content is not None and type(content) is not int:
            raise get.fail("a database in memory without its content")
        return ":memory:"
    name, relative = database.get("root"), database["path"]
    root = get.places.root(name) if name in (places.HOME, places.NOTEBOOK) else None
    if root is None or not isinstance(relative, str):
        raise get.fail("a database connection to a place that cannot be")
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative:
        raise get.fail("a database connection to a place that cannot be")
    path = root.target(relative)
    if not path.is_file():
        raise NotLoadedError(f"its database {root.show(relative)} is not here")
    if not path.resolve().is_relative_to(root.path.resolve()):
        raise NotLoadedError(f"its database {root.show(relative)} is a link that leads out")
    return str(path.absolute())


def _fill(connection: sqlite3.Connection, name: str, content: memoryview) -> None:
    if name != "main":
        connection.deserialize(content, name=name)
        connection.execute(f"SELECT count(*) FROM {_quoted(name)}.sqlite_schema").fetchone()
        return
    # Into memory of the ordinary kind: what deserialize gives cannot grow beyond 1 GB.
    with closing(sqlite3.connect(":memory:")) as aside:
        aside.deserialize(content)
        # Fails if it cannot be read; a backup would copy whatever it is.
        aside.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        aside.backup(connection)


def _set(connection: sqlite3.Connection, settings: dict[str, Any]) -> None:
    connection.row_factory = _ROWS.get(settings["row_factory"])
    connection.text_factory = _TEXTS.get(settings["text_factory"], str)
    connection.isolation_level = settings["isolation_level"]
    if sys.version_info >= (3, 12) and settings["autocommit"] is not None:
        connection.autocommit = settings["autocommit"]


CODECS = (Codec("sqlite3.Connection", (sqlite3.Connection,), _encode, _decode),)
