"""A file as a reader sees it while another writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from ..errors import StorageError
from .interface import HEAD, File


class Raw(NamedTuple):
    """Ways to look at a file that somebody else is writing.

    Attributes
    ----------
    size : callable
        Returns the length now, in bytes.
    read : callable
        Takes offset and length, returns bytes, fewer at the end of the file.
    """

    size: Callable[[], int]
    read: Callable[[int, int], bytes]


class Snapshot:
    """A file that ends where it ended when the snapshot was made.

    The writer only appends, so all before that end stays as it is, until compaction rewrites the
    file. That begins with making it shorter and ends with another head, so a look at both after
    every read tells whether the bytes are those of the snapshot.

    Parameters
    ----------
    raw : Raw
        The file.
    label : str
        Where it is, for messages.
    """

    def __init__(self, raw: Raw, label: str) -> None:
        self._raw = raw
        self._label = label
        self._size = raw.size()
        self._head = raw.read(0, min(HEAD, self._size))

    def changed(self) -> bool:
        """Tell whether the file is no longer the one that the snapshot was made of."""
        return (
            self._raw.size() < self._size
            or len(self._head) < min(HEAD, self._size)
            or self._raw.read(0, len(self._head)) != self._head
        )

    def size(self) -> int:
        """Return the length when the snapshot was made."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the snapshot, or raise `StorageError` if they are gone."""
        length = max(0, min(length, self._size - offset))
        data = self._raw.read(offset, length) if length else b""
        if len(data) != length or self.changed():
            raise StorageError(
                f"The checkpoints in {self._label} were rewritten by the tab or process that "
                "writes them, while they were read. Try again."
            )
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


def snapshots(raws: tuple[Raw, Raw], label: str) -> tuple[File, File]:
    """Make snapshots of both files that belong together.

    Raises
    ------
    StorageError
        If they do not stand still.
    """
    # Between the two, compaction may have moved everything from the second file to the first.
    for _ in range(5):
        first, second = Snapshot(raws[0], label), Snapshot(raws[1], label)
        if not first.changed() and not second.changed():
            return first, second
    raise StorageError(
        f"The checkpoints in {label} are being rewritten by another tab or process. Try again."
    )
