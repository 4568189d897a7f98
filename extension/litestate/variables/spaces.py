"""What stands for the globals of functions while they are pickled."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import quiet


class Marker:
    """Stands for the notebook's globals."""


NOTEBOOK = Marker()


@dataclass(frozen=True)
class ModuleGlobals:
    """Stands for the globals of a library's functions."""

    name: str


class Spaces:
    """The globals of all functions of one pickle.

    Parameters
    ----------
    namespace : dict or None
        Of the notebook; None for every one whose ``__name__`` is ``"__main__"``.
    """

    def __init__(self, namespace: dict[str, Any] | None) -> None:
        self._namespace = namespace
        self._copies: dict[int, dict[str, Any]] = {}
        self._modules: dict[str, ModuleGlobals] = {}

    def stand_in(self, space: dict[str, Any]) -> tuple[Any, ModuleType | None, bool]:
        """Return what stands for globals, their module, and whether they are stored by value."""
        name = space.get("__name__")
        is_main = self._namespace is None and name == quiet.NOTEBOOK
        if is_main or space is self._namespace:
            return NOTEBOOK, None, False
        module = sys.modules.get(name) if isinstance(name, str) else None
        if isinstance(module, ModuleType) and vars(module) is space:
            found = self._modules.setdefault(str(name), ModuleGlobals(str(name)))
            return found, module, False
        kept: dict[str, Any] = {
            key: space[key] for key in ("__name__", "__package__") if key in space
        }
        return self._copies.setdefault(id(space), kept), None, True
