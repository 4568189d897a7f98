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

from . import places
from .browser import unrecorded
from .bundle.format import is_bundle
from .items import Survey
from .places import Places
from .platform import IN_BROWSER
from .report.words import size_text
from .spots import head_of
from .variables.connected import databases_of
from .variables.namespace import namespace

_SHOWN = 5

_CELLS = 500
"""Newest cells whose texts are looked at."""

_TEXTS = 5_000
"""Texts in all."""

_LONGEST = 1_000
"""Characters of a path."""

_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/opt", "/proc", "/sbin", "/sys", "/usr")
"""Folders of the system, and of Python's packages in the site."""


_PATHS = (type(Path()),)


def missing(found: Survey, unsaved: Container[str] = ()) -> list[str]:
    """Return a sentence for each database and file that is needed and not saved.

    Parameters
    ----------
    found : Survey
        What is saved.
    unsaved : container of str
        Places of what could not be saved after all.
    """
    texts = list(_databases(found, unsaved))
    # A program has paths for many reasons, and only in the site is it known what was read.
    if found.scope.paths is None and (IN_BROWSER or found.taken is not None):
        texts += _outside()
    return texts


def unsaved_notes(where: Places, among: Container[Path] | None = None) -> list[str]:
    """Return a sentence for each file of the notebook's folder that the browser could not store.

    Parameters
    ----------
    where : Places
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
    """Yield what connections that are saved will not find."""
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
    where = places.detect()
    path = where.path(place)
    label = where.show(path)
    verb = "are" if " and " in variables else "is"
    size, advice = (
        "",
        "The file is not there any more: copy what the connection still has into a new one.",
    )
    if path.is_file():
        size = f" ({size_text(path.stat().st_size)})"
        # Of what could not be saved, the report says why, and what to do.
        advice = "" if is_named else f"Add it with include={[label]!r}."
    text = (
        f"{variables} {verb} connected to {label}{size}, which is not in this bundle: where that "
        f"file is missing, {variables} cannot be loaded. {advice}"
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
        f"outside of the folders that are saved. Copy {them} beside the notebook, and use the copy."
    )


def _files_outside() -> list[tuple[str, int]]:
    """Return the files that are there, with their bytes."""
    where = places.detect()
    found: dict[str, int] = {}
    for text in _files_read() if IN_BROWSER else _paths_named():
        try:
            path = Path(os.path.normpath(Path.cwd() / Path(text).expanduser()))
            if _is_outside(path, where) and path.is_file() and not _is_bundle(path):
                found[str(path)] = path.stat().st_size
        except (OSError, ValueError, RuntimeError):
            # No path after all, or `~name` of a user that does not exist.
            continue
    return sorted(found.items())


def _is_outside(path: Path, where: Places) -> bool:
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


def _files_read() -> list[str]:
    from .browser.drive import read_anywhere

    return read_anywhere()


def _paths_named() -> Iterator[str]:
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
