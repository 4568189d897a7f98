"""A path that a walk visits, and the paths that notebooks have written."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Set
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .names import link_problem
from .places import Root


class Entry(NamedTuple):
    """A file, folder or link on the way of a walk.

    Attributes
    ----------
    root, relative : Root, str
        Its root, and the path below it with ``/``.
    location : str
        Absolute path.
    base : str
        Path below the start of the walk; empty for the start itself.
    """

    root: Root
    relative: str
    location: str
    base: str = ""

    @classmethod
    def at(cls, root: Root, relative: str, base: str = "") -> Entry:
        """Return the entry for a path below a root."""
        return cls(root, relative, os.fspath(root.target(relative)), base)

    @property
    def path(self) -> Path:
        """Absolute path."""
        return Path(self.location)

    @property
    def place(self) -> str:
        """Root and relative path."""
        return f"{self.root.name}/{self.relative}"

    @property
    def label(self) -> str:
        """Path as users write it."""
        return self.root.show(self.relative)

    def child(self, name: str) -> Entry:
        """Return the entry of this name in a folder."""
        return Entry(
            self.root,
            _join(self.relative, name),
            self.location.rstrip(os.sep) + os.sep + name,
            _join(self.base, name),
        )


class WrittenPaths:
    """Files and folders that notebooks have written, as a tree with their parent folders.

    Parameters
    ----------
    paths : iterable of str
        Relative paths, with ``/``.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._names: dict[str, set[str]] = {}
        for path in self._paths:
            self._add(path)

    def _add(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        names = self._names.setdefault(folder, set())
        is_new = name not in names
        names.add(name)
        if folder and is_new:
            self._add(folder)

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def names(self, folder: str) -> Set[str]:
        """Return the names in a folder, ``""`` for the outermost one.

        Examples
        --------
        >>> sorted(WrittenPaths(["a", "b/c/d"]).names(""))
        ['a', 'b']
        """
        return self._names.get(folder, set())


def link_target(root: Root, relative: str, target: str) -> str | None:
    """Return a link's target relative to its own folder, or None if it leads out of the root.

    Only the text counts: the target need not exist.
    """
    folder = PurePosixPath(relative).parent
    if Path(target).is_absolute():
        try:
            inside = Path(os.path.normpath(target)).relative_to(root.path).as_posix()
        except ValueError:
            return None
        target = os.path.relpath(inside, folder)
    target = posixpath.normpath(target)
    return None if link_problem(relative, target) else target


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
