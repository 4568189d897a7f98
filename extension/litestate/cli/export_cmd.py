"""``litestate export``: tables of a database or a bundle, in the formats of other programs."""

from __future__ import annotations

import argparse

from ..errors import ExportError, SourceError
from ..export import export_tables
from .bundle_arguments import is_folder

NAME = "export"
HELP = "write tables for Excel and other programs"
EXAMPLES = """examples:
  litestate export app.db tables.xlsx
  litestate export app.db best.json --query "SELECT * FROM runs WHERE score > 1"
  litestate export state-2026-11-22.litestate.zip runs.csv --table runs
  litestate export state-2026-11-22.litestate.zip all.sql --database app.db
  litestate export app.db runs.parquet --table runs

.parquet (Apache Parquet) needs the package pyarrow.
exit code: 0 if all was written, 1 if not
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export``."""
    command.add_argument("source", metavar="SOURCE", help="a SQLite database or a bundle")
    command.add_argument(
        "target",
        metavar="TARGET",
        help="a .xlsx, .csv, .json, .parquet or .sql file, or a folder for CSVs",
    )
    chosen = command.add_mutually_exclusive_group()
    chosen.add_argument(
        "--table", metavar="NAME", action="append", help="only this one; may be repeated"
    )
    chosen.add_argument("--query", metavar="SQL", help="the result of this SELECT")
    command.add_argument("--database", metavar="NAME", help="which database of a bundle")
    command.add_argument("--overwrite", action="store_true", help="replace existing files")


def run(options: argparse.Namespace) -> int:
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
    print(report)
    return 0
