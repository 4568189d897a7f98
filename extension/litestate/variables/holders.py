"""What besides the variables holds their objects."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ReferenceType, ref

from ..platform import ipython_shell
from .leaves import ATOMS, is_of_library
from .regions import Region

_LAST = frozenset({"In", "Out", "_ih", "_oh", "_dh", "_", "__", "___"})
"""IPython's names for the outputs of cells. Each output is in ``_1``, ``_2`` and so on, too."""

_OF_MODULES = frozenset({"__builtins__", "__builtin__", "__loader__", "__spec__"})
"""Names that Python gives to every module."""


def names_with_objects(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names whose objects may hold something of variables, hidden ones included.

    Without those that IPython has put there, unless they are outputs of cells. Objects of libraries
    come last: what is in them and in another one is found in that one first.
    """
    hidden = _hidden()
    found = [
        name
        for name, value in namespace.items()
        if isinstance(name, str)
        and id(type(value)) not in ATOMS
        and name not in _LAST
        and name not in _OF_MODULES
        and (name not in hidden or hidden[name] is not value or name[1:].isdecimal())
    ]
    return sorted(found, key=lambda name: is_of_library(type(namespace[name])))


def of_ipython(namespace: Mapping[str, Any]) -> list[int]:
    """Return an id for each reference that IPython itself has to an output of a cell.

    A cell has to name `_` and the like to get at them.
    """
    found = [namespace[name] for name in _LAST if name in namespace]
    found += _hidden().values()
    shell = ipython_shell()
    if shell is not None:
        outputs = namespace.get("Out")
        found += outputs.values() if isinstance(outputs, dict) else ()
        found += vars(shell.displayhook).values()
        result = getattr(shell, "last_execution_result", None)
        found += vars(result).values() if result is not None else ()
    return list(map(id, found))


def dead_frames() -> list[types.FrameType]:
    """Return the frames of the last error, which is kept for a debugger."""
    error = getattr(sys, "last_value", None)
    trace = error.__traceback__ if isinstance(error, BaseException) else None
    found = []
    while trace is not None:
        found.append(trace.tb_frame)
        trace = trace.tb_next
    return found


@dataclass(frozen=True)
class Loose:
    """The notebook's functions that no variable holds, such as a lambda that a library calls.

    Each function refers to the namespace. So whether there are others than before shows in the
    number of references to it; only then they are searched for, among all objects.

    Attributes
    ----------
    others : int
        References to the namespace that are not of functions.
    """

    others: int = -1
    _functions: tuple[ReferenceType[types.FunctionType], ...] = ()

    def functions(self) -> list[types.FunctionType]:
        """Return those of them that are still there."""
        return [each for it in self._functions if (each := it()) is not None]

    def updated(
        self, namespace: dict[str, Any], regions: Sequence[Region], references: int
    ) -> Loose | None:
        """Return others if there are some; None if it is right.

        Parameters
        ----------
        namespace : dict
            Of the notebook.
        regions : sequence of Region
            What variables hold, and these functions.
        references : int
            Number of references to the namespace, always counted at the same place.
        """
        if references == self.others + sum(each.functions for each in regions):
            return None
        every = [
            each
            for each in gc.get_referrers(namespace)
            if type(each) is types.FunctionType
            and each.__globals__ is namespace
            # The code of a cell: it runs once, and is followed then.
            and each.__code__.co_name != "<module>"
        ]
        known: set[int] = set().union(*(each.ids for each in regions))
        loose = [each for each in every if id(each) not in known]
        return Loose(references - len(every), tuple(map(ref, [*self.functions(), *loose])))


def _hidden() -> Mapping[str, Any]:
    return getattr(ipython_shell(), "user_ns_hidden", {})
