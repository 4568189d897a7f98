"""Tables and queries in formats that other programs read."""

from .api import export_tables

__all__ = ["export_tables"]
