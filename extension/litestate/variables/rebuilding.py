"""Functions that stored pickles call, under names that never change.

A pickle names the functions that make its objects again, so this module never moves, and no name
is ever taken out of it. Functions that belong beside the code that stores objects are defined
there, and pickled under their name here: where they are defined may change.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import queue
import sqlite3
import sys
import threading
import types
import weakref
from collections import OrderedDict
from typing import Any

from .pickles.classes import begin_class, builtin_class, make_class, set_class
from .pickles.code_objects import module_code, source_code, stored_code
from .pickles.dataclass_parts import make_slotted
from .pickles.delayed_fill import empty_dict, empty_set, fill
from .pickles.functions import make_cell, make_function, module_globals, set_cell, set_function
from .pickles.instances import complete, make, make_called, set_early
from .pickles.special_classes import (
    make_alias,
    make_enum,
    make_generic_namedtuple,
    make_namedtuple,
    make_newtype,
    make_typeddict,
    make_typevar,
)


def make_lock(kind: str) -> Any:
    """Return a free lock: ``threading.Lock`` or ``RLock``."""
    return {"Lock": threading.Lock, "RLock": threading.RLock}[kind]()


def make_queue(cls: type[queue.Queue[Any]], size: int) -> queue.Queue[Any]:
    """Return an empty queue of `queue`."""
    return cls(size)


def fill_queue(made: queue.Queue[Any], state: dict[str, Any]) -> None:
    """Fill a queue."""
    made.queue.extend(state["items"])
    made.unfinished_tasks = state["unfinished"]


def make_dispatcher(default: Any) -> Any:
    """Return a `functools.singledispatch` function with its default only."""
    return functools.singledispatch(default)


def set_dispatcher(function: Any, state: dict[str, Any]) -> None:
    """Register the implementations of a `functools.singledispatch` function."""
    for cls, implementation in state["registry"]:
        function.register(cls, implementation)
    function.__dict__.update(state["dict"])
    for name, value in state["attributes"].items():
        setattr(function, name, value)


def make_cached(function: Any, maxsize: int | None, typed: bool) -> Any:
    """Return a function with an empty `functools.lru_cache`."""
    return functools.lru_cache(maxsize=maxsize, typed=typed)(function)


def make_cached_property(function: Any, name: str | None, doc: str | None) -> Any:
    """Return a `functools.cached_property`."""
    made = functools.cached_property(function)
    made.attrname = name
    made.__doc__ = doc
    return made


def make_exception(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """Return an exception without running `__init__` of the notebook or of libraries."""
    made = cls.__new__(cls, *args)
    base: Any = next(kind for kind in cls.__mro__ if kind.__module__ == "builtins")
    base.__init__(made, *args)
    return made


def set_exception(exception: BaseException, state: dict[str, Any]) -> None:
    """Set the state, cause and context of an exception."""
    if state["state"]:
        exception.__setstate__(state["state"])
    exception.__cause__ = state["cause"]
    exception.__context__ = state["context"]
    exception.__suppress_context__ = state["suppress"]


def set_of_argparse(part: Any, state: dict[str, Any]) -> None:
    """Set the attributes of a parser of `argparse` or of a part of one."""
    vars(part).update(_with_marker(state))
    for value in state.values():
        if type(value) is dict:
            value.update(_with_marker(value))


def _with_marker(values: dict[str, Any]) -> dict[str, Any]:
    marker = argparse.SUPPRESS
    return {
        key: marker if type(value) is str and value == marker else value
        for key, value in values.items()
    }


def make_weak(kind: str) -> Any:
    """Return an empty container of `weakref`."""
    return getattr(weakref, kind)()


def fill_weak(container: Any, items: list[Any]) -> None:
    """Fill a container of `weakref`; items that nothing else holds disappear after loading."""
    for item in items:
        if isinstance(container, weakref.WeakSet):
            container.add(item)
        else:
            container[item[0]] = item[1]


def make_row(names: list[str], values: tuple[Any, ...]) -> sqlite3.Row:
    """Return a `sqlite3.Row`."""
    connection = sqlite3.connect(":memory:")
    try:
        columns = ", ".join('NULL AS "' + name.replace('"', '""') + '"' for name in names)
        return sqlite3.Row(connection.execute(f"SELECT {columns}"), values)
    finally:
        connection.close()


_TABLES: tuple[tuple[Any, Any], ...] = ((dict, {}), (OrderedDict, OrderedDict()))
_VIEWS: dict[str, Any] = {
    type(made(table)).__name__: made
    for kind, table in _TABLES
    for made in (kind.keys, kind.values, kind.items)
}


def make_dict_view(mapping: Any, kind: str) -> Any:
    """Return the keys, values or items of a dictionary without calling methods of its class."""
    if type(mapping) is types.MappingProxyType:
        return getattr(mapping, kind.removeprefix("dict_"))()
    return _VIEWS[kind](mapping)


def make_view(owner: Any, readonly: bool) -> memoryview:
    """Return a `memoryview` of a whole object."""
    view = memoryview(owner)
    return view.toreadonly() if readonly and not view.readonly else view


def standard_stream(name: str) -> Any:
    """Return the current ``sys.stdout`` or a similar stream."""
    return getattr(sys, name)


def set_observed(obj: Any, state: dict[str, Any]) -> None:
    """Set the state and the observers of an object of traitlets."""
    obj.__setstate__(state["state"])
    for name, kind, handlers in state["handlers"]:
        for handler in handlers:
            obj._add_notifiers(handler, name, kind)


def marker(module: str, name: str) -> Any:
    """Return a marker object of a module, which its code compares by identity."""
    return getattr(importlib.import_module(module), name)


for _function in (
    *(begin_class, builtin_class, make_class, set_class),
    *(module_code, source_code, stored_code),
    make_slotted,
    *(make_cell, make_function, module_globals, set_cell, set_function),
    *(empty_dict, empty_set, fill),
    *(complete, make, make_called, set_early),
    *(make_alias, make_enum, make_generic_namedtuple, make_namedtuple),
    *(make_newtype, make_typeddict, make_typevar),
):
    # pickle stores a function as its module and its name.
    _function.__module__ = __name__
