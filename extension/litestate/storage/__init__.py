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
        In the browser's private files, or in ``.litestate`` in the current folder.

    Raises
    ------
    StorageError
        If the browser or the folder cannot store checkpoints.
    """
    if IN_BROWSER:
        from .browser_files import open_opfs

        return await open_opfs(name, patience=patience)
    from .folder import open_directory

    return open_directory(name, patience=patience)
