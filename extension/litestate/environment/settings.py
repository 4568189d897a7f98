"""Groups of settings of the process, and the values of settings as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, NamedTuple

from ..bundle.json_checks import damaged, mapping, number, sequence, text
from ..shell.secret_detection import is_secret_value
from .cell_sources import cells_mention

_MOST = 10_000
"""Entries of one value."""

_LARGE = 2**63
"""Integers that no setting needs."""

SECRET = "looks like a secret, which does not belong in a bundle"

Undo = Callable[[], object]


class NotPlainError(Exception):
    """A value is not made of numbers, texts and lists only; the message says why."""


@dataclass(frozen=True)
class Group:
    """Settings that are read and set in one way.

    Attributes
    ----------
    changed : callable
        Takes the module, and yields the name and value of each setting that differs from its
        default. A `NotPlainError` in place of a value says why the value is not saved.
    put : callable
        Takes the module, a name and a value; sets it, and returns how to undo that, or None if the
        setting already had this value. Raises any exception if the value does not fit.
    quiet : frozenset of str
        Settings that are set without a line in the report.
    module : str
        The module, if it is not the first word of the group's name.
    """

    changed: Callable[[Any], Iterator[tuple[str, Any]]]
    put: Callable[[Any, str, Any], Undo | None]
    quiet: frozenset[str] = frozenset()
    module: str = ""


class Setting(NamedTuple):
    """A setting that a module has one function to read and one to write.

    Attributes
    ----------
    read : callable
        Takes the module, and returns the value.
    write : callable
        Takes the module and a value.
    usual : tuple
        Defaults, of the versions of Python and of the library. They are not saved.
    words : tuple of str
        If given, another value counts only if a cell contains one of these words: libraries change
        the setting, too.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], object]
    usual: tuple[Any, ...]
    words: tuple[str, ...] = ()


def group_of(settings: Mapping[str, Setting]) -> Group:
    """Return the group of some settings."""

    def changed(module: Any) -> Iterator[tuple[str, Any]]:
        for name, setting in settings.items():
            value = setting.read(module)
            is_usual = any(same(value, usual) for usual in setting.usual)
            if not is_usual and (not setting.words or cells_mention(*setting.words)):
                yield name, value

    def put(module: Any, name: str, value: Any) -> Undo:
        setting = settings.get(name)
        if setting is None:
            raise KeyError("there is no setting of this name")
        before = setting.read(module)
        setting.write(module, value)
        return lambda: setting.write(module, before)

    return Group(changed, put)


def same(one: Any, other: Any) -> bool:
    """Tell whether a value is a default, whatever its comparison returns or raises."""
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        # A comparison without a truth value: it is not one of the defaults.
        return False


def encode(value: Any) -> Any:
    """Return a value as JSON.

    Lists stay lists, a tuple is ``{"tuple": […]}``, a cycler (matplotlib's ``axes.prop_cycle``) is
    ``{"cycler": {name: […]}}``.

    Raises
    ------
    NotPlainError
        If JSON cannot hold the value, or should not.
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
    """Return the value that checked JSON stands for."""
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
    """Refuse JSON that `encode` would not have written.

    Raises
    ------
    DamagedBundleError
        With the reason.
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
    """Tell whether a value is a number, a text or None: equal ones cannot be told apart."""
    return value is None or type(value) in (bool, int, float, str, bytes)
