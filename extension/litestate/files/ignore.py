"""Ignore rules: the patterns that exclude files from the state, in gitignore syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pathspec import GitIgnoreSpec

from ..errors import DamagedBundleError, SelectionError, UnsafeBundleError

EXCLUDED = (
    "__pycache__/",
    "*.py[cod]",
    ".cache/",
    ".*_cache/",
    ".ipynb_checkpoints/",
    ".ipython/",
    ".jupyter/",
    ".config/matplotlib/",
    ".matplotlib/",
    ".git/",
    ".venv/",
    "node_modules/",
    "*.tmp",
    "*.temp",
    "*.swp",
    "*~",
    ".~*",
    ".#*",
    ".DS_Store",
    "Thumbs.db",
    # An open notebook must not be replaced while it is edited. JupyterLite stores notebooks.
    "*.ipynb",
    # Checkpoints of plain Python.
    ".litestate/",
    # Staging folders; one is left if a load is killed.
    ".litestate-*/",
)
"""Default patterns: caches, temporary files, notebooks, data of other tools."""

_LONGEST_PATTERN, _MOST_STARS = 1024, 3
"""Limits for a stranger's pattern: characters, and stars between two slashes. Three stars divide a
name of 255 characters in fewer than three million ways."""


def patterns_of(exclude: Sequence[str] | str) -> tuple[str, ...]:
    """Return the patterns of ``exclude=``.

    Raises
    ------
    SelectionError
        If it is neither a string nor a list of strings.
    """
    given = (exclude,) if isinstance(exclude, str) else exclude
    if not isinstance(given, Sequence) or not all(isinstance(item, str) for item in given):
        raise SelectionError(f"exclude= takes a pattern or a list of patterns, not {exclude!r}.")
    return tuple(given)


def check_foreign(patterns: Iterable[str]) -> None:
    """Refuse patterns of a bundle that may take too long to match.

    A pattern becomes a regular expression. One with many stars can take years to reject a name.

    Raises
    ------
    UnsafeBundleError
        Naming the pattern.
    DamagedBundleError
        If a pattern is invalid.
    """
    for pattern in patterns:
        stars = max(part.count("*") for part in pattern.replace("**", "").split("/"))
        if len(pattern) > _LONGEST_PATTERN or stars > _MOST_STARS:
            raise UnsafeBundleError(
                f"clean=True needs the pattern {pattern[:80]!r} of the bundle, which may take "
                "forever to match. Nothing was changed. Load without clean=True."
            )
        try:
            matcher([pattern])
        except SelectionError:
            raise DamagedBundleError(
                f"The bundle is damaged: {pattern[:80]!r} in its list of excluded files is not a "
                "pattern. Nothing was changed. Load without clean=True."
            ) from None


def matcher(patterns: Iterable[str]) -> GitIgnoreSpec:
    """Compile gitignore patterns; the results are cached.

    Raises
    ------
    SelectionError
        Naming the invalid pattern.
    """
    return _compiled(tuple(patterns))


@lru_cache(maxsize=32)
def _compiled(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (ValueError, TypeError) as error:
        raise SelectionError(f"exclude= takes patterns as in a .gitignore file: {error}") from None
