"""Checkpoints in the browser's private files (OPFS)."""

from __future__ import annotations

from .interface import Storage


async def open_opfs(name: str, *, patience: float = 2.0) -> Storage:
    """Open the files of a notebook."""
    raise NotImplementedError
