"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from .._version import __version__
from . import differing, extracting, inspecting, making

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_EXAMPLES = """examples:
  litestate inspect state-2026-11-22.litestate.zip
  litestate inspect --verify hand-ins
  litestate verify hand-ins
  litestate diff monday.litestate.zip friday.litestate.zip
  litestate extract state-2026-11-22.litestate.zip --to work
  litestate create work -o work.litestate.zip
  litestate export app.db tables.xlsx

litestate COMMAND --help has more of them.

exit codes:
  0    all is well; for diff: no difference
  1    a bundle is bad or unknown, or the command failed; for diff: a difference
  2    wrong usage; for diff also: it failed
  130  Ctrl-C was pressed
  141  nobody reads the output any more, as with "| head -1"
"""

_INSPECT = """examples:
  litestate inspect state-2026-11-22.litestate.zip      all that is in it
  litestate inspect hand-ins                            one line for each
  litestate inspect -r --verify hand-ins                ... and check every byte
  litestate inspect --csv --verify hand-ins > all.csv   for a spreadsheet
  litestate inspect --json state.litestate.zip          the manifest

--json gives the manifest of one bundle; of several, or of a folder, an array
of objects: bundle, status, problem, bundle_bytes, manifest.
Without --verify only the tables of contents are read and checked.
A terminal that is too narrow shows less; files and pipes get all of it.
????: it could not be read here (status "unknown"), for a reason that is not
its own: a newer format, no Zstandard, a server that does not answer, a limit.
exit code: 0 if all could be read, 1 if one is bad or unknown
"""

_VERIFY = """examples:
  litestate verify state-2026-11-22.litestate.zip
  litestate verify hand-ins
  litestate verify -r -q hand-ins     look into folders; name the bad ones only

After several, lines name those of equal content; the last one counts them, and
says what in a folder was not looked at.
????: it could not be read here (status "unknown"), for a reason that is not
its own: a newer format, no Zstandard, a server that does not answer, a limit.
exit code: 0 if all are good, 1 if one is bad or unknown
"""

_EXTRACT = """examples:
  litestate extract state-2026-11-22.litestate.zip
  litestate extract state-2026-11-22.litestate.zip --to work
  litestate extract https://example.org/dice.litestate.zip --to dice --overwrite
  litestate extract hand-ins/*.litestate.zip --to all    all/ada, all/bob, ...

The notebook's folder becomes DIR itself, the home folder DIR/litestate-home.
Of several bundles, a bad one does not keep the others from being extracted.
exit code: 0 if all were extracted, 1 if not
"""

_CREATE = """examples:
  litestate create work                         work-<date>.litestate.zip
  litestate create work -o week-1.litestate.zip
  litestate create work -o bundles --name ada   bundles/ada-<date>.litestate.zip
  litestate create work --exclude "*.csv" --exclude "!*.ipynb"

The rules are those of save_state() in that folder: databases as of their last
commit; no caches, no notebooks, no other bundles.
exit code: 0 if the bundle was written, 1 if not
"""

_DIFF = """examples:
  litestate diff monday.litestate.zip friday.litestate.zip
  litestate diff handed-out.litestate.zip hand-ins/ada.litestate.zip
  litestate diff state.litestate.zip work       a folder as it would be saved
  litestate diff --json a.litestate.zip b.litestate.zip

Rows are matched by primary key, else by rowid, else by content. Times are not
compared.
exit code: 0 no difference, 1 a difference, 2 the two could not be compared
"""

_EXPORT = """examples:
  litestate export app.db tables.xlsx
  litestate export app.db best.json --query "SELECT * FROM runs WHERE score > 1"
  litestate export state-2026-11-22.litestate.zip runs.csv --table runs
  litestate export state-2026-11-22.litestate.zip all.sql --database app.db
  litestate export app.db runs.parquet --table runs

.parquet (Apache Parquet) needs the package pyarrow.
exit code: 0 if all was written, 1 if not
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser; what it finds has ``run``, and ``failed``, the exit code of an error."""
    main = argparse.ArgumentParser(
        prog="litestate",
        description="Look into, verify, compare, make and unpack litestate bundles.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    main.add_argument("--version", action="version", version=f"litestate {__version__}")
    commands = main.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_inspect(commands)
    _add_verify(commands)
    _add_diff(commands)
    _add_extract(commands)
    _add_create(commands)
    _add_export(commands)
    return main


def _command(
    commands: Commands,
    name: str,
    text: str,
    examples: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run, failed=1)
    return command


def _add_sources(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "bundles", metavar="BUNDLE", nargs="+", help="paths or URLs of bundles, or folders of them"
    )
    command.add_argument(
        "-r", "--recursive", action="store_true", help="look into folders in folders, too"
    )


def _add_no_limits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-limits",
        action="store_true",
        help="however large it unpacks: for bundles of people you trust",
    )


def _add_inspect(commands: Commands) -> None:
    command = _command(commands, "inspect", "list what bundles hold", _INSPECT, inspecting.inspect)
    _add_sources(command)
    _add_no_limits(command)
    command.add_argument("--verify", action="store_true", help="check every byte, too")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--csv", action="store_true", help="for a spreadsheet, a row for each bundle")


def _add_verify(commands: Commands) -> None:
    text = "read bundles whole and check every byte"
    command = _command(commands, "verify", text, _VERIFY, inspecting.verify)
    _add_sources(command)
    command.add_argument("-q", "--quiet", action="store_true", help="name the bad ones only")
    command.add_argument("--long", action="store_true", help="content digests with all 64 digits")
    _add_no_limits(command)


def _add_diff(commands: Commands) -> None:
    text = "say what differs between two bundles, in tables by rows"
    command = _command(commands, "diff", text, _DIFF, differing.diff)
    command.add_argument("before", metavar="A", help="path or URL of a bundle, or a folder")
    command.add_argument("after", metavar="B", help="the same")
    command.add_argument("--json", action="store_true", help="for programs")
    command.add_argument(
        "--ignore-modes", action="store_true", help="permissions may differ, as between systems"
    )
    _add_no_limits(command)
    # As diff(1) does it: 1 says that there is a difference.
    command.set_defaults(failed=2)


def _add_extract(commands: Commands) -> None:
    text = "verify bundles, then unpack each into a folder"
    command = _command(commands, "extract", text, _EXTRACT, extracting.extract)
    command.add_argument("bundles", metavar="BUNDLE", nargs="+", help="paths or URLs of bundles")
    command.add_argument(
        "--to",
        metavar="DIR",
        type=Path,
        help="folder to make (default: by name); of several bundles, the folder for their folders",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="use a folder that is not empty; replace its files"
    )
    _add_no_limits(command)


def _add_create(commands: Commands) -> None:
    text = "make a bundle of what is in a folder"
    command = _command(commands, "create", text, _CREATE, making.create)
    command.add_argument("folder", metavar="DIR", type=Path, help="the folder")
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="the bundle to write, or a folder for it (default: the current one)",
    )
    command.add_argument(
        "--name", help="first part of the file name (default: the name of the folder)"
    )
    command.add_argument(
        "--exclude",
        metavar="PATTERN",
        action="append",
        default=[],
        help="leave this out, in gitignore syntax; may be repeated",
    )
    command.add_argument(
        "--compression",
        choices=("deflate", "zstd", "store"),
        default="deflate",
        help="deflate opens anywhere, zstd is faster (default: deflate)",
    )
    command.add_argument(
        "--force", action="store_true", help="replace a bundle that is there already"
    )


def _add_export(commands: Commands) -> None:
    text = "write tables for Excel and other programs"
    command = _command(commands, "export", text, _EXPORT, making.export)
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
    chosen.add_argument("--query", metavar="SQL", help="what this SELECT finds")
    command.add_argument("--database", metavar="NAME", help="which one of a bundle")
    command.add_argument("--overwrite", action="store_true", help="replace files that are there")
