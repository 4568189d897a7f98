"""The command line: parse the arguments, run one command, and return an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Protocol

from .._version import __version__
from . import (
    create_cmd,
    diff_cmd,
    export_cmd,
    extract_cmd,
    inspect_cmd,
    messages,
    terminal,
    verify_cmd,
)

__all__ = ["main"]

_INTERRUPTED = 130
"""Exit code after Ctrl-C: what a shell reports for SIGINT, 128 + 2."""

_OUTPUT_CLOSED = 141
"""Exit code when the reader of a pipe has ended: 128 + 13 (SIGPIPE), as for any other program."""

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
  0    success; for diff: no difference
  1    a bundle is bad or unknown, or the command failed; for diff: a difference
  2    wrong usage; for diff also: it failed
  130  Ctrl-C was pressed
  141  the reader of the output has ended, as with "| head -1"
"""


class _Command(Protocol):
    """A module of one command.

    Attributes
    ----------
    NAME, HELP, EXAMPLES : str
        The word to type, one line about it, and the text below its options.
    """

    @property
    def NAME(self) -> str: ...
    @property
    def HELP(self) -> str: ...
    @property
    def EXAMPLES(self) -> str: ...

    def add_arguments(self, command: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command, and return its exit code."""


_COMMANDS: tuple[_Command, ...] = (
    inspect_cmd,
    verify_cmd,
    diff_cmd,
    extract_cmd,
    create_cmd,
    export_cmd,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 for success; 1 if a bundle is bad, or two differ, or the command failed;
        for ``diff`` 2 if it failed; 130 after Ctrl-C; 141 if the reader of the output has ended.

    Raises
    ------
    SystemExit
        With code 2 for wrong usage; with 0 after ``--help``.
    """
    terminal.escape_what_cannot_be_encoded()
    try:
        try:
            return _run(arguments)
        finally:
            terminal.flush()
    except BrokenPipeError:
        terminal.discard_output()
        return _OUTPUT_CLOSED
    except KeyboardInterrupt:
        terminal.print_error("interrupted")
        return _INTERRUPTED
    except OSError as error:
        # Only writing the output can have failed here: the disk is full, for example.
        terminal.discard_output()
        terminal.print_error(f"the output could not be written: {error.strerror}")
        return 1


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    failed: int = options.failed
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        raise
    except messages.FAILURES as error:
        terminal.print_error(messages.message(error))
        return failed
    return code


def _parser() -> argparse.ArgumentParser:
    """Return the parser. Its result has ``run``, and ``failed``, the exit code after an error."""
    parser = argparse.ArgumentParser(
        prog="litestate",
        description="Inspect, verify, compare, extract and create litestate bundles.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"litestate {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        command = commands.add_parser(
            module.NAME,
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.set_defaults(run=module.run, failed=1)
        module.add_arguments(command)
    return parser
