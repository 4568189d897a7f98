"""Standard output and standard error: safe to show names from strangers, in any encoding."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from typing import Any

from ..report.lines import printable

_CONTROL = re.compile(r"[\x7f-\x9f]")
"""Control characters that JSON does not escape, and that some terminals obey."""


def escape_what_cannot_be_encoded() -> None:
    r"""Let both streams write characters that their encoding lacks as ``\u2192``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_lines(*lines: str) -> None:
    """Print lines, with control characters spelled out."""
    for line in lines:
        print(printable(line))


def write(text: str) -> None:
    """Print text that is known to be harmless, without a line end."""
    print(text, end="")


def print_json(value: Any) -> None:
    """Print a value as JSON that every terminal and every encoding can take."""
    print(json_text(value))


def json_text(value: Any) -> str:
    r"""Return JSON, as ASCII where standard output is not UTF-8.

    Examples
    --------
    >>> json_text({"a": "\x9b"})
    '{\n "a": "\\u009b"\n}'
    """
    text = json.dumps(value, ensure_ascii=not _is_utf8(), indent=1)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def is_utf8_file() -> bool:
    """Tell whether standard output is UTF-8 and not a terminal."""
    return _is_utf8() and not sys.stdout.isatty()


def _is_utf8() -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "") == "utf8"


def print_error(message: str) -> None:
    """Print one line to standard error."""
    print(printable(f"litestate: {message}"), file=sys.stderr)


def flush() -> None:
    """Write what is still buffered, so that its errors come now."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard_output() -> None:
    """Replace standard output: Python would write to it, and fail, once more when it ends.

    As in https://docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
