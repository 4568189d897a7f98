"""What users call to make checkpoints, list them, and go back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .checkpoints import Checkpoint, restoring
from .checkpoints.session import Session
from .checkpoints.source import CheckpointSource, as_survey
from .checkpoints.table import Checkpoints, Row, table, title
from .current import current, opened
from .errors import CheckpointError
from .items import Survey
from .missing import unsaved_notes
from .platform import IN_BROWSER, cell_number
from .report import Report, Section, count_text, show, size_text
from .saving import SUFFIX, free, write_to
from .sqlite import scratch
from .variables.namespace import is_session
from .waiting import Waiter, awaitable, blocking

Which = int | str | Row | Checkpoint | None


@blocking
async def checkpoint(waiter: Waiter, /, label: str | None = None) -> Report:
    """Keep the state as it is now, if it has changed since the last checkpoint.

    Parameters
    ----------
    label : str, optional
        A name for it. What has one is made in any case, and kept.

    Returns
    -------
    Report
        What has changed since the one before, and how much that took.

    Raises
    ------
    ReadOnlyCheckpointsError
        If another tab makes the checkpoints of this notebook.
    StorageError
        If it cannot be written; the ones before are as they were.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `acheckpoint`.
    """
    return _checkpoint(await session(waiter), _checked(label))


acheckpoint = awaitable(checkpoint)


@blocking
async def checkpoints(waiter: Waiter, /) -> Checkpoints:
    """Return the list of this notebook's checkpoints; in a notebook it shows as a table.

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
    """Bring the state back to a checkpoint: files and databases as they were, and no others.

    What is there now becomes a checkpoint first, so that `undo` brings it back.

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
        If there is none such.
    DamagedCheckpointError
        If its bytes are not those that were saved; nothing was changed.
    DatabaseBusyError, ApplyError
        If something stands in the way; everything is as it was.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `arestore`.
    """
    return _restore(await session(waiter), which)


arestore = awaitable(restore)


@blocking
async def undo(waiter: Waiter, /) -> Report:
    """Go one checkpoint back: what changed last is undone. Again, and it is one more.

    What is there now becomes a checkpoint first, if it is not in one.

    Returns
    -------
    Report
        What was added, changed and removed.

    Raises
    ------
    NoCheckpointError
        If there is no earlier one.
    DamagedCheckpointError, DatabaseBusyError, ApplyError
        As for `restore`.
    NeedsAsyncError
        If this browser cannot wait inside a call; use `aundo`.
    """
    return _undo(await session(waiter))


aundo = awaitable(undo)


async def session(waiter: Waiter) -> Session:
    """Return this notebook's session, opened and as new as the storage.

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
def kept(found: Session, which: Which) -> Iterator[Survey]:
    """Provide what a checkpoint holds, as if it had just been found."""
    target = _find(found, which)
    source = CheckpointSource(found.history, target, found.history.entries(target.number))
    with scratch() as folder:
        yield as_survey(source, found.scanner.places, folder)


def _checked(label: object) -> str | None:
    if label is None or (isinstance(label, str) and label):
        return label
    raise CheckpointError(f"label= takes a name, not {label!r}. Nothing was kept.")


def _find(found: Session, which: Which) -> Checkpoint:
    if isinstance(which, bool) or not isinstance(which, int | str | Row | Checkpoint | None):
        raise CheckpointError(f"A checkpoint is a number, a label or a row, not {which!r}.")
    return found.find(which.number if isinstance(which, Row) else which)


def _checkpoint(session: Session, label: str | None) -> Report:
    taken = _take_over(session)
    made = session.checkpoint("asked", label=label, cell=cell_number())
    notes = taken + unsaved_notes(session.scanner.places)
    if made is None:
        last = session.newest
        where = f" since {title(last.note, last.number)}" if last else "; there is no state yet"
        # What cannot be read, and what is not committed, may have changed.
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
    """Become the writer if the other tab has gone; return what a person should know of it."""
    if not session.take_over() or session.newest is None:
        return []
    last = session.newest
    return [
        "The other tab was closed: this one makes the checkpoints now. What the other one had last "
        f"is in {title(last.note, last.number)}: restore({last.number})"
    ]


def _undo(session: Session) -> Report:
    taken = _take_over(session)
    session.check_writable()
    session.checkpoint("before undo", cell=cell_number())
    return show(_back_to(session, restoring.before(session), taken, "undone"))


def _back_to(
    session: Session, target: Checkpoint, notes: list[str], cause: str = "restored"
) -> Report:
    aside = [] if session.storage.writable else _keep_aside(session)
    report = restoring.restore(session, target, cell=cell_number(), cause=cause)
    report.notes += notes
    report.notes += aside
    return report


def _keep_aside(session: Session) -> list[str]:
    """Save what is here into a bundle, where no checkpoint can be made of it; say how to load it.

    Variables that cannot be saved are not in it: those are left alone.
    """
    found = session.scanner.scan(session.tree, thorough=True).whole()
    if not found.of("file", "database", "symlink") and not (found.taken and found.taken.groups):
        return []
    folder = Path.home() if IN_BROWSER else Path.cwd()
    path = free(folder / f"before-restore-{datetime.now():%Y-%m-%d-%H%M%S}{SUFFIX}")
    saved = write_to(path, found, "deflate")
    # A notebook need not ask for them.
    asked = ", variables=True" if found.taken is not None and not is_session() else ""
    return [
        *saved.notes,
        "Another tab makes the checkpoints, so undo() cannot bring back what was here. It is in a "
        f"bundle: load_state({session.scanner.places.show(path)!r}, clean=True{asked})",
    ]
