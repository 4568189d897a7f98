"""Codecs for small objects of the standard library.

Dates, times, time zones, UUIDs, paths, regular expressions, and closed files: in most notebooks a
``with open(...)`` has left one.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import pathlib
import re
import uuid
import zoneinfo
from typing import Any

from ...host.installed_modules import is_harmless
from .payload_checks import FAR, listed, parsed, text, whole
from .registry import Codec, Get, OpaqueError, Put, Value

_ZONES = (dt.timezone, zoneinfo.ZoneInfo)


def zone_value(zone: dt.tzinfo | None, put: Put) -> Value:
    """Return the value of a time zone, or None.

    Raises
    ------
    OpaqueError
        For time zones of other packages.
    """
    if zone is not None and type(zone) not in _ZONES:
        raise OpaqueError
    return put.plain(zone)


def zone_from(value: Value, get: Get) -> Any:
    """Return the time zone of a value, or None.

    Raises
    ------
    DamagedBundleError
        If the value is something else.
    """
    zone = get.value(value)
    if zone is not None and type(zone) not in _ZONES:
        raise get.fail("a time zone is something else")
    return zone


def _datetime(value: dt.datetime, put: Put) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), value.fold, zone_value(value.tzinfo, put)]


def _read_datetime(payload: Any, get: Get) -> dt.datetime:
    written, fold, zone = listed(payload, get, 3)
    found: dt.datetime = parsed(dt.datetime.fromisoformat, written, get)
    return found.replace(fold=int(fold == 1), tzinfo=zone_from(zone, get))


def _time(value: dt.time, put: Put) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), value.fold, zone_value(value.tzinfo, put)]


def _read_time(payload: Any, get: Get) -> dt.time:
    written, fold, zone = listed(payload, get, 3)
    found: dt.time = parsed(dt.time.fromisoformat, written, get)
    return found.replace(fold=int(fold == 1), tzinfo=zone_from(zone, get))


def _read_timedelta(payload: Any, get: Get) -> dt.timedelta:
    found = [whole(each, -(10**9), FAR, get) for each in listed(payload, get, 3)]
    try:
        return dt.timedelta(*found)
    except OverflowError:
        raise get.fail("a time difference is too large") from None


def _timezone(value: dt.timezone, put: Put) -> list[Any]:
    # Nothing public returns the name that was given to it.
    arguments = value.__getinitargs__()  # type: ignore[attr-defined]
    return [put.plain(arguments[0]), *arguments[1:]]


def _read_timezone(payload: Any, get: Get) -> dt.timezone:
    if not isinstance(payload, list) or len(payload) not in (1, 2):
        raise get.fail("a time zone is something else")
    offset = get.value(payload[0])
    try:
        found = dt.timezone(offset, *payload[1:])
    except (TypeError, ValueError):
        raise get.fail("a time zone is something else") from None
    return dt.UTC if found == dt.UTC and len(payload) == 1 else found


def _zoneinfo(value: zoneinfo.ZoneInfo, _: Put) -> str:
    if value.key is None or zoneinfo.ZoneInfo(value.key) is not value:
        raise OpaqueError
    return value.key


def _read_zoneinfo(payload: Any, get: Get) -> zoneinfo.ZoneInfo:
    # zoneinfo imports it for zones that the system does not have.
    if not get.trusted and not is_harmless("tzdata"):
        raise get.waiting("the module tzdata would be run")
    # Absolute paths and "..", among others, are refused by zoneinfo itself.
    try:
        return zoneinfo.ZoneInfo(text(payload, get))
    except (ValueError, OSError):
        raise get.fail("invalid time zone name") from None
    except zoneinfo.ZoneInfoNotFoundError as error:
        raise get.missing(f"the time zone {payload} is not known here; install tzdata") from error


def _read_uuid(payload: Any, get: Get) -> uuid.UUID:
    found: uuid.UUID = parsed(uuid.UUID, payload, get)
    return found


def _read_path(payload: Any, get: Get) -> pathlib.PurePath:
    kind, path = listed(payload, get, 2)
    here = pathlib.PurePath if str(kind).startswith("Pure") else pathlib.Path
    if kind == "PurePosixPath":
        here = pathlib.PurePosixPath
    elif kind == "PureWindowsPath":
        here = pathlib.PureWindowsPath
    return here(text(path, get))


def _read_pattern(payload: Any, get: Get) -> Any:
    pattern, flags = listed(payload, get, 2)
    # Compiling may take very long, so only a trusted bundle may do it.
    if not get.trusted:
        raise get.waiting("a regular expression is compiled")
    try:
        return re.compile(get.value(pattern), whole(flags, 0, FAR, get))
    except (re.error, TypeError, ValueError, OverflowError):
        raise get.fail("a regular expression is invalid") from None


_OPENED_AS: dict[str, tuple[str, type[Any]]] = {
    "rb": ("r", io.BufferedReader),
    "wb": ("w", io.BufferedWriter),
    "ab": ("a", io.BufferedWriter),
    "rb+": ("r+", io.BufferedRandom),
}
"""For each mode of a raw file: how it is opened, and the class that buffers it."""

_FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom)


def _closed(file: Any, _: Put) -> list[str]:
    if not file.closed:
        raise OpaqueError
    is_text = type(file) is io.TextIOWrapper
    try:
        raw = file.buffer.raw if is_text else file.raw
        name, mode = raw.name, raw.mode
    except (AttributeError, ValueError) as error:
        # It wraps something else than a file, or was detached.
        raise OpaqueError from error
    if type(raw) is not io.FileIO or type(name) is not str or mode not in _OPENED_AS:
        raise OpaqueError
    own = getattr(file, "mode", mode) if is_text else ""
    if type(own) is not str:
        raise OpaqueError
    return [name, mode, own, *([file.encoding, file.errors] if is_text else [])]


def _read_closed(payload: Any, get: Get) -> Any:
    name, mode, own, *how = (text(each, get) for each in listed(payload, get))
    if mode not in _OPENED_AS or len(how) not in (0, 2):
        raise get.fail("a closed file has an unknown mode")
    opened_as, around = _OPENED_AS[mode]
    raw: Any
    with io.FileIO(os.devnull, opened_as) as raw:
        raw.name = name
        file: Any = around(raw)
        if how:
            try:
                file = io.TextIOWrapper(file, encoding=how[0], errors=how[1])
            except (LookupError, ValueError) as error:
                raise get.missing(f"the encoding {how[0]!r:.40} is not known here") from error
            file.mode = own
        file.close()
    return file


PATHS = (
    type(pathlib.Path()),
    type(pathlib.PurePath()),
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
)

CODECS = (
    Codec("datetime", (dt.datetime,), _datetime, _read_datetime, atom=True),
    Codec(
        "date",
        (dt.date,),
        lambda v, _: v.isoformat(),
        lambda p, get: parsed(dt.date.fromisoformat, p, get),
        atom=True,
    ),
    Codec("time", (dt.time,), _time, _read_time, atom=True),
    Codec(
        "timedelta",
        (dt.timedelta,),
        lambda v, _: [v.days, v.seconds, v.microseconds],
        _read_timedelta,
        atom=True,
    ),
    Codec("timezone", (dt.timezone,), _timezone, _read_timezone, atom=True),
    Codec("ZoneInfo", (zoneinfo.ZoneInfo,), _zoneinfo, _read_zoneinfo, atom=True),
    Codec("UUID", (uuid.UUID,), lambda v, _: str(v), _read_uuid, atom=True),
    Codec("Path", PATHS, lambda v, _: [type(v).__name__, str(v)], _read_path, atom=True),
    Codec("Pattern", (re.Pattern,), lambda v, put: [put.plain(v.pattern), v.flags], _read_pattern),
    Codec("file", _FILES, _closed, _read_closed),
)
