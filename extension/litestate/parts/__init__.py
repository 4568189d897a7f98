"""The kinds of state, one module each, with the same three verbs: describe, capture, apply."""

from __future__ import annotations

from . import databases, files, packages, session, variables
from .protocol import Loadable, LoadRequest, Part

__all__ = ["FILE_PARTS", "PARTS", "LoadRequest", "Loadable", "Part"]

FILE_PARTS: tuple[Part, ...] = (files, databases)
"""The parts of a state without variables."""

PARTS: tuple[Part, ...] = (*FILE_PARTS, packages, session, variables)
"""In the order in which they are applied: folders before their content, packages and the search
path before variables whose classes are found there."""
