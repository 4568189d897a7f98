"""Sizes, counts and paths as a person would read them."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable

from .lines import Line, LineKind, Section

SHOWN = 8
"""Lines of a section that are shown at first; HTML can unfold the rest, text counts it."""

_NAMES: dict[LineKind, tuple[str, str]] = {
    "database": ("database", "databases"),
    "file": ("file", "files"),
    "directory": ("folder", "folders"),
    "symlink": ("link", "links"),
    "variable": ("variable", "variables"),
    "package": ("package", "packages"),
    "variables": ("group of variables", "groups of variables"),
    "packages": ("list of packages", "lists of packages"),
}
_WITHOUT_SIZE: tuple[LineKind, ...] = ("directory", "symlink", "package", "session")
_VERDICTS = ("added", "changed", "removed", "unchanged")


def size_text(size: float) -> str:
    """Return a size, given in bytes.

    Examples
    --------
    >>> size_text(999), size_text(1_240_000)
    ('999 B', '1.2 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def when_text(seconds: float) -> str:
    """Return a time of the clock, with the date unless it is today.

    Parameters
    ----------
    seconds : float
        Seconds since 1970.
    """
    then, now = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def has_size(lines: Iterable[Line]) -> bool:
    """Tell whether any of these takes bytes that are worth telling."""
    return any(line.kind not in _WITHOUT_SIZE for line in lines)


def count_text(lines: Iterable[Line]) -> str:
    """Return how many of what there are.

    Examples
    --------
    >>> count_text([Line("a", "file", 1), Line("b", "file", 1), Line("c", "directory", 0)])
    '2 files, 1 folder'
    >>> count_text([Line("x", "variable", 28), Line("session", "session", 0)])
    '1 variable, settings'
    """
    counts: dict[LineKind, int] = {}
    for line in lines:
        counts[line.kind] = counts.get(line.kind, 0) + 1
    texts = [
        f"{counts[kind]:,} {one if counts[kind] == 1 else many}"
        for kind, (one, many) in _NAMES.items()
        if kind in counts
    ]
    # There is only one.
    texts += ["settings"] * ("session" in counts)
    return ", ".join(texts) or "nothing"


def outcome_text(lines: Iterable[Line]) -> str:
    """Return what happened to how many.

    Examples
    --------
    >>> outcome_text([Line("a", "file", 1, verdict="added"), Line("b", "file", 1, verdict="added")])
    '2 files added'
    """
    every = list(lines)
    counted = [line for line in every if line.kind != "session"]
    found = {it: [line for line in counted if line.verdict == it] for it in _VERDICTS}
    texts = [f"{count_text(some)} {verdict}" for verdict, some in found.items() if some]
    # A session is put back as a whole, so that counting it says nothing.
    texts += ["settings restored"] * (len(counted) < len(every))
    return "; ".join(texts)


def in_order(section: Section) -> list[Line]:
    """Put what changed first and folders last: a person looks for files."""
    return sorted(
        section.lines,
        key=lambda line: (line.verdict == "unchanged", line.kind == "directory", line.label),
    )


def shown_of(lines: list[Line]) -> list[Line]:
    """Return the lines that are shown at first: one alone is not worth a fold."""
    return lines if len(lines) <= SHOWN + 1 else lines[:SHOWN]


def line_size_text(line: Line) -> str:
    """Return the size of what has one."""
    return "" if line.kind in _WITHOUT_SIZE else size_text(line.size)


def excluded_texts(excluded: dict[str, list[str]]) -> list[str]:
    """Return each rule with some of what it leaves out."""
    texts = []
    for rule, paths in excluded.items():
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")
        texts.append(f"{rule}: {shown}")
    return texts


def printable(text: str) -> str:
    r"""Return text with its control characters spelled out: names come from strangers too.

    Examples
    --------
    >>> print(printable("two\nlines"))
    two\nlines
    """
    return "".join(
        character
        if unicodedata.category(character) not in ("Cc", "Cs")
        else character.encode("unicode_escape").decode()
        for character in text
    )
