"""Open a bundle wherever it is: a path, a URL, bytes, a file."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from .errors import SourceError
from .platform import IN_BROWSER
from .saving import SUFFIX

AnySource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]

TIMEOUT = 30.0
"""Seconds without a byte after which a server is given up."""

_IN_MEMORY = 8 << 20
"""Bytes of a download that are kept in memory before a temporary file takes over."""


@contextmanager
def open_source(source: AnySource) -> Iterator[tuple[IO[bytes], str]]:
    """Open a bundle for reading.

    Parameters
    ----------
    source : path, URL, bytes or binary file
        Where it is. A file that cannot seek is copied to a temporary one.

    Yields
    ------
    (file, label)
        A binary file that can seek, and what to call it.

    Raises
    ------
    SourceError
        If it cannot be found, fetched or read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield BytesIO(source), "the bundle"
    elif isinstance(source, str) and source.startswith(("http://", "https://")):
        with _fetch(source) as file:
            yield file, source
    elif isinstance(source, str | os.PathLike):
        path = _named(expanded(source))
        with _open(path) as file:
            yield file, path.name
    elif hasattr(source, "read"):
        label = Path(str(getattr(source, "name", "the bundle"))).name
        with _seekable(source) as file:
            yield file, label
    else:
        raise SourceError(
            "load_state() takes a path, a URL, bytes or a binary file, not "
            f"{type(source).__name__}."
        )


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with ``~`` resolved; ``~name`` may also be a file if there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _named(path: Path) -> Path:
    """Return what `save_state` has made of this path, if that is there and the path itself not."""
    made = path.with_name(path.name + SUFFIX) if path.name else path
    return made if made.is_file() and not path.suffix and not path.exists() else path


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise SourceError(
            f"There is no file {path} (looked in {Path.cwd()}). Check the name."
        ) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None


@contextmanager
def _seekable(source: IO[bytes]) -> Iterator[IO[bytes]]:
    if source.seekable():
        yield source
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
        shutil.copyfileobj(source, copy)
        yield copy


@contextmanager
def _fetch(url: str) -> Iterator[IO[bytes]]:
    if IN_BROWSER:
        from .browser.blobs import fetch

        with fetch(url) as file:
            yield file
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
                shutil.copyfileobj(response, copy)
        except urllib.error.HTTPError as error:
            raise SourceError(
                f"{url} could not be fetched: the server says {error.code} {error.reason}."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise SourceError(f"{url} could not be fetched: {reason}.") from None
        yield copy
