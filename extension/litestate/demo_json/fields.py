"""Recognise the demo's JSON file, and find its fields."""

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
from .scan import BrokenJson, members
from .shapes import ShapeError

DATABASE = "app_state.db"
STATE = "app_state.json"

LIMIT = 256 << 20
"""Bytes of the JSON file. It is read whole, and in the browser the memory that a kernel has taken
is never given back. A database of 50 MB as an array of numbers has about 180 MB."""

NAMED = 20
"""Ignored fields that are named one by one."""

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_NAMES = re.compile(rb'"app_state\.(?:db|json)"')
_OVERLAP = len(f'"{STATE}"') - 1
"""Bytes of a name in quotation marks that may stand at the end of a piece."""

_TIMES = frozenset(
    {"timestamp", "created", "createdat", "exportedat", "savedat", "exported", "saved", "date"}
)
"""What a field with the time may be called, in lower case without ``_`` and ``-``."""

_YEARS = range(1990, 2200)


@dataclass
class Fields:
    """What the file holds.

    Attributes
    ----------
    data : bytes
        The file.
    places : dict of str to slice
        Where `DATABASE` and `STATE` are in it.
    created : datetime.datetime or None
        When it was made, if it says so.
    others, count : list of str, int
        Names of the first `NAMED` fields that nobody asks for, and how many there are.
    """

    data: bytes
    places: dict[str, slice] = field(default_factory=dict)
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
        If it is such a file, and broken.
    UnsafeBundleError
        If it is larger than `LIMIT`.
    """
    if not _looks_like_it(file):
        return None
    size = file.seek(0, 2)
    if size > LIMIT:
        raise UnsafeBundleError(
            f"The file was refused before anything was changed: it has {size:,} bytes of JSON, "
            f"the limit is {LIMIT:,}. docs/older-formats.md says how to get at its database "
            "without litestate."
        )
    file.seek(0)
    return _find(file.read(size))


@contextmanager
def explained(key: str) -> Iterator[None]:
    """Say in an error which field is meant, and what to do."""
    try:
        yield
    except (BrokenJson, ShapeError) as error:
        raise damaged(key, str(error)) from None


def damaged(key: str, what: str) -> DamagedBundleError:
    """Return the error for a field that cannot be used."""
    key = key if len(key) <= 80 else key[:80] + "…"
    return DamagedBundleError(
        f"The file is damaged at {key!r}: {what}. Nothing was changed; use another copy of the "
        "file. docs/older-formats.md says what can be read."
    )


def _looks_like_it(file: IO[bytes]) -> bool:
    """Tell cheaply, a piece at a time: most JSON is something else, and may be large."""
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


def _find(data: bytes) -> Fields | None:
    found = Fields(data)
    try:
        for key, value in members(data, data.index(b"{"), len(data.rstrip(_BLANK))):
            _note(found, key, value)
    except BrokenJson as error:
        if not found.places and error.key not in (DATABASE, STATE):
            return None
        raise damaged(error.key or DATABASE, str(error)) from None
    return found if found.places else None


def _note(found: Fields, key: str, value: slice) -> None:
    if key in (DATABASE, STATE):
        if key in found.places:
            raise damaged(key, "it is there twice, and nobody can say which one counts")
        found.places[key] = value
    elif found.created is None and (created := _time(key, found.data[value.start : value.stop])):
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
