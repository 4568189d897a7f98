"""Go back to a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import NoCheckpointError, StorageError
from ..groups import variables_of
from ..loading import Chosen, load_from
from ..manifest import Skipped
from ..parts.stored_variables import unchanged
from ..report import Report
from ..report.words import when_text
from . import others
from .differences import differ, place_of
from .later_cells import ran_later, to_run_again
from .looking import Look
from .session import Session
from .source import CheckpointSource
from .sparing import Sparing, label_of
from .table import title
from .tree import Checkpoint, Entry, Note
from .variables import without_damaged

_DAMAGED = "its content is damaged where the checkpoints are kept"
_DAMAGED_ADVICE = "What is there now was left alone. An older checkpoint may have it."


def restore(
    session: Session, checkpoint: Checkpoint, *, cell: int | None = None, cause: str = "restored"
) -> Report:
    """Bring the state back to a checkpoint, after a checkpoint of what is there.

    Where another tab makes the checkpoints, none is made of what is there: see that it is kept.
    What cannot be kept is left alone, and told.

    Parameters
    ----------
    session, checkpoint
        What goes where.
    cell : int, optional
        Number of the cell that asks for it.
    cause : {"restored", "undone"}, optional
        Whether the next `undo` takes this back, or goes one more step back.

    Raises
    ------
    StorageError
        If what is there cannot be kept.
    DamagedCheckpointError, DatabaseBusyError, ApplyError
        If it is not possible; everything is as it was. After the first of these the damage is
        known, and another try restores the rest.
    """
    entries = session.history.entries(checkpoint.number)
    later = ran_later(session, entries)
    again = to_run_again(session, checkpoint)
    look = session.looker.look(session.tree, thorough=True)
    before = None
    if session.storage.writable:
        before = session.keep(look, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, look, clean=True)
    report.notes += later
    report.sections[0].warnings += again
    target = {place_of(entry): entry for entry in entries}
    if before or cause == "undone" or differ(session.tree, target):
        note = Note(time.time(), cause, None, cell, checkpoint.number)
        _settle(session, entries, note, report)
    return report


def restore_missing(session: Session, checkpoint: Checkpoint, *, cell: int | None = None) -> Report:
    """Bring back what a kernel that has just started has not; nothing is removed.

    What is on the drive is left alone: it has outlived the kernel and may be newer. What comes back
    is what was too large for it, and what was not stored yet when the kernel ended.

    Where another tab makes the checkpoints, what is there and differs is left alone, and told.
    """
    every = session.history.entries(checkpoint.number)
    entries = [entry for entry in every if not session.outlives(entry)]
    # An older version of what comes back may be there.
    look = session.looker.look(session.tree, thorough=any(map(session.is_on_drive, entries)))
    if session.storage.writable and _would_be_lost(session, checkpoint, entries, look):
        session.keep(look, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, look, clean=False)
    report.sections[0].warnings += to_run_again(session, checkpoint)
    if session.storage.writable and session.find(None) != checkpoint:
        # The next kernel shall bring back this one, too.
        note = Note(time.time(), "restored", None, cell, checkpoint.number)
        _settle(session, entries, note, report)
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
    here = session.find(None).number
    # After undo() one stands where that led to, kept or not; to have restored something can be
    # undone itself.
    while here in kept and kept[here].note.cause == "undone":
        here = kept[here].note.source or 0
    earlier = [checkpoint for number, checkpoint in kept.items() if number < here]
    # One that differs only in what others wrote would change nothing.
    while len(earlier) > 1 and others.is_all_that_differs(session, earlier[-1]):
        earlier.pop()
    if not earlier:
        raise NoCheckpointError(
            f"There is nothing to undo: no checkpoint of {session.name} before number {here} is "
            "kept."
        )
    return earlier[-1]


def _would_be_lost(
    session: Session, checkpoint: Checkpoint, entries: Sequence[Entry], look: Look
) -> bool:
    coming = {(entry.root, entry.relative) for entry in entries if entry.kind != "directory"}
    if any((item.root.name, item.relative) in coming for item in look.found.items):
        return True
    if look.looked is None:
        return False
    source = CheckpointSource(session.history, checkpoint, without_damaged(entries)[0])
    here = look.looked.variables.taken
    both = here.names & variables_of(source.manifest.members).keys()
    return not both <= unchanged(source, here)


def _load(
    session: Session,
    checkpoint: Checkpoint,
    entries: Sequence[Entry],
    look: Look,
    *,
    clean: bool,
) -> Report:
    # Who restores in a reader has put what is there into a bundle; see `restore`.
    is_kept = clean or session.storage.writable
    label = f"{title(checkpoint.note, checkpoint.number)} of {when_text(checkpoint.note.created)}"
    places = session.looker.places
    scope = checkpoint.note.scope.paths
    paths: list[Path] | None = None if scope is None else [places.path(path) for path in scope]
    whole, damaged = without_damaged(entries)
    sparing = Sparing(session, checkpoint, look, is_kept=is_kept)
    theirs = others.find(session, whole, look) if clean else others.Others()
    extra = {item.place for item in theirs.extra}
    stays = extra | {each.place for each in theirs.skipped}
    rest = [entry for entry in whole if place_of(entry) not in stays]
    skipped = theirs.skipped + sparing.files(rest, paths)
    skipped += [
        Skipped(label_of(session, entry), _DAMAGED, _DAMAGED_ADVICE, place_of(entry))
        for entry in damaged
    ]
    out = extra | {each.place for each in skipped}
    source = CheckpointSource(
        session.history, checkpoint, [entry for entry in whole if place_of(entry) not in out]
    )
    found = look.found
    current = replace(found, items=[item for item in found.items if item.place not in out])
    spared, left = sparing.variables(source)
    # They are this computer's own: what is wrong with one is no reason to refuse the others.
    chosen = Chosen(paths, variables=True, spared=spared, partly=True)
    report = load_from(source, label, places, chosen, clean=clean, current=current)
    failed = [it.path for it in report.skipped if it.place == f"variables/{it.path}"]
    session.owed.restored(session.history, checkpoint.number, whole, failed)
    report.sections[0].skipped += skipped + left
    report.sections[0].warnings += theirs.warnings()
    for section in report.sections:
        # A session is mostly as it was: what has changed is what a person looks for.
        section.lines = [line for line in section.lines if line.verdict != "unchanged"]
    return report


def _settle(session: Session, entries: Sequence[Entry], note: Note, report: Report) -> None:
    if not session.storage.writable:
        return
    look = session.looker.look(session.tree, thorough=True)
    session.adopt(look, entries)
    try:
        session.keep(look, note)
    except StorageError as error:
        # All is restored by now.
        text = f"There is no checkpoint of what is there now: {error}"
        report.sections[0].warnings.append(text)
