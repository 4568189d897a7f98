"""Bundles from the JSON files of the "Pyodide state persistence" demo app, an older format.

``docs/older-formats.md`` describes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

__all__ = ["as_bundle"]

_BOM = b"\xef\xbb\xbf"

_START = 1024
"""Bytes in which a JSON object begins, unless white space fills them."""


@contextmanager
def as_bundle(file: IO[bytes], name: str = "") -> Iterator[IO[bytes]]:
    """Convert the demo app's JSON file to a bundle; leave any other file as it is.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.
    name : str, optional
        Its name, in which the demo app writes the time.

    Yields
    ------
    binary file
        A bundle to read, or the file itself.

    Raises
    ------
    DamagedBundleError
        If it is the demo app's JSON file, and its content cannot be used.
    UnsafeBundleError
        If it is such a file and larger than allowed.
    SourceError
        If there is no room for the bundle.
    """
    file.seek(0)
    start = file.read(_START).removeprefix(_BOM).lstrip()
    if start and not start.startswith(b"{"):
        yield file
        return
    # Most files are bundles, so the converter is imported only here.
    from .convert import converted

    with converted(file, name) as bundle:
        yield bundle
