"""Begin a history with the state of another one: of the original, or of a deleted notebook."""

from __future__ import annotations

from ..parts import LoadRequest
from ..report import Report, when_text
from ..state.load import load_from
from .checkpoint_restore import undamaged
from .checkpoint_session import Session
from .checkpoint_source import CheckpointSource


def adopt(session: Session, other: Session) -> Report | None:
    """Load the newest checkpoint of another history; make a checkpoint before and after.

    Nothing is removed, and undo brings back what is replaced. Files on the drive are left alone:
    both notebooks have the same ones.

    Parameters
    ----------
    session : Session
        The history of this notebook.
    other : Session
        The history whose state is loaded; nothing is written to it.

    Returns
    -------
    Report or None
        What was loaded; None if the other history has no checkpoint.

    Raises
    ------
    DamagedCheckpointError, ApplyError
        If the state cannot be loaded; nothing is changed.
    StorageError
        If a checkpoint cannot be written; before the load, nothing is changed.
    """
    newest = other.newest
    if newest is None:
        return None
    entries = [it for it in other.history.entries(newest.number) if not other.is_on_drive(it)]
    source = CheckpointSource(other.history, newest, undamaged(entries))
    label = f"the state of {other.name} of {when_text(newest.note.created)}"
    wanted = LoadRequest(variables=True, partly=True)
    session.checkpoint("before load")
    report = load_from(source, label, session.scanner.roots, wanted)
    session.checkpoint("copied")
    return report
