"""Comparison of two bundles: files by content, databases by tables and rows."""

from .bundles import compare, opened
from .results import Comparison, DatabaseChange, FileChange, ObjectChange, TableChange
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
