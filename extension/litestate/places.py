"""Where state lives: the root folders, by the names that they have in a bundle.

A bundle never holds an absolute path. It holds a root's name and a path below it, and each system
says where that root is: a bundle that was made in somebody's home folder can be opened in
anybody's.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import names
from .platform import CLOCK, DRIVE, IN_BROWSER

HOME = "home"
NOTEBOOK = "notebook"
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Mended:
    """What is known of a drive that litestate has mended: it works as any folder does.

    Attributes
    ----------
    written : callable
        Returns the files and folders that kernels of this site have made or written and that are
        still there as far as is known: paths below the drive, with ``/``.
    unsaved : callable
        Returns what is in this kernel's memory only: path below the drive to the reason.
    has : callable
        Tells whether the version of a file (path below the drive, with ``/``) that was written at
        a time (seconds since 1970) is stored, or a newer one.
    limit : int
        Bytes of the largest file that the browser's storage takes; a larger one stays in memory.
    writer : callable, optional
        Returns which notebook wrote the version of a time of a file (a path and seconds as for
        `has`), or made a folder (whose time is None); ``""`` if it is not known which one, and None
        if no kernel of this site did.
    read : callable
        Returns the files that kernels of this site have read and never written: path below the
        drive, and the bytes that the file had then.
    """

    written: Callable[[], Iterable[str]]
    unsaved: Callable[[], dict[str, str]]
    has: Callable[[str, float], bool]
    limit: int
    writer: Callable[[str, float | None], str | None] | None = None
    read: Callable[[], Iterable[tuple[str, int]]] = tuple


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
        Whether this is on JupyterLite's drive: it outlives the kernel, has no links, and what is
        staged there would be stored for nothing.
    mended : Mended or None
        Of the drive: how it was mended. Where it was not, every access is a request to the page,
        files have their content when they are closed, and SQLite fails.
    modified_since : float or None
        Seconds since 1970: what is older is not state, unless it is named. None for no such rule.
    """

    name: str
    path: Path
    label: str
    on_drive: bool = False
    mended: Mended | None = None
    modified_since: float | None = None

    @property
    def is_anywhere(self) -> bool:
        """Whether this is the whole file system."""
        return self.path == self.path.parent

    @property
    def is_unmended(self) -> bool:
        """Whether this is on the drive as JupyterLite has it, which is no ordinary folder."""
        return self.on_drive and self.mended is None

    def outlives(self, relative: str, size: int, mtime: float) -> bool:
        """Tell whether a version of something is still here when the kernel is gone.

        Parameters
        ----------
        relative : str
            Path below this root, with ``/``.
        size : int
            Bytes.
        mtime : float
            Seconds since 1970: when that version was written. A newer one will do.
        """
        if self.mended is None:
            return self.on_drive
        if size > self.mended.limit:
            return False
        path = self.target(relative)
        if self.mended.has(path.relative_to(DRIVE).as_posix(), mtime):
            return True
        # Others may have stored it: somebody in the editor, or the site.
        try:
            status = path.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(status.st_mode) or status.st_mtime >= mtime - CLOCK

    def writer(self, relative: str, mtime: float | None) -> str | None:
        """Return which notebook wrote a version of something on the drive; see `Mended`."""
        if self.mended is None or self.mended.writer is None:
            return ""
        return self.mended.writer(self.target(relative).relative_to(DRIVE).as_posix(), mtime)

    def below(self, paths: Iterable[str]) -> set[str]:
        """Return those of the drive's paths that lie below this root, relative to it."""
        return {relative for _, relative in self.relative_paths(paths)}

    def relative_paths(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield those of the drive's paths that lie below this root, each with the relative one."""
        above = self.path.relative_to(DRIVE).as_posix()
        prefix = "" if above == "." else f"{above}/"
        for path in paths:
            if path.startswith(prefix) and path != prefix.rstrip("/"):
                yield path, path.removeprefix(prefix)

    def is_open(self, path: Path) -> bool:
        """Tell whether a file of the drive is open: what is stored may not be what is in it."""
        if not self.is_unmended or not IN_BROWSER:
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
        return self.path / relative


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

    @property
    def mended(self) -> Mended | None:
        """How the drive was mended; None if there is none, or if it was not."""
        return next((root.mended for root in self.roots if root.mended), None)

    def unsaved(self) -> dict[Path, str]:
        """Return the files of the drive that are in memory only, and why."""
        if self.mended is None:
            return {}
        return {DRIVE / path: reason for path, reason in self.mended.unsaved().items()}

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
    from .browser import drive

    # Asked each time: what is mended may step aside later.
    mended = None
    if drive.is_mended():
        mended = Mended(
            drive.written, drive.unsaved, drive.has, drive.limit(), drive.writer, drive.read
        )
    since = None if mended else _kernel_started()
    notebook = Root(
        NOTEBOOK, _notebook_folder, "", on_drive=True, mended=mended, modified_since=since
    )
    return Places((home, notebook))


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
    from .browser.kernel import started

    return started()


def _folder_at_import() -> Path:
    """Return the notebook's folder: the kernel starts there."""
    folder = Path.cwd()
    return folder if folder.is_relative_to(DRIVE) else DRIVE


_notebook_folder = _folder_at_import() if IN_BROWSER else Path()
