"""What belongs to the state: the result of a survey."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import names
from .manifest import KEPT_KINDS, Kind, Scope, Skipped
from .places import Root
from .variables.taking import Taken


@dataclass(frozen=True)
class Item:
    """One thing that belongs to the state.

    Attributes
    ----------
    root, relative : Root, str
        Where it belongs, with ``/`` between the parts.
    path : pathlib.Path
        Where it is.
    kind : {"file", "directory", "symlink", "database"}
        What it is.
    size, mode, mtime_ns : int
        Bytes of content, permission bits, nanoseconds since 1970.
    target : str
        Of a symlink: where it points, relative to its own folder.
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
        """Name of the bundle's member for it."""
        return member_name(self.kind, self.root.name, self.relative)

    @property
    def place(self) -> str:
        """Root and relative path: the same for a file and a database of one name."""
        return f"{self.root.name}/{names.readable(self.relative)}"

    @property
    def label(self) -> str:
        """Path as a person would write it."""
        return self.root.show(self.relative)


@dataclass
class Survey:
    """What is there.

    Attributes
    ----------
    scope : Scope
        Where was looked.
    items : list of Item
        What belongs to the state, a folder before what is in it.
    skipped : list of Skipped
        What would belong to it and cannot be saved.
    unread : list of str
        Places of which nobody can say what is there: files that cannot be opened, folders that
        cannot be listed.
    excluded : dict of str to list of str
        What a rule leaves out: the rule, mostly a pattern, to paths.
    taken : Taken or None
        The variables; None where they were not looked at.
    session, packages : dict or None
        Documents of the session around them, and of the packages.
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
