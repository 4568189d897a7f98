"""The interface of a storage, and the parts that both implementations share.

A storage has two files of one notebook, one writer, and any number of readers. An open storage is
synchronous, because a browser without JSPI cannot wait later. Only `open_storage`, `Storage.usage`
and `Storage.refresh` are coroutines; in CPython they never suspend.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, NoReturn, Protocol
from urllib.parse import quote

from ..errors import StorageError

FILE_NAMES = ("0.log", "1.log")
"""Two files: compaction writes into the one that is not in use."""

CELLS_NAME = "cells"
"""Name of the small file beside them that lists the cells since the newest checkpoint."""

HEAD = 64
"""Bytes at the start of a file that change with every rewrite, which empties the file first and
writes these bytes last."""

TRIES = 5
"""Attempts of a reader to read the files while they are not being rewritten."""

MAX_NAME = 120
"""Most characters of a folder name, all ASCII. File systems and OPFS allow 255 bytes, and Windows
a path of 260."""

_DEVICES = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}
"""Names that no file on Windows can have, with any suffix (Microsoft, "Naming Files, Paths, and
Namespaces")."""

Read = Callable[[int, int], bytes]
"""Reads `length` bytes at `offset`, as they are now. Returns fewer at the end of the file, or if it
cannot be read any more."""


class File(Protocol):
    """One file; offsets and sizes are in bytes.

    Every method raises `StorageError` if the storage fails, or was writable and has been closed.
    """

    def size(self) -> int:
        """Return the length; for a reader, that at the last refresh."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` on, fewer only at the end of the file.

        Raises
        ------
        StorageError
            For a reader, also if the writer has rewritten the file since the last refresh, or
            written anything in a browser without JSPI. Refresh and read again.
        """
        ...

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data` at `offset`.

        Raises
        ------
        StorageFullError
            If the space is used up. A part may be written: truncate the file to its valid length.
        StorageError
            If the storage is read-only.
        """
        ...

    def truncate(self, size: int) -> None:
        """Cut the file off at `size`, or extend it with zeros."""
        ...

    def flush(self) -> None:
        """Wait until everything written is durable."""
        ...


class Usage(NamedTuple):
    """The use of the underlying storage, in bytes.

    Attributes
    ----------
    used : int
        Bytes of all data of the site in the browser, or on the disk.
    quota : int
        The browser's limit for the site, or the size of the disk.
    """

    used: int
    quota: int


class Storage(Protocol):
    """The two files of one notebook.

    Attributes
    ----------
    label : str
        Their location, for messages.
    writable : bool
        False if another tab or process holds the lock; then the files are read-only snapshots
        from the opening or the last `refresh`. It never changes; see `take_over`.
    files : tuple of two File
        The two files; for a reader, new objects after each `refresh`.
    cells : File or None
        The file that lists the cells since the newest checkpoint; None for a reader, and if it
        cannot be opened.
    transient : str
        A sentence that says why the files end with this kernel; empty if they last.
    """

    @property
    def label(self) -> str: ...  # noqa: D102

    @property
    def writable(self) -> bool: ...  # noqa: D102

    @property
    def files(self) -> tuple[File, File]: ...  # noqa: D102

    @property
    def cells(self) -> File | None: ...  # noqa: D102

    @property
    def transient(self) -> str: ...  # noqa: D102

    async def usage(self) -> Usage | None:
        """Return how full the storage is, or None if that is unknown."""
        ...

    def take_over(self) -> Storage | None:
        """Return a writable storage once the writer has gone, else None.

        It is cheap enough for frequent calls. A writable storage returns itself. After a take-over,
        the reader is useless and need not be closed.

        Raises
        ------
        StorageError
            If the lock is free but the files cannot be opened, or this storage is closed.
        """
        ...

    async def refresh(self) -> None:
        """Update a reader to the present state of the files; do nothing for a writer."""
        ...

    def close(self) -> None:
        """Close the files and release the lock; a second call does nothing."""
        ...


class Snapshot:
    """A read-only view of a file with its length at the time of the snapshot.

    The writer only appends, so bytes before that length are constant until compaction rewrites the
    file. A rewrite empties the file first and writes another head last. So checking the head after
    every read shows whether the bytes are those of the snapshot.

    Parameters
    ----------
    size : int
        Present length of the file in bytes.
    read : Read
        The function that reads it.
    label : str
        Location, for messages.

    Attributes
    ----------
    head : bytes
        The first bytes of the file.
    """

    def __init__(self, size: int, read: Read, label: str) -> None:
        self._size = size
        self._read = read
        self._label = label
        self.head = read(0, HEAD)

    def size(self) -> int:
        """Return the length at the time of the snapshot."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the snapshot; raise `StorageError` if the file was rewritten."""
        length = max(0, min(length, self._size - offset))
        if not length:
            return b""
        data = self._read(offset, length)
        if len(data) != length or self._read(0, len(self.head)) != self.head:
            raise rewritten(self._label)
        return data

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Refuse."""
        self._refuse()

    def truncate(self, size: int) -> None:
        """Refuse."""
        self._refuse()

    def flush(self) -> None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StorageError(
            f"Another tab or process writes the checkpoints in {self._label}; this one can only "
            "read them."
        )


def rewritten(label: str) -> StorageError:
    """Return the error for a file that changed while it was read."""
    return StorageError(
        f"Another tab or process changed the checkpoints in {label} while they were read. Try "
        "again."
    )


def folder_name(text: str) -> str:
    """Return a unique folder name for a text.

    Percent-encoding keeps Unicode forms distinct. A text that could still collide begins with a
    hash and ``=``, which percent-encoding never produces. That is a text with capital letters
    (some file systems ignore case), a long one, or one with a name that the system reserves.

    Parameters
    ----------
    text : str
        Any text, such as the name of a notebook.

    Returns
    -------
    str
        A name of 1 to `MAX_NAME` characters.

    Examples
    --------
    >>> folder_name("my notebook")
    'my%20notebook'
    >>> folder_name("Start.ipynb")
    'd6038f1310a75747=Start.ipynb'
    """
    data = text.encode(errors="surrogatepass")
    quoted = quote(data, safe="")
    # Capital letters outside of ASCII differ in their bytes.
    plain = text and quoted.strip(".") == quoted and not any("A" <= c <= "Z" for c in text)
    if plain and len(quoted) <= MAX_NAME and quoted.partition(".")[0] not in _DEVICES:
        return quoted
    digest = hashlib.blake2b(data, digest_size=8).hexdigest()
    return f"{digest}={quoted[: MAX_NAME - len(digest) - 1].rstrip('.')}"
