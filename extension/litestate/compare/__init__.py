"""Tell two bundles apart: their files by content, their databases by tables and rows."""

from .api import compare, opened
from .model import Comparison, DatabaseChange, FileChange, ObjectChange, TableChange
from .text import render

__all__ = [
    "Comparison",
    "DatabaseChange",
    "FileChange",
    "ObjectChange",
    "TableChange",
    "compare",
    "opened",
    "render",
]
