"""The checkpoints of a notebook, each complete, in one append-only log.

`History` is the interface of the log; the other names are what its methods take and return.
``docs/checkpoint-format.md`` describes the format.
"""

from .store.chunks import CHUNK, EMPTY, Chunk, Content
from .store.entries import Checkpoint, Entry, Note
from .store.history import History
from .store.retention import Retention

__all__ = [
    "CHUNK",
    "EMPTY",
    "Checkpoint",
    "Chunk",
    "Content",
    "Entry",
    "History",
    "Note",
    "Retention",
]
