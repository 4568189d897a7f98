"""Import of files from other programs into tables."""

from .table_import import import_table

__all__ = ["import_table"]
