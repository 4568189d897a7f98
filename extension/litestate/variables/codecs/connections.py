"""Codec for connections to SQLite databases.

A connection to a file is restored as one to the file at that path: the file itself belongs to the
databases of a bundle. One to a database in memory is restored with its content.

No lock is kept on a file for this.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from ...host import roots
from ...sqlite.safe_connections import size_of
from ..failures import NotLoadedError, NotSavedError
from ..group import Group
from .connection_pragmas import Schema, quoted
from .connection_settings import read, undisturbed
from .connection_setup import (
    ask,
    check,
    packed,
    set_attributes,
    set_encoding,
    set_pragmas,
    unpacked,
)
from .registry import Codec, Get, Put

MEMORY = ":memory:"

_TAG = "sqlite3.Connection"

_MAX_DATABASES = 126
"""SQLite's own limit: main and 125 attached databases (https://www.sqlite.org/limits.html, 11)."""


class _Stop(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def encode(connection: sqlite3.Connection, put: Put) -> dict[str, Any]:
    """Return the payload of a connection.

    Raises
    ------
    NotSavedError
        If it cannot be saved.
    """
    try:
        with undisturbed(connection) as before:
            listed = [
                (name, file or "")
                for _, name, file in ask(connection, "PRAGMA database_list")
                if name != "temp"
            ]
            databases = [
                {"name": name, **_database(connection, name, file, put)} for name, file in listed
            ]
            schemas = [
                _schema(database, file)
                for database, (_, file) in zip(databases, listed, strict=True)
            ]
            settings = read(connection, schemas, before, put)
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise NotSavedError(f"a database connection of another thread: {error}") from None
        return {"closed": True}
    except sqlite3.Error as error:
        raise NotSavedError(f"SQLite cannot read its database: {error}") from None
    return {"closed": False, "databases": databases, **packed(settings)}


def _schema(database: dict[str, Any], file: str) -> Schema:
    if "content" in database:
        return Schema(database["name"], None, database["content"] is None)
    return Schema(database["name"], file, not size_of(Path(file)))


def _database(connection: sqlite3.Connection, name: str, file: str, put: Put) -> dict[str, Any]:
    # A deserialized database has the name of its schema as its file.
    if not Path(file).is_absolute():
        return {"content": _content(connection, name, put)}
    if connection.in_transaction and getattr(connection, "autocommit", None) is not False:
        put.approximate("the open transaction of a connection is not saved")
    return _place(Path(file))


def _place(file: Path) -> dict[str, Any]:
    for root in roots.detect().roots:
        # SQLite has resolved links.
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
    if not ask(connection, f"PRAGMA {quoted(name)}.page_count")[0][0]:
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


def _decode(payload: Any, get: Get) -> sqlite3.Connection:
    if not isinstance(payload, dict) or not isinstance(payload.get("closed"), bool):
        raise get.fail("a database connection without its parts")
    if payload["closed"]:
        closed = sqlite3.connect(":memory:")
        closed.close()
        return closed
    listed = payload.get("databases")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_DATABASES:
        raise get.fail("a database connection without its databases")
    if not all(isinstance(d, dict) and isinstance(d.get("name"), str) for d in listed):
        raise get.fail("a database connection with a database that has no name")
    names = ["main", *(database["name"] for database in listed[1:])]
    settings = unpacked(payload, names)
    if settings is None:
        raise get.fail("a database connection with unknown settings")
    files = [_file(database, get) for database in listed]
    in_memory = [n for n, file in zip(names, files, strict=True) if file == MEMORY]
    check(settings, names, in_memory, get)
    connection = _connect(names, files, settings)
    try:
        for database, name, file in zip(listed, names, files, strict=True):
            if file == MEMORY and database.get("content") is not None:
                content = get.buffer(database["content"])
                if not content:
                    raise get.fail("a database in memory without its content")
                _fill(connection, name, content)
        set_pragmas(connection, settings, get)
        set_attributes(connection, settings)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise NotLoadedError(f"SQLite cannot open its database: {error}") from None
        raise
    return connection


def _connect(names: list[str], files: list[str], settings: dict[str, Any]) -> sqlite3.Connection:
    types = sqlite3.PARSE_COLNAMES if settings["parse_colnames"] else 0
    types |= sqlite3.PARSE_DECLTYPES if settings["parse_decltypes"] else 0
    read_only = settings["readonly"]
    uses_uri = settings["uri"] or bool(read_only)

    def target(name: str, file: str) -> str:
        if not uses_uri or file == MEMORY:
            return file
        return f"file:{quote(file)}?mode={'ro' if name in read_only else 'rw'}"

    main, *attached = map(target, names, files)
    connection = sqlite3.connect(
        main,
        isolation_level=None,
        detect_types=types,
        check_same_thread=settings["check_same_thread"],
        uri=uses_uri,
    )
    try:
        # This must come before the first read.
        set_encoding(connection, settings)
        for name, file in zip(names[1:], attached, strict=True):
            connection.execute(f"ATTACH DATABASE ? AS {quoted(name)}", (file,))
    except sqlite3.Error as error:
        connection.close()
        raise NotLoadedError(f"SQLite cannot open its database: {error}") from None
    return connection


def _file(database: dict[str, Any], get: Get) -> str:
    """Return what to open: a file that exists, or memory."""
    if "path" not in database:
        content = database.get("content")
        if content is not None and type(content) is not int:
            raise get.fail("a database in memory without its content")
        return MEMORY
    name, relative = database.get("root"), database["path"]
    root = get.places.root(name) if name in (roots.HOME, roots.NOTEBOOK) else None
    if root is None or not isinstance(relative, str):
        raise get.fail("a database connection with an invalid path")
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative:
        raise get.fail("a database connection with an invalid path")
    path = root.target(relative)
    if not path.is_file():
        raise NotLoadedError(f"its database {root.show(relative)} is not here")
    if not path.resolve().is_relative_to(root.path.resolve()):
        raise NotLoadedError(f"its database {root.show(relative)} is a link that leads out")
    return str(path.absolute())


def _fill(connection: sqlite3.Connection, name: str, content: memoryview) -> None:
    if name != "main":
        connection.deserialize(content, name=name)
        connection.execute(f"SELECT count(*) FROM {quoted(name)}.sqlite_schema").fetchone()
        return
    # A copy, since a deserialized database cannot grow beyond 1 GB.
    with closing(sqlite3.connect(":memory:")) as aside:
        aside.deserialize(content)
        # This fails if it is not a database; a backup would copy anything.
        aside.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        aside.backup(connection)


def databases_of(group: Group) -> Iterator[tuple[str, str]]:
    """Yield names of a group's variables, each with the path of a database that it needs.

    Parameters
    ----------
    group : Group
        The group, as it is stored.

    Yields
    ------
    (name, place)
        For a database that only a pickle refers to, all names of the group.
    """
    if f'"{_TAG}"'.encode() not in group.document:
        return
    graph = json.loads(group.document)
    nodes = graph["nodes"]
    needed = {
        number: roots
        for number, node in enumerate(nodes)
        if node[0] == _TAG and (roots := list(_places(node[1])))
    }
    found: set[int] = set()
    for name, value in graph["names"].items():
        reached = _reached(value, nodes) & needed.keys()
        found |= reached
        yield from ((name, place) for number in sorted(reached) for place in needed[number])
    for number in sorted(needed.keys() - found):
        yield from ((name, place) for name in group.names for place in needed[number])


def _places(payload: Any) -> Iterator[str]:
    for database in payload.get("databases") or ():
        if "path" in database:
            yield f"{database['root']}/{database['path']}"


def _reached(value: Any, nodes: list[Any]) -> set[int]:
    """Return the nodes that a value refers to, and maybe some others: lists may look alike."""
    reached: set[int] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            number = one[0] if len(one) == 1 and type(one[0]) is int else -1
            if 0 <= number < len(nodes) and number not in reached:
                reached.add(number)
                todo.append(nodes[number])
            else:
                todo += [each for each in one if isinstance(each, list | dict)]
    return reached


CODECS = (Codec(_TAG, (sqlite3.Connection,), encode, _decode),)
