"""The kinds of state, one module each, with the same three verbs: describe, capture, apply."""

from __future__ import annotations

from typing import Protocol

from ..bundle import Writer
from ..items import Survey
from ..loadable import Loadable
from ..plan import Plan
from ..report import Section
from . import databases, files, packages, session, variables
from .wanted import Wanted, choice

__all__ = ["PARTS", "Part", "Wanted", "choice"]


class Part(Protocol):
    """One kind of state."""

    def describe(self, survey: Survey) -> Section:
        """Say what is there."""
        ...

    def capture(self, survey: Survey, sink: Writer) -> Section:
        """Write it into a bundle; say what was saved and what was not."""
        ...

    def apply(self, source: Loadable, wanted: Wanted, plan: Plan) -> Section:
        """Compare what is kept with what is there and stage the difference; change nothing."""
        ...


PARTS: tuple[Part, ...] = (files, databases, packages, session, variables)
"""In the order in which they are applied: folders must be there before what is in them, and packages and
the search path before variables of classes that are found there."""
