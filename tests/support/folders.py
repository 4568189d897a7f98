"""Folders of the files that tests read."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).parent
"""The folder of helpers, old bundles and pickles, and cells."""
