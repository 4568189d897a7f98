"""The filters of `warnings`, in their order."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from ..variables.namespace import namespace
from .settings import Undo, cells_mention

NAME = "filters"

ACTIONS = ("default", "error", "ignore", "always", "all", "module", "once")

_MOST = 1000

_USUAL = (
    ("default", DeprecationWarning, "__main__"),
    ("ignore", DeprecationWarning, None),
    ("ignore", PendingDeprecationWarning, None),
    ("ignore", ImportWarning, None),
    ("ignore", ResourceWarning, None),
)
"""Python's own, in their order: action, category and module; any message, any line."""

_FIELDS = 5

_WORDS = ("warn",)
"""Packages add filters when they are imported, and do so again: those of a notebook that never
mentions warnings are theirs."""

Filter = tuple[str, Any, type[Warning], Any, int]


def changed(warnings: Any) -> Iterator[tuple[str, Any]]:
    """Yield all filters, if they are not Python's own.

    Yields
    ------
    str, list
        `NAME`, and ``[action, message, category, module, line]`` of each filter, the first that
        is tried first. Message and module are null or ``[regular expression, flags]``, the
        category is ``"module:name"``.
    """
    filters = list(_current(warnings))
    if filters != usual() and cells_mention(*_WORDS):
        yield NAME, [_encode(each) for each in filters[:_MOST]]


def put(warnings: Any, name: str, value: Any) -> Undo | None:
    """Let these filters stand first, in their order.

    Others that are here now, as of packages, stay behind them; but not Python's own, as one that
    is not among those that were saved had been removed, and none after a ``resetwarnings()``.
    """
    if name != NAME or not isinstance(value, list):
        raise KeyError("there is no setting of this name")
    wanted = [found for entry in value if (found := _decode(entry)) is not None]
    filters = _current(warnings)
    before = list(filters)
    own = usual()
    was_reset = not any(each in own for each in wanted)
    others = [each for each in before if each not in (*wanted, *own) and not was_reset]
    if before == [*wanted, *others]:
        return None
    _set(warnings, [*wanted, *others])
    return lambda: _set(warnings, before)


def patterns() -> set[tuple[str, int]]:
    """Return the regular expressions, with their flags, of the filters that are here."""
    found = (each[at] for each in _current(sys.modules["warnings"]) for at in (1, 3))
    return {(each.pattern, each.flags) for each in found if isinstance(each, re.Pattern)}


def _current(warnings: Any) -> list[Any]:
    # Since Python 3.14 each context can have its own.
    get = getattr(warnings, "_get_filters", None)
    filters: list[Any] = get() if get is not None else warnings.filters
    return filters


def _set(warnings: Any, filters: list[Filter]) -> None:
    # In place: others hold the list.
    _current(warnings)[:] = filters
    # What was decided by other filters is forgotten at the end of this.
    with warnings.catch_warnings():
        pass


def usual() -> list[Filter]:
    """Return the filters that Python begins with."""
    return [(action, None, category, module, 0) for action, category, module in _USUAL]


def _encode(each: Any) -> list[Any]:
    action, message, category, module, line = each
    return [action, _pattern(message), _category(category), _pattern(module), line]


def _pattern(pattern: Any) -> list[Any] | str | None:
    # Python's own have a text, which is compared as it is.
    if pattern is None or isinstance(pattern, str):
        return pattern
    return [pattern.pattern, pattern.flags]


def _category(category: Any) -> str:
    return f"{category.__module__}:{category.__qualname__}"


def _decode(entry: Any) -> Filter | None:
    """Return a filter; None if its category is of a package that is not imported here."""
    if not is_filter(entry):
        raise ValueError("a filter is not as litestate saves it")
    action, message, category, module, line = entry
    kind = _found(category)
    if kind is None:
        return None
    return (action, _compiled(message), kind, _compiled(module), line)


def _compiled(pattern: Any) -> Any:
    return pattern if pattern is None or isinstance(pattern, str) else re.compile(*pattern)


def _found(category: str) -> Any:
    """Return a class that is there; nothing is imported for a filter."""
    module, _, name = category.partition(":")
    if module == "__main__":
        found = namespace().get(name)
    else:
        found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Warning) else None


def is_filter(entry: Any) -> bool:
    """Tell whether this is a filter as `changed` yields it."""
    if not isinstance(entry, list) or len(entry) != _FIELDS:
        return False
    action, message, category, module, line = entry
    return (
        action in ACTIONS
        and isinstance(category, str)
        and type(line) is int
        and line >= 0
        and all(_is_pattern(each) for each in (message, module))
    )


def _is_pattern(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return True
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) is int
    )
