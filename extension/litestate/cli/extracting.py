"""``extract``: unpack one bundle, or each of many into a folder of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from .. import places
from ..errors import SourceError
from ..loading import load_from, open_bundle, verify
from ..report import Report
from ..sources import expanded
from . import kept, output, wording
from .finding import is_folder


def extract(options: argparse.Namespace) -> int:
    """Run ``litestate extract``."""
    sources: list[str] = options.bundles
    to: Path | None = expanded(options.to) if options.to else None
    if len(sources) == 1:
        output.say_report(_extract(sources[0], to or Path(_stem(sources[0])), options))
        return 0
    targets = _targets(sources, to or Path())
    failed = 0
    for source, folder in zip(sources, targets, strict=True):
        try:
            report = _extract(source, folder, options)
        except wording.FAILURES as error:
            output.complain(f"{source}: {wording.short(wording.problem(error, source))}")
            failed += 1
        else:
            output.say_report(report)
    output.say(f"{len(sources) - failed} extracted, {failed} not")
    return 1 if failed else 0


def _targets(sources: Sequence[str], to: Path) -> list[Path]:
    """Return a folder for each bundle.

    Raises
    ------
    SourceError
        If two would go into one.
    """
    # Some file systems do not tell capitals from small letters.
    taken: dict[str, str] = {}
    for source in sources:
        stem = _stem(source)
        other = taken.setdefault(stem.casefold(), source)
        if other is not source:
            raise SourceError(
                f"{other} and {source} would both go into {to / stem}. Nothing was extracted. "
                "Extract one of them by itself, with another folder after --to."
            )
    return [to / _stem(source) for source in sources]


def _extract(source: str, folder: Path, options: argparse.Namespace) -> Report:
    if is_folder(source):
        raise SourceError(f"{source} is a folder. extract takes bundles: name the files.")
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is a file. Name a folder with --to.")
    if folder.exists() and any(folder.iterdir()) and not options.overwrite:
        raise SourceError(
            f"The folder {folder} is not empty. Choose another one with --to, or add --overwrite."
        )
    limits = wording.NO_LIMITS if options.no_limits else None
    with open_bundle(source, limits) as (reader, label):
        kept.signed_by(reader)
        verify(reader, label)
        left_out = kept.counts(reader.manifest)
        reader.manifest = kept.files_only(reader.manifest)
        is_new = not folder.exists()
        _make(folder)
        try:
            report = load_from(reader, label, places.below(folder))
        except BaseException:
            # Nothing was loaded. If it is not empty, what could not be undone is in it.
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise
    # The report is that of loading into a session.
    headline = report.headline.removeprefix(f"Loaded {label}").replace(
        "not loaded", "not extracted"
    )
    report.headline = f"Extracted {label} into {folder}{os.sep}{headline}"
    report.skipped_title = "Not extracted"
    if left_out:
        report.notes.append(
            f"{left_out}: no files, so they stay in the bundle. load_state() brings them back."
        )
    return report


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            f"The folder {folder} cannot be made: {error.strerror}. Nothing was extracted. Choose "
            "another one with --to."
        ) from error


def _stem(source: str) -> str:
    """Return the name of the folder that a bundle is extracted to.

    Examples
    --------
    >>> _stem("hand-ins/ada.litestate.zip"), _stem("https://example.org/dice.zip?raw=1")
    ('ada', 'dice')
    >>> _stem("array.json"), _stem("https://example.org/")
    ('array', 'state')
    """
    is_url = source.startswith(("http://", "https://"))
    name = urlsplit(source).path.rpartition("/")[2] if is_url else expanded(source).name
    for suffix in (".zip", ".json", ".litestate"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    # A server must not choose the folder above.
    return name if name.strip(". ") else "state"
