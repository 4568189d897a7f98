"""The part "cells" of the session: the executed cells, shown as a table and stored as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from ..bundle.json_checks import damaged, mapping, number, sequence, text, whole
from ..platform import IN_BROWSER, ipython_shell
from ..report import when_text
from ..report.html import STYLE, escape
from ..report.lines import printable
from ..report.table import table_lines
from ..shell.cell_log import CUT, MOST_CELLS, MOST_OF_CELL, Executed, Log, current, running_number
from .apply_result import Applied

_SHOWN = 200
"""Cells that the table shows; a program gets all of them."""

_WIDEST = 70
"""Characters of the longest line of source in the table."""

_HEADINGS = ("", "when", "took", "ended", "source")

_MOST_NUMBER = 1_000_000
"""Highest number of a cell that a bundle may have: IPython makes a list of that length."""

_MOST_SESSIONS = MOST_CELLS

_FIELDS = 6


class History(Sequence[Executed]):
    """The executed cells, oldest first.

    The cells of a loaded state come before those of this session.

    Parameters
    ----------
    log : Log
        The log of the cells.
    """

    def __init__(self, log: Log) -> None:
        self._cells = log.cells
        self._session = log.session
        self._dropped = log.dropped

    @overload
    def __getitem__(self, index: int) -> Executed: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Executed]: ...
    def __getitem__(self, index: int | slice) -> Executed | Sequence[Executed]:
        return self._cells[index]

    def __len__(self) -> int:
        return len(self._cells)

    def __str__(self) -> str:
        lines = [self._headline()]
        table = table_lines([_HEADINGS, *(_texts(cell) for cell in self._shown())])
        session: str | None = None
        for row, cell in zip(table, (None, *self._shown()), strict=True):
            if cell is not None and cell.session != session:
                session = cell.session
                lines.append(self._session_text(session))
            if len(table) > 1:
                lines.append(row)
        return "\n".join([*lines, *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th class="{_class(name)}">{name}</th>' for name in _HEADINGS)
        body: list[str] = []
        session: str | None = None
        for cell in self._shown():
            if cell.session != session:
                session = cell.session
                title = escape(self._session_text(session))
                body.append(f'<tr><td class="dim" colspan="{len(_HEADINGS)}">{title}</td></tr>')
            fields = zip(_HEADINGS, _texts(cell), strict=True)
            texts = "".join(
                f'<td class="{_class(name)}">{escape(value)}</td>' for name, value in fields
            )
            body.append(f'<tr title="{escape(cell.source[:1000])}">{texts}</tr>')
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        notes = "".join(f'<p class="dim">{escape(note)}</p>' for note in self._notes())
        return (
            f'<style>{STYLE}</style><div class="litestate">'
            f'<p class="head">{escape(self._headline())}</p>{table if body else ""}{notes}</div>'
        )

    def _shown(self) -> list[Executed]:
        return self._cells[-_SHOWN:]

    def _headline(self) -> str:
        count = len(self._cells)
        if not count:
            return "No cells were executed yet"
        return f"{count:,} cell{'s were' if count > 1 else ' was'} executed"

    def _session_text(self, session: str) -> str:
        return "in this session:" if session == self._session else "before:"

    def _notes(self) -> Iterator[str]:
        if len(self._cells) > _SHOWN:
            yield f"Only the last {_SHOWN} are shown."
        if self._dropped:
            yield f"{self._dropped:,} older ones were dropped."


def history() -> History:
    """Return the executed cells: their numbers, sources, times and outcomes.

    Cells that ran before litestate was imported have no time. Texts in a source that look like a
    secret are left out.

    Examples
    --------
    >>> import litestate
    >>> [cell.number for cell in litestate.history() if cell.outcome == "NameError"]
    ... # doctest: +SKIP
    [3]
    """
    return History(current())


def _texts(cell: Executed) -> tuple[str, ...]:
    lines = cell.source.strip().splitlines() or [""]
    first = printable(lines[0])
    if len(first) > _WIDEST or len(lines) > 1:
        first = f"{first[: _WIDEST - 2]} …"
    return (
        "" if cell.number is None else f"[{cell.number}]",
        _when(cell.when),
        "" if cell.duration is None else _duration_text(cell.duration),
        printable(cell.outcome or ""),
        first,
    )


def _when(seconds: float | None) -> str:
    if seconds is None:
        return ""
    try:
        return when_text(seconds)
    except (OverflowError, ValueError, OSError):
        # An invalid time, from a bundle.
        return "?"


def _duration_text(seconds: float) -> str:
    """Return a duration as the table shows it.

    Examples
    --------
    >>> _duration_text(0.0123), _duration_text(2.5), _duration_text(90)
    ('12 ms', '2.5 s', '1 min 30 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:,.0f} min {seconds % 60:.0f} s"


def _class(heading: str) -> str:
    return {"": "n", "took": "n", "source": "p"}.get(heading, "v")


def describe() -> dict[str, Any]:
    """Return the executed cells.

    Returns
    -------
    dict
        ``counter``: the number of the last cell; ``sessions``: names of the sessions, one for each
        life of a kernel; ``rows``: a list for each cell, of index into ``sessions``, number, when
        (seconds since 1970), duration (seconds), outcome, source; ``dropped``: the number of cells
        that the log has dropped.
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
    """Refuse a document that litestate would not have written.

    Raises
    ------
    DamagedBundleError
        With the reason.
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
    """Put the saved cells before those of this session, and continue their numbers.

    The numbers continue only outside of JupyterLite: its page counts the cells, and the kernel
    cannot set that number.

    Parameters
    ----------
    document : dict
        A checked document of `describe`.
    trusted : bool
        Not used: a history runs nothing.
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
    # A checkpoint of this session: the numbers have continued since.
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
    # In[n] is the n-th entry of a list.
    for entries in lists:
        entries.extend(sources.get(at, "") for at in range(len(entries), counter + 1))

    def undo() -> None:
        shell.execution_count = number
        for entries, length in zip(lists, lengths, strict=True):
            del entries[length:]

    # Later versions of IPython count at the start of a cell, earlier ones at its end.
    adds_one = running_number(shell) == number
    shell.execution_count = counter + (not adds_one)
    applied.on_undo(undo)
    applied.lines.append(f"the next cell is number {counter + 1:,}")
