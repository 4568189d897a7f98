"""Removal of the state once a checkpoint or bundle of it exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from ..bundle.manifest import Skipped
from ..checkpoints.checkpoint_session import Session
from ..checkpoints.differences import variables_in
from ..errors import LitestateError, StorageError
from ..files.survey_items import Item, Survey
from ..host import roots
from ..output import is_quiet
from ..parts.variables import remove
from ..platform import IN_BROWSER, cell_number
from ..report import Report, Section, count_text
from ..state.bundle_files import SUFFIX, free
from ..state.load import warn_of_connections
from ..state.save import link_to, write_to
from ..transaction.plan import Plan
from ..variables.capture import Taken
from .kernel_session import current


def clear(found: Survey) -> Report:
    """Save a state, as a checkpoint if this kernel makes them, and remove it.

    Raises
    ------
    SaveError
        If it cannot be saved; nothing was removed.
    """
    session = current()
    report = None
    # After a change of the current folder, a path may name another file than in a checkpoint.
    is_here = session is not None and session.scanner.roots == roots.detect()
    lasts = session is not None and session.storage.writable and not session.storage.transient
    if session is not None and lasts and is_here:
        report = _after_checkpoint(found, session)
    report = report or _after_bundle(found)
    report.headline = f"Cleared {count_text(report.sections[0].lines)}"
    report.skipped_title = "Not removed, because it could not be saved"
    report.excluded = found.excluded
    return report


def _after_checkpoint(found: Survey, session: Session) -> Report | None:
    try:
        session.checkpoint("before clear", cell=cell_number())
    except StorageError:
        return None
    skipped = session.captured.skipped
    out = {item.place for item in skipped}
    kept = [item for item in found.items if item.place not in out]
    if any(item.place not in session.tree for item in kept):
        # Checkpoints hold a part of it only, as after autosave(paths=…).
        return None
    if found.taken is not None and not found.taken.names <= variables_in(session.tree):
        return None
    report = _remove(kept, skipped, found.taken)
    if found.scope.variables is True:
        session.unrestored.forget()
    try:
        session.checkpoint("cleared", cell=cell_number())
    except StorageError as error:
        report.sections[0].warnings.append(f"There is no checkpoint of the empty state: {error}")
    report.notes = ["undo() restores it."]
    return report


def _after_bundle(found: Survey) -> Report:
    where = roots.detect()
    folder = Path.home() if IN_BROWSER else Path.cwd()
    backup = free(folder / f"before-clear-{datetime.now():%Y-%m-%d-%H%M%S}{SUFFIX}")
    saved = write_to(backup, found, "deflate")
    labels = {line.label for line in saved.lines()}
    kept = [item for item in found.items if item.label in labels]
    report = _remove(kept, saved.skipped, found.taken, or_else=backup.unlink)
    report.path, report.size = str(backup), saved.size
    report.notes = [f"To restore it: load_state({where.show(backup)!r})"]
    # The page offers the file itself.
    if IN_BROWSER and not is_quiet.get():
        report.link = link_to(backup)
        report.link_note = (
            "That file is in memory: it is lost when the page is reloaded or the kernel restarted. "
            "The link downloads a copy."
        )
    return report


def _remove(
    items: Sequence[Item],
    skipped: list[Skipped],
    taken: Taken | None,
    or_else: Callable[[], object] = lambda: None,
) -> Report:
    plan, removed = Plan(), Section("removed", skipped=skipped)
    try:
        removed.lines = plan.remove_all(items)
        if taken is not None:
            remove(taken, removed, plan)
        plan.commit()
    except (LitestateError, OSError):
        or_else()
        raise
    finally:
        plan.close()
    warn_of_connections(removed)
    return Report("", [removed])
