"""Values of options as JSON: nothing that could run code."""

from __future__ import annotations

import math
from enum import Enum
from importlib import import_module
from typing import Any

from .confidential import is_secret_value
from .hostile import damaged, mapping, number, sequence, text

_MOST = 10_000
"""Entries of one value."""


_LARGE = 2**63
"""Integers that no option needs."""


SECRET = "looks like a secret, which does not belong in a bundle"


class NotPlainError(Exception):
    """A value is more than numbers, texts and lists of them; the message says what."""


def encode(value: Any) -> Any:
    """Return a value as JSON.

    Lists stay lists, a tuple is ``{"tuple": […]}``, a cycler (matplotlib's ``axes.prop_cycle``) is
    ``{"cycler": {name: […]}}``.

    Raises
    ------
    NotPlainError
        If that cannot be.
    """
    if isinstance(value, Enum) and isinstance(value, str):
        value = value.value
    if type(value) is str and any("\ud800" <= character <= "\udfff" for character in value):
        raise NotPlainError("its value is not valid Unicode")
    if type(value) is str and is_secret_value(value):
        raise NotPlainError(SECRET)
    if type(value) in (str, list, tuple) and len(value) > _MOST:
        raise NotPlainError("its value is too long")
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int and abs(value) < _LARGE:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is list:
        return [encode(entry) for entry in value]
    if type(value) is tuple:
        return {"tuple": [encode(entry) for entry in value]}
    if type(value).__name__ == "Cycler":
        columns = value.by_key()
        return {"cycler": {name: [encode(entry) for entry in columns[name]] for name in columns}}
    if callable(value):
        raise NotPlainError("its value is a function")
    raise NotPlainError(f"its value is of the type {type(value).__name__}")


def decode(value: Any) -> Any:
    """Return what a checked value stands for."""
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if isinstance(value, dict):
        if "tuple" in value:
            return tuple(decode(entry) for entry in value["tuple"])
        # It comes with matplotlib.
        cycler = import_module("cycler").cycler
        return cycler(**{name: decode(column) for name, column in value["cycler"].items()})
    return value


def check(value: Any, what: str) -> None:
    """Look for what `encode` would not have written.

    Raises
    ------
    DamagedBundleError
        If there is anything.
    """
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        text(value, what)
    elif isinstance(value, int):
        if abs(value) >= _LARGE:
            raise damaged(what, "is too large")
    elif isinstance(value, float):
        number(value, what)
    elif isinstance(value, list):
        for entry in sequence(value, what, _MOST):
            check(entry, what)
    else:
        _check_marked(mapping(value, what), what)


def _check_marked(value: dict[str, Any], what: str) -> None:
    if value.keys() == {"tuple"}:
        for entry in sequence(value["tuple"], what, _MOST):
            check(entry, what)
    elif value.keys() == {"cycler"}:
        columns = mapping(value["cycler"], what)
        if not columns:
            raise damaged(what, "is an empty cycle")
        for name, column in columns.items():
            text(name, what, 100)
            for entry in sequence(column, what, _MOST):
                check(entry, what)
    else:
        raise damaged(what, "is of an unknown form")


def is_plain(value: Any) -> bool:
    """Tell whether a value is a number, a text or nothing, of which no one is told from another."""
    return value is None or type(value) in (bool, int, float, str, bytes)
