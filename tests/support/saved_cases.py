"""Cases for docs/what-is-saved.md: one cell of a notebook for each kind of object."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import dataclass
from functools import cached_property

PLAIN = "plain"
TRUSTED = "trusted"
ROUGH = "rebuilt"
NOT = "not saved"
LATE = "not restored"
OUTCOMES = (PLAIN, TRUSTED, ROUGH, NOT, LATE)
"""Equal without trust; equal with trust; rebuilt with a note; named with a reason when it is saved,
or when it is loaded."""


@dataclass(frozen=True)
class Case:
    """An object that a cell makes.

    Attributes
    ----------
    title : str
        The object, for the table.
    expected : str
        One of `OUTCOMES`.
    source : str
        The cell; it assigns the object to ``x``. Cells of a group share no other name.
    check : str
        An expression over the names of the cell whose value must be equal after loading. Anything
        else may differ, so it begins with ``x`` wherever two objects can be compared.
    kernel : str or None
        The outcome in the site's kernel if it differs; empty if the cell cannot run there.
    """

    title: str
    expected: str
    source: str
    check: str = "x"
    kernel: str | None = None

    @property
    def outcome(self) -> str:
        """The expected outcome here."""
        if sys.platform == "emscripten" and self.kernel is not None:
            return self.kernel
        return self.expected

    @cached_property
    def missing(self) -> str:
        """The reason why the case cannot run here, or an empty text."""
        if not self.outcome:
            return "the site's kernel cannot make it"
        for name in sorted(self._packages()):
            if importlib.util.find_spec(name) is None:
                return f"{name} is not installed"
        return ""

    def _packages(self) -> set[str]:
        found = set()
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
        return found


@dataclass(frozen=True)
class Group:
    """Cases under one heading.

    Attributes
    ----------
    title : str
        The heading.
    cases : tuple of Case
    """

    title: str
    cases: tuple[Case, ...]


def group(title: str, *cases: tuple[str, ...] | Case) -> Group:
    """Return a group; cases are given as the arguments of `Case`."""
    made = (case if isinstance(case, Case) else Case(*case) for case in cases)
    return Group(title, tuple(made))
