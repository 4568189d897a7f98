"""Codecs for scalars of pandas: timestamps, differences, periods, intervals, frequencies.

Frequencies are stored as text; only text that pandas itself writes is read.
"""

from __future__ import annotations

import datetime as dt
import re
from importlib import import_module
from typing import Any

import numpy as np

from .payload_checks import guarded, listed, text, whole
from .registry import Codec, Get, OpaqueError, Put
from .standard_library import zone_from, zone_value

pd: Any = import_module("pandas")
"""pandas without types: its stubs lack much of what is used here."""

UNITS = ("s", "ms", "us", "ns")
"""Units of timestamps."""

_NAT = -(2**63)
_INT64_MAX = 2**63 - 1
_FIRST, _LAST = -62135510400, 253402214400
"""Seconds from the second day of year 1 to the last but one of 9999: the range in which Python can
convert to local time."""
_SIDES = ("left", "right", "both", "neither")

_DAYS = "(?:MON|TUE|WED|THU|FRI|SAT|SUN)"
_MONTHS = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_OFFSET = re.compile(
    rf"-?[0-9]{{0,9}}(?:D|h|min|s|ms|us|ns|B|ME|MS|BME|BMS|bh|W(?:-{_DAYS})?"
    rf"|SM[ES](?:-[0-9]{{1,2}})?|B?Q[ES]-{_MONTHS}|B?Y[ES]-{_MONTHS}"
    rf"|WOM-[1-4]{_DAYS}|LWOM-{_DAYS})"
)
_PERIOD = re.compile(rf"[0-9]{{0,6}}(?:D|h|min|s|ms|us|ns|B|M|W-{_DAYS}|Q-{_MONTHS}|Y-{_MONTHS})")


def offset_text(offset: Any) -> str:
    """Return the text for a date offset.

    Raises
    ------
    OpaqueError
        If the text does not determine it.
    """
    written: str = offset.freqstr
    if not _OFFSET.fullmatch(written):
        raise OpaqueError
    again = pd.tseries.frequencies.to_offset(written)
    if type(again) is not type(offset) or again != offset:
        raise OpaqueError
    return written


def offset_from(written: Any, get: Get) -> Any:
    """Return the date offset for a text.

    Raises
    ------
    DamagedBundleError
        If it is malformed.
    """
    if not _OFFSET.fullmatch(text(written, get)):
        raise get.fail(f"{written!r:.40} is not a frequency")
    return pd.tseries.frequencies.to_offset(written)


def period_text(dtype: Any) -> str:
    """Return the text for the data type of periods.

    Raises
    ------
    OpaqueError
        If the text does not determine it.
    """
    written: str = dtype.name.removeprefix("period[").removesuffix("]")
    if not _PERIOD.fullmatch(written) or pd.PeriodDtype(written) != dtype:
        raise OpaqueError
    return written


def period_from(written: Any, get: Get) -> Any:
    """Return the data type of periods for a text.

    Raises
    ------
    DamagedBundleError
        If it is malformed.
    """
    if not _PERIOD.fullmatch(text(written, get)):
        raise get.fail(f"{written!r:.40} is not a frequency")
    return pd.PeriodDtype(written)


def unit_from(value: Any, get: Get) -> str:
    """Return a unit of time.

    Raises
    ------
    DamagedBundleError
        If it is malformed.
    """
    if value not in UNITS:
        raise get.fail("invalid unit of time")
    return text(value, get)


def side_from(value: Any, get: Get) -> Any:
    """Return which ends an interval includes.

    Raises
    ------
    DamagedBundleError
        If it is not one of the four words.
    """
    if value not in _SIDES:
        raise get.fail("an interval has invalid ends")
    return text(value, get)


def _timestamp(stamp: Any, put: Put) -> list[Any]:
    payload = [int(stamp.asm8.view("i8")), stamp.unit, zone_value(stamp.tz, put), stamp.fold]
    first, last = _bounds(stamp.unit, stamp.tz)
    if not first <= payload[0] <= last:
        raise OpaqueError
    if _stamp(payload[0], stamp.unit, stamp.tz, stamp.fold).fold != stamp.fold:
        raise OpaqueError
    return payload


def _bounds(unit: str, zone: Any) -> tuple[int, int]:
    if zone in (None, dt.UTC):
        return _NAT + 1, _INT64_MAX
    second = 1000 ** UNITS.index(unit)
    return max(_NAT + 1, _FIRST * second), min(_INT64_MAX, _LAST * second)


def _stamp(number: int, unit: str, zone: Any, fold: int) -> Any:
    stamp = pd.Timestamp(np.array(number, "i8").view(f"M8[{unit}]")[()])
    if zone is not None:
        return stamp.tz_localize("UTC").tz_convert(zone)
    return stamp.replace(fold=fold) if fold else stamp


@guarded
def _read_timestamp(payload: Any, get: Get) -> Any:
    number, unit, zone, fold = listed(payload, get, 4)
    zone, unit = zone_from(zone, get), unit_from(unit, get)
    return _stamp(
        whole(number, *_bounds(unit, zone), get),
        unit,
        zone,
        whole(fold, 0, 1, get),
    )


def _timedelta(delta: Any, _put: Put) -> list[Any]:
    return [int(delta.asm8.view("i8")), delta.unit]


@guarded
def _read_timedelta(payload: Any, get: Get) -> Any:
    number, unit = listed(payload, get, 2)
    count = np.array(whole(number, _NAT + 1, _INT64_MAX, get), "i8")
    value = count.view(f"m8[{unit_from(unit, get)}]")[()]
    return pd.Timedelta(value)


def _period(period: Any, _put: Put) -> list[Any]:
    return [period.ordinal, period_text(pd.PeriodDtype(period.freq))]


@guarded
def _read_period(payload: Any, get: Get) -> Any:
    ordinal, written = listed(payload, get, 2)
    freq = period_from(written, get).freq
    return pd.Period(ordinal=whole(ordinal, _NAT + 1, _INT64_MAX, get), freq=freq)


def _interval(interval: Any, put: Put) -> list[Any]:
    return [put.plain(interval.left), put.plain(interval.right), interval.closed]


@guarded
def _read_interval(payload: Any, get: Get) -> Any:
    left, right, closed = listed(payload, get, 3)
    return pd.Interval(get.value(left), get.value(right), side_from(closed, get))


def _offset(offset: Any, _put: Put) -> str:
    return offset_text(offset)


@guarded
def _read_offset(payload: Any, get: Get) -> Any:
    return offset_from(payload, get)


_OFFSETS = tuple(
    kind
    for kind in (getattr(pd.offsets, name) for name in dir(pd.offsets))
    if isinstance(kind, type)
)

CODECS = (
    Codec("pandas.Timestamp", (pd.Timestamp,), _timestamp, _read_timestamp, atom=True),
    Codec("pandas.Timedelta", (pd.Timedelta,), _timedelta, _read_timedelta, atom=True),
    Codec("pandas.Period", (pd.Period,), _period, _read_period, atom=True),
    Codec("pandas.Interval", (pd.Interval,), _interval, _read_interval),
    Codec("pandas.NaT", (type(pd.NaT),), lambda _v, _put: None, lambda _p, _get: pd.NaT, atom=True),
    Codec("pandas.NA", (type(pd.NA),), lambda _v, _put: None, lambda _p, _get: pd.NA, atom=True),
    Codec("pandas.offset", _OFFSETS, _offset, _read_offset, atom=True),
)
