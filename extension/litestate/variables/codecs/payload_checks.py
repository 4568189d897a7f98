"""Checks of the payloads in a graph, which anyone may have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from .registry import Get

_Function = TypeVar("_Function", bound=Callable[..., Any])
UNEXPECTED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""Errors that codecs, and what they call, may raise for payloads that they do not check."""

_MOST_ALIKE = 1000
"""Keys of one hash: with more of them a dictionary takes hours."""


def guarded(decode: _Function) -> _Function:
    """Turn errors of NumPy and pandas about a payload into errors about the bundle.

    Parameters
    ----------
    decode : callable
        Its last argument is a `Get`.
    """

    @wraps(decode)
    def checked(*arguments: Any) -> Any:
        try:
            return decode(*arguments)
        except UNEXPECTED as error:
            get: Get = arguments[-1]
            raise get.fail(f"its content makes no sense ({error})") from error

    return cast("_Function", checked)


FAR = 2**62 - 1
"""Highest number that a payload may have where nothing else bounds it."""


def whole(number: Any, low: int, high: int, get: Get) -> int:
    """Return an integer of a payload.

    Raises
    ------
    DamagedBundleError
        If it is not an integer from `low` to `high`.
    """
    if type(number) is not int or not low <= number <= high:
        raise get.fail(f"{number!r:.40} is not a number from {low} to {high}")
    return number


def listed(items: Any, get: Get, length: int | None = None) -> list[Any]:
    """Return a list of a payload.

    Raises
    ------
    DamagedBundleError
        If it is not a list, or not of the given length.
    """
    if type(items) is not list or (length is not None and len(items) != length):
        raise get.fail("a list is missing, or has another length than it should")
    return items


def text(value: Any, get: Get) -> str:
    """Return a string of a payload.

    Raises
    ------
    DamagedBundleError
        If it is not a string.
    """
    if type(value) is not str:
        raise get.fail("a text is missing")
    return value


def flag(value: Any, get: Get) -> bool:
    """Return a boolean of a payload.

    Raises
    ------
    DamagedBundleError
        If it is not a boolean.
    """
    if type(value) is not bool:
        raise get.fail("a true or false is missing")
    return value


def parsed(parse: Callable[[str], Any], value: Any, get: Get) -> Any:
    """Return the result of parsing a string of a payload.

    Raises
    ------
    DamagedBundleError
        If it is not a string, or `parse` raises ValueError.
    """
    try:
        return parse(text(value, get))
    except ValueError:
        raise get.fail(f"{value!r:.40} is not in the expected form") from None


def check_hashes(hashes: Iterable[int]) -> None:
    """Refuse keys that were chosen so that building a dictionary takes hours.

    Raises
    ------
    ValueError
        If too many of them have one hash.
    """
    if max(Counter(hashes).values(), default=0) > _MOST_ALIKE:
        raise ValueError("too many keys have one hash")
