"""Files of bundles: the names to write, and the paths, URLs, bytes and files to read."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import IO

from ..errors import SaveError, SourceError
from ..platform import IN_BROWSER

AnySource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]

SUFFIX = ".litestate.zip"
"""Suffix of the names of bundles."""

TIMEOUT = 30.0
"""Seconds to wait for a byte from a server."""

_IN_MEMORY = 8 << 20
"""Bytes of a download in memory; larger ones go into a temporary file."""

_UNFIT = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


def bundle_name(name: str | None) -> str:
    """Return a file name for a bundle, with the date of today.

    Examples
    --------
    >>> bundle_name("my work").startswith("my work-20")
    True
    """
    stem = file_stem(name or "state")
    if stem.endswith(SUFFIX):
        return stem
    return f"{stem.removesuffix('.zip')}-{date.today():%Y-%m-%d}{SUFFIX}"


def file_stem(name: str) -> str:
    """Return text as a name for a file that is valid on every system, without a suffix.

    Raises
    ------
    SaveError
        If nothing of it is left.
    """
    stem = _UNFIT.sub("-", name).strip(" .-")
    if not stem:
        raise SaveError(f"name={name!r} leaves nothing for a file name; use letters or digits.")
    return stem


def free(path: Path) -> Path:
    """Return a path that does not exist yet: this one, or one with a number."""
    stem = path.name.removesuffix(SUFFIX)
    candidates = (path.with_name(f"{stem}-{number}{SUFFIX}") for number in range(2, 10_000))
    return path if not path.exists() else next(other for other in candidates if not other.exists())


@contextmanager
def open_source(source: AnySource) -> Iterator[tuple[IO[bytes], str]]:
    """Open a bundle for reading.

    Parameters
    ----------
    source : path, URL, bytes or binary file
        The bundle. A file that cannot seek is copied to a temporary one.

    Yields
    ------
    (file, label)
        A binary file that can seek, and its name in messages.

    Raises
    ------
    SourceError
        If the bundle cannot be found, fetched or read.
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
    """Resolve ``~`` in a path; ``~name`` is a file if there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _named(path: Path) -> Path:
    """Add the suffix that `save_state` adds, if only the file with the suffix exists."""
    made = path.with_name(path.name + SUFFIX) if path.name else path
    return made if made.is_file() and not path.suffix and not path.exists() else path


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise SourceError(f"There is no file {path} in {Path.cwd()}. Check the name.") from None
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
        from ..browser.blobs import fetch

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
