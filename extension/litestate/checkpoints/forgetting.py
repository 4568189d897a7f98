"""Deletion of a whole history: the one change that nothing takes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..bundle.manifest import Skipped
from ..errors import DamagedCheckpointError, StorageError
from ..platform import cell_number
from .checkpoint_session import NewCheckpoint, Session

_CAUSE = "history deleted"


@dataclass
class Forgotten:
    """The outcome of a deletion.

    Attributes
    ----------
    forgotten : int
        Number of checkpoints that are gone.
    freed : int
        Bytes.
    number : int or None
        Number of the checkpoint that begins the new history.
    skipped : list of Skipped
        State that is not in it.
    warnings : list of str
        Caveats.
    """

    forgotten: int
    freed: int
    number: int | None = None
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def forget_history(session: Session, *, goes_on: bool) -> Forgotten:
    """Delete all checkpoints of a notebook, also those with a label.

    Parameters
    ----------
    session : Session
        The session of the history.
    goes_on : bool
        Whether a checkpoint of the present state begins a new history. It is stored before the
        others are deleted, unless there is no room for both.

    Raises
    ------
    ReadOnlyCheckpointsError
        If another tab makes the checkpoints.
    StorageError
        If the storage fails.
    """
    session.history.check_writable()
    count, size = len(session.history.checkpoints), session.history.size
    outcome = Forgotten(count, 0)
    if goes_on:
        _begin_again(session, outcome)
    else:
        session.start_over()
    outcome.freed = max(size - session.history.size, 0)
    return outcome


def _begin_again(session: Session, outcome: Forgotten) -> None:
    try:
        made = _checkpoint(session)
        session.history.drop_older()
        if session.history.find_damage():
            # The older ones, which might have had it, are gone. What is here is stored again.
            made = _checkpoint(session)
            session.history.drop_older()
    except (StorageError, DamagedCheckpointError):
        # There is no room for a copy, or the present log cannot be read.
        session.start_over()
        try:
            made = _checkpoint(session)
        except StorageError as error:
            outcome.warnings.append(f"There is no checkpoint of the present state: {error}")
            return
    outcome.number = made.checkpoint.number
    outcome.skipped, outcome.warnings = made.skipped, made.warnings


def _checkpoint(session: Session) -> NewCheckpoint:
    made = session.checkpoint(_CAUSE, cell=cell_number(), always=True)
    assert made is not None
    return made
