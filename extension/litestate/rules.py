"""What is left out of the state, in gitignore syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pathspec import GitIgnoreSpec

from .errors import SelectionError

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
    # Where changes are staged; what is left of a load that was killed is not state.
    ".litestate-*/",
)
"""What is not state, in gitignore syntax: caches, temporary files, notebooks, other tools'
stores."""


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


def matcher(patterns: Iterable[str]) -> GitIgnoreSpec:
    """Compile gitignore patterns.

    Raises
    ------
    SelectionError
        Naming what is not a pattern.
    """
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (ValueError, TypeError) as error:
        raise SelectionError(f"exclude= takes patterns as in a .gitignore file: {error}") from None
