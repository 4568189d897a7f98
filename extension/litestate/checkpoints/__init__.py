"""The checkpoints of a notebook, each complete, in one append-only log.

`History` is the interface of the log; the other names are what its methods take and return.
``docs/checkpoint-format.md`` describes the format.
"""

from .chunks import CHUNK, EMPTY, Chunk, Content
from .history import History
from .retention import Retention
from .tree import Checkpoint, Entry, Note

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
