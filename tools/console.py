"""Messages to the user of build.py, and the start of other programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Enough to see what went wrong, few enough to still see the message above it.
LAST_LINES = 25
# File descriptors that the programs started by `run` keep open too.
SHARED_DESCRIPTORS: set[int] = set()


class BuildError(Exception):
    """The reason why build.py stops: what happened, to what, and what to do about it.

    `build.py` prints the message alone, so it has to be understood without a traceback.
    """


def step(text: str) -> None:
    """Print one progress line.

    Parameters
    ----------
    text : str
        What is being done now, or what came out of it.
    """
    # Flushed because the output of child processes is mixed with ours.
    print(f"[litestate] {text}", flush=True)


def warn(text: str) -> None:
    """Print one line that should not be overlooked, on standard error."""
    print(f"[litestate] {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program in silence, and show its output only when it fails.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments.
    cwd : Path, optional
        The folder to run it in.
    env : mapping, optional
        Variables to add to this process's environment.

    Returns
    -------
    str
        What it wrote, standard output and standard error together.

    Raises
    ------
    BuildError
        If the program is missing or its exit code isn't zero; the message ends with
        the last lines it wrote.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=tuple(SHARED_DESCRIPTORS),
            check=False,
        )
    except FileNotFoundError:
        raise BuildError(f"cannot run {words[0]}: no such program") from None
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise BuildError(f"failed (exit code {done.returncode}): {' '.join(words)}\n{tail}")
    return done.stdout
