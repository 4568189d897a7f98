"""Files that the notebook uses although a bundle, or the browser's storage, does not have them.

In the site the mended drive records what this kernel has read. In plain Python nothing watches, so
the paths in cells and variables count.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Container, Iterator
from pathlib import Path

from ..browser import unrecorded
from ..bundle.zip_format import is_bundle_file
from ..files.survey_items import Survey
from ..host import roots
from ..host.roots import Roots
from ..platform import IN_BROWSER
from ..report.lines import size_text
from ..variables.codecs.connections import databases_of
from ..variables.namespace import namespace

_SHOWN = 5

_CELLS = 500
"""Newest cells that are searched for paths."""

_TEXTS = 5_000
"""Number of paths to check."""

_LONGEST = 1_000
"""Characters of the longest path."""

_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/opt", "/proc", "/sbin", "/sys", "/usr")
"""System folders, and those of Python's packages in the site."""


_PATHS = (type(Path()),)


def missing(found: Survey, unsaved: Container[str] = ()) -> list[str]:
    """Return a sentence for each database and file that the notebook needs and the bundle lacks.

    Parameters
    ----------
    found : Survey
        The state that is saved.
    unsaved : container of str
        Paths of items that could not be saved.
    """
    texts = list(_databases(found, unsaved))
    # A program has paths for many reasons; only the site records which files were read.
    if found.scope.paths is None and (IN_BROWSER or found.taken is not None):
        texts += _outside()
    return texts


def unsaved_notes(where: Roots, among: Container[Path] | None = None) -> list[str]:
    """Return a sentence for each file of the notebook's folder that the browser could not store.

    Parameters
    ----------
    where : Roots
        The root folders of the session.
    among : container of pathlib.Path, optional
        Files to report, by default all.
    """
    return [
        f"{where.show(path)} is in memory only, the browser's storage does not hold it: {reason}. "
        "A reload loses it; a bundle or a checkpoint keeps it."
        for path, reason in sorted(where.unsaved().items())
        if among is None or path in among
    ]


def _databases(found: Survey, unsaved: Container[str]) -> Iterator[str]:
    """Yield a sentence for each database that a saved connection needs."""
    if found.taken is None:
        return
    needed: dict[str, set[str]] = {}
    for group in found.taken.groups:
        for name, place in databases_of(group):
            needed.setdefault(place, set()).add(name)
    here = {
        f"{item.root.name}/{item.relative}" for item in found.items if item.place not in unsaved
    }
    failed = {f"{it.root.name}/{it.relative}" for it in found.items} - here
    for place in sorted(needed.keys() - here):
        variables = [f"`{name}`" for name in sorted(needed[place])]
        yield _database(place, " and ".join(variables[:_SHOWN]), is_named=place in failed)


def _database(place: str, variables: str, *, is_named: bool) -> str:
    where = roots.detect()
    path = where.path(place)
    label = where.show(path)
    verb = "are" if " and " in variables else "is"
    size = ""
    advice = "That file is gone: copy the content of the connection into a new file with backup()."
    if path.is_file():
        size = f" ({size_text(path.stat().st_size)})"
        # The report has a reason and advice for items that could not be saved.
        advice = "" if is_named else f"Add it with include={[label]!r}."
    text = (
        f"{variables} {verb} connected to {label}{size}, which is not in this bundle. Without that "
        f"file {variables} cannot be loaded. {advice}"
    )
    return text.rstrip()


def _outside() -> Iterator[str]:
    files = _files_outside()
    if not files:
        return
    shown = [f"{path} ({size_text(size)})" for path, size in files[:_SHOWN]]
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    they_are, them = ("it is", "it") if len(files) == 1 else ("they are", "them")
    yield (
        f"Not in this bundle: {', '.join(shown)}{more}. The notebook uses {them}, but {they_are} "
        f"outside of the folders that are saved. Copy {them} beside the notebook and use the copy."
    )


def _files_outside() -> list[tuple[str, int]]:
    """Return the existing files outside of the roots that the notebook uses, with their sizes."""
    where = roots.detect()
    found: dict[str, int] = {}
    for text in _files_read() if IN_BROWSER else _paths_named():
        try:
            path = Path(os.path.normpath(Path.cwd() / Path(text).expanduser()))
            if _is_outside(path, where) and path.is_file() and not _is_bundle(path):
                found[str(path)] = path.stat().st_size
        except (OSError, ValueError, RuntimeError):
            # Not a path, or `~name` of a user that does not exist.
            continue
    return sorted(found.items())


def _is_outside(path: Path, where: Roots) -> bool:
    root, _ = where.locate(path)
    # A root can be a link to the folder that the path is in.
    inside = any(path.is_relative_to(each.path.resolve()) for each in where.roots)
    # In the site these prefixes are the root of the file system.
    own = (*_SYSTEM, *({sys.prefix, sys.base_prefix} - {os.sep}))
    return (
        root.is_anywhere
        and not inside
        and not any(path.is_relative_to(folder) for folder in own)
        and not any(part.startswith(".") for part in path.parts)
    )


def _is_bundle(path: Path) -> bool:
    # A saved bundle is no part of the next one.
    if path.suffix != ".zip":
        return False
    with unrecorded():
        return is_bundle_file(path)


def _files_read() -> list[str]:
    from ..browser.drive import read_anywhere

    return read_anywhere()


def _paths_named() -> Iterator[str]:
    count = 0
    for text in (text for text in _texts() if len(text) <= _LONGEST):
        # In `%run ../script.py 3` the path comes first.
        for each in dict.fromkeys((text, *text.split()[:1])):
            if os.sep in each or each.startswith("~"):
                count += 1
                yield each
        if count >= _TEXTS:
            return


def _texts() -> Iterator[str]:
    names = namespace()
    for name, value in list(names.items()):
        # Other types could run code of the notebook.
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
