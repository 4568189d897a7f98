"""Name the cells whose results are not in a checkpoint that is restored."""

from __future__ import annotations

from collections.abc import Sequence

from .. import environment
from ..environment import Executed
from ..environment.executed import current
from ..errors import LitestateError
from .cell_journal import Ran, named
from .session import Session
from .tree import Checkpoint, Entry


def never_stored(session: Session, checkpoint: Checkpoint) -> str:
    """Name the cells of earlier kernels that ran after a checkpoint and that no other one has.

    Returns
    -------
    str
        Such as ``"cells [7]–[9] ran after it"``; empty if there are none.
    """
    return named(session.cells.before) if session.cells.after == checkpoint.number else ""


def to_run_again(session: Session, checkpoint: Checkpoint) -> list[str]:
    """Say what `never_stored` names, in a sentence of its own."""
    names = never_stored(session, checkpoint)
    if not names:
        return []
    again = "them" if names.startswith("cells") or " and " in names else "it"
    return [f"Not in this checkpoint: {names}. Run {again} again to have the results."]


def ran_later(session: Session, entries: Sequence[Entry]) -> list[str]:
    """Name the cells that ran later in a kernel in which a checkpoint was made.

    Parameters
    ----------
    session : Session
        Of the checkpoint.
    entries : sequence of Entry
        What the checkpoint holds.
    """
    known = _history(session, entries)
    if known is None:
        return []
    kernels = {kernel for kernel, _ in known}
    later: dict[str, Ran] = {}
    for cell in current().cells:
        # The cell that asks for the restore has not ended.
        if cell.session not in kernels or cell.number is None or _is_running(cell):
            continue
        if (cell.session, cell.number) in known:
            continue
        ran = later.get(cell.session, Ran(cell.session))
        later[cell.session] = ran.with_ended(cell.number)
    names = named(later.values())
    return [f"Not in this checkpoint: {names}."] if names else []


def _is_running(cell: Executed) -> bool:
    return cell.when is not None and cell.outcome is None


def _history(session: Session, entries: Sequence[Entry]) -> set[tuple[str, int | None]] | None:
    for entry in entries:
        if entry.kind == "session" and entry.content.whole:
            try:
                document = environment.read(b"".join(session.history.read(entry.content)))
            except LitestateError:
                # The restore says what is damaged.
                return None
            cells = document.get("cells", {})
            names = cells.get("sessions", [])
            return {(names[row[0]], row[1]) for row in cells.get("rows", [])}
    return None
