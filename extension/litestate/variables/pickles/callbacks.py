"""Callbacks: functions registered with an object, which its own pickling may leave out."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

from .. import rebuilding
from .definitions import NOTEBOOK

LOST = "functions registered with an object in it are not saved; register them again"

WIDGET = (
    "a widget in it is no longer shown, and calls no function; run the cell again that makes it"
)

_DEEP = 4
"""Levels of nested tables in which a registry may hold its functions."""

_MOST = 1000
"""Entries that are searched."""

_TABLES = (dict, list, tuple, set)


def are_lost(obj: Any, inside: dict[str, Any] | None, reduced: Any) -> bool:
    """Tell whether an object holds functions of the notebook that its pickle lacks.

    Parameters
    ----------
    obj : object
        The object. One of a notebook's class is never reported: its author chose its pickling.
    inside : dict or None
        Its attributes.
    reduced : object
        The result of its ``__reduce_ex__``.
    """
    if not inside or type(obj).__module__ == NOTEBOOK:
        return False
    registered = {id(each) for each in _functions(inside)}
    if not registered:
        return False
    stored = {id(each) for each in _functions(reduced)}
    return not registered <= stored


def _functions(table: Any) -> Iterator[Any]:
    """Yield the notebook's functions in a table, and in the tables in it."""
    todo, count = [(table, 0)], 0
    while todo and count < _MOST:
        found, depth = todo.pop()
        count += 1
        if isinstance(found, _TABLES) and depth < _DEEP:
            parts = list(found.values()) if isinstance(found, dict) else list(found)
            todo += [(part, depth + 1) for part in parts]
        elif (function := _function_of(found)) is not None:
            yield function


def _function_of(found: Any) -> Any:
    """Return the function of the notebook that a callback calls, or None."""
    if isinstance(found, weakref.ref) or type(found).__name__ == "_StrongRef":
        found = found()
    inner = found.__func__ if type(found) is MethodType else found
    if type(inner) is FunctionType and inner.__module__ == NOTEBOOK:
        return inner
    return None


def reduce_registry(registry: Any, approximate: Callable[[str], None]) -> Any:
    """Reset the number of the next callback: Matplotlib takes one for each reduction.

    Otherwise each scan would change the figure.
    """
    reduced = registry.__reduce_ex__(5)
    if are_lost(registry, vars(registry), reduced):
        approximate(LOST)
    registry._cid_gen = itertools.count(reduced[2]["_cid_gen"])
    return reduced


def is_observed(kind: type) -> bool:
    """Tell whether a class is one of traitlets, whose objects call their observers."""
    return any(
        cls.__name__ == "HasTraits" and cls.__module__ == "traitlets.traitlets"
        for cls in kind.__mro__
    )


def reduce_observed(obj: Any, approximate: Callable[[str], None]) -> Any:
    """Return the reduced value of an object of traitlets with its observers.

    Its own pickling leaves them out.
    """
    reduced = obj.__reduce_ex__(5)
    if any(cls.__module__.partition(".")[0] == "ipywidgets" for cls in type(obj).__mro__):
        approximate(WIDGET)
        # Its channel to the page, which would be that of another kernel.
        if isinstance(reduced[2], dict) and "_trait_values" in reduced[2]:
            reduced[2]["_trait_values"].pop("comm", None)
        return reduced
    handlers = [
        (name, kind, [each for each in registered if not _is_of_class(each)])
        for name, kinds in obj._trait_notifiers.items()
        for kind, registered in kinds.items()
    ]
    handlers = [each for each in handlers if each[2]]
    if not handlers or len(reduced) < 3 or len(reduced) > 5 or any(reduced[3:]):
        return reduced
    state = {"state": reduced[2], "handlers": handlers}
    return (*reduced[:2], state, None, None, rebuilding.set_observed)


def _is_of_class(handler: Any) -> bool:
    return any(cls.__name__ == "EventHandler" for cls in type(handler).__mro__)
