"""The settings of a connection to SQLite, read without side effects.

This runs none of the user's code, waits for no lock, and writes nothing.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from ...platform import IN_BROWSER
from . import connection_pragmas as pragmas
from .connection_pragmas import Schema
from .connection_setup import CONFIG, ROWS, TEXTS, ask, numbers
from .registry import Put

_KNOWN_CONVERTERS = {"DATE", "TIMESTAMP"}
"""Converters that Python registers itself (deprecated since 3.12)."""

_ANY_TABLE = "EXPLAIN SELECT 1 FROM sqlite_schema"

_COLLATIONS = {"BINARY", "NOCASE", "RTRIM"}
"""Collations of every connection (https://www.sqlite.org/datatype3.html, 7)."""


@dataclass(frozen=True)
class Before:
    """The state of a connection before it was queried.

    Attributes
    ----------
    callbacks : list of str
        Kinds of callbacks that it has.
    pragmas : dict
        Values of the PRAGMAs that a query changes.
    """

    callbacks: list[str]
    pragmas: dict[str, Any]


@contextmanager
def undisturbed(connection: sqlite3.Connection) -> Iterator[Before]:
    """Query a connection without tracing and without waiting, and restore its state."""
    before = _callbacks(connection)
    connection.set_trace_callback(None)
    left = _callbacks(connection)
    # The trace callback comes first.
    is_traced = len(left) < len(before)
    found = ["trace callback"] * is_traced + ["progress handler or authorizer"] * bool(left)
    values = {}
    try:
        # Any read outside of a transaction switches the second one off.
        for name in ("busy_timeout", "defer_foreign_keys"):
            values[name] = ask(connection, f"PRAGMA {name}")[0][0]
        ask(connection, "PRAGMA busy_timeout = 0")
        yield Before(found, values)
    finally:
        for name, value in values.items():
            ask(connection, f"PRAGMA {name} = {value}")
        if is_traced:
            connection.set_trace_callback(before[0])


def _callbacks(connection: sqlite3.Connection) -> list[Any]:
    """Return the callbacks of a connection, which only the garbage collector lists."""
    # The first six are its type, statements, cursors, open values, and the two factories.
    return [each for each in gc.get_referents(connection)[6:] if not isinstance(each, ModuleType)]


@dataclass
class _Reported:
    """The settings of a connection that SQLite reports."""

    pragmas: dict[str, Any]
    schemas: dict[str, dict[str, Any]]
    functions: set[tuple[Any, ...]]
    limits: dict[str, int]
    config: dict[str, bool]
    uri: bool
    extensions: bool


def _reported(connection: sqlite3.Connection, schemas: Sequence[Schema]) -> _Reported:
    def run(sql: str) -> list[tuple[Any, ...]]:
        return ask(connection, sql)

    return _Reported(
        pragmas.of_connection(run),
        {each.name: pragmas.of_database(run, each) for each in schemas},
        set(run("PRAGMA function_list")),
        {name: connection.getlimit(number) for name, number in numbers("LIMIT")},
        _config(connection),
        "access mode"
        in _error(connection, "ATTACH 'file:/litestate/none?mode=none' AS litestate_none"),
        "authorized" not in _error(connection, "SELECT load_extension('/litestate/none')"),
    )


def _error(connection: sqlite3.Connection, sql: str) -> str:
    """Return SQLite's message for a statement that fails and changes nothing."""
    try:
        ask(connection, sql)
    except sqlite3.Error as error:
        return str(error)
    return ""


def _config(connection: sqlite3.Connection) -> dict[str, bool]:
    if sys.version_info < (3, 12):
        return {}
    found = {}
    for name, number in numbers("DBCONFIG"):
        # This version of SQLite may lack one.
        with suppress(sqlite3.Error):
            if name in CONFIG:
                found[name] = connection.getconfig(number)
    return found


@cache
def _usual() -> _Reported:
    """Return the settings of a new connection."""
    with closing(sqlite3.connect(":memory:")) as new:
        return _reported(new, [Schema("main", None, is_empty=True)])


def is_locked(connection: sqlite3.Connection) -> bool:
    """Tell whether another connection has locked the database."""
    try:
        ask(connection, _ANY_TABLE)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True
        raise
    return False


def read(
    connection: sqlite3.Connection, schemas: Sequence[Schema], before: Before, put: Put
) -> dict[str, Any]:
    """Return the settings of a connection; report those that cannot be saved."""
    locked = is_locked(connection)
    if locked:
        put.approximate(
            "its database is locked, so that not all settings of a connection can be saved"
        )
    actual, usual = _reported(connection, [] if locked else schemas), _usual()
    actual.pragmas |= before.pragmas
    settings: dict[str, Any] = {
        "isolation_level": connection.isolation_level,
        "autocommit": None,
        "parse_colnames": _parses_names(connection),
    }
    if sys.version_info >= (3, 12) and isinstance(connection.autocommit, bool):
        settings["autocommit"] = connection.autocommit
    for name, known in (("row_factory", ROWS), ("text_factory", TEXTS)):
        value = getattr(connection, name)
        settings[name] = next((key for key, found in known.items() if found is value), None)
        if settings[name] is None and value is not None:
            put.approximate(f"the {name} of a connection is not saved; set it again")
    settings["parse_decltypes"] = not locked and _parses_types(connection)
    settings["check_same_thread"] = _checks_thread(connection)
    settings["uri"] = actual.uri and not usual.uri
    settings["readonly"] = _read_only(connection, schemas)
    settings["limits"] = _unlike(actual.limits, usual.limits)
    settings["config"] = _unlike(actual.config, usual.config)
    settings["pragmas"] = _pragmas(connection, actual, usual)
    _report_the_rest(connection, actual, before.callbacks, put)
    if not locked:
        _report_temporary_and_shared(connection, put)
    if (settings["parse_decltypes"] or settings["parse_colnames"]) and (
        own := sorted(set(sqlite3.converters) - _KNOWN_CONVERTERS)
    ):
        put.approximate(f"converters of types are not saved; register them again: {', '.join(own)}")
    return settings


def _unlike(found: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value != usual.get(name)}


def _pragmas(connection: sqlite3.Connection, actual: _Reported, usual: _Reported) -> list[Any]:
    found = []
    for schema, values in actual.schemas.items():
        found += pragmas.differing(values, usual.schemas["main"], schema)
    like = {row for row in actual.functions - usual.functions if row[0] == "like"}
    # The PRAGMA registers two functions; the user's own function is not called.
    if len(like) == 2 and not any(row[1] for row in like):
        actual.functions -= like
        if ask(connection, "SELECT 'a' LIKE 'A'") == [(0,)]:
            found.append([None, "case_sensitive_like", 1])
    return found + pragmas.differing(actual.pragmas, usual.pragmas, None)


def _report_the_rest(
    connection: sqlite3.Connection, actual: _Reported, callbacks: list[str], put: Put
) -> None:
    """Report settings that code has made and no load makes."""
    usual = _usual()
    if own := sorted({row[0] for row in actual.functions - usual.functions}):
        put.approximate(f"functions registered with a connection are not saved: {', '.join(own)}")
    listed = {row[1] for row in ask(connection, "PRAGMA collation_list")}
    if own := sorted(listed - _COLLATIONS):
        put.approximate(f"collations registered with a connection are not saved: {', '.join(own)}")
    if callbacks:
        put.approximate(f"the {' and the '.join(callbacks)} of a connection is not saved")
    if actual.extensions and not usual.extensions:
        put.approximate("enable_load_extension() of a connection is not saved")
    for name in pragmas.REPORTED:
        if (value := actual.pragmas[name]) != usual.pragmas[name] and value:
            put.approximate(f"PRAGMA {name} is not saved; set it again if you need it")


def _report_temporary_and_shared(connection: sqlite3.Connection, put: Put) -> None:
    if any(row[1] == "temp" for row in ask(connection, "PRAGMA database_list")) and ask(
        connection, "SELECT 1 FROM temp.sqlite_schema LIMIT 1"
    ):
        put.approximate("the TEMP tables of a connection are not saved")
    # SQLite locks single tables only in a cache that connections share.
    if any(row[1] == "TableLock" for row in ask(connection, _ANY_TABLE)):
        put.approximate(
            "cache=shared of a connection is not saved: connections to one database in memory "
            "get one each"
        )


def _parses_names(connection: sqlite3.Connection) -> bool:
    with closing(sqlite3.Cursor(connection)) as cursor:
        cursor.execute('SELECT 1 AS "name [type]"')
        return bool(cursor.description[0][0] == "name")


def _parses_types(connection: sqlite3.Connection) -> bool:
    """Tell whether declared types are converted, by a column that every connection has."""
    sql = "SELECT name FROM temp.sqlite_schema WHERE 0 UNION ALL SELECT 'name'"
    before = sqlite3.converters.get("TEXT")
    sqlite3.converters["TEXT"] = lambda _: None
    try:
        return ask(connection, sql) == [(None,)]
    finally:
        del sqlite3.converters["TEXT"]
        if before is not None:
            sqlite3.converters["TEXT"] = before


def _checks_thread(connection: sqlite3.Connection) -> bool:
    """Tell whether only this thread may use a connection, by trying it in another one."""
    if IN_BROWSER:
        return True  # There is no other thread.
    refused = []

    def use() -> None:
        try:
            sqlite3.Cursor(connection).close()
        except sqlite3.ProgrammingError as error:
            refused.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    return bool(refused)


def _read_only(connection: sqlite3.Connection, schemas: Sequence[Schema]) -> list[str]:
    """Return the databases that were opened read-only although their files can be written.

    For these SQLite plans only to read, in a transaction that writes to all databases.
    """
    plan = ask(connection, "EXPLAIN BEGIN IMMEDIATE")
    reads = {row[2] for row in plan if row[1] == "Transaction" and not row[3]}
    listed = {name: number for number, name, _ in ask(connection, "PRAGMA database_list")}
    return [
        each.name
        for each in schemas
        if listed[each.name] in reads and each.file and os.access(each.file, os.W_OK)
    ]
