"""Which variables a cell may have changed."""

from __future__ import annotations

from typing import Any

from .cell_names import CellNames, cell_names
from .reach import Reach


def names_used(source: str, namespace: dict[str, Any], shell: Any = None) -> frozenset[str] | None:
    """Return the names of the variables that a cell may have changed.

    These are the names in its text, those in the functions of the notebook that it can call
    through them, those in the functions that these can call, and so on. The objects of the
    variables themselves may be part of those of other variables: whoever knows what they share
    adds these, also what classes, closures and bound methods hold. Names with ``_`` are not saved,
    so nobody knows that of them: a cell that reads one which has a list, say, may change anything.

    This looks only a little way into objects: `suspects.changed` adds the names that the functions
    in all of an object use, and the variables that something besides the namespace holds.

    Parameters
    ----------
    source : str
        The cell; as it was typed if there is a `shell`, else as Python.
    namespace : dict
        Of the notebook. What a function reaches depends on what it holds: ask before the cell
        runs and after it.
    shell : InteractiveShell, optional
        What makes Python of the cell.

    Returns
    -------
    frozenset of str or None
        Also names that no variable has (`print`, for example). None: any variable may have changed.
    """
    return reached(cell_names(source, shell), namespace)[0]


def reached(cell: CellNames, namespace: dict[str, Any]) -> tuple[frozenset[str] | None, bool]:
    """Do what `names_used` does, for a cell that has been read.

    Returns
    -------
    names : frozenset of str or None
        As of `names_used`.
    later : bool
        Whether the cell may start something that runs on after it.
    """
    if cell.anything:
        return None, cell.later
    reach = Reach(namespace)
    reach.follow(cell.names, cell.read)
    later = cell.later or reach.later
    return (None if reach.anything else frozenset(reach.names)), later
