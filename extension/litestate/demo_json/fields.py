"""Fields of the demo app's JSON file, and the rules that recognize such a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO

from ..bundle import CHUNK
from ..errors import DamagedBundleError, UnsafeBundleError
from .byte_shapes import ShapeError, is_empty, looks_like_bytes
from .json_scanner import DEMO_DATABASE, BrokenJson, members, without_array

DATABASE = "app_state.db"
STATE = "app_state.json"
DEMO_STATE = "jsonState"
"""The demo app's field for `STATE`, as `DEMO_DATABASE` is its field for `DATABASE`."""

LIMIT = 256 << 20
"""Bytes of a JSON file that has to be read whole: in the browser, a kernel never returns the memory
that it has taken."""

NAMED = 20
"""Ignored fields that the report names."""

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_NAMES = re.compile(rb'"(?:app_state\.(?:db|json)|database|jsonState)"')
_KEYS = (DATABASE, STATE, DEMO_DATABASE, DEMO_STATE)
_OVERLAP = len(f'"{STATE}"') - 1
"""Bytes of a name in quotation marks that may be at the end of a chunk."""

_ARRAY = re.compile(rb'"database"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*[0-9]')

_TIMES = frozenset(
    {"timestamp", "created", "createdat", "exportedat", "savedat", "exported", "saved", "date"}
)
"""Names of fields with the time, in lower case without ``_`` and ``-``."""

_YEARS = range(1990, 2200)
_IN_NAME = re.compile(r"pyodide-state-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)", re.ASCII)


@dataclass
class Fields:
    """The fields of one file.

    Attributes
    ----------
    data : bytes
        The file.
    ranges : dict of str to slice
        The range in `data` that becomes `DATABASE`, and the one that becomes `STATE`.
    keys : dict of str to str
        The field that becomes `DATABASE`, and the one that becomes `STATE`.
    database : bytearray or None
        The database, if it was read already; then `data` has ``[0]`` instead.
    created : datetime.datetime or None
        The time in the file, if it has one.
    others, count : list of str, int
        Names of the first `NAMED` ignored fields, and the number of all.
    """

    data: bytes
    ranges: dict[str, slice] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    database: bytearray | None = None
    created: datetime | None = None
    others: list[str] = field(default_factory=list)
    count: int = 0


def find(file: IO[bytes]) -> Fields | None:
    """Return the fields of the demo's JSON file, or None for any other file.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.

    Raises
    ------
    DamagedBundleError
        If it is such a file and broken.
    UnsafeBundleError
        If it is larger than `LIMIT`.
    """
    if not _looks_like_it(file):
        return None
    if (parts := without_array(file)) and (found := _find_after_array(*parts)):
        return found
    size = file.seek(0, 2)
    if size > LIMIT:
        raise UnsafeBundleError(
            f"The file was refused before anything was changed: it has {size:,} bytes of JSON, "
            f"the limit is {LIMIT:,}. docs/older-formats.md shows how to read its database "
            "without litestate."
        )
    file.seek(0)
    return _find(file.read(size))


@contextmanager
def explained(key: str) -> Iterator[None]:
    """Name the field in an error, and what to do."""
    try:
        yield
    except (BrokenJson, ShapeError) as error:
        raise damaged(key, str(error)) from None


def damaged(key: str, problem: str) -> DamagedBundleError:
    """Return the error for a field that cannot be used."""
    key = key if len(key) <= 80 else key[:80] + "…"
    return DamagedBundleError(
        f"The file is damaged at {key!r}: {problem}. Nothing was changed; use another copy of the "
        "file. docs/older-formats.md says what can be read."
    )


def _looks_like_it(file: IO[bytes]) -> bool:
    """Check fast, one chunk at a time: most JSON is something else, and may be large."""
    file.seek(0)
    chunk = file.read(CHUNK)
    if not chunk.removeprefix(_BOM).lstrip(_BLANK).startswith(b"{"):
        return False
    tail, left = b"", LIMIT
    while chunk and left > 0:
        if _NAMES.search(tail + chunk):
            return True
        left -= len(chunk)
        tail = chunk[-_OVERLAP:]
        chunk = file.read(CHUNK)
    return False


def _find_after_array(data: bytes, database: bytearray) -> Fields | None:
    """Return the fields of a file whose database was read; None if the rest is broken."""
    try:
        found = _find(data)
    except DamagedBundleError:
        # Positions in the error would not be those in the file.
        return None
    if found and found.keys.get(DATABASE) == DEMO_DATABASE:
        found.database = database
    return found


def _find(data: bytes) -> Fields | None:
    found = Fields(data)
    values: dict[str, slice] = {}
    repeated = set()
    try:
        for key, value in members(data, data.index(b"{"), len(data.rstrip(_BLANK))):
            if key not in _KEYS:
                _note(found, key, value)
            elif key in values:
                repeated.add(key)
            else:
                values[key] = value
    except BrokenJson as error:
        _choose(found, values)
        if not found.ranges and not _is_named(data, error.key):
            return None
        raise damaged(error.key or DATABASE, str(error)) from None
    _choose(found, values)
    for key in repeated.intersection(found.keys.values()):
        raise damaged(key, "it is there twice, so it is not known which one counts")
    return found if found.ranges else None


def _choose(found: Fields, values: dict[str, slice]) -> None:
    """Choose the fields that count. Other programs use the name `DEMO_DATABASE` as well."""
    state = STATE if STATE in values else DEMO_STATE
    if state in values:
        found.keys[STATE] = state
    if DATABASE in values:
        found.keys[DATABASE] = DATABASE
    elif DEMO_DATABASE in values:
        place = values[DEMO_DATABASE]
        is_alone = len(values) == 1 and not found.count
        if (
            found.keys.get(STATE) == DEMO_STATE
            or looks_like_bytes(found.data, place)
            or (is_alone and is_empty(found.data, place))
        ):
            found.keys[DATABASE] = DEMO_DATABASE
    found.ranges = {target: values[key] for target, key in found.keys.items()}
    for key, value in values.items():
        if key not in found.keys.values():
            _note(found, key, value)


def _is_named(data: bytes, key: str | None) -> bool:
    """Tell whether the field in which the JSON ends is one of the demo app's."""
    return key in (DATABASE, STATE, DEMO_STATE) or (
        key == DEMO_DATABASE and _ARRAY.search(data) is not None
    )


def _note(found: Fields, key: str, value: slice) -> None:
    if found.created is None and (created := _time(key, found.data[value.start : value.stop])):
        found.created = created
    else:
        found.count += 1
        if len(found.others) < NAMED:
            found.others.append(key)


def _time(key: str, raw: bytes) -> datetime | None:
    """Read ISO 8601 text, or milliseconds or seconds since 1970."""
    if re.sub("[_-]", "", key.lower()) not in _TIMES or len(raw) > 100:
        return None
    try:
        value = json.loads(raw.decode()) if raw[:1] not in b"[{" else None
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            # As seconds, the smallest number of milliseconds would be in the year 5138.
            seconds = value / 1000 if value > 1e11 else value
            time = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return time if time.year in _YEARS else None


def time_in(name: str) -> datetime | None:
    """Return when the demo app made a file, from the file's name.

    Examples
    --------
    >>> time_in("pyodide-state-2025-06-14T10-11-12-123Z (1).json")
    datetime.datetime(2025, 6, 14, 10, 11, 12, 123000, tzinfo=datetime.timezone.utc)
    """
    match = _IN_NAME.search(name)
    try:
        return datetime.fromisoformat("{}:{}:{}.{}".format(*match.groups())) if match else None
    except ValueError:
        return None
