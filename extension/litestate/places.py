"""Where state lives: the root folders, by the names that they have in a bundle.

A bundle never holds an absolute path. It holds a root's name and a path below it, and each system
says where that root is: a bundle that was made in somebody's home folder can be opened in
anybody's.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from . import names

HOME = "home"
NOTEBOOK = "notebook"
ELSEWHERE = "elsewhere"

DRIVE = Path("/drive")
"""Where JupyterLite mounts the contents that its file browser shows."""

DRIVE_LIMIT = 90_000_000
"""Bytes of one file on the drive. Above about 95 MiB, JupyterLite's kernel hangs."""

IN_BROWSER = sys.platform == "emscripten"


@dataclass(frozen=True)
class Root:
    """A folder that state is saved from and loaded into.

    Attributes
    ----------
    name : str
        Its name in bundles.
    path : Path
        Where it is here.
    label : str
        What stands before a relative path when a person reads it, for example ``~/``.
    on_drive : bool
        Whether every access is a request to the page, so that little may be asked and nothing be
        staged there.
    modified_since : float or None
        Seconds since 1970: what is older is not state, unless it is named. None for no such rule.
    """

    name: str
    path: Path
    label: str
    on_drive: bool = False
    modified_since: float | None = None

    @property
    def is_anywhere(self) -> bool:
        """Whether this is the whole file system."""
        return self.path == self.path.parent

    def is_open(self, path: Path) -> bool:
        """Tell whether a file of the drive is open: what is stored may not be what is in it."""
        if not self.on_drive or not IN_BROWSER:
            return False
        from .browser.drive import open_paths

        return str(path) in open_paths()

    def show(self, relative: str) -> str:
        """Return the path as a person would write it."""
        return (
            (self.label + names.readable(relative))
            if relative
            else (self.label.rstrip("/") or str(self.path))
        )

    def target(self, relative: str) -> Path:
        """Return the path of something below this root."""
        return self.path.joinpath(*PurePosixPath(relative).parts)


@dataclass(frozen=True)
class Places:
    """The root folders of this session, the more specific ones first."""

    roots: tuple[Root, ...]

    def root(self, name: str) -> Root | None:
        """Return the root of this name, or None."""
        return next((root for root in (*self.roots, _elsewhere()) if root.name == name), None)

    def locate(self, path: Path) -> tuple[Root, str]:
        """Return the root that a path belongs to and its relative path there, with ``/``."""
        for root in sorted(self.roots, key=lambda root: -len(root.path.parts)):
            if path.is_relative_to(root.path):
                return root, _relative(path, root.path)
        return _elsewhere(), _relative(path, Path(path.anchor))

    def path(self, place: str) -> Path:
        """Return where a place (root and relative path) is here.

        Raises
        ------
        KeyError
            If there is no such root.
        """
        name, _, relative = place.partition("/")
        root = self.root(name)
        if root is None:
            raise KeyError(name)
        return root.target(relative)

    def show(self, path: Path) -> str:
        """Return the path as a person would write it."""
        root, relative = self.locate(path)
        return root.show(relative)


def detect() -> Places:
    """Return the root folders of the running session.

    In the browser: the home folder, and the notebook's folder on the drive.
    Elsewhere: the current folder, and in it ``litestate-home`` for what a site's home folder held,
    because a bundle from somebody else must not write into a real home folder.
    """
    if not IN_BROWSER:
        return plain(Path.cwd())
    home = Root(HOME, Path.home(), "~/")
    if not DRIVE.is_dir():
        return Places((home, Root(NOTEBOOK, home.path, "~/")))
    folder = _notebook_folder
    return Places(
        (home, Root(NOTEBOOK, folder, "", on_drive=True, modified_since=_kernel_started()))
    )


def plain(folder: Path) -> Places:
    """Return the root folders of a session of plain Python in a folder."""
    return Places((_home_in(folder), Root(NOTEBOOK, folder, "")))


def below(folder: Path) -> Places:
    """Return root folders that keep everything in one folder, wherever it came from."""
    elsewhere = Root(ELSEWHERE, folder / "litestate-elsewhere", "litestate-elsewhere/")
    return Places((*plain(folder).roots, elsewhere))


def _home_in(folder: Path) -> Root:
    return Root(HOME, folder / "litestate-home", "litestate-home/")


def _relative(path: Path, folder: Path) -> str:
    relative = path.relative_to(folder).as_posix()
    return "" if relative == "." else relative


def _elsewhere() -> Root:
    return Root(ELSEWHERE, Path(Path.cwd().anchor), "/")


def _kernel_started() -> float:
    from .browser.session import started

    return started()


def _folder_at_import() -> Path:
    """Return the notebook's folder: the kernel starts there."""
    folder = Path.cwd()
    return folder if folder.is_relative_to(DRIVE) else DRIVE


_notebook_folder = _folder_at_import() if IN_BROWSER else Path()
