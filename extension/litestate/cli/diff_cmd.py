"""``litestate diff``: the differences between two bundles."""

from __future__ import annotations

import argparse

from ..compare import compare, opened, render
from . import terminal
from .bundle_arguments import add_no_limits, limits_of

NAME = "diff"
HELP = "show what differs between two bundles, in tables by rows"
EXAMPLES = """examples:
  litestate diff monday.litestate.zip friday.litestate.zip
  litestate diff handed-out.litestate.zip hand-ins/ada.litestate.zip
  litestate diff state.litestate.zip work       a folder as it would be saved
  litestate diff --json a.litestate.zip b.litestate.zip

Rows are matched by primary key, else by rowid, else by content. Times are not
compared.
exit code: 0 no difference, 1 a difference, 2 the two could not be compared
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``diff``."""
    command.add_argument("before", metavar="A", help="path or URL of a bundle, or a folder")
    command.add_argument("after", metavar="B", help="the same")
    command.add_argument("--json", action="store_true", help="for programs")
    command.add_argument(
        "--ignore-modes", action="store_true", help="permissions may differ, as between systems"
    )
    add_no_limits(command)
    # Like diff(1), where 1 means that there is a difference.
    command.set_defaults(failed=2)


def run(options: argparse.Namespace) -> int:
    """Run ``litestate diff``."""
    limits = limits_of(options)
    with opened(options.before, limits) as before, opened(options.after, limits) as after:
        comparison = compare(before, after, ignore_modes=options.ignore_modes)
    if options.json:
        terminal.print_json(comparison.to_dict())
    else:
        terminal.print_lines(*render(comparison))
    return 0 if comparison.is_equal else 1
