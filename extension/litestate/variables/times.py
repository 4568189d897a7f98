"""Codecs for dates, times and time zones."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from ..imports import is_harmless
from .codecs import Codec, Get, OpaqueError, Put, Value
from .payloads import parsed, parts, text, whole


def _zone(value: Any, put: Put) -> Value:
    return None if value is None else put.plain(value)


def _read_zone(payload: Any, get: Get) -> Any:
    zone = get.value(payload)
    if zone is not None and type(zone) not in (dt.timezone, zoneinfo.ZoneInfo):
        raise get.fail("a time zone is something else")
    return zone


def _datetime(value: dt.datetime, put: Put) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo, put)]


def _read_datetime(payload: Any, get: Get) -> dt.datetime:
    written, fold, zone = parts(payload, 3, get)
    found: dt.datetime = parsed(dt.datetime.fromisoformat, written, get)
    return found.replace(fold=int(fold == 1), tzinfo=_read_zone(zone, get))


def _time(value: dt.time, put: Put) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo, put)]


def _read_time(payload: Any, get: Get) -> dt.time:
    written, fold, zone = parts(payload, 3, get)
    found: dt.time = parsed(dt.time.fromisoformat, written, get)
    return found.replace(fold=int(fold == 1), tzinfo=_read_zone(zone, get))


def _read_timedelta(payload: Any, get: Get) -> dt.timedelta:
    found = [whole(each, get, low=-(10**9)) for each in parts(payload, 3, get)]
    try:
        return dt.timedelta(*found)
    except OverflowError:
        raise get.fail("a time difference is too large") from None


def _timezone(value: dt.timezone, put: Put) -> list[Any]:
    # The only way to learn a name that somebody gave it.
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
    # It is what zoneinfo asks for zones that the system does not know.
    if not get.trusted and not is_harmless("tzdata"):
        raise get.waiting("the module tzdata would be run")
    # Absolute paths and "..", among others, are refused by zoneinfo itself.
    try:
        return zoneinfo.ZoneInfo(text(payload, get))
    except (ValueError, OSError):
        raise get.fail("a time zone has a name that is none") from None
    except zoneinfo.ZoneInfoNotFoundError as error:
        raise get.missing(f"the time zone {payload} is not known here; install tzdata") from error


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
)
