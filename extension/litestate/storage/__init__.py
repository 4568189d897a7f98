"""Storage of checkpoints: the browser's private files (OPFS), or a folder."""

from __future__ import annotations

from ..platform import IN_BROWSER
from .interface import File, Storage, Usage

__all__ = ["File", "Storage", "Usage", "open_storage"]


async def open_storage(name: str, *, patience: float = 2.0) -> Storage:
    """Open the files of a notebook, for writing if no other tab or process writes them.

    Parameters
    ----------
    name : str
        Name of the notebook.
    patience : float
        Most seconds to wait for the lock: a killed kernel releases it late.

    Returns
    -------
    Storage
        In the browser's private files, or in ``.litestate`` in the current folder. In a browser
        without private files, in memory: `Storage.transient` says why.

    Raises
    ------
    StorageError
        If the files cannot be opened.
    """
    if IN_BROWSER:
        from ..browser.opfs_errors import NoStorageError
        from .browser_files import open_opfs

        try:
            return await open_opfs(name, patience=patience)
        except NoStorageError as error:
            from .memory import MemoryStorage

            return MemoryStorage(str(error))
    from .folder import open_directory

    return open_directory(name, patience=patience)
