"""The PRAGMAs of SQLite that belong to a connection, and not to its file.

All others belong to the file (``user_version``, ``auto_vacuum``, …), only query or run something
(``integrity_check``, ``optimize``, …), or are never set by a load (`REPORTED`). See
https://www.sqlite.org/pragma.html.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, NamedTuple

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Runs SQL and returns its rows."""


class _Values(NamedTuple):
    """The values that a trusted bundle may set a PRAGMA to, and those that any bundle may."""

    known: Container[Any]
    harmless: Container[Any]


@dataclass(frozen=True)
class Schema:
    """A database of a connection.

    Attributes
    ----------
    name : str
        Name of the schema.
    file : str or None
        Path, or None for a database in memory.
    is_empty : bool
        Whether it has no page yet.
    """

    name: str
    file: str | None
    is_empty: bool


_OFF_OR_ON = range(2)
_COUNT = range(2**31)
_SIZE = range(-1, 2**63)


_USUAL = {"locking_mode": "normal", "mmap_size": 0}
"""Defaults of PRAGMAs that only databases in files have."""


def _any(values: Container[Any]) -> _Values:
    return _Values(values, values)


OF_CONNECTION = {
    **dict.fromkeys(
        (
            *("foreign_keys", "recursive_triggers", "reverse_unordered_selects", "automatic_index"),
            *("legacy_alter_table", "read_uncommitted", "cell_size_check", "case_sensitive_like"),
            *("count_changes", "full_column_names", "short_column_names", "empty_result_callbacks"),
            *("fullfsync", "checkpoint_fullfsync", "cache_spill"),
        ),
        _any(_OFF_OR_ON),
    ),
    "trusted_schema": _Values(_OFF_OR_ON, range(1)),
    "ignore_check_constraints": _Values(_OFF_OR_ON, range(1)),
    "temp_store": _any(range(3)),
    "analysis_limit": _any(_COUNT),
    "threads": _any(range(9)),
    "wal_autocheckpoint": _any(_COUNT),
    # In the browser, a long wait cannot be interrupted.
    "busy_timeout": _Values(_COUNT, range(60_001)),
    # These two come last: nothing can be written after the first, and a commit ends the second.
    "query_only": _any(_OFF_OR_ON),
    "defer_foreign_keys": _any(_OFF_OR_ON),
}

OF_DATABASE = {
    "synchronous": _Values(range(4), range(1, 4)),
    "cache_size": _any(range(-(2**31), 2**31)),
    "secure_delete": _any(range(3)),
    "journal_mode": _Values(("truncate", "persist", "memory", "off"), ("truncate", "persist")),
    "journal_size_limit": _any(_SIZE),
    "max_page_count": _any(range(1, 2**32)),
    "mmap_size": _Values(_SIZE, range(1)),
    "locking_mode": _Values(("normal", "exclusive"), ("normal",)),
}

_OF_FIRST_PAGE = {
    "page_size": _any([2**power for power in range(9, 17)]),
    "auto_vacuum": _any(range(3)),
}

OF_EMPTY = {**_OF_FIRST_PAGE, "encoding": _any(("UTF-8", "UTF-16le", "UTF-16be"))}
"""PRAGMAs that are written into the file with its first page or table."""

_ONLY_OF_FILES = ("locking_mode", "mmap_size")

REPORTED = ("writable_schema", "soft_heap_limit", "hard_heap_limit", "temp_store_directory")
"""PRAGMAs that a save only reports, and no load sets.

They let SQL damage a database, or hold for the whole process.
"""

_UNREADABLE = ("case_sensitive_like", "threads", "max_page_count", "mmap_size", "fullfsync")
"""PRAGMAs whose value cannot be queried, may be bounded, or is not supported everywhere."""

Setting = list[Any]
"""Schema (or None), name of the PRAGMA, and value."""


def of_connection(ask: Ask) -> dict[str, Any]:
    """Return the values of the PRAGMAs of a connection that can be queried."""
    names = (*OF_CONNECTION, *REPORTED)
    return {name: _value(ask, "", name) for name in names if name != "case_sensitive_like"}


def of_database(ask: Ask, schema: Schema) -> dict[str, Any]:
    """Return the values of the PRAGMAs that a connection has for one of its databases."""
    prefix = f"{quoted(schema.name)}."
    in_memory = schema.file is None
    names = [*OF_DATABASE, *(_OF_FIRST_PAGE if schema.is_empty else ())]
    # The first table fixes the encoding.
    if schema.name == "main" and not ask("SELECT 1 FROM main.sqlite_schema LIMIT 1"):
        names.append("encoding")
    found = {
        name: _value(ask, prefix, name)
        for name in names
        if not (in_memory and name in _ONLY_OF_FILES)
    }
    # WAL is stored in the file; the others are defaults.
    if found["journal_mode"] in ("wal", "delete") or (
        in_memory and found["journal_mode"] == "memory"
    ):
        del found["journal_mode"]
    return found


def differing(found: dict[str, Any], usual: dict[str, Any], schema: str | None) -> list[Setting]:
    """Return the settings that differ from a new connection and can be set."""
    known = {**OF_CONNECTION, **OF_DATABASE, **OF_EMPTY}
    return [
        [schema, name, value]
        for name, value in found.items()
        if name in known and value is not None and value != {**_USUAL, **usual}.get(name)
    ]


def is_known(setting: Any, schemas: Container[str]) -> bool:
    """Tell whether a setting, three values of any type, is one that a load can make."""
    schema, name, value = setting
    if schema is not None and schema not in schemas:
        return False
    if name == "encoding" and schema != "main":
        return False  # It is one for all databases of a connection.
    values = (OF_CONNECTION if schema is None else {**OF_DATABASE, **OF_EMPTY}).get(name)
    return values is not None and value in values.known


def is_harmless(setting: Setting, in_memory: Container[str]) -> bool:
    """Tell whether a bundle that is not trusted may make a setting."""
    schema, name, value = setting
    if schema is None:
        return value in OF_CONNECTION[name].harmless
    # A crash leaves nothing of a database in memory anyway.
    if name == "synchronous" and schema in in_memory:
        return True
    return value in {**OF_DATABASE, **OF_EMPTY}[name].harmless


def make(setting: Setting, ask: Ask) -> bool:
    """Set a PRAGMA whose name and value are known; return whether SQLite has accepted it."""
    schema, name, value = setting
    prefix = "" if schema is None else f"{quoted(schema)}."
    if name == "journal_mode" and _value(ask, prefix, name) == "wal":
        return True  # The file is in WAL mode now.
    if name == "encoding" or (name in OF_EMPTY and _value(ask, prefix, "page_count")):
        return True  # It is set already, or can no longer be set.
    # SQLite reads every other number as "on".
    is_fast = name == "secure_delete" and value == 2
    ask(f"PRAGMA {prefix}{name} = {'fast' if is_fast else value}")
    return name in _UNREADABLE or bool(_value(ask, prefix, name) == value)


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _value(ask: Ask, prefix: str, name: str) -> Any:
    """Return the value of a PRAGMA, or None where SQLite does not have it."""
    rows = ask(f"PRAGMA {prefix}{name}")
    if not rows:
        return None
    # Its number depends on the size of the cache.
    return int(bool(rows[0][0])) if name == "cache_spill" else rows[0][0]
