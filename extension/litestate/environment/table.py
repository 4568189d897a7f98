"""The list of executed cells as people and programs see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from ..report import when_text
from ..report.html import STYLE, escape
from ..report.table import table_lines
from ..report.words import printable
from .executed import Executed, Log, current

_SHOWN = 200
"""Cells that are shown; a program gets all of them."""

_WIDEST = 70
"""Characters of a source's line."""

_HEADINGS = ("", "when", "took", "ended", "source")


class History(Sequence[Executed]):
    """The cells that were executed, the oldest first.

    Those of a state that was loaded come before those of this session.

    Parameters
    ----------
    log : Log
        Where they are kept.
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
            yield f"{self._dropped:,} older ones are no longer kept."


def history() -> History:
    """Return the cells that were executed: their numbers, sources, times and outcomes.

    Cells that ran before litestate was imported have no time. What looks like a secret in a source
    is left out.

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
        # A time that a stranger made up.
        return "?"


def _duration_text(seconds: float) -> str:
    """Return a duration as a person says it.

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
