"""Where the bytes of checkpoints live: the browser's private files (OPFS), or a folder."""

from __future__ import annotations

import sys

from .interface import File, Storage, Usage

__all__ = ["File", "Storage", "Usage", "open_storage"]


async def open_storage(name: str, *, patience: float = 2.0) -> Storage:
    """Open the files of a notebook, for writing if no other tab or process does.

    Parameters
    ----------
    name : str
        Of the notebook.
    patience : float
        Seconds to wait at most for the lock: a kernel that was killed gives it back late.

    Returns
    -------
    Storage
        In the browser's private files, or in ``.litestate`` in the current folder.

    Raises
    ------
    StorageError
        If there is no place to keep checkpoints.
    """
    if sys.platform == "emscripten":
        from .opfs import open_opfs

        return await open_opfs(name, patience=patience)
    from .directory import open_directory

    return open_directory(name, patience=patience)
