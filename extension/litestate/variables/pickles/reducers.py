"""Reducers for objects that Python cannot pickle, or does not pickle faithfully."""

from __future__ import annotations

import ast
import dataclasses
import functools
import gc
import importlib
import itertools
import queue
import sqlite3
import sys
import threading
import types
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .. import rebuilding
from ..codecs.imported import is_namespace
from ..failures import NotSavedError
from . import callbacks, dataclass_parts
from .definitions import NOTEBOOK

Approximate = Callable[[str], None]


def special(kind: type) -> Callable[[Any, Approximate], Any] | None:
    """Return the function that reduces objects of a type, or None if pickle does it well."""
    if issubclass(kind, BaseException):
        return reduce_exception
    if any(cls.__module__ == "_ctypes" for cls in kind.__mro__) and not has_own(kind):
        return _of_ctypes
    if any(cls.__module__ == "argparse" for cls in kind.__mro__) and not has_own(kind):
        return _of_argparse
    if (kind.__module__, kind.__qualname__) == ("matplotlib.cbook", "CallbackRegistry"):
        return callbacks.reduce_registry
    if (kind.__module__, kind.__qualname__) == ("decimal", "Context"):
        return _context
    if kind is object:
        return _marker
    if callbacks.is_observed(kind):
        return callbacks.reduce_observed
    return _REDUCERS.get(kind)


def has_own(kind: type) -> bool:
    """Tell whether Python code of a class defines how it is pickled."""
    names = {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__"}
    return any(
        names & set(vars(cls)) and cls.__flags__ & (1 << 9)
        for cls in kind.__mro__
        if cls is not object
    )


def _lock(lock: Any, approximate: Approximate) -> Any:
    """Reduce a free lock to a new one; a held lock would never be released."""
    if not repr(lock).startswith("<unlocked"):
        raise NotSavedError("it holds a lock that is locked; release it and save again")
    approximate("a lock in it is replaced by a new one")
    return rebuilding.make_lock, ("RLock" if isinstance(lock, _RLOCK) else "Lock",)


def _context(context: Any, _: Approximate) -> Any:
    """Store the current context of `decimal` as the current context at load."""
    current = sys.modules["decimal"].getcontext
    return (current, ()) if current() is context else context.__reduce__()


def _marker(marker: Any, _: Approximate) -> Any:
    """Store an ``object()`` of a module by name, because code compares it by identity."""
    place = _markers(len(sys.modules)).get(id(marker))
    if place is not None and getattr(sys.modules.get(place[0]), place[1], None) is marker:
        return rebuilding.marker, place
    return marker.__reduce_ex__(5)


@functools.lru_cache(maxsize=1)
def _markers(_: int) -> dict[int, tuple[str, str]]:
    """Return module and name of each ``object()``, by id; cached for a number of modules."""
    found: dict[int, tuple[str, str]] = {}
    for module, space in [(name, vars(each)) for name, each in _modules()]:
        for name, value in list(space.items()):
            if type(value) is object and module != NOTEBOOK:
                found[id(value)] = module, name
    return found


def _modules() -> list[tuple[str, types.ModuleType]]:
    modules = list(sys.modules.items())
    return [(name, each) for name, each in modules if isinstance(each, types.ModuleType)]


def _queue(found: queue.Queue[Any], _: Approximate) -> Any:
    """Store the items of a queue; its other parts differ between versions of Python."""
    state = {"items": list(found.queue), "unfinished": found.unfinished_tasks}
    return (
        rebuilding.make_queue,
        (type(found), found.maxsize),
        state,
        None,
        None,
        rebuilding.fill_queue,
    )


def reduce_dispatcher(function: Any) -> Any:
    """Reduce a `functools.singledispatch` function; None for any other function."""
    code = function.__code__
    if function.__globals__ is not vars(functools) or code.co_qualname != _DISPATCHER:
        return None
    registry = dict(function.registry)
    default = registry.pop(object)
    own = {"register", "dispatch", "registry", "_clear_cache", "__wrapped__"}
    state = {
        "registry": list(registry.items()),
        "dict": {key: value for key, value in vars(function).items() if key not in own},
        "attributes": {key: getattr(function, key) for key in functools.WRAPPER_ASSIGNMENTS[:4]},
    }
    return rebuilding.make_dispatcher, (default,), state, None, None, rebuilding.set_dispatcher


_DISPATCHER = "singledispatch.<locals>.wrapper"


def _cached(wrapper: Any, approximate: Approximate) -> Any:
    """Store a function of a library by name, and one of the notebook with an empty cache."""
    if _is_importable(wrapper):
        return wrapper.__qualname__
    if wrapper.cache_info().currsize:
        approximate("the cache of a function in it is not saved")
    parameters = wrapper.cache_parameters()
    extra = {k: v for k, v in vars(wrapper).items() if k not in ("cache_parameters", "__wrapped__")}
    return rebuilding.make_cached, (wrapper.__wrapped__, *parameters.values()), extra or None


def _is_importable(obj: Any) -> bool:
    found: Any = sys.modules.get(obj.__module__) if obj.__module__ != NOTEBOOK else None
    for name in obj.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is obj


def _cached_property(value: Any, _: Approximate) -> Any:
    return rebuilding.make_cached_property, (value.func, value.attrname, value.__doc__)


def _count(counter: Any, _: Approximate) -> Any:
    """Read the position of a counter from its text."""
    try:
        numbers = ast.literal_eval(repr(counter).removeprefix("count").replace(")", ",)"))
    except (ValueError, SyntaxError):
        raise NotSavedError("it holds an itertools.count of other than numbers") from None
    return itertools.count, numbers


def reduce_exception(exception: BaseException, approximate: Approximate) -> Any:
    """Store notes, cause and context, but no traceback, which refers to whole frames."""
    kind = type(exception)
    own = [cls for cls in kind.__mro__ if cls.__module__ != "builtins"]
    reduced: Any = exception.__reduce_ex__(4)
    if isinstance(reduced, str) or len(reduced) > 3:
        return reduced
    maker, args, state = (*reduced, None)[:3]
    has_own = any({"__reduce__", "__reduce_ex__"} & set(vars(cls)) for cls in own)
    if state is not None and not isinstance(state, dict):
        return reduced
    if not has_own and maker is kind:
        maker, args = rebuilding.make_exception, (kind, args)
    if exception.__traceback__ is not None:
        approximate("exceptions in it lose their traceback")
    links = {
        "state": state,
        "cause": exception.__cause__,
        "context": exception.__context__,
        "suppress": exception.__suppress_context__,
    }
    return maker, args, links, None, None, rebuilding.set_exception


def _weak(container: Any, _: Approximate) -> Any:
    items = list(container if isinstance(container, weakref.WeakSet) else container.items())
    return (
        rebuilding.make_weak,
        (type(container).__name__,),
        items,
        None,
        None,
        rebuilding.fill_weak,
    )


def _row(row: sqlite3.Row, _: Approximate) -> Any:
    return rebuilding.make_row, (row.keys(), tuple(row))


def _view(view: memoryview, _: Approximate) -> Any:
    """Store a view of a whole object; views of a part, or cast ones, are not saved."""
    owner = view.obj
    if owner is None:
        raise NotSavedError("it holds a memoryview of nothing")
    whole = memoryview(owner)
    for name in ("format", "itemsize", "shape", "strides", "nbytes"):
        if getattr(whole, name) != getattr(view, name):
            raise NotSavedError("it holds a memoryview of a part of an object")
    return rebuilding.make_view, (owner, view.readonly)


def _dict_view(view: Any, _: Approximate) -> Any:
    """Store a view of a dictionary with that dictionary."""
    (mapping,) = gc.get_referents(view)
    if is_namespace(mapping):
        raise NotSavedError("it holds names of a module (vars)")
    owner = _class_with(mapping)
    space = mapping if owner is None else vars(owner)
    return rebuilding.make_dict_view, (space, type(view).__name__)


def _proxy(proxy: Any, _: Approximate) -> Any:
    """Store a proxy with its mapping, or as `vars` of its class."""
    (mapping,) = gc.get_referents(proxy)
    owner = _class_with(mapping)
    return (types.MappingProxyType, (mapping,)) if owner is None else (vars, (owner,))


def _class_with(mapping: Any) -> type | None:
    """Return the class that has a mapping as its namespace, or None."""
    if type(mapping) is not dict:
        return None
    for name in ("__dict__", "__weakref__"):
        owner = getattr(mapping.get(name), "__objclass__", None)
        if isinstance(owner, type) and gc.get_referents(vars(owner))[0] is mapping:
            return owner
    if isinstance(mapping.get("__module__"), str):
        raise NotSavedError("it holds the namespace of a class (vars)")
    return None


def _module(module: types.ModuleType, _: Approximate) -> Any:
    """Store a module by name."""
    if sys.modules.get(module.__name__) is not module:
        raise NotSavedError(f"it holds the module {module.__name__}, which cannot be imported")
    return importlib.import_module, (module.__name__,)


def _rest(iterator: Any, approximate: Approximate) -> Any:
    """Store the remaining items of an iterator; its position in the table is lost."""
    approximate("an iterator over a dict or set in it becomes one over a list of the rest")
    return iterator.__reduce__()


def _of_argparse(part: Any, _: Approximate) -> Any:
    """Restore `argparse.SUPPRESS`, which `argparse` compares by identity."""
    maker, args, state = part.__reduce_ex__(4)[:3]
    return maker, args, state, None, None, rebuilding.set_of_argparse


def _of_ctypes(data: Any, approximate: Approximate) -> Any:
    """Copy the bytes of C data, even if they belong to another object."""
    held = data._objects
    parts = held.values() if isinstance(held, dict) else (held,)
    if data._b_base_ is not None or any(isinstance(part, memoryview) for part in parts):
        approximate("data of a C type in it no longer shares its memory with another object")
    return data.__reduce_ex__(5)


_TABLES: tuple[Any, ...] = ({}, {}.values(), {}.items(), OrderedDict(), {0})
_TABLE_ITERATORS = tuple(
    type(made(table))
    for table in _TABLES
    for made in (iter, *((reversed,) if hasattr(table, "__reversed__") else ()))
)
_VIEWS = tuple(
    type(made())
    for table in (_TABLES[0], _TABLES[3])
    for made in (table.keys, table.values, table.items)
)
_RLOCK = type(threading.RLock())

_REDUCERS: dict[type, Callable[[Any, Approximate], Any]] = {
    **dict.fromkeys(_TABLE_ITERATORS, _rest),
    type(threading.Lock()): _lock,
    _RLOCK: _lock,
    functools._lru_cache_wrapper: _cached,
    functools.cached_property: _cached_property,
    itertools.count: _count,
    weakref.WeakSet: _weak,
    weakref.WeakKeyDictionary: _weak,
    weakref.WeakValueDictionary: _weak,
    queue.Queue: _queue,
    queue.LifoQueue: _queue,
    queue.PriorityQueue: _queue,
    sqlite3.Row: _row,
    memoryview: _view,
    **dict.fromkeys(_VIEWS, _dict_view),
    types.MappingProxyType: _proxy,
    types.ModuleType: _module,
    type(dataclasses.MISSING): dataclass_parts.reduce_marker,
    type(dataclasses.KW_ONLY): dataclass_parts.reduce_marker,
    type(dataclasses._HAS_DEFAULT_FACTORY): dataclass_parts.reduce_marker,  # type: ignore[attr-defined]
    type(dataclasses._FIELD): dataclass_parts.reduce_marker,  # type: ignore[attr-defined]
    dataclasses.Field: lambda field, _: dataclass_parts.reduce_slotted(field),
    dataclasses._DataclassParams: lambda params, _: dataclass_parts.reduce_slotted(params),  # type: ignore[attr-defined]
}
