"""A file as a reader sees it while another writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from ..errors import StorageError
from .interface import HEAD

Read = Callable[[int, int], bytes]
"""Takes offset and length in bytes, returns what is there now: fewer bytes, or none, at the end of
the file, or where it cannot be read any more."""


class Snapshot:
    """A file that ends where it ended when the snapshot was made.

    The writer only appends, so all before that end stays as it is, until compaction rewrites the
    file. That begins with emptying it and ends with another head, so a look at the head after
    every read tells whether the bytes are those of the snapshot.

    Parameters
    ----------
    size : int
        Length of the file now, in bytes.
    read : Read
        How to read it.
    label : str
        Where it is, for messages.

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
        """Return the length when the snapshot was made."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the snapshot, or raise `StorageError` if they are gone."""
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
            f"The checkpoints in {self._label} are being written by another tab or process; "
            "this one can only read them."
        )


def rewritten(label: str) -> StorageError:
    """Return the error for a file that changed under a reader."""
    return StorageError(
        f"The checkpoints in {label} were changed by the tab or process that writes them, "
        "while they were read. Try again."
    )
