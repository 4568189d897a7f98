"""Go back to a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..errors import NoCheckpointError
from ..items import Survey
from ..loading import load_from
from ..report import Report
from .differences import place_of
from .session import Session
from .source import CheckpointSource
from .tree import Checkpoint, Entry, Note


def restore(session: Session, checkpoint: Checkpoint, *, cell: int | None = None) -> Report:
    """Bring the state back to a checkpoint, after a checkpoint of what is there.

    Where another tab makes the checkpoints, none is made of what is there: see that it is kept.

    Raises
    ------
    StorageError
        If what is there cannot be kept.
    DamagedCheckpointError, DatabaseBusyError, ApplyError
        If it is not possible; everything is as it was.
    """
    entries = session.history.entries(checkpoint.number)
    look = session.looker.look(session.tree, thorough=True)
    before = None
    if session.storage.writable:
        before = session.keep(look, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, look.found)
    if before or report.lines():
        _settle(session, entries, Note(time.time(), "restored", None, cell, checkpoint.number))
    return report


def restore_missing(session: Session, checkpoint: Checkpoint, *, cell: int | None = None) -> Report:
    """Bring back what a kernel that has just started has not; nothing is removed.

    What is on the drive is left alone: it has outlived the kernel and may be newer.
    """
    every = session.history.entries(checkpoint.number)
    entries = [entry for entry in every if not session.outlives(entry)]
    look = session.looker.look(session.tree, thorough=False)
    before = None
    if session.storage.writable and _would_be_lost(look.found, entries):
        before = session.keep(look, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, None)
    if before:
        _settle(session, entries, Note(time.time(), "restored", None, cell, checkpoint.number))
    else:
        session.tree = {place_of(entry): entry for entry in every}
        session.adopt(session.looker.look(session.tree, thorough=False), entries)
    session.is_fresh = False
    return report


def before(session: Session) -> Checkpoint:
    """Return the checkpoint that one step back leads to.

    Raises
    ------
    NoCheckpointError
        If there is none.
    """
    kept = {checkpoint.number: checkpoint for checkpoint in session.history.checkpoints}
    here = session.find(None)
    # What was restored is where one stands, not the act of restoring it.
    while here.note.source is not None and here.note.source in kept:
        here = kept[here.note.source]
    earlier = [checkpoint for number, checkpoint in kept.items() if number < here.number]
    if not earlier:
        raise NoCheckpointError(
            f"There is nothing to undo: checkpoint {here.number} is the oldest one of "
            f"{session.name} that is kept."
        )
    return earlier[-1]


def _would_be_lost(found: Survey, entries: Sequence[Entry]) -> bool:
    coming = {(entry.root, entry.relative) for entry in entries if entry.kind != "directory"}
    return any((item.root.name, item.relative) in coming for item in found.items)


def _load(
    session: Session, checkpoint: Checkpoint, entries: Sequence[Entry], current: Survey | None
) -> Report:
    source = CheckpointSource(session.history, checkpoint, entries)
    places, paths = session.looker.places, checkpoint.note.scope.paths
    report = load_from(
        source,
        f"checkpoint {checkpoint.number}",
        places,
        None if paths is None else [places.path(path) for path in paths],
        clean=current is not None,
        current=current,
    )
    for section in report.sections:
        # A session is mostly as it was: what has changed is what a person looks for.
        section.lines = [line for line in section.lines if line.verdict != "unchanged"]
    return report


def _settle(session: Session, entries: Sequence[Entry], note: Note) -> None:
    if session.storage.writable:
        look = session.looker.look(session.tree, thorough=True)
        session.adopt(look, entries)
        session.keep(look, note)
