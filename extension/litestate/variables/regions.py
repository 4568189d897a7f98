"""What names hold in common."""

from __future__ import annotations

import types
from dataclasses import dataclass, field


@dataclass
class Region:
    """Names that hold some objects in common, and no others hold these.

    Attributes
    ----------
    names : set of str
        The names.
    ids : set of int
        Ids of the objects.
    reads : set of str
        What code of the notebook that is in it names.
    functions : int
        Functions of the notebook that are in it.
    open : bool
        Whether they may hold more than was seen: with them, anything may be changed.
    wild : bool
        Whether code of the notebook in it may change anything.
    held : bool
        Whether something besides the namespace holds one of the objects.
    """

    names: set[str] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    functions: int = 0
    open: bool = False
    wild: bool = False
    held: bool = False

    def add(self, other: Region) -> None:
        """Take in another one that holds the same."""
        self.names |= other.names
        self.ids |= other.ids
        self.reads |= other.reads
        self.functions += other.functions
        self.open |= other.open
        self.wild |= other.wild
        self.held |= other.held


def name_of(function: types.FunctionType) -> str:
    """Return what stands for the name of a function that has none: no variable is called so."""
    return f"<function {id(function)}>"
