"""The list of checkpoints, as a sequence of rows and as a table for users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from ..errors import DamagedCheckpointError
from ..report import Line, count_text, size_text, when_text
from ..report.html import STYLE, escape
from ..report.table import table_lines
from .checkpoint_session import Session
from .differences import differences
from .store.entries import Checkpoint, Note, Tree

_SHOWN = 3
"""Most names in one line of the table; more are counted."""

_HEADINGS = ("", "when", "label", "cell", "what changed", "size", "new")

_HELP = "restore(number or label) goes back to one; undo() goes one step back."

_CAUSES = ("asked", "cell")
"""Causes that the table does not mention."""


@dataclass(frozen=True)
class Row:
    """One checkpoint of the list.

    Attributes
    ----------
    number : int
        Number for `restore`.
    when : float
        Seconds since 1970.
    label : str or None
        The user's name for it.
    cell : int or None
        Number of the cell after which it was made.
    cause : str
        Cause, such as ``"cell"`` or ``"before load"``.
    changed : list of Line
        Differences from the row before.
    size : int
        Bytes of all its entries.
    written : int
        Bytes that it added to the storage.
    """

    number: int
    when: float
    label: str | None
    cell: int | None
    cause: str
    changed: list[Line]
    size: int
    written: int

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row in the table."""
        return (
            str(self.number),
            when_text(self.when),
            self.label or "",
            "" if self.cell is None else f"[{self.cell}]",
            changed_text(self),
            size_text(self.size),
            size_text(self.written),
        )


class Checkpoints(Sequence[Row]):
    """The stored checkpoints of a notebook, oldest first.

    Parameters
    ----------
    name : str
        Name of the notebook.
    rows : sequence of Row
        One row for each checkpoint.
    problems : sequence of str
        Sentences about checkpoints that cannot be read.

    Attributes
    ----------
    notes : sequence of str
        Sentences below the table.
    """

    def __init__(self, name: str, rows: Sequence[Row], problems: Sequence[str] = ()) -> None:
        self.name = name
        self.problems = problems
        self.notes = [*problems, *([_HELP] if rows else [])]
        self._rows = rows

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __str__(self) -> str:
        lines = table_lines([_HEADINGS, *(row.cells() for row in self._newest_first())])
        return "\n".join([self._headline(), *(lines if self._rows else ()), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        # In a narrow window there is no room for an empty column.
        has_labels = any(row.label for row in self._rows)
        shown = [at for at, it in enumerate(_HEADINGS) if it != "label" or has_labels]
        head = "".join(_cell("th", at, _HEADINGS[at]) for at in shown)
        body = "".join(
            f"<tr>{''.join(_cell('td', at, row.cells()[at]) for at in shown)}</tr>"
            for row in self._newest_first()
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        notes = "".join(f'<p class="dim">{escape(note)}</p>' for note in self.notes)
        title = f'<p class="head">{escape(self._headline())}</p>'
        return (
            f'<style>{STYLE}</style><div class="litestate">{title}'
            f"{table if self._rows else ''}{notes}</div>"
        )

    def _headline(self) -> str:
        count = len(self._rows)
        if not count:
            return f"There are no checkpoints of {self.name} yet"
        return f"{count} checkpoint{'s' if count > 1 else ''} of {self.name}"

    def _newest_first(self) -> Iterator[Row]:
        return reversed(self._rows)


def table(session: Session) -> Checkpoints:
    """Return the list of a session's checkpoints."""
    rows: list[Row] = []
    damaged: list[str] = []
    before: Tree = {}
    for checkpoint in session.history.checkpoints:
        try:
            tree = session.entries(checkpoint)
        except DamagedCheckpointError as error:
            damaged.append(str(error))
            continue
        lines = differences(before, tree, session.scanner.roots)
        rows.append(_row(checkpoint, lines, sum(entry.size for entry in tree.values())))
        before = tree
    return Checkpoints(session.name, rows, [*session.history.problems, *damaged])


def title(note: Note, number: int) -> str:
    """Return the name of a checkpoint for a sentence.

    Examples
    --------
    >>> title(Note(0.0, "asked", "before cleaning"), 7)
    "checkpoint 7 ('before cleaning')"
    """
    return f"checkpoint {number} ({note.label!r})" if note.label else f"checkpoint {number}"


def _row(checkpoint: Checkpoint, lines: list[Line], size: int) -> Row:
    note = checkpoint.note
    cause = f"restored {note.source}" if note.source is not None else note.cause
    return Row(
        checkpoint.number,
        note.created,
        note.label,
        note.cell,
        cause,
        lines,
        size,
        checkpoint.written,
    )


def changed_text(row: Row) -> str:
    """Return what changed since the row before, as one line."""
    texts = [] if row.cause in _CAUSES else [row.cause]
    for verdict in ("added", "changed", "removed"):
        lines = [
            line for line in row.changed if line.verdict == verdict and line.kind != "directory"
        ]
        if len(lines) > _SHOWN:
            texts.append(f"{count_text(lines)} {verdict}")
        elif lines:
            texts.append(f"{', '.join(line.label for line in lines)} {verdict}")
    return "; ".join(texts) or "folders only" * bool(row.changed) or "nothing"


def _cell(tag: str, column: int, text: str) -> str:
    heading = _HEADINGS[column]
    kind = "p" if heading == "what changed" else "v"
    if heading in ("", "size", "new"):
        kind = "n"
    # A narrow window does not show the headings.
    name = f' data-name="{heading}"' if tag == "td" and heading in ("size", "new") else ""
    return f'<{tag} class="{kind}"{name}>{escape(text)}</{tag}>'
