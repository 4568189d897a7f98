"""Files outside of the roots that the notebook uses.

In the site the mended drive knows what this kernel has read. In plain Python nothing watches: what
is looked at are the paths in cells and variables.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from . import places
from .bundle.format import is_bundle
from .platform import IN_BROWSER
from .reading import unrecorded
from .spots import head_of
from .variables.namespace import namespace

_CELLS = 500
"""Newest cells whose texts are looked at."""

_TEXTS = 5_000
"""Texts in all."""

_LONGEST = 1_000
"""Characters of a path."""

_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/opt", "/proc", "/sbin", "/sys", "/usr")
"""Folders of the system, and of Python's packages in the site."""


_PATHS = (type(Path()),)


def files() -> list[tuple[str, int]]:
    """Return the files that are there, with their bytes."""
    where = places.detect()
    found: dict[str, int] = {}
    for text in _read() if IN_BROWSER else _named():
        try:
            path = Path(os.path.normpath(Path.cwd() / Path(text).expanduser()))
            if _is_outside(path, where) and path.is_file() and not _is_bundle(path):
                found[str(path)] = path.stat().st_size
        except (OSError, ValueError, RuntimeError):
            # No path after all, or `~name` of a user that does not exist.
            continue
    return sorted(found.items())


def _is_outside(path: Path, where: places.Places) -> bool:
    root, _ = where.locate(path)
    # Below the real folder, where a root is named by a link.
    inside = any(path.is_relative_to(each.path.resolve()) for each in where.roots)
    # In the site these are the whole file system.
    own = (*_SYSTEM, *({sys.prefix, sys.base_prefix} - {os.sep}))
    return (
        root.is_anywhere
        and not inside
        and not any(path.is_relative_to(folder) for folder in own)
        and not any(part.startswith(".") for part in path.parts)
    )


def _is_bundle(path: Path) -> bool:
    # One that was saved is no part of the next.
    if path.suffix != ".zip":
        return False
    with unrecorded():
        return is_bundle(head_of(path))


def _read() -> list[str]:
    from .browser.drive import read_anywhere

    return read_anywhere()


def _named() -> Iterator[str]:
    count = 0
    for text in (text for text in _texts() if len(text) <= _LONGEST):
        # `%run ../script.py 3` has its file first.
        for each in dict.fromkeys((text, *text.split()[:1])):
            if os.sep in each or each.startswith("~"):
                count += 1
                yield each
        if count >= _TEXTS:
            return


def _texts() -> Iterator[str]:
    names = namespace()
    for name, value in list(names.items()):
        # No code of the notebook's runs for this.
        if type(value) in (str, *_PATHS) and not name.startswith("_"):
            yield str(value)
    cells = names.get("In")
    for source in cells[: -_CELLS - 1 : -1] if isinstance(cells, list) else ():
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
