"""Fetch a URL from the kernel."""

from __future__ import annotations

import io

import js
from pyodide.ffi import JsException

from ..errors import SourceError
from .blobs import open_blob


def fetch(url: str) -> io.BufferedReader:
    """Fetch a URL, without holding it in the kernel's memory.

    A worker may wait for a request, so this needs no ``await``.

    Raises
    ------
    SourceError
        If the server says no, cannot be reached, or does not allow other sites to read the file
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
