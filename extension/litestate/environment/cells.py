"""The executed cells in a bundle, and the number of the next one."""

from __future__ import annotations

from typing import Any

from ..platform import IN_BROWSER, ipython_shell
from .applied import Applied
from .executed import (
    CUT,
    MOST_CELLS,
    MOST_OF_CELL,
    Executed,
    current,
    running_number,
)
from .hostile import damaged, mapping, number, sequence, text, whole

_MOST_NUMBER = 1_000_000
"""Highest number of a cell that is taken from a bundle: IPython has a list of that length."""

_MOST_SESSIONS = MOST_CELLS

_FIELDS = 6


def describe() -> dict[str, Any]:
    """Return the executed cells.

    Returns
    -------
    dict
        ``counter``: the number of the last cell; ``sessions``: names of kernels' lives; ``rows``:
        per cell a list of index into ``sessions``, number, when (seconds since 1970), duration
        (seconds), outcome, source; ``dropped``: how many are no longer kept.
    """
    log = current()
    cells = log.cells
    sessions = list(dict.fromkeys(cell.session for cell in cells))
    index = {name: at for at, name in enumerate(sessions)}
    rows = [
        [index[it.session], it.number, it.when, it.duration, it.outcome, it.source] for it in cells
    ]
    return {
        "counter": log.last_number,
        "sessions": sessions,
        "rows": rows,
        "dropped": log.dropped,
    }


def check(document: dict[str, Any]) -> None:
    """Look for what litestate would not have written.

    Raises
    ------
    DamagedBundleError
        If there is anything.
    """
    whole(document.get("counter", 0), "The number of the last cell", 0, _MOST_NUMBER)
    whole(document.get("dropped", 0), "The number of dropped cells", 0, 2**53)
    sessions = sequence(document.get("sessions", []), "The list of sessions", _MOST_SESSIONS)
    for name in sessions:
        text(name, "A session's name", 100)
    for row in sequence(document.get("rows", []), "The list of cells", MOST_CELLS):
        if len(sequence(row, "A cell", _FIELDS)) != _FIELDS:
            raise damaged("A cell of the history", "does not have its six parts")
        session, count, when, duration, outcome, source = row
        whole(session, "A cell's session", 0, len(sessions) - 1)
        if count is not None:
            whole(count, "A cell's number", 0, _MOST_NUMBER)
        if when is not None:
            number(when, "A cell's time")
        if duration is not None:
            number(duration, "A cell's duration")
        if outcome is not None:
            text(outcome, "A cell's outcome", 1000)
        text(source, "A cell's source", MOST_OF_CELL + len(CUT))


def apply(document: dict[str, Any], *, trusted: bool) -> Applied:
    """Let the history go on behind the one that was saved, and the numbers where they were.

    JupyterLite's page counts by itself, and its kernel has no way to tell it another number: there
    the numbers go on as they are.

    Parameters
    ----------
    document : dict
        Of `describe`, checked.
    trusted : bool
        Without a meaning here: nothing of a history runs.
    """
    mapping(document, "The history")
    applied = Applied()
    log = current()
    sessions = document.get("sessions", [])
    cells = [
        Executed(sessions[session], count, source, when, duration, outcome)
        for session, count, when, duration, outcome, source in document.get("rows", [])
    ]
    before, dropped = log.loaded, log.dropped
    known = any(cell.session == log.session for cell in cells)
    log.load(cells, document.get("dropped", 0))
    applied.on_undo(lambda: log.load(before, dropped))
    if log.loaded:
        applied.lines.append(f"{len(log.loaded):,} earlier cells are in history()")
    # Of a checkpoint of this very session, the numbers have gone on since.
    if not known:
        _count_on(document.get("counter", 0), cells, applied)
    return applied


def _count_on(counter: int, cells: list[Executed], applied: Applied) -> None:
    shell = ipython_shell()
    if IN_BROWSER or shell is None or shell.execution_count > counter:
        return
    number = shell.execution_count
    manager = shell.history_manager
    lists = (manager.input_hist_raw, manager.input_hist_parsed)
    lengths = [len(entries) for entries in lists]
    sources = {cell.number: cell.source for cell in cells}
    # In[n] is the n-th of a list.
    for entries in lists:
        entries.extend(sources.get(at, "") for at in range(len(entries), counter + 1))

    def back() -> None:
        shell.execution_count = number
        for entries, length in zip(lists, lengths, strict=True):
            del entries[length:]

    # Later versions of IPython count at the start of a cell, earlier ones at its end.
    adds_one = running_number(shell) == number
    shell.execution_count = counter + (not adds_one)
    applied.on_undo(back)
    applied.lines.append(f"the next cell is number {counter + 1:,}")
