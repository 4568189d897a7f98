"""The restore of a checkpoint: of everything, or of what a new kernel lacks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .. import environment
from ..bundle.manifest import Skipped
from ..bundle.variable_members import variables_of
from ..environment import Executed
from ..errors import LitestateError, NoCheckpointError, StorageError
from ..host.roots import Roots
from ..parts import LoadRequest
from ..parts.stored_variables import unchanged
from ..report import Report, when_text
from ..shell.cell_log import current as executed_cells
from ..state.load import load_from
from .checkpoint_list import title
from .checkpoint_session import Session
from .checkpoint_source import CheckpointSource
from .differences import differ, label_of, variables_in
from .protected_items import Foreign, Unstored, find_foreign, only_foreign_differs
from .scan import Scan
from .store.cell_journal import KernelCells, cells_text
from .store.entries import Checkpoint, Entry, Note

_DAMAGED = "its content is damaged in the storage of the checkpoints"
_DAMAGED_ADVICE = "The present version stays. An older checkpoint may have it."


def restore(
    session: Session, checkpoint: Checkpoint, *, cell: int | None = None, cause: str = "restored"
) -> Report:
    """Restore a checkpoint, after a checkpoint of the present state.

    Where another tab makes the checkpoints, this makes none: the caller has to store the present
    state first. What cannot be stored is protected, and reported.

    Parameters
    ----------
    session, checkpoint
        The session, and the checkpoint to restore.
    cell : int, optional
        Number of the cell that asks for it.
    cause : {"restored", "undone"}, optional
        Whether the next `undo` takes this back, or goes one more step back.

    Raises
    ------
    StorageError
        If the present state cannot be stored.
    DamagedCheckpointError, DatabaseBusyError, ApplyError
        If the restore is not possible; nothing is changed. After the first of these errors the
        damage is known, and a second try restores the rest.
    """
    entries = session.history.entries(checkpoint.number)
    later = _ran_later(session, entries)
    again = _to_run_again(session, checkpoint)
    scan = session.scanner.scan(session.tree, thorough=True)
    before = None
    if session.storage.writable:
        before = session.commit(scan, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, scan, clean=True)
    report.notes += later
    report.sections[0].warnings += again
    target = {entry.place: entry for entry in entries}
    if before or cause == "undone" or differ(session.tree, target):
        note = Note(time.time(), cause, None, cell, checkpoint.number)
        _commit_restored(session, entries, note, report)
    return report


def preview(session: Session, checkpoint: Checkpoint) -> Report:
    """Report what `restore` would change; change nothing, and make no checkpoint.

    What was changed since the last checkpoint, and by whom, counts as of that checkpoint.

    Raises
    ------
    DamagedCheckpointError
        If the checkpoint cannot be read.
    """
    entries = session.history.entries(checkpoint.number)
    scan = session.scanner.scan(session.tree, thorough=True)
    report = _load(session, checkpoint, entries, scan, clean=True, dry_run=True)
    report.notes += _ran_later(session, entries)
    report.sections[0].warnings += _to_run_again(session, checkpoint)
    return report


def restore_missing(session: Session, checkpoint: Checkpoint, *, cell: int | None = None) -> Report:
    """Restore what a kernel that has just started lacks; remove nothing.

    Files on the drive are left alone: they outlive a kernel and may be newer. Files that were too
    large for the drive, or not stored there yet when the kernel ended, are restored.

    Where another tab makes the checkpoints, different content that is there now is protected, and
    reported.
    """
    every = session.history.entries(checkpoint.number)
    entries = [entry for entry in every if not session.outlives(entry)]
    # An older version of a restored file may be there.
    thorough = any(map(session.is_on_drive, entries))
    scan = session.scanner.scan(session.tree, thorough=thorough)
    if session.storage.writable and _would_be_lost(session, checkpoint, entries, scan):
        session.commit(scan, Note(time.time(), "before restore", cell=cell))
    report = _load(session, checkpoint, entries, scan, clean=False)
    report.sections[0].warnings += _to_run_again(session, checkpoint)
    if session.storage.writable and session.find(None) != checkpoint:
        # The next kernel must restore this one, too.
        note = Note(time.time(), "restored", None, cell, checkpoint.number)
        _commit_restored(session, entries, note, report)
    else:
        session.tree = {entry.place: entry for entry in every}
        session.adopt(session.scanner.scan_files(session.tree, thorough=False), entries)
    session.is_fresh = False
    return report


def before(session: Session) -> Checkpoint:
    """Return the checkpoint that `undo` restores.

    Raises
    ------
    NoCheckpointError
        If no checkpoint is older.
    """
    stored = {checkpoint.number: checkpoint for checkpoint in session.history.checkpoints}
    here = session.find(None).number
    # After undo(), the state is that of the source, stored or not. A restore can itself be undone.
    while here in stored and stored[here].note.cause == "undone":
        here = stored[here].note.source or 0
    earlier = [checkpoint for number, checkpoint in stored.items() if number < here]
    # A checkpoint that differs only in what others wrote would change nothing.
    while len(earlier) > 1 and only_foreign_differs(session, earlier[-1]):
        earlier.pop()
    if not earlier:
        raise NoCheckpointError(
            f"There is nothing to undo: {session.name} has no checkpoint before number {here}."
        )
    return earlier[-1]


def _would_be_lost(
    session: Session, checkpoint: Checkpoint, entries: Sequence[Entry], scan: Scan
) -> bool:
    coming = {entry.place for entry in entries if entry.kind != "directory"}
    if any(item.place in coming for item in scan.found.items):
        return True
    if scan.kernel is None:
        return False
    source = CheckpointSource(session.history, checkpoint, _without_damaged(entries)[0])
    here = scan.kernel.variables.taken
    both = here.names & variables_of(source.manifest.members).keys()
    return not both <= unchanged(source, here)


def _load(
    session: Session,
    checkpoint: Checkpoint,
    entries: Sequence[Entry],
    scan: Scan,
    *,
    clean: bool,
    dry_run: bool = False,
) -> Report:
    # Where another tab writes, the caller of `restore` has put the state into a bundle.
    is_stored = clean or session.storage.writable
    label = f"{title(checkpoint.note, checkpoint.number)} of {when_text(checkpoint.note.created)}"
    roots = session.scanner.roots
    scope = checkpoint.note.scope.paths
    paths: list[Path] | None = None if scope is None else [roots.path(path) for path in scope]
    whole, damaged = _without_damaged(entries)
    unstored = Unstored(session, checkpoint, scan, is_stored=is_stored)
    foreign = find_foreign(session, whole, scan) if clean else Foreign()
    extra = {item.place for item in foreign.extra}
    stays = extra | {each.place for each in foreign.skipped}
    rest = [entry for entry in whole if entry.place not in stays]
    skipped = foreign.skipped + unstored.files(rest, paths)
    skipped += _damaged(damaged, roots)
    out = extra | {each.place for each in skipped}
    source = CheckpointSource(
        session.history, checkpoint, [entry for entry in whole if entry.place not in out]
    )
    found = scan.found
    present = replace(
        found,
        items=[item for item in found.items if item.place not in out],
        taken=None if scan.kernel is None else scan.kernel.variables.taken,
    )
    protected, left = unstored.variables(source)
    # The present version of a damaged variable stays.
    protected |= variables_in({entry.place: entry for entry in damaged})
    # These variables are this computer's own: one that is damaged does not make the others unsafe.
    wanted = LoadRequest(
        paths, variables=True, clean=clean, dry_run=dry_run, protected=protected, partly=True
    )
    report = load_from(source, label, roots, wanted, current=present)
    if not dry_run:
        failed = [it.path for it in report.skipped if it.place == f"variables/{it.path}"]
        session.unrestored.restored(session.history, checkpoint.number, whole, failed)
    report.sections[0].skipped += skipped + left
    report.sections[0].warnings += foreign.warnings()
    for section in report.sections:
        # Most of a session is unchanged: report only what has changed.
        section.lines = [line for line in section.lines if line.verdict != "unchanged"]
    return report


def undamaged(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that can be restored."""
    return _without_damaged(entries)[0]


def _without_damaged(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that can be restored, and those that are damaged or need such ones."""
    every = list(entries)
    broken = {_group(entry) for entry in every if not entry.content.whole} - {None}
    damaged = [entry for entry in every if not entry.content.whole or _group(entry) in broken]
    out = set(map(id, damaged))
    return [entry for entry in every if id(entry) not in out], damaged


def _damaged(entries: Sequence[Entry], roots: Roots) -> Iterator[Skipped]:
    """Yield the damaged entries, and each variable of a damaged group, for a report."""
    for entry in entries:
        if entry.kind != "variables":
            yield Skipped(label_of(entry, roots), _DAMAGED, _DAMAGED_ADVICE, entry.place)
    for name in sorted(variables_in({entry.place: entry for entry in entries})):
        yield Skipped(name, _DAMAGED, _DAMAGED_ADVICE, f"variables/{name}")


def _group(entry: Entry) -> str | None:
    return entry.relative.partition("/")[0] if entry.kind == "variables" else None


def _commit_restored(
    session: Session, entries: Sequence[Entry], note: Note, report: Report
) -> None:
    if not session.storage.writable:
        return
    scan = session.scanner.scan(session.tree, thorough=True, changed=_changed(report))
    session.adopt(scan, entries)
    try:
        session.commit(scan, note)
    except StorageError as error:
        # Everything is restored by now.
        text = f"There is no checkpoint of the present state: {error}"
        report.sections[0].warnings.append(text)


def _changed(report: Report) -> frozenset[str]:
    """Return the names of the variables that a restore may have changed."""
    lines = (line.label for line in report.lines() if line.kind == "variable")
    skipped = (it.path for it in report.skipped if it.place == f"variables/{it.path}")
    return frozenset((*lines, *skipped))


def never_stored(session: Session, checkpoint: Checkpoint) -> str:
    """Name the cells of earlier kernels that ran after a checkpoint and are in no other one.

    Returns
    -------
    str
        Text such as ``"cells [7]–[9] ran after it"``; empty if there are no such cells.
    """
    return cells_text(session.cells.before) if session.cells.after == checkpoint.number else ""


def _to_run_again(session: Session, checkpoint: Checkpoint) -> list[str]:
    """Return a sentence about the cells of `never_stored`."""
    names = never_stored(session, checkpoint)
    if not names:
        return []
    again = "them" if names.startswith("cells") or " and " in names else "it"
    return [f"Not in this checkpoint: {names}. Run {again} again to have the results."]


def _ran_later(session: Session, entries: Sequence[Entry]) -> list[str]:
    """Return a sentence about the cells that ran later in the kernel of a checkpoint."""
    known = _cells_of(session, entries)
    if known is None:
        return []
    kernels = {kernel for kernel, _ in known}
    later: dict[str, KernelCells] = {}
    for cell in executed_cells().cells:
        # The cell that asks for the restore has not ended.
        if cell.session not in kernels or cell.number is None or _is_running(cell):
            continue
        if (cell.session, cell.number) in known:
            continue
        ran = later.get(cell.session, KernelCells(cell.session))
        later[cell.session] = ran.with_ended(cell.number)
    names = cells_text(later.values())
    return [f"Not in this checkpoint: {names}."] if names else []


def _is_running(cell: Executed) -> bool:
    return cell.when is not None and cell.outcome is None


def _cells_of(session: Session, entries: Sequence[Entry]) -> set[tuple[str, int | None]] | None:
    for entry in entries:
        if entry.kind == "session" and entry.content.whole:
            try:
                document = environment.read(b"".join(session.history.read(entry.content)))
            except LitestateError:
                # The restore reports the damage.
                return None
            cells = document.get("cells", {})
            names = cells.get("sessions", [])
            return {(names[row[0]], row[1]) for row in cells.get("rows", [])}
    return None
