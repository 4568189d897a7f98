"""The checkpoints of a notebook: every state that was kept, each complete, in one append-only log.

`History` is the whole interface; the rest is what its methods take and return.
The format is described in ``docs/checkpoint-format.md``.
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
