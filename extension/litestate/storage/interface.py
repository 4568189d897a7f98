"""What a storage is: two files of one notebook, one writer, any number of readers.

Everything is synchronous once a storage is open, because a browser without JSPI cannot wait
later. Only `open_storage`, `Storage.usage` and `Storage.refresh` are coroutines; in CPython they
never suspend.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

FILE_NAMES = ("0.log", "1.log")
"""Compaction writes into the one that is not in use."""

CELLS_NAME = "cells"
"""Name of the small file beside them that names the cells since the newest checkpoint."""

HEAD = 64
"""Bytes at the start of a file that differ whenever it has been rewritten: who rewrites a file
empties it first, and writes these last."""

TRIES = 5
"""How often a reader looks for a moment in which the writer does not rewrite the files."""


class File(Protocol):
    """One file; offsets and sizes are in bytes.

    Every method raises `StorageError` if the storage fails, or was writable and has been closed.
    """

    def size(self) -> int:
        """Return the length; for a reader, that at the last refresh."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from `offset` on: `length` of them, fewer only at the end of the file.

        Raises
        ------
        StorageError
            For a reader also if the writer has rewritten the file since the last refresh; in a
            browser without JSPI, if it has written anything. Refresh and read again.
        """
        ...

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data` at `offset`.

        Raises
        ------
        StorageFullError
            If there is no room. A part may have been written; truncate the file to what is good.
        StorageError
            If the storage is read-only.
        """
        ...

    def truncate(self, size: int) -> None:
        """Cut the file off at `size`, or extend it with zeros."""
        ...

    def flush(self) -> None:
        """Return when what was written is durable."""
        ...


class Usage(NamedTuple):
    """How full the place is, in bytes.

    Attributes
    ----------
    used : int
        By everything of this site in the browser, or by everything on the disk.
    quota : int
        At most available: the browser's limit for the site, or the size of the disk.
    """

    used: int
    quota: int


class Storage(Protocol):
    """The two files of one notebook.

    Attributes
    ----------
    label : str
        Where they are, for messages.
    writable : bool
        False if another tab or process holds the lock: then the files are read-only snapshots of
        the time of opening, or of the last `refresh`. Never changes; see `take_over`.
    files : tuple of two File
        Of a reader, others after each `refresh`.
    cells : File or None
        The file that names the cells since the newest checkpoint; None for a reader, and where it
        cannot be had.
    """

    @property
    def label(self) -> str: ...  # noqa: D102

    @property
    def writable(self) -> bool: ...  # noqa: D102

    @property
    def files(self) -> tuple[File, File]: ...  # noqa: D102

    @property
    def cells(self) -> File | None: ...  # noqa: D102

    async def usage(self) -> Usage | None:
        """Return how full the place is, or None where nobody knows."""
        ...

    def take_over(self) -> Storage | None:
        """Return a writable storage once the writer has gone, else None.

        Cheap, to be called again and again. A writable one returns itself. A reader that was
        taken over is of no more use, and need not be closed.

        Raises
        ------
        StorageError
            If the lock was had and the files cannot be opened, or this one has been closed.
        """
        ...

    async def refresh(self) -> None:
        """Let a reader see what the writer has written since. A writer sees it anyway."""
        ...

    def close(self) -> None:
        """Give back files and lock. A second time does nothing."""
        ...
