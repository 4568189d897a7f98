"""The start of autosave: the restore of the last state, and the report about it."""

from __future__ import annotations

from ..checkpoints import Checkpoint
from ..checkpoints.checkpoint_list import title
from ..checkpoints.checkpoint_restore import never_stored, restore_missing
from ..checkpoints.checkpoint_session import Session
from ..errors import BundleError, DamagedCheckpointError
from ..platform import IN_BROWSER
from ..report import Report, Section, when_text
from .kernel_session import Opened, transience


def first_restore(now: Opened, *, restore: bool) -> Report:
    """Restore the state of this notebook, or report what can be restored."""
    session, newest = now.session, now.session.newest
    if newest is not None and IN_BROWSER and restore and not now.restarted:
        return _newest_whole(session)
    lost = never_stored(session, newest) if newest else ""
    made = None
    if session.storage.writable:
        # Also of an empty state, so that the first cell can be undone.
        made = session.checkpoint("start", always=newest is None)
    # In plain Python files outlive the process, but variables of lost cells do not.
    if newest is None or (made is None and not IN_BROWSER and not lost):
        return Report("")
    text = f"Nothing was restored. Its last state is {offer(newest)}"
    return Report("", notes=[f"{text}; {lost}" if lost else text])


def further_offer(now: Opened, before: Session | None) -> Report:
    """Report what can be restored, if autosave was on for another history before."""
    if before is now.session or now.newest is None:
        return Report("")
    return Report("", notes=[f"Nothing was restored. Its last state is {offer(now.newest)}"])


def _newest_whole(session: Session) -> Report:
    """Restore the undamaged part of the newest checkpoint that can be read."""
    damage: dict[int, str] = {}
    # Twice each: the first try finds the damage, the second one leaves it out.
    for checkpoint in (each for each in reversed(session.history.checkpoints) for _ in range(2)):
        try:
            report = restore_missing(session, checkpoint)
        except (DamagedCheckpointError, BundleError) as error:
            # BundleError: the content is undamaged, but invalid.
            name = title(checkpoint.note, checkpoint.number)
            damage[checkpoint.number] = f"{name} is damaged. {error}"
        else:
            # The report names what was left out.
            damage.pop(checkpoint.number, None)
            break
    else:
        report = Report("No checkpoint could be restored.")
    report.sections = report.sections or [Section("autosave")]
    report.sections[0].warnings += damage.values()
    return report


def offer(checkpoint: Checkpoint) -> str:
    """Return a text that says how to restore a checkpoint."""
    when = when_text(checkpoint.note.created)
    return f"in {title(checkpoint.note, checkpoint.number)} of {when}: restore({checkpoint.number})"


def _is_page_temporary() -> bool:
    from ..browser import drive

    return drive.is_temporary()


def explain(report: Report, now: Opened) -> None:
    """Add to a report what the user should know of this history and its storage."""
    session = now.session
    report.sections = report.sections or [Section("autosave")]
    warnings = report.sections[0].warnings
    warnings += session.history.problems
    warnings += transience(session)
    if not session.storage.writable:
        warnings.append(
            "This notebook is open in another tab, which makes the checkpoints. This tab takes "
            "over when the other one is closed. Until then, changes here are not in any checkpoint."
        )
    if now.path is not None:
        report.notes.append(f"{now.path} was called {session.name} when its history began.")
    if IN_BROWSER and _is_page_temporary():
        note = (
            "This site keeps notebooks and their folder only until the page is reloaded or closed: "
            "download yours with File → Download."
        )
        lasts = not session.storage.transient
        restored = " Its variables, files and databases will be restored."
        report.notes.append(f"{note}{restored if lasts else ''}")
    if now.persisted is False and not session.storage.transient:
        report.notes.append(
            "Download a bundle with save_state() from time to time: the browser may delete what "
            "this site stores."
        )
