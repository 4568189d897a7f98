"""``create``, ``extract`` and ``export``: the commands that write files."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from .. import places
from ..errors import SaveError, SourceError
from ..export import export_tables
from ..loading import load_from, open_bundle, verify
from ..saving import bundle_name, write_to
from ..sources import expanded
from ..survey import survey
from . import output


def create(options: argparse.Namespace) -> int:
    """Run ``litestate create``."""
    folder: Path = expanded(options.folder)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise SourceError(f"{folder} {what}. create takes the folder whose content is to be saved.")
    folder = folder.resolve()
    target = _target(options, folder)
    found = survey(places.plain(folder), exclude=options.exclude)
    # What is to be replaced is no part of what replaces it.
    there = target.resolve()
    found.items = [item for item in found.items if item.path != there]
    output.say_report(write_to(target, found, options.compression))
    return 0


def _target(options: argparse.Namespace, folder: Path) -> Path:
    output_path: Path | None = expanded(options.output) if options.output else None
    if output_path is None or output_path.is_dir():
        target = (output_path or Path()) / bundle_name(options.name or folder.name)
    elif options.name:
        raise SaveError("--name is of no use where -o names a file. Leave one of them out.")
    else:
        target = output_path
    if target.exists() and not options.force:
        raise SaveError(
            f"{target} is there already, and nothing was written. Choose another name with -o, or "
            "add --force to replace it."
        )
    return target


def extract(options: argparse.Namespace) -> int:
    """Run ``litestate extract``."""
    if expanded(options.bundle).is_dir():
        raise SourceError(f"{options.bundle} is a folder. extract takes one bundle: name the file.")
    folder: Path = options.to or Path(_stem(options.bundle))
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is a file. Name a folder with --to.")
    if folder.exists() and any(folder.iterdir()) and not options.overwrite:
        raise SourceError(
            f"The folder {folder} is not empty. Choose another one with --to, or add --overwrite."
        )
    with open_bundle(options.bundle) as (reader, label):
        verify(reader, label)
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            report = load_from(reader, label, places.below(folder))
        except BaseException:
            # Nothing was loaded. If it is not empty, what could not be undone is in it.
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise
    output.say_report(report)
    return 0


def _stem(bundle: str) -> str:
    name = bundle.rstrip("/").rpartition("/")[2]
    return name.removesuffix(".zip").removesuffix(".litestate") or "state"


def export(options: argparse.Namespace) -> int:
    """Run ``litestate export``."""
    report = export_tables(
        options.source,
        options.target,
        tables=options.table,
        query=options.query,
        database=options.database,
        overwrite=options.overwrite,
    )
    output.say_report(report)
    return 0
