"""The older format: the JSON file of the "Pyodide state persistence" demo app, read as a bundle.

``docs/older-formats.md`` says what is recognised.
"""

from .convert import as_bundle

__all__ = ["as_bundle"]
