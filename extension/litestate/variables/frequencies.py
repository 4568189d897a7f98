"""Frequencies of pandas as text: only what pandas writes itself is read."""

from __future__ import annotations

import re
from typing import Any

from .checking import text
from .codecs import Get, OpaqueError
from .untyped import pandas as pd

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
        If the text does not say all of it.
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
        If it is none.
    """
    if not _OFFSET.fullmatch(text(written, get)):
        raise get.fail(f"{written!r:.40} is not a frequency")
    return pd.tseries.frequencies.to_offset(written)


def period_text(dtype: Any) -> str:
    """Return the text for the data type of periods.

    Raises
    ------
    OpaqueError
        If the text does not say all of it.
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
        If it is none.
    """
    if not _PERIOD.fullmatch(text(written, get)):
        raise get.fail(f"{written!r:.40} is not a frequency")
    return pd.PeriodDtype(written)
