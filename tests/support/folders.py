"""Where the files are that tests read."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).parent
"""Helpers, old bundles and pickles, and cells."""
