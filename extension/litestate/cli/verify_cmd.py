"""``litestate verify``: every byte of one bundle, or of two hundred."""

from __future__ import annotations

import argparse

from ..report.lines import printable
from . import messages, terminal
from .bundle_arguments import add_bundles, add_no_limits, find_bundles, is_one_file, limits_of
from .bundle_facts import exit_code, read_each
from .bundle_list import DIGITS, MARKS, summary

NAME = "verify"
HELP = "read whole bundles and check every byte"
EXAMPLES = """examples:
  litestate verify state-2026-11-22.litestate.zip
  litestate verify hand-ins
  litestate verify -r -q hand-ins     look into folders; name the bad ones only

After several, lines name those of equal content; the last one counts them, and
names what was not looked at in a folder.
????: it could not be read here (status "unknown"), for a reason that is not
its own: a newer format, no Zstandard, a server that does not answer, a limit.
exit code: 0 if all are good, 1 if one is bad or unknown
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``verify``."""
    add_bundles(command)
    command.add_argument("-q", "--quiet", action="store_true", help="name the bad ones only")
    command.add_argument("--long", action="store_true", help="content digests with all 64 digits")
    add_no_limits(command)


def run(options: argparse.Namespace) -> int:
    """Run ``litestate verify``."""
    is_one = is_one_file(options.bundles)
    selection = find_bundles(options.bundles, recursive=options.recursive)
    every = []
    for facts in read_each(selection.bundles, verify=True, limits=limits_of(options)):
        every.append(facts)
        name, mark = printable(facts.name), MARKS[facts.status]
        if facts.problem:
            reason = facts.problem if is_one else messages.short(facts.problem)
            terminal.print_lines(f"{mark:<5}{name}: {reason}")
        elif not options.quiet:
            digest = facts.digest if options.long else facts.digest[:DIGITS]
            terminal.print_lines(f"{mark:<5}{name}  {digest}")
    if not is_one:
        terminal.print_lines(*summary(every, verified=True, ignored=selection.ignored_text))
    return exit_code(every)
