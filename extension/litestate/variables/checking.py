"""Payloads of codecs: what a stranger wrote is checked before it is used."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from .codecs import Get

_Function = TypeVar("_Function", bound=Callable[..., Any])
_WRONG = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def guarded(decode: _Function) -> _Function:
    """Make every error of NumPy and pandas about a payload one about the bundle.

    Parameters
    ----------
    decode : callable
        Its last argument is a `Get`.
    """

    @wraps(decode)
    def checked(*arguments: Any) -> Any:
        try:
            return decode(*arguments)
        except _WRONG as error:
            get: Get = arguments[-1]
            raise get.fail(f"its content makes no sense ({error})") from error

    return cast("_Function", checked)


def whole(number: Any, low: int, high: int, get: Get) -> int:
    """Return an integer of a payload that has to be from `low` to `high`.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    if type(number) is not int or not low <= number <= high:
        raise get.fail(f"{number!r:.40} is not a number from {low} to {high}")
    return number


def listed(items: Any, get: Get, length: int | None = None) -> list[Any]:
    """Return a list of a payload, of a given length if there is one.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    if type(items) is not list or (length is not None and len(items) != length):
        raise get.fail("a list is missing, or has another length than it should")
    return items


def text(value: Any, get: Get) -> str:
    """Return a string of a payload.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    if type(value) is not str:
        raise get.fail("a text is missing")
    return value


def flag(value: Any, get: Get) -> bool:
    """Return a yes or no of a payload.

    Raises
    ------
    DamagedBundleError
        If it is something else.
    """
    if type(value) is not bool:
        raise get.fail("a yes or no is missing")
    return value
