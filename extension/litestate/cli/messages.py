"""Error messages of the command line: options in place of arguments, short in long lists."""

from __future__ import annotations

import errno
import re
import sqlite3
from pathlib import Path

from ..errors import LitestateError, UnsafeBundleError
from ..state.bundle_files import expanded

FAILURES = (LitestateError, OSError, MemoryError, sqlite3.Error, UnicodeDecodeError)
"""Errors of one bundle, which must not end the work on the others. Python raises the last one where
it cannot decode a message of SQLite."""

_LIMITS = re.compile(r"load_state\([^()]*limits=litestate\.Limits\([^()]*\)\)")
"""The way to lift a limit in Python."""

_OPTIONS = (
    (_LIMITS, "verify, inspect, diff and extract take --no-limits"),
    (re.compile(r"\boverwrite=True\b"), "--overwrite"),
    (re.compile(r"\btables=(?=[\s.,:;]|$)"), "--table"),
    (re.compile(r"\b(query|database|exclude)=(?=[\s.,:;]|$)"), r"--\1"),
)
"""Arguments of the functions, and the options in their place."""

_REPEATED = (
    re.compile(r"[.;] Nothing was changed\b(?!.* Nothing was changed\b).*\Z", re.DOTALL),
    re.compile(r"\. litestate never writes such a file; do not use it\.\Z"),
    re.compile(r"\. If you know who made it, [^.]*(?=: verify,)"),
)
"""Advice that a list of two hundred errors need not repeat."""

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_MAKE_ROOM = (
    "Make room on the disk and try again; the environment variable TMPDIR names another folder "
    "for temporary files."
)

_ADVICE = {
    **dict.fromkeys(_DISK_FULL, _MAKE_ROOM),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "Check the permissions of the file and of its folder, or choose another folder.",
    ),
    errno.ENOENT: "Check the name.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}

_OTHER_ADVICE = "Try again, or with a copy on another disk."


def message(error: Exception) -> str:
    """Return what happened, to what, and what to do, for a user of the command line."""
    if isinstance(error, MemoryError):
        return "There is not enough memory. Close other programs, or use another machine."
    if isinstance(error, OSError):
        advice = _ADVICE.get(error.errno or 0, _OTHER_ADVICE)
        path = f"{Path(str(error.filename))}: " if error.filename else ""
        return f"{path}{(error.strerror or str(error)).rstrip('.')}. {advice}"
    if not isinstance(error, LitestateError):
        is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        return f"SQLite says: {error}. {_MAKE_ROOM if is_full else 'Try another copy of the file.'}"
    text = str(error)
    for pattern, option in _OPTIONS:
        text = pattern.sub(option, text)
    return f"{text} {_MAKE_ROOM}" if _is_disk_full(error) else text


def message_about(name: str, error: Exception) -> str:
    """Return the message without the name of its bundle, to be printed after that name."""
    text = message(error)
    for label in (name, str(expanded(name)), expanded(name).name):
        text = text.removeprefix(f"{label}: ")
        if text.startswith(f"{label} "):
            return f"It{text.removeprefix(label)}"
    return text


def short(text: str) -> str:
    """Return the reason of a message without its advice, for a list.

    Examples
    --------
    >>> short("The bundle is damaged at 'a': it is cut off. Nothing was changed; use another copy.")
    "The bundle is damaged at 'a': it is cut off."
    """
    for pattern in _REPEATED:
        text = pattern.sub("", text)
    text = text.replace(" before anything was changed", "", 1)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def is_about_limits(error: Exception) -> bool:
    """Tell whether a bundle was refused only because of its size."""
    return isinstance(error, UnsafeBundleError) and ", the limit is " in str(error)


def _is_disk_full(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
