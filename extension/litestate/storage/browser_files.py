"""Storage of checkpoints in the browser's private files (OPFS)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ..browser import kernel, opfs
from ..browser.opfs_errors import LABEL, NoStorageError
from ..browser.web_locks import WebLock
from ..errors import LitestateError, StorageError
from .interface import (
    CELLS_NAME,
    FILE_NAMES,
    HEAD,
    TRIES,
    File,
    Snapshot,
    Usage,
    folder_name,
    rewritten,
)

FOLDER = "litestate"
"""Name of the folder for all data of litestate in this origin."""


async def open_opfs(name: str, *, site: str | None = None, patience: float = 2.0) -> OpfsStorage:
    """Open the files of a notebook, for writing if no other worker writes them.

    Parameters
    ----------
    name : str
        Name of the notebook.
    site : str, optional
        Base URL of the site; that of this kernel by default. Sites of one origin share OPFS.
    patience : float
        Most seconds to wait until another worker releases the files.

    Raises
    ------
    NoStorageError
        If this browser cannot store files, or does not allow it.
    StorageError
        If the files cannot be opened.
    """
    if missing := opfs.missing():
        raise NoStorageError(
            f"This browser cannot keep checkpoints: it lacks {missing}. Private windows, old "
            "browsers and pages over plain http do not have it."
        )
    base = kernel.site() if site is None else site
    folder = await opfs.open_folder(FOLDER, folder_name(base), folder_name(name))
    files = tuple([await opfs.open_file(folder, file) for file in FILE_NAMES])
    claim = _Claim(f"litestate:{base}:{name}", files, folder)
    try:
        if await claim.wait(patience):
            return OpfsStorage(claim, claim.handles(), claim.cells, writable=True)
        return OpfsStorage(claim, await _snapshots_of(files), None, writable=False)
    except BaseException:
        claim.drop()
        raise


class OpfsStorage:
    """Two files of OPFS; see `interface.Storage`.

    Parameters
    ----------
    claim : _Claim
        The claim to the files.
    files : tuple of two File
        Their handles, or snapshots for a reader.
    cells : File or None
        The handle of the file of cells.
    writable : bool
        Whether ``files`` are handles.
    """

    label = LABEL
    transient = ""

    def __init__(
        self, claim: _Claim, files: tuple[File, File], cells: File | None, *, writable: bool
    ) -> None:
        self._claim: _Claim | None = claim
        self.files = files
        self.cells = cells
        self.writable = writable

    async def usage(self) -> Usage | None:
        """Return how full the browser's storage for this origin is."""
        found = await opfs.estimate()
        return found and Usage(*found)

    def take_over(self) -> OpfsStorage | None:
        """Return a writable storage once the lock is free, else None.

        The browser grants the lock between two cells, never within one.
        """
        claim = self._open()
        if self.writable:
            return self
        if not claim.done():
            return None
        successor = OpfsStorage(claim, claim.handles(), claim.cells, writable=True)
        self._claim = None
        return successor

    async def refresh(self) -> None:
        """Update a reader to the present state of the files."""
        claim = self._open()
        if not self.writable:
            self.files = await _snapshots_of(claim.files)

    def close(self) -> None:
        """Close the files and release the lock."""
        if self._claim:
            self._claim.drop()
            self._claim = None

    def _open(self) -> _Claim:
        if self._claim is None:
            raise StorageError(f"The checkpoints in {self.label} have been closed.")
        return self._claim


class _Claim:
    """A lock and the handles of both files, or a place in the queue for them."""

    def __init__(self, name: str, files: tuple[Any, ...], folder: Any) -> None:
        self.files = files
        self.cells: opfs.Handle | None = None
        self._folder = folder
        self._lock = WebLock(name)
        self._handles: list[opfs.Handle] = []
        self._task = asyncio.ensure_future(self._get())

    async def wait(self, patience: float) -> bool:
        await asyncio.wait([self._task], timeout=patience)
        return self._task.done()

    def done(self) -> bool:
        return self._task.done()

    def handles(self) -> tuple[File, File]:
        """Return the handles of a claim that is done; raise its error if it failed."""
        self._task.result()
        first, second = self._handles
        return first, second

    def drop(self) -> None:
        """Close the handles and release the lock, or leave the queue."""
        self._task.cancel()
        self._release()

    def _release(self) -> None:
        for handle in (*self._handles, *([self.cells] if self.cells else [])):
            handle.close()
        self._handles.clear()
        self.cells = None
        self._lock.release()

    async def _get(self) -> None:
        try:
            await self._lock.wait()
            for file in self.files:
                self._handles.append(await opfs.Handle.open(file))
            self.cells = await self._open_cells()
        except LitestateError:
            # Another worker may succeed.
            self._release()
            raise

    async def _open_cells(self) -> opfs.Handle | None:
        try:
            return await opfs.Handle.open(await opfs.open_file(self._folder, CELLS_NAME))
        except LitestateError:
            # No checkpoint needs it.
            logging.getLogger(__name__).debug("no file for the cells", exc_info=True)
            return None


async def _snapshots_of(files: tuple[Any, ...]) -> tuple[File, File]:
    for _ in range(TRIES):
        first, second, again = [
            await opfs.Snapshot.open(file) for file in (files[0], files[1], files[0])
        ]
        snapshots = [Snapshot(look.size(), look.read, LABEL) for look in (first, second)]
        # In between, compaction may have moved everything to the first file.
        if again.read(0, HEAD) == snapshots[0].head:
            return snapshots[0], snapshots[1]
    raise rewritten(LABEL)
