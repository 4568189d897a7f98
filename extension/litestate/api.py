"""What users call: gather, then write; verify, then apply."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import places
from .browser import unrecorded
from .bundle import Compression, Limits, Reader
from .checkpointing import Which, kept, session
from .clearing import clear
from .current import Undoable, owed, undoable
from .errors import SaveError, SelectionError
from .items import Survey
from .loading import Chosen, load_from, open_bundle, replaced_by, verify
from .missing import missing, unsaved_notes
from .parts import PARTS, choice, packages
from .parts.variables import look
from .platform import IN_BROWSER
from .report import Report, count_text, show, size_text
from .saving import adownload, awrite_into, awrite_to, bundle_name, free, target_of
from .sources import AnySource
from .survey import Paths, StrPath, survey, with_read_files
from .trust import RESTRICTED, Signer, ajudge, check_allowed, trust_advice, trust_hint
from .variables.namespace import Choice
from .waiting import Waiter, awaitable, blocking

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
        Where to write the bundle; a folder gets a file of the usual name, and so does what ends in
        ``/``, which is made. Without a suffix the name gets ``.litestate.zip``. An existing file is
        replaced when the new one is complete. By default the browser offers it for download;
        in plain Python it is written into the current folder.
    name : str, optional
        First part of the file name, by default ``"state"``.
    paths : path or sequence of path, optional
        What to save. By default the home folder, and of the notebook's folder what notebooks have
        written or read (what they only read up to 20 MB a file and 100 MB in all); in plain Python
        the current folder.
    exclude : str or sequence of str, optional
        What to leave out, in gitignore syntax. ``"!*.ipynb"`` takes in what is left out by default.
    compression : {"deflate", "zstd", "store"}, optional
        Deflate opens anywhere, Zstandard is faster and needs a recent Python to open.
    checkpoint : int or str or Row, optional
        Save what this checkpoint holds, instead of what is there now: its number, its label, or a
        row of `checkpoints`.
    variables : bool or str or sequence of str, optional
        Which variables: all, none, or these. By default all in a notebook and in an interactive
        session, unless ``paths`` names files; and none in a program.
    include : path or sequence of path, optional
        What to save besides, such as a large file that was only read.

    Returns
    -------
    Report
        What was saved, what was not, and why. In a notebook it also shows by itself.

    Raises
    ------
    SelectionError
        If ``paths``, ``exclude`` or ``include`` is wrong.
    SaveError
        If the bundle cannot be written; an older one at ``path`` is still there.
    NoCheckpointError, DamagedCheckpointError
        If there is no such checkpoint, or it cannot be read.
    """
    signer = Signer(waiter)
    if checkpoint is None:
        found = _to_save(paths, exclude, variables, include)
        return await _save(found, path, name, compression, signer, owed())
    if paths is not None or exclude or include is not None:
        raise SelectionError(
            "paths=, exclude= and include= choose from what is there now, and a checkpoint is "
            "saved whole. Leave them out; load_state() takes paths= and exclude=, too."
        )
    with kept(await session(waiter), checkpoint) as found:
        return await _save(_with_read(found), path, name, compression, signer)


asave_state = awaitable(save_state)


def _with_read(found: Survey) -> Survey:
    # A checkpoint of some files only is what its bundle has, too.
    return with_read_files(found, places.detect()) if found.scope.paths is None else found


def _to_save(paths: Paths, exclude: Patterns, variables: Choice, include: Paths) -> Survey:
    found = survey(places.detect(), paths, exclude, include=include, with_read=True)
    with unrecorded():
        return look(found, choice(variables, paths))


async def _save(
    found: Survey,
    path: StrPath | IO[bytes] | None,
    name: str | None,
    compression: Compression,
    signer: Signer,
    notes: Sequence[str] = (),
) -> Report:
    if path is None and IN_BROWSER:
        report = await adownload(found, bundle_name(name), compression, signer)
    elif path is None:
        target = free(Path.cwd() / bundle_name(name))
        report = await awrite_to(target, found, compression, signer)
    elif isinstance(path, str | os.PathLike):
        report = await awrite_to(target_of(path, name), found, compression, signer)
    elif hasattr(path, "write"):
        report = await awrite_into(path, found, compression, signer)
    else:
        raise SaveError(
            f"save_state() writes to a path or a binary file, not to {type(path).__name__}."
        )
    report.sections[0].warnings += missing(found, {each.place for each in report.skipped})
    # A bundle of files alone is not asked for variables.
    report.notes += [*(notes if found.scope.variables else ()), *unsaved_notes(places.detect())]
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
    """Bring back what a bundle holds.

    The whole bundle is verified first; then either everything is loaded or, if anything fails,
    nothing is changed.

    Parameters
    ----------
    source : path, URL, bytes or binary file, optional
        The bundle, or the JSON file of the "Pyodide state persistence" demo. By default the page
        asks for a file.
    paths : path or sequence of path, optional
        Load only these files and folders. Needed for what lies outside of the home folder and the
        notebook's.
    exclude : str or sequence of str, optional
        What to leave as it is, in gitignore syntax.
    dry_run : bool, optional
        Change nothing, only say what would change.
    clean : bool, optional
        Also remove what would be saved now and is not in the bundle. What was excluded is never
        removed.
    limits : Limits, optional
        How much the bundle may ask for, where the defaults are too little.
    variables : bool or str or sequence of str, optional
        Which variables: all, none, or these. By default all in a notebook and in an interactive
        session, unless ``paths`` names files; and none in a program.
    trust : bool, optional
        Whether to load what can run code from a bundle that this browser (in plain Python: this
        user) has not made. By default such things wait, and the report says what they would run.

    Returns
    -------
    Report
        What was added, changed, left alone and removed, and what was not loaded, and why.

    Raises
    ------
    BundleError
        If the bundle is damaged, unsafe, of a newer format, changed after it was signed, or none
        at all.
    RestrictedError
        If ``trust=True`` is not allowed here.
    SourceError
        If there is nothing to read there.
    DatabaseBusyError
        If a database that would change is in use.
    ApplyError
        If a change failed; everything is as it was.
    NeedsAsyncError
        If a file is to be chosen and this browser cannot wait for it; use `aload_state`.
    CancelledError
        If the person cancels; nothing was changed.
    """
    check_allowed(trust=trust)
    wanted = _Wanted(Chosen(paths, exclude, choice(variables, paths)), dry_run, clean)
    if source is None:
        source = await _ask(waiter)
    with open_bundle(source, limits) as (reader, label):
        own = await ajudge(reader.signature, reader.manifest_bytes, waiter) == "own"
        reader.trusted = (own or trust) and not RESTRICTED
        if waiter.is_awaited and wanted.chosen.variables is not False and not dry_run:
            # Later, inside of a call, not every browser can wait for packages.
            verify(reader, label)
            await packages.prepare(reader)
        return _load(reader, label, wanted)


aload_state = awaitable(load_state)


@dataclass(frozen=True)
class _Wanted:
    chosen: Chosen
    dry_run: bool
    clean: bool


def _load(reader: Reader, label: str, wanted: _Wanted) -> Report:
    verify(reader, label)
    before = nullcontext(Undoable()) if wanted.dry_run else _undoable_load(reader, wanted)
    with before as said:
        report = load_from(
            reader,
            label,
            places.detect(),
            wanted.chosen,
            dry_run=wanted.dry_run,
            clean=wanted.clean,
        )
    report.digest = reader.manifest.content_digest
    if not RESTRICTED and any(each.advice == trust_advice() for each in report.skipped):
        report.hints[trust_advice()] = trust_hint()
    said.tell(report)
    return show(report)


def _undoable_load(reader: Reader, wanted: _Wanted) -> AbstractContextManager[Undoable]:
    replaced = replaced_by(reader, places.detect(), wanted.chosen)
    return undoable("before load", "loaded", replaced)


def show_state(
    *,
    paths: Paths = None,
    exclude: Patterns = (),
    variables: Choice = None,
    include: Paths = None,
) -> Report:
    """Say what `save_state` would save now: files, databases with their tables, and variables.

    Parameters
    ----------
    paths, exclude, variables, include
        As for `save_state`.

    Returns
    -------
    Report
        Nothing is written.
    """
    where = places.detect()
    found = _to_save(paths, exclude, variables, include)
    with unrecorded():
        sections = [part.describe(found) for part in PARTS]
    sections[0].warnings += missing(found)
    report = Report("", sections, unsaved_notes(where), found.excluded)
    size = sum(section.size for section in sections)
    report.headline = f"The state now: {count_text(report.lines())}, {size_text(size)}"
    return show(report)


def clear_state(*, paths: Paths = None, exclude: Patterns = (), variables: Choice = None) -> Report:
    """Remove what `save_state` would save, but files that were only read, after it was kept.

    Where checkpoints are made it is kept as one, so that `undo` brings it back; else in a bundle.

    Parameters
    ----------
    paths, exclude, variables
        As for `save_state`. In plain Python ``paths`` must be given.

    Returns
    -------
    Report
        What was removed, and how to have it back.

    Raises
    ------
    SelectionError
        In plain Python without ``paths``.
    SaveError
        If what is there cannot be kept first; nothing is removed then.
    """
    if paths is None and not IN_BROWSER:
        raise SelectionError(
            f"In plain Python clear_state() would remove everything in {Path.cwd()}. Name "
            "what to remove: paths=[…]."
        )
    with unrecorded():
        found = look(survey(places.detect(), paths, exclude), choice(variables, paths))
        return show(clear(found))


async def _ask(waiter: Waiter) -> AnySource:
    """Let the user choose a file."""
    if not IN_BROWSER:
        raise SelectionError(
            "Which bundle? In plain Python give load_state() a path, a URL, bytes or an open file."
        )
    from .browser.dialogs import choose

    return await waiter(choose(), "a file", otherwise="give load_state() a path or a URL")
