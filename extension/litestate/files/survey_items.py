"""Data model of a survey: walk entries, items, and the survey itself."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..bundle.manifest import KERNEL_KINDS, Kind, Scope, Skipped
from ..bundle.member_names import link_problem, readable
from ..host.roots import Root
from ..variables.capture import Taken


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


@dataclass(frozen=True)
class Item:
    """One file, folder, link or database of the state.

    Attributes
    ----------
    root, relative : Root, str
        Its root, and the path below it with ``/``.
    path : pathlib.Path
        Absolute path.
    kind : {"file", "directory", "symlink", "database"}
        Kind of member.
    size, mode, mtime_ns : int
        Bytes of content, permission bits, nanoseconds since 1970.
    target : str
        Target of a symlink, relative to the folder of the link.
    """

    root: Root
    relative: str
    path: Path
    kind: Kind
    size: int
    mode: int
    mtime_ns: int
    target: str = ""

    @property
    def member(self) -> str:
        """Name of its member in a bundle."""
        return member_name(self.kind, self.root.name, self.relative)

    @property
    def place(self) -> str:
        """Root and relative path: equal for a file and a database of the same name."""
        return f"{self.root.name}/{readable(self.relative)}"

    @property
    def label(self) -> str:
        """Path as users write it."""
        return self.root.show(self.relative)


@dataclass
class Survey:
    """The present state.

    Attributes
    ----------
    scope : Scope
        The paths and variables that were considered.
    items : list of Item
        Files, folders, links and databases; a folder comes before its content.
    skipped : list of Skipped
        State that cannot be saved.
    unread : list of str
        Locations with unknown content: files that cannot be opened, folders that cannot be listed.
    excluded : dict of str to list of str
        Excluded paths by rule; most rules are patterns.
    taken : Taken or None
        The captured variables; None if they do not belong to the state.
    session, packages : dict or None
        The documents of the session and of the packages.
    notebook : str or None
        Path of the notebook, if it is known, for the manifest.
    """

    scope: Scope
    items: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)
    taken: Taken | None = None
    session: dict[str, Any] | None = None
    packages: dict[str, Any] | None = None
    notebook: str | None = None

    def of(self, *kinds: Kind) -> list[Item]:
        """Return the items of these kinds."""
        return [item for item in self.items if item.kind in kinds]


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


def member_name(kind: Kind, root: str, relative: str) -> str:
    """Return a bundle's member name.

    Examples
    --------
    >>> member_name("database", "home", "app.db")
    'databases/home/app.db'
    >>> member_name("session", "session", "session.json")
    'session/session.json'
    """
    if kind in KERNEL_KINDS:
        return f"{root}/{relative}"
    folder = "databases" if kind == "database" else "files"
    return f"{folder}/{root}/{relative}{'/' if kind == 'directory' else ''}"


def parents(relative: str) -> Iterator[str]:
    """Yield the folders above a relative path, the outermost first, without the root itself."""
    end = relative.find("/")
    while end > 0:
        yield relative[:end]
        end = relative.find("/", end + 1)


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
