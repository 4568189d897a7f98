"""Stored settings of a connection to SQLite: checked, and made on a new connection.

Settings from a bundle that is not trusted are checked against a list of harmless values.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from . import connection_pragmas as pragmas
from .connection_pragmas import quoted
from .registry import Get

LEVELS = (None, "", "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
TEXTS: dict[str, Any] = {"str": str, "bytes": bytes, "bytearray": bytearray}
ROWS: dict[str, Any] = {"sqlite3.Row": sqlite3.Row}

CONFIG = (
    *("DEFENSIVE", "DQS_DDL", "DQS_DML", "ENABLE_QPSG", "ENABLE_TRIGGER", "ENABLE_VIEW"),
    *("LEGACY_FILE_FORMAT", "NO_CKPT_ON_CLOSE", "TRIGGER_EQP"),
)
"""Options of `sqlite3.Connection.setconfig` (Python 3.12 and newer) that no PRAGMA covers.

None of them lets SQL load code or write to its own schema.
"""

_MORE = {
    "pragmas": [],
    "limits": {},
    "config": {},
    "parse_decltypes": False,
    "check_same_thread": True,
    "uri": False,
    "readonly": [],
}
"""Defaults of the settings that the first version of the format lacks."""

_KEYS = {
    *("isolation_level", "autocommit", "parse_colnames", "row_factory", "text_factory"),
    *_MORE,
}

_MOST_PRAGMAS = 4000
"""More than all databases of a connection can have."""

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def ask(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return rows with text as `str`, whatever factories the connection has."""
    factory = connection.text_factory
    connection.text_factory = os.fsdecode
    try:
        with closing(sqlite3.Cursor(connection)) as cursor:
            return cursor.execute(sql).fetchall()
    finally:
        connection.text_factory = factory


def numbers(kind: str) -> Iterator[tuple[str, int]]:
    """Yield the constants of a kind that this version of Python has."""
    prefix = f"SQLITE_{kind}_"
    for name in sorted(vars(sqlite3)):
        if name.startswith(prefix):
            yield name.removeprefix(prefix), getattr(sqlite3, name)


def packed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a payload that holds the settings.

    Settings that the first version of the format lacks are stored under another key. Readers of
    that version refuse such a connection; otherwise they would open it with other settings.
    """
    more = {name: settings[name] for name, usual in _MORE.items() if settings[name] != usual}
    first = {name: value for name, value in settings.items() if name not in _MORE}
    return {"configured": {**first, **more}} if more else {"settings": first}


def unpacked(payload: dict[str, Any], schemas: Sequence[str]) -> dict[str, Any] | None:
    """Return the settings of a payload, or None if they are malformed."""
    if ("settings" in payload) == ("configured" in payload):
        return None
    found = payload.get("settings", payload.get("configured"))
    if not isinstance(found, dict):
        return None
    settings = {**_MORE, **found}
    level, read_only = settings.get("isolation_level"), settings["readonly"]
    good = (
        (level is None or isinstance(level, str))
        and (level.upper() if level else level) in LEVELS
        and any(settings.get("autocommit") is known for known in (None, True, False))
        and all(
            isinstance(settings.get(name), bool)
            for name in ("parse_colnames", "parse_decltypes", "check_same_thread", "uri")
        )
        and settings.get("row_factory") in (None, *ROWS)
        and settings.get("text_factory") in (None, *TEXTS)
        and isinstance(read_only, list)
        and all(isinstance(name, str) and name in schemas for name in read_only)
        and _are_pragmas(settings["pragmas"])
        and _are(settings["limits"], int)
        and _are(settings["config"], bool)
    )
    return settings if good else None


def _are_pragmas(found: Any) -> bool:
    return (
        isinstance(found, list)
        and len(found) <= _MOST_PRAGMAS
        and all(
            isinstance(each, list)
            and len(each) == 3
            and isinstance(each[0], str | None)
            and isinstance(each[1], str)
            and type(each[2]) in (int, str)
            for each in found
        )
    )


def _are(found: Any, kind: type[int]) -> bool:
    """Tell whether this is a dictionary whose values are of a type and have 31 bits at most."""
    return isinstance(found, dict) and all(
        type(value) is kind and 0 <= value < 2**31 for value in found.values()
    )


def check(
    settings: dict[str, Any], schemas: Sequence[str], in_memory: Sequence[str], get: Get
) -> None:
    """Check that settings are supported here and allowed.

    Raises
    ------
    NotLoadedError, NeedsTrustError
        If they are not.
    """
    if unknown := settings.keys() - _KEYS:
        raise get.missing(f"this version of litestate does not know its {min(unknown)}")
    for each in settings["pragmas"]:
        if not pragmas.is_known(each, schemas):
            raise get.missing(f"no load sets PRAGMA {each[1]:.40} = {each[2]!s:.40}")
    for name in settings["limits"]:
        if name not in dict(numbers("LIMIT")):
            raise get.missing(f"its limit {name} cannot be set with Python {_PYTHON}")
    for name in settings["config"]:
        if name not in CONFIG:
            raise get.missing(f"no load sets {name:.40}")
        if sys.version_info < (3, 12) or name not in dict(numbers("DBCONFIG")):
            raise get.missing(f"its setting {name} cannot be set with Python {_PYTHON}")
    if get.trusted:
        return
    for each in settings["pragmas"]:
        if not pragmas.is_harmless(each, in_memory):
            raise get.waiting(f"it would set PRAGMA {each[1]} = {each[2]}")


def set_encoding(connection: sqlite3.Connection, settings: dict[str, Any]) -> None:
    """Set the encoding, which the first read fixes; a database with pages keeps its own."""
    for schema, name, value in settings["pragmas"]:
        if name == "encoding":
            ask(connection, f"PRAGMA {quoted(schema)}.encoding = '{value}'")


def set_pragmas(connection: sqlite3.Connection, settings: dict[str, Any], get: Get) -> None:
    """Set what SQLite itself holds, outside of a transaction."""
    # Nothing can be written after these.
    last = ("query_only", "defer_foreign_keys")
    for setting in sorted(settings["pragmas"], key=lambda each: each[1] in last):
        if not pragmas.make(setting, lambda sql: ask(connection, sql)):
            name, version = setting[1], sqlite3.sqlite_version
            raise get.missing(f"SQLite {version} here does not take its PRAGMA {name}")
    if sys.version_info >= (3, 12):
        for name, number in numbers("DBCONFIG"):
            if name in settings["config"]:
                connection.setconfig(number, settings["config"][name])


def set_attributes(connection: sqlite3.Connection, settings: dict[str, Any]) -> None:
    """Set what Python holds, and then the limits, which might prevent other settings."""
    connection.row_factory = ROWS.get(settings["row_factory"])
    connection.text_factory = TEXTS.get(settings["text_factory"], str)
    connection.isolation_level = settings["isolation_level"]
    if sys.version_info >= (3, 12) and settings["autocommit"] is not None:
        connection.autocommit = settings["autocommit"]
    for name, number in numbers("LIMIT"):
        if name in settings["limits"]:
            connection.setlimit(number, settings["limits"][name])
