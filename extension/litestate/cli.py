"""The command line: look into bundles, verify them, take them apart, export tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__, places
from .errors import LitestateError, SourceError
from .export import export_tables
from .loading import load_from, open_bundle
from .manifest import Manifest
from .parts.databases import tables_text
from .report.words import printable, size_text

_EXAMPLES = """examples:
  litestate inspect state-2026-11-22.litestate.zip
  litestate verify hand-ins/*.litestate.zip
  litestate extract state-2026-11-22.litestate.zip --to work
  litestate export app.db tables.xlsx
  litestate export state-2026-11-22.litestate.zip runs.csv --database app.db --table runs
  litestate export app.db best.json --query "SELECT * FROM runs WHERE score > 0.9"

exit codes: 0 all is well, 1 a bundle is bad or cannot be read, 2 the command is wrong
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 if all is well, 1 if a bundle is bad. Wrong usage exits with 2.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (LitestateError, OSError) as error:
        print(printable(f"litestate: {error}"), file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="litestate",
        description="Look into, verify and extract litestate bundles; export their tables.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"litestate {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    inspect = commands.add_parser("inspect", help="list what a bundle holds")
    inspect.add_argument("bundle", metavar="BUNDLE", help="path or URL of a bundle")
    inspect.add_argument("--json", action="store_true", help="print the manifest as JSON")
    inspect.set_defaults(run=_inspect)

    verify = commands.add_parser("verify", help="read bundles whole and check every byte")
    verify.add_argument("bundles", metavar="BUNDLE", nargs="+", help="paths or URLs of bundles")
    verify.set_defaults(run=_verify)

    extract = commands.add_parser("extract", help="verify a bundle, then unpack it into a folder")
    extract.add_argument("bundle", metavar="BUNDLE", help="path or URL of a bundle")
    extract.add_argument("--to", metavar="DIR", type=Path, help="folder to make (default: by name)")
    extract.add_argument(
        "--overwrite", action="store_true", help="use a folder that is not empty; replace its files"
    )
    extract.set_defaults(run=_extract)
    _add_export(commands)
    return parser


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", help="write tables for Excel and other programs")
    export.add_argument("source", metavar="SOURCE", help="a SQLite database or a bundle")
    export.add_argument(
        "target", metavar="TARGET", help="a .xlsx, .csv, .json or .sql file, or a folder for CSVs"
    )
    chosen = export.add_mutually_exclusive_group()
    chosen.add_argument(
        "--table", metavar="NAME", action="append", help="only this one; may be repeated"
    )
    chosen.add_argument("--query", metavar="SQL", help="what this SELECT finds")
    export.add_argument("--database", metavar="NAME", help="which one of a bundle")
    export.add_argument("--overwrite", action="store_true", help="replace files that are there")
    export.set_defaults(run=_export)


def _inspect(options: argparse.Namespace) -> int:
    with open_bundle(options.bundle) as (reader, _):
        manifest = reader.manifest
    if options.json:
        print(manifest.to_json().decode())
    else:
        print("\n".join(printable(line) for line in _table(manifest)))
    return 0


def _table(manifest: Manifest) -> list[str]:
    made_by = ", ".join(f"{name} {version}" for name, version in manifest.generator.items())
    lines = [f"created  {manifest.created}", f"by       {made_by}"]
    lines += [f"digest   {manifest.content_digest}", ""]
    for member in manifest.members:
        detail = tables_text(member.details["tables"]) if "tables" in member.details else ""
        size = size_text(member.size) if member.kind in ("file", "database") else ""
        lines.append(f"{member.kind:<10}{size:>9}  {member.place}  {detail}".rstrip())
    lines += [f"not saved: {item.path}: {item.reason}" for item in manifest.skipped]
    return lines


def _verify(options: argparse.Namespace) -> int:
    bad = 0
    for bundle in options.bundles:
        try:
            with open_bundle(bundle) as (reader, _):
                reader.verify()
                print(f"ok   {bundle}  {reader.manifest.content_digest}")
        except LitestateError as error:
            bad += 1
            print(printable(f"BAD  {error}"))
    return 1 if bad else 0


def _stem(bundle: str) -> str:
    name = bundle.rstrip("/").rpartition("/")[2]
    return name.removesuffix(".zip").removesuffix(".litestate") or "state"


def _extract(options: argparse.Namespace) -> int:
    folder: Path = options.to or Path(_stem(options.bundle))
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is a file. Name a folder with --to.")
    if folder.exists() and any(folder.iterdir()) and not options.overwrite:
        raise SourceError(
            f"The folder {folder} is not empty. Choose another one with --to, or add --overwrite."
        )
    with open_bundle(options.bundle) as (reader, label):
        reader.verify()
        folder.mkdir(parents=True, exist_ok=True)
        print(load_from(reader, label, places.below(folder)))
    return 0


def _export(options: argparse.Namespace) -> int:
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
