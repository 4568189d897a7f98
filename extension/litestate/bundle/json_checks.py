"""Checks of JSON from untrusted bundles."""

from __future__ import annotations

import math
from typing import Any

from ..errors import DamagedBundleError
from . import member_names
from .strict_json import TooDeepError
from .strict_json import parse as parse_json

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of a document. Its largest part, the history of cells, has at most half of that."""

MAX_DEPTH = 16
"""Levels of nesting. Documents that litestate writes have at most half of that."""

MAX_TEXT = 1024 * 1024
"""Characters of one string."""


def parse(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object of a member of a bundle.

    Parameters
    ----------
    data : bytes
        UTF-8.
    what : str
        Name of the member.

    Raises
    ------
    DamagedBundleError
        If it is not a JSON object, too large, or nested too deeply.
    """
    if len(data) > MAX_BYTES:
        raise damaged(what, f"has {len(data):,} bytes, more than the {MAX_BYTES:,} allowed")
    try:
        document = parse_json(data, MAX_DEPTH)
    except TooDeepError:
        raise damaged(what, "is nested too deeply") from None
    except ValueError as error:
        raise damaged(what, f"is not valid JSON ({error})") from None
    return mapping(document, what)


def damaged(what: str, problem: str) -> DamagedBundleError:
    """Return the error for data that litestate did not write."""
    return DamagedBundleError(
        f"{what} {problem}: litestate did not write this. Nothing was loaded; get the bundle again "
        "from where it came from."
    )


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise damaged(what, "is not a JSON object")
    return value


def sequence(value: object, what: str, most: int = 100_000) -> list[Any]:
    """Return a JSON array of a bounded length."""
    if not isinstance(value, list):
        raise damaged(what, "is not a JSON array")
    if len(value) > most:
        raise damaged(what, f"has {len(value):,} entries, more than the {most:,} allowed")
    return value


def text(value: object, what: str, most: int = MAX_TEXT) -> str:
    """Return a string of a bounded length that any encoder takes."""
    if not isinstance(value, str):
        raise damaged(what, "is not a string")
    if len(value) > most:
        raise damaged(what, f"has {len(value):,} characters, more than the {most:,} allowed")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise damaged(what, "is not valid Unicode")
    return value


def whole(value: object, what: str, least: int, most: int) -> int:
    """Return an integer within bounds, both included."""
    if type(value) is not int:
        raise damaged(what, "is not an integer")
    if not least <= value <= most:
        raise damaged(what, f"is not between {least} and {most}")
    return value


def number(value: object, what: str) -> float:
    """Return a finite number."""
    if type(value) not in (int, float):
        raise damaged(what, "is not a number")
    assert isinstance(value, int | float)
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise damaged(what, "is not a finite number")
    return result


def root_and_path(value: object, what: str) -> tuple[str, str]:
    """Return the name of a root and a relative path that stays below it."""
    parts = sequence(value, what, 2)
    if len(parts) != 2:
        raise damaged(what, "is not a root and a path")
    root, relative = (text(part, what, member_names.MAX_NAME_BYTES) for part in parts)
    problem = member_names.path_problem(relative) if relative else None
    if problem:
        raise damaged(what, f"{problem}")
    return root, relative
