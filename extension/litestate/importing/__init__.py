"""Files from other programs as tables."""

from .api import import_table

__all__ = ["import_table"]
