"""The items of the state, and the survey that lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .manifest import KEPT_KINDS, Kind, Scope, Skipped
from .names import readable
from .places import Root
from .variables.taking import Taken


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
        Places with unknown content: files that cannot be opened, folders that cannot be listed.
    excluded : dict of str to list of str
        Excluded paths by rule; most rules are patterns.
    taken : Taken or None
        The captured variables; None if they do not belong to the state.
    session, packages : dict or None
        The documents of the session and of the packages.
    """

    scope: Scope
    items: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    excluded: dict[str, list[str]] = field(default_factory=dict)
    taken: Taken | None = None
    session: dict[str, Any] | None = None
    packages: dict[str, Any] | None = None

    def of(self, *kinds: Kind) -> list[Item]:
        """Return the items of these kinds."""
        return [item for item in self.items if item.kind in kinds]


def member_name(kind: Kind, root: str, relative: str) -> str:
    """Return a bundle's member name.

    Examples
    --------
    >>> member_name("database", "home", "app.db")
    'databases/home/app.db'
    >>> member_name("session", "session", "session.json")
    'session/session.json'
    """
    if kind in KEPT_KINDS:
        return f"{root}/{relative}"
    folder = "databases" if kind == "database" else "files"
    return f"{folder}/{root}/{relative}{'/' if kind == 'directory' else ''}"


def parents(relative: str) -> Iterator[str]:
    """Yield the folders above a relative path, the outermost first, without the root itself."""
    end = relative.find("/")
    while end > 0:
        yield relative[:end]
        end = relative.find("/", end + 1)
