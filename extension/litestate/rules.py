"""What is left out of the state, in gitignore syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pathspec import GitIgnoreSpec

from .errors import DamagedBundleError, SelectionError, UnsafeBundleError

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
    # A notebook that is open must not be replaced under the editor's feet; JupyterLite keeps
    # notebooks itself.
    "*.ipynb",
    # Checkpoints of plain Python.
    ".litestate/",
    # Where changes are staged; what is left of a load that was killed is not state.
    ".litestate-*/",
)
"""What is not state, in gitignore syntax: caches, temporary files, notebooks, other tools'
stores."""


_LONGEST_PATTERN, _MOST_STARS = 1024, 3
"""Of a stranger's pattern: characters, and stars between two slashes. A name has at most 255
characters, so that three stars have fewer than three million ways to divide it."""


def patterns_of(exclude: Sequence[str] | str) -> tuple[str, ...]:
    """Return what ``exclude=`` names as patterns.

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
    """Refuse patterns of a bundle that cannot be tried without risk.

    A pattern becomes a regular expression, and one with many stars can take years to find that a
    name does not match.

    Raises
    ------
    UnsafeBundleError
        Naming the pattern.
    DamagedBundleError
        If one is not a pattern.
    """
    for pattern in patterns:
        stars = max(part.count("*") for part in pattern.replace("**", "").split("/"))
        if len(pattern) > _LONGEST_PATTERN or stars > _MOST_STARS:
            raise UnsafeBundleError(
                f"clean=True would need the bundle's own pattern {pattern[:80]!r}, which could "
                "take for ever to try. Nothing was changed. Load without clean=True."
            )
        try:
            matcher([pattern])
        except SelectionError:
            raise DamagedBundleError(
                f"The bundle is damaged: {pattern[:80]!r}, by which it says what it left out, is "
                "no pattern. Nothing was changed. Load without clean=True."
            ) from None


def matcher(patterns: Iterable[str]) -> GitIgnoreSpec:
    """Compile gitignore patterns, or return what was compiled before.

    Raises
    ------
    SelectionError
        Naming what is not a pattern.
    """
    return _compiled(tuple(patterns))


@lru_cache(maxsize=32)
def _compiled(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (ValueError, TypeError) as error:
        raise SelectionError(f"exclude= takes patterns as in a .gitignore file: {error}") from None
