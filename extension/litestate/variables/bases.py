"""Make each class of the notebook once, although its base holds it.

A class is made from its bases. If one of them holds the class, in a list of its subclasses perhaps,
pickle would make it twice: ``__subclasses__()`` would have both. So such a base is empty until the
class is there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from . import classes
from .definitions import is_definition


class Finished:
    """Stands for filling a class that was made empty."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls


class Bases:
    """The classes of one pickle.

    Parameters
    ----------
    namespace : dict or None
        Of the notebook.
    knows : callable
        Tells whether an object is elsewhere.
    """

    def __init__(self, namespace: dict[str, Any] | None, knows: Callable[[Any], bool]) -> None:
        self._namespace = namespace
        self._knows = knows
        self._met: set[int] = set()
        self._empty: set[int] = set()

    def reduced(self, cls: Any, reduced: Any) -> Any:
        """Return how a class is made: from bases that are still empty, where they may hold it."""
        is_known = id(cls) in self._met
        self._met.add(id(cls))
        if reduced[0] is not classes.make_class or is_known:
            return reduced
        if id(cls) in self._empty:
            return reduced[:2]
        above = [base for base in reversed(cls.__mro__[1:]) if self._may_hold(base)]
        self._empty.update(map(id, above))
        if not above:
            return reduced
        state = {"above": [Finished(base) for base in above], **reduced[2]}
        return *reduced[:2], state, *reduced[3:]

    def _may_hold(self, base: Any) -> bool:
        return (
            id(base) not in self._met | self._empty
            and not isinstance(base, enum.EnumMeta)
            and is_definition(base, self._namespace)
            and not self._knows(base)
            and classes.holds_objects(vars(base))
        )
