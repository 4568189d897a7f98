"""Bundles from the JSON files of the "Pyodide state persistence" demo app, an older format.

``docs/older-formats.md`` describes it.
"""

from .convert import as_bundle

__all__ = ["as_bundle"]
