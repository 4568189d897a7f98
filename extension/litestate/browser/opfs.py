"""The browser's private file system (OPFS): folders, exclusive handles, and snapshots for readers.

A sync access handle is exclusive; only opening it is asynchronous.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import js
from pyodide.ffi import JsException, can_run_sync, run_sync

from .opfs_errors import fail, fail_handle, failed, full, number, refuse

PIECE = 4 << 20
"""Bytes of the JavaScript array that all data passes through. With 4 MB it is as fast as the
kernel's own memory, which moves when it grows. A proxy of Python's buffer is slower for small
pieces, and a new array each time is slower for large ones."""

_LAST_WAIT = 1.0
"""Longest wait in seconds between two attempts to open a file that another worker has open."""

_NO_SPACE = (1 << 32) - 8
"""Result of a write in a private window of Chromium when the storage is full: FILE_ERROR_NO_SPACE
(base/files/file.h), -8, as an unsigned number. Elsewhere it raises a QuotaExceededError."""

_buffer = js.Uint8Array.new(PIECE)

_opens_files = False


def missing() -> str:
    """Return the missing feature that storing files needs; empty if the browser has them all."""
    navigator = js.navigator
    if not hasattr(navigator, "locks"):
        return "Web Locks"
    if not hasattr(getattr(navigator, "storage", None), "getDirectory"):
        return "a private file system (OPFS)"
    handle = getattr(js, "FileSystemFileHandle", None)
    if not hasattr(getattr(handle, "prototype", None), "createSyncAccessHandle"):
        return "synchronous access to its private file system (OPFS)"
    return ""


async def open_folder(*names: str) -> Any:
    """Return the handle of a folder, and create it if it does not exist.

    Raises
    ------
    NoStorageError
        If the browser does not allow it, as some do not in private windows.
    StorageError
        If it fails for another reason.
    """
    try:
        folder = await js.navigator.storage.getDirectory()
    except JsException as error:
        # Browsers have different errors for a private window.
        refuse(error)
    try:
        for name in names:
            folder = await folder.getDirectoryHandle(name, create=True)
    except JsException as error:
        fail("opened", error)
    return folder


async def open_file(folder: Any, name: str) -> Any:
    """Return the handle of a file, and create it if it does not exist.

    Raises
    ------
    StorageError
        If the browser does not allow it.
    """
    try:
        return await folder.getFileHandle(name, create=True)
    except JsException as error:
        fail("opened", error)


async def estimate() -> tuple[int, int] | None:
    """Return the bytes that this origin uses, and its quota; None if the browser does not say."""
    try:
        answer = await js.navigator.storage.estimate()
        return int(answer.usage), int(answer.quota)
    except (JsException, AttributeError):
        return None


class Handle:
    """A file that only this worker has open; see `storage.interface.File`.

    Parameters
    ----------
    handle : FileSystemSyncAccessHandle
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @classmethod
    async def open(cls, file: Any) -> Handle:
        """Open a file; wait while another worker has it open.

        Raises
        ------
        NoStorageError
            If this browser has no synchronous access to files.
        StorageError
            If it cannot be opened for another reason.
        """
        wait = 0.02
        while True:
            opening = asyncio.ensure_future(file.createSyncAccessHandle())
            try:
                return cls(await asyncio.shield(opening))
            except asyncio.CancelledError:
                # Opening cannot be canceled, and an unused handle would lock the file.
                opening.add_done_callback(_close_unwanted)
                raise
            except JsException as error:
                if not await _is_locked(error):
                    fail("opened", error)
            # A terminated worker releases its files a little later.
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LAST_WAIT)

    def size(self) -> int:
        """Return the length in bytes."""
        try:
            return int(self._handle.getSize())
        except JsException as error:
            fail_handle("read", error)

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes; fewer than asked for only at the end of the file."""
        pieces = []
        while length > 0:
            view = _view(min(length, PIECE))
            try:
                count = int(self._handle.read(view, at=offset))
            except JsException as error:
                fail_handle("read", error)
            if not count:
                break
            if count > length:
                raise failed("read", number(count))
            pieces.append(_view(count).to_bytes())
            offset += count
            length -= count
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all bytes, or raise an error."""
        left = memoryview(data).cast("B")
        while left:
            piece = left[:PIECE]
            view = _view(len(piece))
            view.assign(piece)
            try:
                count = int(self._handle.write(view, at=offset))
            except JsException as error:
                fail_handle("written", error)
            if not 0 < count <= len(piece):
                raise full() if count in (0, _NO_SPACE) else failed("written", number(count))
            # The rest is tried again, so that the browser gives its own reason.
            left = left[count:]
            offset += count

    def truncate(self, size: int) -> None:
        """Truncate the file, or extend it with zeros."""
        try:
            self._handle.truncate(size)
        except JsException as error:
            fail_handle("written", error)
        # In a private window of Chromium this is the only sign of a full storage.
        if self.size() != size:
            raise full()

    def flush(self) -> None:
        """Return when all writes are durable."""
        try:
            self._handle.flush()
        except JsException as error:
            fail_handle("written", error)

    def close(self) -> None:
        """Close the file, so that others can open it."""
        self._handle.close()


class Snapshot:
    """A snapshot for reading of a file that another worker may have open.

    It is not a copy: changed bytes are read as they are now. After any change Chromium returns
    nothing, unless the profile is in memory, until the file has a new snapshot. That takes a wait,
    which without JSPI only `open` can do.

    Parameters
    ----------
    file : FileSystemFileHandle
    blob : File
        Content of the snapshot.
    """

    @classmethod
    async def open(cls, file: Any) -> Snapshot:
        """Take a snapshot of a file.

        Raises
        ------
        StorageError
            If the file cannot be read.
        """
        try:
            return cls(file, await file.getFile())
        except JsException as error:
            fail("read", error)

    def __init__(self, file: Any, blob: Any) -> None:
        self._file = file
        self._blob = blob
        self._reader = js.FileReaderSync.new()

    def size(self) -> int:
        """Return the length of the file in bytes in the last snapshot."""
        return int(self._blob.size)

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes; none if they are no longer available."""
        data = self._slice(offset, length)
        if data is None and can_run_sync():
            try:
                self._blob = run_sync(self._file.getFile())
            except JsException:
                return b""
            data = self._slice(offset, length)
        return data or b""

    def _slice(self, offset: int, length: int) -> bytes | None:
        piece = self._blob.slice(offset, offset + length)
        try:
            data: bytes = self._reader.readAsArrayBuffer(piece).to_bytes()
        except JsException:
            return None
        return data


async def _is_locked(error: JsException) -> bool:
    """Return whether a file cannot be opened because it is open already.

    The standard's error is NoModificationAllowedError, and WebKit's is InvalidStateError.
    """
    if error.name == "InvalidStateError":
        # WebKitGTK has no synchronous access. The first call for a file says so, but the failed
        # call locks the file, and later ones say InvalidStateError, from other tabs, too.
        await _try_new_file()
        return True
    return bool(error.name == "NoModificationAllowedError")


async def _try_new_file() -> None:
    """Open a new file, unless that has succeeded before.

    Raises
    ------
    NoStorageError
        If this browser has no synchronous access to files.
    """
    global _opens_files  # noqa: PLW0603 - there is one browser
    if _opens_files:
        return
    folder, name = await open_folder(), f"litestate-{secrets.token_hex(8)}"
    file = await open_file(folder, name)
    try:
        (await file.createSyncAccessHandle()).close()
        _opens_files = True
    except JsException as error:
        fail("opened", error)
    finally:
        try:
            await folder.removeEntry(name)
        except JsException:
            logging.getLogger(__name__).debug("a file is left", exc_info=True)


def _view(size: int) -> Any:
    return _buffer if size == PIECE else _buffer.subarray(0, size)


def _close_unwanted(opening: asyncio.Future[Any]) -> None:
    if opening.exception() is None:
        opening.result().close()
