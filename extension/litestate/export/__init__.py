"""Export of tables and queries for other programs."""

from .table_export import export_tables

__all__ = ["export_tables"]
