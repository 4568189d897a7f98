"""Write to the terminal: nothing that a stranger named can do harm there, or end the program."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from typing import Any

from ..report import Report
from ..report.words import printable

_CONTROL = re.compile(r"[\x7f-\x9f]")
"""What JSON leaves as it is, and some terminals obey."""


def make_harmless() -> None:
    r"""Let the standard streams spell out what their encoding lacks, as ``\u2192``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(*lines: str) -> None:
    """Print lines, with control characters spelled out."""
    for line in lines:
        print(printable(line))


def say_report(report: Report) -> None:
    """Print a report, which spells out control characters itself."""
    print(report)


def write(text: str) -> None:
    """Print text that is known to be harmless, without a line end."""
    print(text, end="")


def say_json(value: Any) -> None:
    """Print a value as JSON that every terminal and every encoding can take."""
    print(json_text(value))


def json_text(value: Any) -> str:
    r"""Return JSON; as ASCII where standard output is not UTF-8.

    Examples
    --------
    >>> json_text({"a": "\x9b"})
    '{\n "a": "\\u009b"\n}'
    """
    text = json.dumps(value, ensure_ascii=not _is_utf8(), indent=1)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def is_file_of_utf8() -> bool:
    """Tell whether standard output is UTF-8 and goes elsewhere than to a terminal."""
    return _is_utf8() and not sys.stdout.isatty()


def _is_utf8() -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "") == "utf8"


def complain(message: str) -> None:
    """Print one line to standard error."""
    print(printable(f"litestate: {message}"), file=sys.stderr)


def flush() -> None:
    """Write what is still in memory, so that its errors come now."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard() -> None:
    """Give up on standard output: Python would try, and complain, once more when it ends.

    As in https://docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
