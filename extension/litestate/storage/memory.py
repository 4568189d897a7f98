"""Storage of checkpoints in memory, where a browser has no lasting one: it ends with the kernel."""

from __future__ import annotations

from ..errors import StorageError, StorageFullError
from .interface import Usage

LIMIT = 256_000_000
"""Most bytes of all files. The kernel's memory, which the notebook needs, ends at 4 GB."""


class MemoryStorage:
    """Two files in memory; see `interface.Storage`.

    Parameters
    ----------
    reason : str
        A sentence that says why there is no lasting storage.
    limit : int
        Most bytes of all files.
    """

    label = "this kernel's memory"
    writable = True

    def __init__(self, reason: str, limit: int = LIMIT) -> None:
        self.transient = reason
        self._limit = limit
        self.files = (MemoryFile(self), MemoryFile(self))
        self.cells = MemoryFile(self)
        self._is_open = True

    def used(self) -> int:
        """Return the bytes of all files."""
        return sum(len(file.content) for file in (*self.files, self.cells))

    def check(self, growth: int = 0) -> None:
        """Raise an error if the storage is closed, or has no room for more bytes."""
        if not self._is_open:
            raise StorageError(f"The checkpoints in {self.label} have been closed.")
        if growth > 0 and self.used() + growth > self._limit:
            raise StorageFullError(
                f"There is no room left for checkpoints in {self.label}; older checkpoints are "
                "unchanged. Save the work in a file with save_state()."
            )

    async def usage(self) -> Usage | None:
        """Return how full the storage is."""
        return Usage(self.used(), self._limit)

    def take_over(self) -> MemoryStorage:
        """Return this storage, which has no other writer."""
        self.check()
        return self

    async def refresh(self) -> None:
        """Do nothing: there is no other writer."""

    def close(self) -> None:
        """Forget everything."""
        self._is_open = False
        for file in (*self.files, self.cells):
            file.content.clear()


class MemoryFile:
    """A file in memory; see `interface.File`."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self.content = bytearray()

    def size(self) -> int:
        """Return the length in bytes."""
        self._storage.check()
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes; fewer than asked for only at the end of the file."""
        self._storage.check()
        return bytes(memoryview(self.content)[offset : offset + length])

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all bytes, or raise an error and write none."""
        view = memoryview(data).cast("B")
        self._grow(offset + len(view))
        self.content[offset : offset + len(view)] = view

    def truncate(self, size: int) -> None:
        """Truncate the file, or extend it with zeros."""
        self._grow(size)
        del self.content[size:]

    def flush(self) -> None:
        """Do nothing: nothing can be more durable."""
        self._storage.check()

    def _grow(self, size: int) -> None:
        more = size - len(self.content)
        self._storage.check(more)
        self.content.extend(bytes(max(more, 0)))
