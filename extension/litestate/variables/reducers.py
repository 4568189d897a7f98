"""What becomes of objects that Python cannot pickle, or pickles into something else.

Every kind is decided here. Those in `_REFUSED` are not saved, and why is said; those in `_REDUCERS`
come back as their functions say; exceptions come back with notes and causes, without tracebacks.

What pickles call is `make_cached`, `make_exception`, `set_exception`, `make_weak`, `fill_weak`,
`make_row`, `make_view`, `make_cached_property` and `standard_stream`.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import gc
import importlib
import itertools
import sqlite3
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

from . import classes
from .failures import NotSavedError

Approximate = Callable[[str], None]

_AGAIN = "make it again"
_REFUSED = {
    "builtins.generator": "a generator",
    "builtins.coroutine": "a coroutine",
    "builtins.async_generator": "an asynchronous generator",
    "builtins.async_generator_asend": "an asynchronous generator",
    "builtins.coroutine_wrapper": "a coroutine",
    "builtins.frame": "a frame",
    "builtins.traceback": "a traceback",
    "builtins.PyCapsule": "something of a C library",
    "weakref.ReferenceType": "a weak reference",
    "weakref.ProxyType": "a weak reference",
    "weakref.CallableProxyType": "a weak reference",
    "weakref.finalize": "a finalizer",
    "weakref.WeakMethod": "a weak reference",
    "_thread._local": "data of a thread",
    "_thread._ThreadHandle": "a thread",
    "threading.Thread": "a thread",
    "_queue.SimpleQueue": "a queue of threads",
    "concurrent.futures._base.Future": "a future",
    "concurrent.futures._base.Executor": "an executor",
    "_asyncio.Future": "a future",
    "_asyncio.Task": "a task",
    "asyncio.futures.Future": "a future",
    "asyncio.events.AbstractEventLoop": "an event loop",
    "asyncio.events.Handle": "a call that an event loop is to make",
    "_socket.socket": "a socket",
    "_ssl._SSLSocket": "a socket",
    "_ssl._SSLContext": "settings for TLS",
    "subprocess.Popen": "a process",
    "multiprocessing.process.BaseProcess": "a process",
    "mmap.mmap": "a file that is mapped into memory",
    "posix.ScandirIterator": "a folder that is being read",
    "posix.DirEntry": "an entry of a folder that was being read",
    "select.epoll": "a selector",
    "selectors.BaseSelector": "a selector",
    "_ctypes._Pointer": "a pointer",
    "_ctypes.CFuncPtr": "a function of a C library",
    "ctypes.CDLL": "a C library",
    "_contextvars.ContextVar": "a context variable",
    "_contextvars.Context": "a context",
    "_contextvars.Token": "a token of a context variable",
    "sqlite3.Cursor": "a cursor of a database",
    "sqlite3.Connection": "a database connection",
    "sqlite3.Blob": "an open value of a database",
    "pyodide.ffi.JsProxy": "an object of JavaScript",
    "_pyodide._core_docs.JsProxy": "an object of JavaScript",
    "_hashlib.HASH": "a hash that is being computed",
    "_io._IOBase": "an open file",
    "zipfile.ZipFile": "an open archive",
    "tarfile.TarFile": "an open archive",
    "urllib3.connectionpool.HTTPConnectionPool": "a network connection",
}
"""Types (or their bases), and what a person calls them."""

_OPEN = ("an open file", "an open archive", "a file that is mapped into memory")


def refusal(kind: type) -> str | None:
    """Return what a person calls objects of a type that cannot be saved; None if they may be.

    A class that says itself how it is pickled is asked.
    """
    for cls in kind.__mro__:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if name in _REFUSED and kind not in _REDUCERS:
            return _REFUSED[name]
        if cls.__module__ == "itertools" and kind not in _REDUCERS:
            # Python 3.14 cannot, and before it wrote what 3.14 cannot read.
            return f"an iterator of itertools ({cls.__qualname__})"
        if {"__reduce__", "__reduce_ex__", "__getstate__"} & set(vars(cls)):
            return None
    return None


def refuse(what: str, obj: Any) -> NotSavedError:
    """Return the error for an object that is not saved."""
    name = None
    if what not in ("an object of JavaScript", "a weak reference"):
        name = getattr(obj, "__name__", None) or (getattr(obj, "name", None))
    shown = f"{what} ({name})" if isinstance(name, str) and name else what
    if what in _OPEN:
        if getattr(obj, "closed", False) is True:
            shown = shown.replace("an open", "a closed")
        return NotSavedError(f"it holds {shown}; open it again")
    return NotSavedError(f"it holds {shown}; {_AGAIN}")


def special(kind: type) -> Callable[[Any, Approximate], Any] | None:
    """Return how objects of a type are reduced, if pickle would not do it, or not well."""
    if issubclass(kind, BaseException):
        return reduce_exception
    return _REDUCERS.get(kind)


def _lock(lock: Any, approximate: Approximate) -> Any:
    """A free lock comes back as a new one; a held one would never be released."""
    if not repr(lock).startswith("<unlocked"):
        raise NotSavedError("it holds a lock that is held; release it and save again")
    approximate("a lock in it is a new one")
    return (threading.RLock if isinstance(lock, _RLOCK) else threading.Lock), ()


def make_cached(function: Any, maxsize: int | None, typed: bool) -> Any:
    """Return a function with an empty `functools.lru_cache`."""
    return functools.lru_cache(maxsize=maxsize, typed=typed)(function)


def _cached(wrapper: Any, approximate: Approximate) -> Any:
    """A function of a library by name; one of the notebook with an empty cache."""
    if _is_importable(wrapper):
        return wrapper.__qualname__
    if wrapper.cache_info().currsize:
        approximate("the cache of a function in it is empty")
    parameters = wrapper.cache_parameters()
    extra = {k: v for k, v in vars(wrapper).items() if k not in ("cache_parameters", "__wrapped__")}
    return make_cached, (wrapper.__wrapped__, *parameters.values()), extra or None


def _is_importable(obj: Any) -> bool:
    found: Any = sys.modules.get(obj.__module__) if obj.__module__ != classes.NOTEBOOK else None
    for name in obj.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is obj


def make_cached_property(function: Any, name: str | None, doc: str | None) -> Any:
    """Return a `functools.cached_property`."""
    made = functools.cached_property(function)
    made.attrname = name
    made.__doc__ = doc
    return made


def _cached_property(value: Any, _: Approximate) -> Any:
    return make_cached_property, (value.func, value.attrname, value.__doc__)


def _count(counter: Any, _: Approximate) -> Any:
    """It shows where it is."""
    try:
        numbers = ast.literal_eval(repr(counter).removeprefix("count").replace(")", ",)"))
    except (ValueError, SyntaxError):
        raise NotSavedError(f"it holds an itertools.count of other than numbers; {_AGAIN}") from None
    return itertools.count, numbers


def make_exception(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """Return an exception; code of the notebook and of libraries does not run."""
    made = cls.__new__(cls, *args)
    base = next(kind for kind in cls.__mro__ if kind.__module__ == "builtins")
    base.__init__(made, *args)
    return made


def set_exception(exception: BaseException, state: dict[str, Any]) -> None:
    """Complete an exception."""
    if state["state"]:
        exception.__setstate__(state["state"])
    exception.__cause__ = state["cause"]
    exception.__context__ = state["context"]
    exception.__suppress_context__ = state["suppress"]


def reduce_exception(exception: BaseException, approximate: Approximate) -> Any:
    """With notes, cause and context, without the traceback, which leads to whole frames."""
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
        maker, args = make_exception, (kind, args)
    if exception.__traceback__ is not None:
        approximate("exceptions in it have no traceback")
    links = {
        "state": state,
        "cause": exception.__cause__,
        "context": exception.__context__,
        "suppress": exception.__suppress_context__,
    }
    return maker, args, links, None, None, set_exception


def make_weak(kind: str) -> Any:
    """Return an empty container of `weakref`."""
    return getattr(weakref, kind)()


def fill_weak(container: Any, items: list[Any]) -> None:
    """Fill it; what nothing else holds is gone when all is loaded."""
    for item in items:
        if isinstance(container, weakref.WeakSet):
            container.add(item)
        else:
            container[item[0]] = item[1]


def _weak(container: Any, _: Approximate) -> Any:
    items = list(container if isinstance(container, weakref.WeakSet) else container.items())
    return make_weak, (type(container).__name__,), items, None, None, fill_weak


def make_row(names: list[str], values: tuple[Any, ...]) -> sqlite3.Row:
    """Return a `sqlite3.Row`."""
    connection = sqlite3.connect(":memory:")
    try:
        columns = ", ".join('NULL AS "' + name.replace('"', '""') + '"' for name in names)
        return sqlite3.Row(connection.execute(f"SELECT {columns}"), values)
    finally:
        connection.close()


def _row(row: sqlite3.Row, _: Approximate) -> Any:
    return make_row, (row.keys(), tuple(row))


def make_view(owner: Any, readonly: bool) -> memoryview:
    """Return a `memoryview` of all of an object."""
    view = memoryview(owner)
    return view.toreadonly() if readonly and not view.readonly else view


def _view(view: memoryview, _: Approximate) -> Any:
    """Of the whole of an object; a part of it, or one that was cast, is not saved."""
    owner = view.obj
    if owner is None:
        raise NotSavedError("it holds a memoryview of nothing")
    whole = memoryview(owner)
    for name in ("format", "itemsize", "shape", "strides", "nbytes"):
        if getattr(whole, name) != getattr(view, name):
            raise NotSavedError(f"it holds a memoryview of a part of an object; {_AGAIN}")
    return make_view, (owner, view.readonly)


def _proxy(proxy: Any, _: Approximate) -> Any:
    """Of the very mapping that it stands for; `vars` of a class is asked for again."""
    (mapping,) = gc.get_referents(proxy)
    for name in ("__dict__", "__weakref__"):
        owner = getattr(mapping.get(name), "__objclass__", None) if type(mapping) is dict else None
        if isinstance(owner, type) and gc.get_referents(vars(owner))[0] is mapping:
            return vars, (owner,)
    if type(mapping) is dict and isinstance(mapping.get("__module__"), str):
        raise NotSavedError("it holds the namespace of a class (vars)")
    return types.MappingProxyType, (mapping,)


def _module(module: Any, _: Approximate) -> Any:
    """By name."""
    if sys.modules.get(module.__name__) is not module:
        raise NotSavedError(f"it holds the module {module.__name__}, which cannot be imported")
    return importlib.import_module, (module.__name__,)


def standard_stream(name: str) -> Any:
    """Return ``sys.stdout`` or its like, as it is here."""
    return getattr(sys, name)


def stream_name(obj: Any) -> str | None:
    """Return which standard stream this is, or None."""
    for name in ("stdout", "stderr", "stdin", "__stdout__", "__stderr__", "__stdin__"):
        if getattr(sys, name) is obj and obj is not None:
            return name
    return None


def _sentinel(obj: Any, _: Approximate) -> Any:
    """By name, or code that compares with it would go wrong."""
    for name in ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY", *_FIELDS):
        if getattr(dataclasses, name, None) is obj:
            return name
    raise NotSavedError("it holds an unknown marker of dataclasses")


_FIELDS = ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR")
_RLOCK = type(threading.RLock())

_REDUCERS: dict[type, Callable[[Any, Approximate], Any]] = {
    type(threading.Lock()): _lock,
    _RLOCK: _lock,
    functools._lru_cache_wrapper: _cached,
    functools.cached_property: _cached_property,
    itertools.count: _count,
    weakref.WeakSet: _weak,
    weakref.WeakKeyDictionary: _weak,
    weakref.WeakValueDictionary: _weak,
    sqlite3.Row: _row,
    memoryview: _view,
    types.MappingProxyType: _proxy,
    types.ModuleType: _module,
    type(dataclasses.MISSING): _sentinel,
    type(dataclasses.KW_ONLY): _sentinel,
    type(dataclasses._HAS_DEFAULT_FACTORY): _sentinel,  # type: ignore[attr-defined]
    type(dataclasses._FIELD): _sentinel,  # type: ignore[attr-defined]
    dataclasses.Field: lambda field, _: classes.reduce_slotted(field),
    dataclasses._DataclassParams: lambda params, _: classes.reduce_slotted(params),  # type: ignore[attr-defined]
}
