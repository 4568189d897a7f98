"""Run a command, and end as a command should: no traceback, an exit code that says something."""

from __future__ import annotations

from collections.abc import Sequence

from . import output, wording
from .parser import parser

INTERRUPTED = 130
"""Exit code after Ctrl-C: what a shell reports for SIGINT, 128 + 2."""

NOBODY_READS = 141
"""Exit code when the reader of a pipe is gone: 128 + 13 (SIGPIPE), as of any other program."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 if all is well; 1 if a bundle is bad, or two differ, or the command failed;
        for ``diff`` 2 if it failed; 130 after Ctrl-C; 141 if nobody reads the output any more.

    Raises
    ------
    SystemExit
        With code 2 for wrong usage; with 0 after ``--help``.
    """
    output.make_harmless()
    try:
        try:
            return _run(arguments)
        finally:
            output.flush()
    except BrokenPipeError:
        output.discard()
        return NOBODY_READS
    except KeyboardInterrupt:
        output.complain("interrupted")
        return INTERRUPTED
    except OSError as error:
        # Only writing the output can have failed here: the disk is full, for example.
        output.discard()
        output.complain(f"the output could not be written: {error.strerror}")
        return 1


def _run(arguments: Sequence[str] | None) -> int:
    options = parser().parse_args(arguments)
    failed: int = options.failed
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        raise
    except wording.FAILURES as error:
        output.complain(wording.message(error))
        return failed
    return code
