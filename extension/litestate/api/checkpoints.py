"""Public functions for checkpoints: make one, list them, restore one, undo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ..checkpoints import Checkpoint
from ..checkpoints import checkpoint_restore as restoring
from ..checkpoints.checkpoint_list import Checkpoints, Row, table, title
from ..checkpoints.checkpoint_session import Session
from ..checkpoints.checkpoint_source import CheckpointSource, as_survey
from ..errors import CheckpointError
from ..files.survey_items import Survey
from ..platform import IN_BROWSER, cell_number
from ..report import Report, Section, count_text, show, size_text
from ..sqlite import scratch
from ..state.bundle_files import SUFFIX, free
from ..state.missing_files import unsaved_notes
from ..state.save import write_to
from ..variables.namespace import is_session
from ..waiting import Waiter, awaitable, blocking
from .kernel_session import current, opened, transience

Which = int | str | Row | Checkpoint | None


@blocking
async def checkpoint(waiter: Waiter, /, label: str | None = None) -> Report:
    """Make a checkpoint of the state, if it has changed since the last one.

    Parameters
    ----------
    label : str, optional
        A name for the checkpoint. With a label it is made in any case, and never dropped.

    Returns
    -------
    Report
        What has changed since the last checkpoint, and how many bytes were written.

    Raises
    ------
    ReadOnlyCheckpointsError
        If another tab makes the checkpoints of this notebook.
    StorageError
        If the checkpoint cannot be written; the older ones are unchanged.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `acheckpoint`.
    """
    return _checkpoint(await session(waiter), _checked(label))


acheckpoint = awaitable(checkpoint)


@blocking
async def checkpoints(waiter: Waiter, /) -> Checkpoints:
    """Return the list of this notebook's checkpoints, which a notebook shows as a table.

    Returns
    -------
    Checkpoints
        A sequence of `Row`, the oldest first: number, time, label, cell, what changed, size.

    Raises
    ------
    StorageError
        If there is no storage for checkpoints.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `acheckpoints`.
    """
    return table(await session(waiter))


acheckpoints = awaitable(checkpoints)


@blocking
async def restore(waiter: Waiter, /, which: Which = None) -> Report:
    """Restore a checkpoint: its files, databases and variables, and no others.

    The present state becomes a checkpoint first, so that `undo` can restore it.

    Parameters
    ----------
    which : int or str or Row, optional
        Number, label or row of the list; by default the newest one.

    Returns
    -------
    Report
        What was added, changed and removed.

    Raises
    ------
    NoCheckpointError
        If there is no such checkpoint.
    DamagedCheckpointError
        If its bytes are not those that were saved; nothing was changed.
    DatabaseBusyError, ApplyError
        If a database is in use, or a change failed; nothing was changed.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `arestore`.
    """
    return _restore(await session(waiter), which)


arestore = awaitable(restore)


@blocking
async def undo(waiter: Waiter, /) -> Report:
    """Restore the checkpoint before the present state; call it again to go back further.

    The present state becomes a checkpoint first, if it is not in one.

    Returns
    -------
    Report
        What was added, changed and removed.

    Raises
    ------
    NoCheckpointError
        If there is no earlier checkpoint.
    DamagedCheckpointError, DatabaseBusyError, ApplyError
        As for `restore`.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `aundo`.
    """
    return _undo(await session(waiter))


aundo = awaitable(undo)


async def session(waiter: Waiter) -> Session:
    """Return this notebook's session, opened and up to date with its storage.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot wait for its storage inside of a call.
    """
    found = current()
    # No other tab writes then, so there is nothing to wait for.
    if found is not None and found.storage.writable:
        return found
    return await waiter(_newest_session(), "its storage")


async def _newest_session() -> Session:
    found = (await opened()).session
    await found.refresh()
    return found


@contextmanager
def unpacked_checkpoint(found: Session, which: Which) -> Iterator[Survey]:
    """Unpack a checkpoint into a temporary folder, as a survey to be saved into a bundle."""
    target = _find(found, which)
    source = CheckpointSource(found.history, target, found.history.entries(target.number))
    with scratch() as folder:
        yield as_survey(source, found.scanner.roots, folder)


def _checked(label: object) -> str | None:
    if label is None or (isinstance(label, str) and label):
        return label
    raise CheckpointError(f"label= takes text, not {label!r}. No checkpoint was made.")


def _find(found: Session, which: Which) -> Checkpoint:
    if isinstance(which, bool) or not isinstance(which, int | str | Row | Checkpoint | None):
        raise CheckpointError(
            f"A checkpoint is given as a number, a label or a row, not as {which!r}."
        )
    return found.find(which.number if isinstance(which, Row) else which)


def _checkpoint(session: Session, label: str | None) -> Report:
    taken = _take_over(session)
    made = session.checkpoint("asked", label=label, cell=cell_number())
    notes = taken + unsaved_notes(session.scanner.roots) + transience(session)
    if made is None:
        last = session.newest
        where = f" since {title(last.note, last.number)}" if last else "; there is no state yet"
        # Unreadable files and uncommitted rows may have changed: report them.
        state = session.captured
        section = Section("changed", skipped=state.skipped, warnings=state.warnings)
        return show(Report(f"Nothing has changed{where}", [section], notes))
    section = Section("changed", made.lines, made.skipped, made.warnings)
    report = Report("", [section], notes)
    name = title(made.checkpoint.note, made.checkpoint.number)
    changed = count_text(made.lines) if made.lines else "nothing changed"
    report.headline = (
        f"{name.capitalize()}: {changed}; {size_text(made.checkpoint.written)} written"
    )
    report.size = made.checkpoint.written
    if made.dropped:
        section.warnings.append(
            f"There is little room: {len(made.dropped)} older checkpoints were dropped."
        )
    return show(report)


def _restore(session: Session, which: Which) -> Report:
    taken = _take_over(session)
    return show(_back_to(session, _find(session, which), taken))


def _take_over(session: Session) -> list[str]:
    """Become the writer if the other tab was closed; return a sentence about it."""
    if not session.take_over() or session.newest is None:
        return []
    last = session.newest
    return [
        "The other tab was closed: this one makes the checkpoints now. The last state of the other "
        f"one is in {title(last.note, last.number)}: restore({last.number})"
    ]


def _undo(session: Session) -> Report:
    taken = _take_over(session)
    session.history.check_writable()
    session.checkpoint("before undo", cell=cell_number())
    return show(_back_to(session, restoring.before(session), taken, "undone"))


def _back_to(
    session: Session, target: Checkpoint, notes: list[str], cause: str = "restored"
) -> Report:
    path, aside = (None, []) if session.storage.writable else _save_aside(session)
    report = restoring.restore(session, target, cell=cell_number(), cause=cause)
    report.path = path
    report.notes += notes
    report.notes += aside
    return report


def _save_aside(session: Session) -> tuple[str | None, list[str]]:
    """Save the present state into a bundle, because this tab cannot make a checkpoint of it.

    Variables that cannot be saved are not in the bundle; the restore protects them.

    Returns
    -------
    path : str or None
        Path of the bundle; None if there was nothing to save.
    notes : list of str
        Sentences that say how to load it.
    """
    found = session.scanner.scan(session.tree, thorough=True).whole()
    if not found.of("file", "database", "symlink") and not (found.taken and found.taken.groups):
        return None, []
    folder = Path.home() if IN_BROWSER else Path.cwd()
    path = free(folder / f"before-restore-{datetime.now():%Y-%m-%d-%H%M%S}{SUFFIX}")
    saved = write_to(path, found, "deflate")
    # In a notebook, load_state() loads variables by default.
    asked = ", variables=True" if found.taken is not None and not is_session() else ""
    return str(path), [
        *saved.notes,
        "Another tab makes the checkpoints, so undo() cannot bring back what was here. To have it "
        f"back: load_state({session.scanner.roots.show(path)!r}, clean=True{asked})",
    ]
