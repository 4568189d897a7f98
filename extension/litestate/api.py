"""What users call: gather, then write; verify, then apply."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from . import places, ui
from .bundle import Compression, Limits
from .errors import LitestateError, SaveError, SelectionError
from .loading import load_from, open_bundle, verify, warn_of_connections
from .parts import PARTS
from .plan import Plan
from .report import Report, Section, count_text, size_text
from .saving import SUFFIX, bundle_name, download, link_to, target_of, write_into, write_to
from .sources import AnySource
from .survey import Paths, StrPath, survey

Patterns = Sequence[str] | str


def save_state(
    path: StrPath | IO[bytes] | None = None,
    *,
    name: str | None = None,
    paths: Paths = None,
    exclude: Patterns = (),
    compression: Compression = "deflate",
) -> Report:
    """Save files and SQLite databases into one bundle.

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
        What to save. By default the home folder and what was modified in the notebook's folder
        since the kernel started; in plain Python the current folder.
    exclude : str or sequence of str, optional
        What to leave out, in gitignore syntax. ``"!*.ipynb"`` takes in what is left out by default.
    compression : {"deflate", "zstd", "store"}, optional
        Deflate opens anywhere, Zstandard is faster and needs a recent Python to open.

    Returns
    -------
    Report
        What was saved, what was not, and why. In a notebook it also shows by itself.

    Raises
    ------
    SelectionError
        If ``paths`` or ``exclude`` is wrong.
    SaveError
        If the bundle cannot be written; an older one at ``path`` is still there.
    """
    found = survey(places.detect(), paths, exclude)
    if path is None and places.IN_BROWSER:
        report = download(found, bundle_name(name), compression)
    elif path is None:
        report = write_to(_free(Path.cwd() / bundle_name(name)), found, compression)
    elif isinstance(path, str | os.PathLike):
        report = write_to(target_of(path, name), found, compression)
    elif hasattr(path, "write"):
        report = write_into(path, found, compression)
    else:
        raise SaveError(
            f"save_state() writes to a path or a binary file, not to {type(path).__name__}."
        )
    return ui.show(report)


def load_state(
    source: AnySource | None = None,
    *,
    paths: Paths = None,
    exclude: Patterns = (),
    dry_run: bool = False,
    clean: bool = False,
    limits: Limits | None = None,
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

    Returns
    -------
    Report
        What was added, changed, left alone and removed, and what was not loaded, and why.

    Raises
    ------
    BundleError
        If the bundle is damaged, unsafe, of a newer format, or none at all.
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
    chosen = _ask() if source is None else source
    with open_bundle(chosen, limits) as (reader, label):
        verify(reader, label)
        report = load_from(
            reader, label, places.detect(), paths, exclude, dry_run=dry_run, clean=clean
        )
        report.digest = reader.manifest.content_digest
    return ui.show(report)


async def asave_state(
    path: StrPath | IO[bytes] | None = None,
    *,
    name: str | None = None,
    paths: Paths = None,
    exclude: Patterns = (),
    compression: Compression = "deflate",
) -> Report:
    """Do what `save_state` does, with ``await``."""
    return save_state(path, name=name, paths=paths, exclude=exclude, compression=compression)


async def aload_state(
    source: AnySource | None = None,
    *,
    paths: Paths = None,
    exclude: Patterns = (),
    dry_run: bool = False,
    clean: bool = False,
    limits: Limits | None = None,
) -> Report:
    """Do what `load_state` does, with ``await``: for browsers that cannot wait inside a call."""
    if source is None and places.IN_BROWSER:
        from .browser.picker import choose

        source = await choose()
    return load_state(
        source, paths=paths, exclude=exclude, dry_run=dry_run, clean=clean, limits=limits
    )


def show_state(*, paths: Paths = None, exclude: Patterns = ()) -> Report:
    """Say what `save_state` would save now: files, and databases with their tables and rows.

    Parameters
    ----------
    paths, exclude
        As for `save_state`.

    Returns
    -------
    Report
        Nothing is written.
    """
    found = survey(places.detect(), paths, exclude)
    sections = [part.describe(found) for part in PARTS]
    report = Report("", sections, excluded=found.excluded)
    size = sum(section.size for section in sections)
    report.headline = f"The state now: {count_text(report.lines())}, {size_text(size)}"
    return ui.show(report)


def clear_state(*, paths: Paths = None, exclude: Patterns = ()) -> Report:
    """Remove what `save_state` would save, after saving it to a bundle.

    Parameters
    ----------
    paths, exclude
        As for `save_state`. In plain Python ``paths`` must be given.

    Returns
    -------
    Report
        What was removed, and the bundle to load to have it back.

    Raises
    ------
    SelectionError
        In plain Python without ``paths``.
    SaveError
        If what is there cannot be saved first; nothing is removed then.
    """
    if paths is None and not places.IN_BROWSER:
        raise SelectionError(
            f"In plain Python clear_state() would remove everything in {Path.cwd()}. Name "
            "what to remove: paths=[…]."
        )
    where = places.detect()
    found = survey(where, paths, exclude)
    folder = Path.home() if places.IN_BROWSER else Path.cwd()
    backup = _free(folder / f"before-clear-{datetime.now():%Y-%m-%d-%H%M%S}{SUFFIX}")
    saved = write_to(backup, found, "deflate")
    kept = {line.label for line in saved.lines()}
    plan, removed = Plan(), Section("removed")
    try:
        removed.lines = plan.remove_all([item for item in found.items if item.label in kept])
        plan.commit()
    except (LitestateError, OSError):
        backup.unlink()
        raise
    finally:
        plan.close()
    warn_of_connections(removed)
    removed.skipped = saved.skipped
    report = Report(f"Cleared {count_text(removed.lines)}", [removed])
    report.skipped_title, report.excluded = (
        "Not removed, because it could not be saved",
        found.excluded,
    )
    report.path, report.size = str(backup), saved.size
    report.notes = [f"To have it back: load_state({where.show(backup)!r})"]
    if places.IN_BROWSER:
        report.link = link_to(backup)
        report.notes.append(
            "That file is in memory: it lasts until the page is reloaded or the kernel restarted. "
            "The link downloads a copy."
        )
    return ui.show(report)


def _ask() -> AnySource:
    if not places.IN_BROWSER:
        raise SelectionError(
            "Which bundle? In plain Python give load_state() a path, a URL, bytes or an open file."
        )
    from .browser.picker import choose_now

    return choose_now()


def _free(path: Path) -> Path:
    stem = path.name.removesuffix(SUFFIX)
    candidates = (path.with_name(f"{stem}-{number}{SUFFIX}") for number in range(2, 10_000))
    return path if not path.exists() else next(other for other in candidates if not other.exists())
