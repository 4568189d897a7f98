"""``litestate create``: a bundle of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import SaveError, SourceError
from ..files.survey import survey
from ..host import roots
from ..state.bundle_files import bundle_name, expanded
from ..state.save import write_to

NAME = "create"
HELP = "make a bundle of the content of a folder"
EXAMPLES = """examples:
  litestate create work                         work-<date>.litestate.zip
  litestate create work -o week-1.litestate.zip
  litestate create work -o bundles --name ada   bundles/ada-<date>.litestate.zip
  litestate create work --exclude "*.csv" --exclude "!*.ipynb"

The rules are those of save_state() in that folder: databases as of their last
commit; no caches, no notebooks, no other bundles.
exit code: 0 if the bundle was written, 1 if not
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``create``."""
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
    command.add_argument("--force", action="store_true", help="replace an existing bundle")


def run(options: argparse.Namespace) -> int:
    """Run ``litestate create``."""
    folder: Path = expanded(options.folder)
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise SourceError(f"{folder} {problem}. Name the folder whose content is to be saved.")
    folder = folder.resolve()
    target = _target(options, folder)
    found = survey(roots.plain(folder), exclude=options.exclude)
    # A bundle that is replaced is not a part of the bundle that replaces it.
    replaced = target.resolve()
    found.items = [item for item in found.items if item.path != replaced]
    print(write_to(target, found, options.compression))
    return 0


def _target(options: argparse.Namespace, folder: Path) -> Path:
    output: Path | None = expanded(options.output) if options.output else None
    if output is None or output.is_dir():
        target = (output or Path()) / bundle_name(options.name or folder.name)
    elif options.name:
        raise SaveError("--name has no effect where -o names a file. Leave one of them out.")
    else:
        target = output
    if target.exists() and not options.force:
        raise SaveError(
            f"{target} already exists. Nothing was written. Choose another name with -o, or add "
            "--force to replace it."
        )
    return target
