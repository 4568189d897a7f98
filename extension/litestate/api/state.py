"""The public functions that save, load, show and clear the state."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ..browser import unrecorded
from ..bundle import Compression, Limits, Reader
from ..errors import SaveError, SelectionError
from ..files.survey import Paths, StrPath, with_read_files
from ..files.survey_items import Survey
from ..host import roots
from ..parts import PARTS, LoadRequest, packages
from ..platform import IN_BROWSER
from ..report import Report, count_text, show, size_text
from ..state.bundle_files import AnySource, bundle_name, free
from ..state.load import load_from, open_bundle, replaced_by, verify
from ..state.missing_files import missing, unsaved_notes
from ..state.save import adownload, awrite_into, awrite_to, gather, selected_variables, target_of
from ..trust import RESTRICTED, ajudge, check_allowed, trust_advice, trust_hint
from ..variables.namespace import Choice
from ..waiting import Waiter, awaitable, blocking
from .checkpoints import Which, session, unpacked_checkpoint
from .clear import clear
from .kernel_session import notebook_path, undoable, unrestored_notes

Patterns = Sequence[str] | str


@blocking
async def save_state(  # noqa: PLR0913 - callers do not pass the waiter
    waiter: Waiter,
    /,
    path: StrPath | IO[bytes] | None = None,
    *,
    name: str | None = None,
    paths: Paths = None,
    exclude: Patterns = (),
    compression: Compression = "deflate",
    checkpoint: Which = None,
    variables: Choice = None,
    include: Paths = None,
) -> Report:
    """Save files, SQLite databases and variables into one bundle.

    Parameters
    ----------
    path : path or binary file, optional
        Where to write the bundle. In a folder the file gets its usual name; a path that ends in
        ``/`` is a folder, which is created. A name without a suffix gets ``.litestate.zip``. An
        existing file is replaced once the new one is complete. By default the browser offers the
        bundle for download; in plain Python it is written into the current folder.
    name : str, optional
        First part of the file name, by default ``"state"``.
    paths : path or sequence of path, optional
        Files and folders to save. By default the home folder, and those files of the notebook's
        folder that notebooks have written or read (only read: up to 20 MB a file and 100 MB in
        all); in plain Python the current folder.
    exclude : str or sequence of str, optional
        Files to leave out, in gitignore syntax. ``"!*.ipynb"`` includes files that are left out by
        default.
    compression : {"deflate", "zstd", "store"}, optional
        Deflate opens anywhere, Zstandard is faster and needs a recent Python to open.
    checkpoint : int or str or Row, optional
        Save this checkpoint instead of the present state: its number, its label, or a row of
        `checkpoints`.
    variables : bool or str or sequence of str, optional
        Variables to save: all, none, or these. By default all in a notebook and in an interactive
        session, unless ``paths`` is given; and none in a program.
    include : path or sequence of path, optional
        Further files to save, such as a large file that was only read.

    Returns
    -------
    Report
        What was saved, what was not, and why. A notebook displays it.

    Raises
    ------
    SelectionError
        If ``paths``, ``exclude``, ``variables`` or ``include`` is invalid.
    SaveError
        If the bundle cannot be written; an older one at ``path`` stays as it was.
    NoCheckpointError, DamagedCheckpointError
        If there is no such checkpoint, or it cannot be read.
    """
    if checkpoint is None:
        found = gather(paths, exclude, variables, include, with_read=True)
        return await save_found(found, path, name, compression, waiter)
    if paths is not None or exclude or include is not None:
        raise SelectionError(
            "paths=, exclude= and include= select from the present state; a checkpoint is saved "
            "whole. Leave them out; load_state() takes paths= and exclude=, too."
        )
    with unpacked_checkpoint(await session(waiter), checkpoint) as stored:
        is_whole = stored.scope.paths is None
        found = with_read_files(stored, roots.detect()) if is_whole else stored
        return await save_found(found, path, name, compression, waiter, is_checkpoint=True)


asave_state = awaitable(save_state)


async def save_found(
    found: Survey,
    path: StrPath | IO[bytes] | None,
    name: str | None,
    compression: Compression,
    waiter: Waiter,
    *,
    is_checkpoint: bool = False,
) -> Report:
    """Save what was gathered; see `save_state`."""
    found.notebook = notebook_path()
    if path is None and IN_BROWSER:
        report = await adownload(found, bundle_name(name), compression, waiter)
    elif path is None:
        target = free(Path.cwd() / bundle_name(name))
        report = await awrite_to(target, found, compression, waiter)
    elif isinstance(path, str | os.PathLike):
        report = await awrite_to(target_of(path, name), found, compression, waiter)
    elif hasattr(path, "write"):
        report = await awrite_into(path, found, compression, waiter)
    else:
        raise SaveError(
            f"save_state() writes to a path or a binary file, not to {type(path).__name__}."
        )
    if found.scope.paths is None or found.taken is not None:
        unsaved = {item.place for item in report.skipped}
        report.sections[0].warnings += missing(found, unsaved)
    # A user who saves files alone does not ask for variables.
    if found.scope.variables and not is_checkpoint:
        report.notes += unrestored_notes()
    where = roots.detect()
    if where.mended:
        report.notes += unsaved_notes(where)
    return show(report)


@blocking
async def load_state(  # noqa: PLR0913 - callers do not pass the waiter
    waiter: Waiter,
    /,
    source: AnySource | None = None,
    *,
    paths: Paths = None,
    exclude: Patterns = (),
    dry_run: bool = False,
    clean: bool = False,
    limits: Limits | None = None,
    variables: Choice = None,
    trust: bool = False,
) -> Report:
    """Load a bundle: restore its files, databases and variables.

    The whole bundle is verified first; then either everything is loaded or, if anything fails,
    nothing is changed.

    Parameters
    ----------
    source : path, URL, bytes or binary file, optional
        The bundle, or the JSON file of the "Pyodide state persistence" demo. By default the page
        shows a form to choose a file.
    paths : path or sequence of path, optional
        Load only these files and folders. Files outside of the home folder and the notebook's
        folder must be named here.
    exclude : str or sequence of str, optional
        Files to leave as they are, in gitignore syntax.
    dry_run : bool, optional
        Change nothing; report what would change.
    clean : bool, optional
        Also remove state that is not in the bundle and would be saved now. Excluded files are
        never removed.
    limits : Limits, optional
        Limits on the size of the bundle, if the default ones are too low.
    variables : bool or str or sequence of str, optional
        Variables to load: all, none, or these. By default all in a notebook and in an interactive
        session, unless ``paths`` is given; and none in a program.
    trust : bool, optional
        Whether to load pickles and packages, which can run code, from a bundle that another
        browser (in plain Python: another user) has made. By default they are not loaded, and the
        report says what they would run.

    Returns
    -------
    Report
        What was added, changed, unchanged and removed; what was not loaded, and why.

    Raises
    ------
    BundleError
        If the file is damaged, unsafe, of a newer format, changed after it was signed, or not a
        bundle.
    RestrictedError
        If ``trust=True`` is not allowed here.
    SourceError
        If there is no bundle at ``source``, or it cannot be read.
    DatabaseBusyError
        If a database that would change is locked.
    ApplyError
        If a change failed; all changes were undone.
    NeedsAsyncError
        If this browser cannot wait for the user to choose a file; use `aload_state`.
    CancelledError
        If the user cancels; nothing was changed.
    """
    check_allowed(trust=trust)
    wanted = LoadRequest(paths, exclude, selected_variables(variables, paths), clean, dry_run)
    if source is None:
        source = await _ask(waiter)
    with open_bundle(source, limits) as (reader, label):
        own = await ajudge(reader.signature, reader.manifest_bytes, waiter) == "own"
        reader.trusted = (own or trust) and not RESTRICTED
        if waiter.is_awaited and wanted.variables is not False and not dry_run:
            # Not every browser can wait for them during the load.
            verify(reader, label)
            await packages.prepare(reader)
        return _load(reader, label, wanted)


aload_state = awaitable(load_state)


def _load(reader: Reader, label: str, wanted: LoadRequest) -> Report:
    verify(reader, label)
    where = roots.detect()
    if wanted.dry_run:
        report = load_from(reader, label, where, wanted)
    else:
        replaced = replaced_by(reader, where, wanted)
        with undoable("before load", "loaded", replaced) as change:
            report = load_from(reader, label, where, wanted)
        change.add_to(report)
    report.digest = reader.manifest.content_digest
    if not RESTRICTED and any(each.advice == trust_advice() for each in report.skipped):
        report.hints[trust_advice()] = trust_hint()
    return show(report)


def show_state(
    *,
    paths: Paths = None,
    exclude: Patterns = (),
    variables: Choice = None,
    include: Paths = None,
) -> Report:
    """Report what `save_state` would save now: files, databases with their tables, and variables.

    Parameters
    ----------
    paths, exclude, variables, include
        As for `save_state`.

    Returns
    -------
    Report
        The present state.
    """
    where = roots.detect()
    found = gather(paths, exclude, variables, include, with_read=True)
    with unrecorded():
        sections = [part.describe(found) for part in PARTS]
    sections[0].warnings += missing(found)
    report = Report("", sections, unsaved_notes(where), found.excluded)
    size = sum(section.size for section in sections)
    report.headline = f"The state now: {count_text(report.lines())}, {size_text(size)}"
    return show(report)


def clear_state(*, paths: Paths = None, exclude: Patterns = (), variables: Choice = None) -> Report:
    """Save the state, then remove it; files that were only read stay.

    If checkpoints are made, `undo` restores the state; otherwise a bundle is written first.

    Parameters
    ----------
    paths, exclude, variables
        As for `save_state`. In plain Python ``paths`` must be given.

    Returns
    -------
    Report
        What was removed, and how to restore it.

    Raises
    ------
    SelectionError
        In plain Python without ``paths``.
    SaveError
        If the state cannot be saved; nothing was removed.
    """
    if paths is None and not IN_BROWSER:
        raise SelectionError(
            f"clear_state() would remove everything in {Path.cwd()}. Name the files to remove: "
            "paths=[…]."
        )
    with unrecorded():
        return show(clear(gather(paths, exclude, variables)))


async def _ask(waiter: Waiter) -> AnySource:
    """Let the user choose a file."""
    if not IN_BROWSER:
        raise SelectionError(
            "No bundle was given. In plain Python load_state() needs a path, a URL, bytes or an "
            "open file."
        )
    from ..browser.dialogs import choose

    return await waiter(choose(), "a file", otherwise="give load_state() a path or a URL")
