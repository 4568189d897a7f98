"""Errors for variables that cannot be saved or made again, and the types that are refused."""

from __future__ import annotations

import sys
from typing import Any

from ..errors import DamagedBundleError


class NotSavedError(Exception):
    """An object cannot be stored; the message is the reason for the user, without a full stop."""


class NotLoadedError(Exception):
    """A stored object cannot be made again here; the message is the reason for the user."""


class NeedsTrustError(Exception):
    """Making a stored object would run code; the message says which."""


class DamagedGraphError(DamagedBundleError):
    """A graph is malformed.

    Attributes
    ----------
    reason : str
        The defect, for the user, without a full stop.
    """

    reason = ""


_REFUSED = {
    "builtins.generator": "a generator",
    "builtins.coroutine": "a coroutine",
    "builtins.async_generator": "an asynchronous generator",
    "builtins.async_generator_asend": "an asynchronous generator",
    "builtins.coroutine_wrapper": "a coroutine",
    "builtins.frame": "a frame",
    "builtins.traceback": "a traceback",
    "builtins.PyCapsule": "an object of a C library",
    "weakref.ReferenceType": "a weak reference",
    "weakref.ProxyType": "a weak reference",
    "weakref.CallableProxyType": "a weak reference",
    "weakref.finalize": "a finalizer",
    "weakref.WeakMethod": "a weak reference",
    "_thread._local": "thread-local data",
    "_thread._ThreadHandle": "a thread",
    "threading.Thread": "a thread",
    "_queue.SimpleQueue": "a queue (queue.SimpleQueue)",
    "concurrent.futures._base.Future": "a future",
    "concurrent.futures._base.Executor": "an executor",
    "_asyncio.Future": "a future",
    "_asyncio.Task": "a task",
    "asyncio.futures.Future": "a future",
    "asyncio.events.AbstractEventLoop": "an event loop",
    "asyncio.events.Handle": "a scheduled call of an event loop",
    "_socket.socket": "a socket",
    "_ssl._SSLSocket": "a socket",
    "_ssl._SSLContext": "settings for TLS",
    "subprocess.Popen": "a process",
    "multiprocessing.process.BaseProcess": "a process",
    "mmap.mmap": "a memory-mapped file",
    "posix.ScandirIterator": "an iterator over a folder",
    "posix.DirEntry": "an entry of a folder (os.DirEntry)",
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
    "sqlite3.Blob": "an open blob of a database",
    "pyodide.ffi.JsProxy": "an object of JavaScript",
    "_pyodide._core_docs.JsProxy": "an object of JavaScript",
    "_hashlib.HASH": "an unfinished hash",
    "_io._IOBase": "an open file",
    "zipfile.ZipFile": "an open archive",
    "tarfile.TarFile": "an open archive",
    "urllib3.connectionpool.HTTPConnectionPool": "a network connection",
}
"""Names for users of types that cannot be saved, or of their bases."""

_OPEN = ("an open file", "an open archive", "a memory-mapped file")


def refusal(kind: type) -> str | None:
    """Return the name for users of a type that cannot be saved; None if it may be.

    A class that defines how it is pickled may be.
    """
    for cls in kind.__mro__:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if name in _REFUSED:
            return _REFUSED[name]
        if cls.__module__ == "itertools":
            # Python 3.14 cannot pickle them, nor load those that older versions have pickled.
            return f"an iterator of itertools ({cls.__qualname__})"
        # In Python 3.14 files have a __getstate__ that only raises, except those in memory.
        asked = cls.__module__ != "_io" or cls.__name__ in ("StringIO", "BytesIO")
        if asked and {"__reduce__", "__reduce_ex__", "__getstate__"} & set(vars(cls)):
            return None
    return None


def refuse(what: str, obj: Any) -> NotSavedError:
    """Return the error for an object that is not saved."""
    name = None
    if what not in ("an object of JavaScript", "a weak reference"):
        name = getattr(obj, "__name__", None) or (getattr(obj, "name", None))
    shown = f"{what} ({name})" if isinstance(name, str) and name else what
    if what in _OPEN and getattr(obj, "closed", False) is True:
        shown = shown.replace("an open", "a closed")
    return NotSavedError(f"it holds {shown}")


def stream_name(obj: Any) -> str | None:
    """Return the name of a standard stream, or None for another object."""
    for name in ("stdout", "stderr", "stdin", "__stdout__", "__stderr__", "__stdin__"):
        if getattr(sys, name) is obj and obj is not None:
            return name
    return None


def text_of(error: BaseException) -> str:
    """Return the message of any error, at most 300 characters."""
    try:
        text = str(error)
    except Exception as failed:
        text = f"(its text raised {type(failed).__name__})"
    return text if len(text) <= 300 else f"{text[:300]}…"
