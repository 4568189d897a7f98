"""The kernel's end of the channel to the page's extension.

Messages go over a BroadcastChannel, and each carries the nonce that the page chose for this kernel.
A message of the page is read when Python awaits or when a cell has ended. Files are Blobs.
``docs/front-end.md`` describes the messages.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import IO, Any

import js
from pyodide.ffi import create_proxy, to_js

from .blobs import BlobSink, open_blob
from .form import CHANNEL

Handler = Callable[[str, dict[str, Any], IO[bytes] | None], Awaitable["Reply"]]
"""Answers a question: gets the command, its arguments, and a file that the page sends."""


class Reply:
    """An answer to the page.

    Parameters
    ----------
    result : object
        Plain data.
    file : BlobSink, optional
        A file for the page.
    name : str, optional
        Name of the file.
    """

    def __init__(self, result: object, file: BlobSink | None = None, name: str = "") -> None:
        self.result = result
        self.file = file
        self.name = name


class Channel:
    """A channel to the page.

    Parameters
    ----------
    nonce : str
        Text that the page has chosen for this kernel.
    handler : callable
        Answers a question of the page. An error that it raises is the answer.
    """

    def __init__(self, nonce: str, handler: Handler) -> None:
        self._nonce = nonce
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self._proxy = create_proxy(self._receive)
        self._channel = js.BroadcastChannel.new(CHANNEL)
        self._channel.addEventListener("message", self._proxy)

    def push(self, kind: str, content: object) -> None:
        """Send plain data to the page."""
        self._post(type=kind, content=json.dumps(content))

    def close(self) -> None:
        """Send and receive nothing more."""
        self._channel.close()
        self._proxy.destroy()

    def _post(self, **message: Any) -> None:
        content = {"nonce": self._nonce, "kernel": True, **message}
        self._channel.postMessage(to_js(content, dict_converter=js.Object.fromEntries))

    def _receive(self, event: Any) -> None:
        message = event.data
        # All tabs of the site hear every message, this kernel its own ones not.
        if getattr(message, "nonce", None) == self._nonce and message.type == "ask":
            task = asyncio.get_running_loop().create_task(self._answer(message))
            # The loop only has a weak reference: without another one the task may be collected.
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Any) -> None:
        identity = message.id
        try:
            blob = getattr(message, "file", None)
            file = None if blob is None else open_blob(blob)
            reply = await self._handler(message.command, json.loads(message.args), file)
        except Exception as error:  # The page shows it.
            content = {"name": type(error).__name__, "message": str(error)}
            self._post(type="error", id=identity, content=json.dumps(content))
            return
        result = json.dumps(reply.result)
        if reply.file is None:
            self._post(type="answer", id=identity, content=result)
        else:
            file = reply.file.blob()
            self._post(type="answer", id=identity, content=result, file=file, name=reply.name)
