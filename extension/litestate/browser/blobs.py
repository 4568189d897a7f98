"""Blobs as files: to write, to read, to download, and to fetch from a URL.

The browser stores their bytes, outside of the kernel's memory.

Both directions are synchronous: a Blob is made at once, and a worker may read one with
FileReaderSync.
"""

from __future__ import annotations

import errno
import io
from html import escape
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from ..errors import SourceError

_PIECE = 4 << 20
"""Bytes to collect before they become a Blob."""


class _Positioned(io.RawIOBase):
    """A file that can seek."""

    _position = 0

    def _length(self) -> int:
        raise NotImplementedError

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length()}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "Invalid argument")
        self._position = base + offset
        return self._position


class BlobSink(_Positioned):
    """A file to write whose content becomes a Blob.

    Written bytes can be overwritten: the new Blob refers to slices of the old one and copies
    nothing.
    """

    def __init__(self) -> None:
        self._blob = js.Blob.new()
        self._pending = bytearray()

    def blob(self) -> Any:
        """Return the content as a Blob."""
        self.flush()
        return self._blob

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        gap = self._position - self._length()
        if gap >= 0:
            self._pending += bytes(gap)
            self._pending += view
            if len(self._pending) >= _PIECE:
                self.flush()
        else:
            self._overwrite(bytes(view))
        self._position += len(view)
        return len(view)

    def flush(self) -> None:
        if self._pending:
            self._blob = _join(self._blob, self._pending)
            self._pending = bytearray()

    def _length(self) -> int:
        return int(self._blob.size) + len(self._pending)

    def _overwrite(self, data: bytes) -> None:
        start = self._position - int(self._blob.size)
        if start >= 0:
            self._pending[start : start + len(data)] = data
            return
        self.flush()
        end = self._position + len(data)
        self._blob = _join(self._blob.slice(0, self._position), data, self._blob.slice(end))


class BlobSource(_Positioned):
    """A Blob as a file to read, slice by slice."""

    def __init__(self, blob: Any) -> None:
        self.name = str(getattr(blob, "name", "the bundle"))
        self._blob = blob
        self._reader = js.FileReaderSync.new()

    def readable(self) -> bool:
        return True

    def _length(self) -> int:
        return int(self._blob.size)

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._length() - self._position))
        if count:
            piece = self._blob.slice(self._position, self._position + count)
            try:
                self._reader.readAsArrayBuffer(piece).assign_to(view[:count])
            except JsException as error:
                raise SourceError(
                    f"{self.name} cannot be read: it was changed or removed after you chose it "
                    f"({error}). Choose it again."
                ) from None
            self._position += count
        return count


def open_blob(blob: Any) -> io.BufferedReader:
    """Open a Blob for buffered reading."""
    return io.BufferedReader(BlobSource(blob), 1 << 20)


def download_link(blob: Any, name: str) -> str:
    """Return HTML of a link that saves a Blob under a name.

    The URL belongs to this worker: after a reload the link does nothing, and it never downloads
    anything else.

    Parameters
    ----------
    blob : Blob
        The content.
    name : str
        File name to propose.
    """
    url = str(js.URL.createObjectURL(blob))
    return f'<a href="{escape(url)}" download="{escape(name)}">Download {escape(name)}</a>'


def fetch(url: str) -> io.BufferedReader:
    """Fetch a URL without holding its content in the kernel's memory.

    A worker can make a synchronous request, so this needs no ``await``.

    Raises
    ------
    SourceError
        If the server refuses, cannot be reached, or does not allow other sites to read the file
        (CORS).
    """
    request = js.XMLHttpRequest.new()
    try:
        request.open("GET", url, False)
        request.responseType = "blob"
        request.send()
    except JsException as error:
        raise SourceError(
            f"{url} could not be fetched: the server cannot be reached, or it does not allow "
            "other sites to read the file "
            f"(CORS). Download the file and use load_state() without an argument. ({error})"
        ) from None
    if not 200 <= request.status < 300:
        raise SourceError(
            f"{url} could not be fetched: the server says {request.status} {request.statusText}."
        )
    return open_blob(request.response)


def _join(*parts: Any) -> Any:
    return js.Blob.new(
        to_js([to_js(part) if isinstance(part, bytes | bytearray) else part for part in parts])
    )
