"""Locks that all tabs and workers of an origin share (Web Locks API)."""

from __future__ import annotations

import asyncio
from typing import Any

import js
from pyodide.ffi import create_once_callable, to_js

from .opfs_errors import NoStorageError


class WebLock:
    """A lock that is requested at once, and granted in the order of the requests.

    `release` releases it, and so does the end of the worker, in any way.

    Parameters
    ----------
    name : str
        Name of the lock, in all tabs.
    """

    def __init__(self, name: str) -> None:
        self._granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._controller = js.AbortController.new()
        self._resolve: Any = None
        self._held = js.Promise.new(create_once_callable(self._keep))
        options = to_js({"signal": self._controller.signal}, dict_converter=js.Object.fromEntries)
        callback = create_once_callable(self._grant)
        js.navigator.locks.request(name, options, callback).catch(self._fail)

    async def wait(self) -> None:
        """Wait until the lock is granted.

        Raises
        ------
        NoStorageError
            If this page may not use locks.
        """
        # A cancelled waiter must not cancel the future.
        await asyncio.shield(self._granted)

    def release(self) -> None:
        """Release the lock, or leave the queue."""
        self._controller.abort()
        self._resolve()

    def _keep(self, resolve: Any, _reject: Any) -> None:
        self._resolve = resolve

    def _grant(self, _lock: Any) -> Any:
        if not self._granted.done():
            self._granted.set_result(None)
        # The lock is held for as long as this promise is pending.
        return self._held

    def _fail(self, error: Any) -> None:
        if not self._granted.done() and not self._controller.signal.aborted:
            message = f"This browser cannot keep checkpoints: it refuses their lock ({error})."
            self._granted.set_exception(NoStorageError(message))
