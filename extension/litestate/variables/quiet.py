"""Making classes without running code of the notebook again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

NOTEBOOK = "__main__"


def steady(name: Any) -> Any:
    """Return a name as the one object of its kind; a pickle has each object once.

    Python itself has names of code so, and not those of functions that came from a pickle: without
    this the second pickle of something would be another one than the first.
    """
    return sys.intern(name) if type(name) is str else name


def library_of(metaclass: Any) -> Any:
    """Return the metaclass itself, or the first of its bases that is not the notebook's."""
    return next(kind for kind in metaclass.__mro__ if kind.__module__ != NOTEBOOK)


@contextlib.contextmanager
def silent(bases: tuple[Any, ...]) -> Iterator[None]:
    """Keep `__init_subclass__` of the notebook's classes from running."""
    above = {cls: None for base in bases for cls in base.__mro__ if cls.__module__ == NOTEBOOK}
    kept = {
        cls: vars(cls)["__init_subclass__"] for cls in above if "__init_subclass__" in vars(cls)
    }
    for cls in kept:
        type.__setattr__(cls, "__init_subclass__", classmethod(_passing(cls)))
    try:
        yield
    finally:
        for cls, value in kept.items():
            type.__setattr__(cls, "__init_subclass__", value)


def _passing(owner: Any) -> Any:
    def pass_on(cls: type) -> None:
        super(owner, cls).__init_subclass__()

    return pass_on
