"""The commands of the page about checkpoints."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TypedDict

from ..bundle import CHUNK
from ..checkpoints import checkpoint_restore as restoring
from ..checkpoints.checkpoint_list import Row, changed_text, table
from ..checkpoints.checkpoint_session import Session
from ..checkpoints.forgetting import forget_history
from ..errors import LitestateError, NoCheckpointError
from ..report import Report, Section, size_text
from .autosave import autosave
from .checkpoints import acheckpoint, arestore, aundo
from .page_calls import Answer, Call
from .page_reports import LineData, ReportData, lines_json, name, report_json, sentence, sentences

MOST_ROWS = 300
"""Checkpoints in a list. The default retention keeps 74, and all that have a label."""

MOST_CHANGED = 20
"""Differences of one checkpoint in a list."""


class RowData(TypedDict):
    """One checkpoint.

    ``when`` is in seconds since 1970. ``text`` says what changed in one line; ``changed`` has the
    first differences from the checkpoint before, and ``counts`` the number of all, by verdict.
    ``size`` and ``written`` are bytes: of its state, and those that it added to the storage.
    """

    number: int
    when: float
    label: str | None
    cell: int | None
    cause: str
    text: str
    changed: list[LineData]
    counts: dict[str, int]
    size: int
    written: int


class UsageData(TypedDict):
    """Storage of the site, in bytes: the used part, and all of it."""

    used: int
    quota: int


class CheckpointsData(TypedDict):
    """The checkpoints of a notebook, newest first.

    ``rows`` is cut, ``count`` is not. ``size`` is bytes of all. ``transient`` says why they end
    with the kernel, and is empty if they last. ``undo`` is the number of the checkpoint that
    ``undo`` would restore if nothing has changed since the newest one; None without such a
    checkpoint.
    """

    name: str
    rows: list[RowData]
    count: int
    size: int
    usage: UsageData | None
    writable: bool
    transient: str
    undo: int | None
    notes: list[str]


class CheckpointData(TypedDict):
    """The outcome of ``checkpoint``. ``number`` is None if nothing had changed."""

    report: ReportData
    number: int | None


class ForgottenData(TypedDict):
    """The outcome of ``forget``.

    ``forgotten`` is the number of checkpoints that are gone, ``freed`` the bytes. ``number`` is the
    checkpoint of the present state with which the history begins again; None if autosave is off.
    """

    report: ReportData
    forgotten: int
    freed: int
    number: int | None


async def listing(call: Call) -> Answer:
    """List the checkpoints: `CheckpointsData`."""
    session = await call.session()
    found = table(session)
    usage = await session.storage.usage()
    result: CheckpointsData = {
        "name": name(session.name),
        "rows": [_row(row) for row in found[::-1][:MOST_ROWS]],
        "count": len(found),
        "size": session.history.size,
        "usage": None if usage is None else {"used": usage.used, "quota": usage.quota},
        "writable": session.storage.writable,
        "transient": session.storage.transient,
        "undo": _undone(session),
        "notes": sentences(found.problems),
    }
    return Answer(result)


def _row(row: Row) -> RowData:
    counts = Counter(line.verdict for line in row.changed if line.kind != "directory")
    return {
        "number": row.number,
        "when": row.when,
        "label": None if row.label is None else name(row.label),
        # No cell has the number 0.
        "cell": row.cell or None,
        "cause": name(row.cause),
        "text": sentence(changed_text(row)),
        "changed": lines_json(row.changed, MOST_CHANGED),
        "counts": dict(counts),
        "size": row.size,
        "written": row.written,
    }


def _undone(session: Session) -> int | None:
    if not session.storage.writable:
        return None
    try:
        return restoring.before(session).number
    except NoCheckpointError:
        return None


async def preview(call: Call) -> Answer:
    """Report what ``restore`` would change: `ReportData`."""
    session, which = await call.session(), call.which()
    return Answer(report_json(restoring.preview(session, session.find(which))))


async def restore(call: Call) -> Answer:
    """Restore a checkpoint: `ReportData`, and a bundle of the state before if there is no undo."""
    which = call.which()
    await call.session()
    return with_backup(await arestore(which), call)


async def undo(call: Call) -> Answer:
    """Restore the checkpoint before the present state: `ReportData`."""
    await call.session()
    return Answer(report_json(await aundo()))


async def checkpoint(call: Call) -> Answer:
    """Make a checkpoint: `CheckpointData`."""
    label = call.text("label")
    session = await call.session()
    before = session.newest
    report = await acheckpoint(label)
    newest = session.newest
    made = newest if newest is not None and newest != before else None
    result: CheckpointData = {
        "report": report_json(report),
        "number": None if made is None else made.number,
    }
    return Answer(result)


async def forget(call: Call) -> Answer:
    """Delete the history of this notebook: `ForgottenData`.

    If autosave is on, a checkpoint of the present state begins a new history.
    """
    session = await call.session()
    follower = autosave.follower
    goes_on = follower is not None and follower.active
    outcome = forget_history(session, goes_on=goes_on)
    if follower is not None and goes_on and outcome.number is None:
        # The end of the next cell tries again.
        follower.pending, follower.trouble = True, outcome.warnings[-1]
    count = outcome.forgotten
    what = "1 checkpoint was" if count == 1 else f"{count:,} checkpoints were"
    report = Report(
        f"{what} deleted; {size_text(outcome.freed)} freed",
        [Section("history", skipped=outcome.skipped, warnings=outcome.warnings)],
    )
    result: ForgottenData = {
        "report": report_json(report),
        "forgotten": count,
        "freed": outcome.freed,
        "number": outcome.number,
    }
    return Answer(result)


def with_backup(report: Report, call: Call) -> Answer:
    """Return a report, with the bundle of the state before if that is in no checkpoint.

    In the site that bundle is in the kernel's memory, which a reload of the page loses.
    """
    result = report_json(report)
    if report.path is None:
        return Answer(result)
    path, sink = Path(report.path), call.sink()
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sink, CHUNK)
    except OSError as error:
        raise LitestateError(
            f"{report.headline}. The state before is in {path}, which cannot be read "
            f"({error.strerror})."
        ) from error
    return Answer(result, sink, path.name)
