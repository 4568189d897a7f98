"""Restore of databases into open connections, so that cursors and callbacks stay valid.

A connection to a file stays; one in memory gets the stored content.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any

from .codecs import connections
from .codecs.connection_setup import ask
from .failures import NotSavedError


class InPlace:
    """Open connections of a session that take over the content of restored ones.

    Parameters
    ----------
    current : mapping
        The variables before anything was replaced.
    names : collection of str
        The names that are replaced.
    """

    def __init__(self, current: Mapping[str, Any], names: Collection[str]) -> None:
        self._current = current
        self._names = names
        self._pairs: list[tuple[sqlite3.Connection, sqlite3.Connection]] = []
        self._before: list[tuple[sqlite3.Connection, bytes]] = []

    def __call__(self, names: Collection[str], made: Any) -> Any:
        """Return the open connection to use for a restored object, or the object itself."""
        if type(made) is not sqlite3.Connection:
            return made
        for name in sorted(set(names) & set(self._names)):
            old = self._current.get(name)
            taken = any(old is each for each, _ in self._pairs)
            if type(old) is sqlite3.Connection and not taken and _can_become(old, made):
                self._pairs.append((old, made))
                return old
        return made

    def fill(self, values: Collection[Any]) -> None:
        """Copy the content into the connections that are among the values."""
        for old, made in self._pairs:
            if _is_in_memory(old) and any(value is old for value in values):
                self._before.append((old, old.serialize()))
                made.backup(old)
            made.close()

    def empty(self) -> None:
        """Restore the previous content."""
        for old, content in reversed(self._before):
            with closing(sqlite3.connect(":memory:")) as aside:
                aside.deserialize(content)
                aside.backup(old)


class _NoContent:
    """A `Put` that discards the content, to compare settings."""

    def raw(self, _: Any) -> int:
        return 0

    def approximate(self, _: str) -> None:
        pass


def _can_become(old: sqlite3.Connection, made: sqlite3.Connection) -> bool:
    """Tell whether two connections differ at most in the content of a database in memory."""
    try:
        mine, other = (_settings(each) for each in (old, made))
        if mine is None or mine != other:
            return False
        if not _is_in_memory(old):
            return True
        # SQLite refuses this while a query is unfinished or something is uncommitted.
        with closing(sqlite3.connect(":memory:")) as aside:
            old.backup(aside)
            aside.backup(old)
    except (sqlite3.Error, NotSavedError):
        return False
    return True


def _settings(connection: sqlite3.Connection) -> Any:
    """Return the settings of a connection to files or to one database in memory, else None."""
    payload = connections.encode(connection, _NoContent())  # type: ignore[arg-type]
    databases = payload.pop("databases", [])
    in_memory = [each for each in databases if "content" in each]
    if not databases or (in_memory and len(databases) > 1):
        return None
    if not in_memory:
        return payload, databases
    return payload, [ask(connection, f"PRAGMA {name}") for name in ("page_size", "encoding")]


def _is_in_memory(connection: sqlite3.Connection) -> bool:
    return not ask(connection, "PRAGMA database_list")[0][2]
