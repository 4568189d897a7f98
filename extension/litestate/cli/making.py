"""``create`` and ``export``: write a bundle, write tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import places
from ..errors import ExportError, SaveError, SourceError
from ..export import export_tables
from ..saving import bundle_name, write_to
from ..sources import expanded
from ..survey import survey
from . import output
from .finding import is_folder


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


def export(options: argparse.Namespace) -> int:
    """Run ``litestate export``."""
    if options.target == "-":
        raise ExportError(
            "export writes files, not standard output. Name one that ends in .xlsx, .csv, .json, "
            ".parquet or .sql, or a folder for CSV files."
        )
    if is_folder(options.source):
        raise SourceError(
            f"{options.source} is a folder. export takes a SQLite database or a bundle: name the "
            "file."
        )
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
