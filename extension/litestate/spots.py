"""A place that a walk comes to, and what its name and its first bytes say."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from . import names, sqlite
from .bundle.format import HEAD
from .places import Root


class Spot(NamedTuple):
    """A place on the way: below which root, where that is, and below which start of the walk."""

    root: Root
    relative: str
    location: str
    base: str = ""

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.location)

    @property
    def place(self) -> str:
        """Root and relative path."""
        return f"{self.root.name}/{self.relative}"

    @property
    def label(self) -> str:
        """Path as a person would write it."""
        return self.root.show(self.relative)

    def child(self, name: str) -> Spot:
        """Return what has this name in it."""
        return Spot(
            self.root,
            _join(self.relative, name),
            self.location.rstrip(os.sep) + os.sep + name,
            _join(self.base, name),
        )


def link_target(root: Root, relative: str, target: str) -> str | None:
    """Return a link's target relative to its own folder, or None if it leads out of the root.

    Only the text is looked at: what the link points to need not exist.
    """
    folder = PurePosixPath(relative).parent
    if Path(target).is_absolute():
        try:
            inside = Path(os.path.normpath(target)).relative_to(root.path).as_posix()
        except ValueError:
            return None
        target = os.path.relpath(inside, folder)
    target = posixpath.normpath(target)
    return None if names.link_problem(relative, target) else target


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def is_sidecar(path: Path) -> bool:
    """Tell whether this is what SQLite keeps beside a database, which is captured with it."""
    suffix = next((suffix for suffix in sqlite.SIDECARS if path.name.endswith(suffix)), "")
    owner = path.with_name(path.name.removesuffix(suffix) or path.name)
    if owner == path:
        return False
    try:
        return sqlite.is_database(owner, owner.stat().st_size)
    except OSError:
        return False


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, as many as tell whether it is a bundle."""
    with path.open("rb") as file:
        return file.read(HEAD)
