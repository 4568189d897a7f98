"""The roots: folders that state is saved from and loaded into, with their names in bundles.

A bundle holds no absolute paths. It holds the name of a root and a path below it, and each system
has its own folder for that root: a bundle from one user's home folder opens in any other.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..bundle.member_names import readable
from ..platform import CLOCK, DRIVE, IN_BROWSER

HOME = "home"
NOTEBOOK = "notebook"
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class MendedDrive:
    """Queries about a drive that litestate has mended, so that it works like any folder.

    Paths are relative to the drive, with ``/``.

    Attributes
    ----------
    written : callable
        Returns the paths of existing files and folders that kernels of this site have made or
        written.
    unsaved : callable
        Returns the files that are only in this kernel's memory, each with the reason.
    has : callable
        Tells whether the version of a file from a time (seconds since 1970), or a newer one, is
        stored.
    limit : int
        Bytes of the largest file that the browser's storage accepts; larger ones stay in memory.
    writer : callable, optional
        Returns the notebook that wrote the version of a file from a time (seconds since 1970), or
        that made a folder (time None); ``""`` if the notebook is unknown, and None if no kernel
        of this site wrote it.
    read : callable
        Returns the files that kernels of this site have read and never written, each with its
        size in bytes at that time.
    """

    written: Callable[[], Iterable[str]]
    unsaved: Callable[[], dict[str, str]]
    has: Callable[[str, float], bool]
    limit: int
    writer: Callable[[str, float | None], str | None] | None = None
    read: Callable[[], Iterable[tuple[str, int]]] = tuple


@dataclass(frozen=True)
class Root:
    """One root folder.

    Attributes
    ----------
    name : str
        Its name in bundles.
    path : Path
        Its folder on this system.
    label : str
        Prefix of its paths for users, for example ``~/``.
    on_drive : bool
        Whether it is on JupyterLite's drive. The drive outlives the kernel and has no links.
        Staging there is wasteful: every file is stored.
    mended : MendedDrive or None
        Queries about the mended drive. On an unmended drive, every access is a request to the
        page, files have their content only after closing, and SQLite fails.
    modified_since : float or None
        Seconds since 1970: older files are not state, unless the user names them. None for any
        age.
    """

    name: str
    path: Path
    label: str
    on_drive: bool = False
    mended: MendedDrive | None = None
    modified_since: float | None = None

    @property
    def is_anywhere(self) -> bool:
        """Whether this is the whole file system."""
        return self.path == self.path.parent

    @property
    def is_unmended(self) -> bool:
        """Whether it is on a drive without litestate's changes, which is no ordinary folder."""
        return self.on_drive and self.mended is None

    def outlives(self, relative: str, size: int, mtime: float) -> bool:
        """Tell whether a version of a file or folder survives the end of the kernel.

        Parameters
        ----------
        relative : str
            Path below this root, with ``/``.
        size : int
            Bytes.
        mtime : float
            Seconds since 1970 when that version was written. A newer version counts too.
        """
        if self.mended is None:
            return self.on_drive
        if size > self.mended.limit:
            return False
        path = self.target(relative)
        if self.mended.has(path.relative_to(DRIVE).as_posix(), mtime):
            return True
        # The editor or the site may have stored it.
        try:
            status = path.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(status.st_mode) or status.st_mtime >= mtime - CLOCK

    def writer(self, relative: str, mtime: float | None) -> str | None:
        """Return the notebook that wrote a version of a file on the drive; see `MendedDrive`."""
        if self.mended is None or self.mended.writer is None:
            return ""
        return self.mended.writer(self.target(relative).relative_to(DRIVE).as_posix(), mtime)

    def below(self, paths: Iterable[str]) -> set[str]:
        """Return the relative paths of those paths on the drive that are below this root."""
        return {relative for _, relative in self.relative_paths(paths)}

    def relative_paths(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the paths on the drive that are below this root, each with its relative path."""
        above = self.path.relative_to(DRIVE).as_posix()
        prefix = "" if above == "." else f"{above}/"
        for path in paths:
            if path.startswith(prefix) and path != prefix.rstrip("/"):
                yield path, path.removeprefix(prefix)

    def is_open(self, path: Path) -> bool:
        """Tell whether a file on an unmended drive is open: its stored content may be old."""
        if not self.is_unmended or not IN_BROWSER:
            return False
        from ..browser.drive import open_paths

        return str(path) in open_paths()

    def show(self, relative: str) -> str:
        """Return the path as users write it."""
        return (
            (self.label + readable(relative))
            if relative
            else (self.label.rstrip("/") or str(self.path))
        )

    def target(self, relative: str) -> Path:
        """Return the absolute path for a relative one."""
        return self.path / relative


@dataclass(frozen=True)
class Roots:
    """The roots of this session, the more specific ones first."""

    roots: tuple[Root, ...]

    def root(self, name: str) -> Root | None:
        """Return the root of this name, or None."""
        return next((root for root in (*self.roots, _elsewhere()) if root.name == name), None)

    def locate(self, path: Path) -> tuple[Root, str]:
        """Return the root of a path, and the path relative to it with ``/``."""
        for root in sorted(self.roots, key=lambda root: -len(root.path.parts)):
            if path.is_relative_to(root.path):
                return root, _relative(path, root.path)
        return _elsewhere(), _relative(path, Path(path.anchor))

    @property
    def mended(self) -> MendedDrive | None:
        """Queries about the mended drive; None without a drive, or if it is not mended."""
        return next((root.mended for root in self.roots if root.mended), None)

    def unsaved(self) -> dict[Path, str]:
        """Return the files of the drive that are only in memory, each with the reason."""
        if self.mended is None:
            return {}
        return {DRIVE / path: reason for path, reason in self.mended.unsaved().items()}

    def path(self, place: str) -> Path:
        """Return the absolute path of a place (root and relative path).

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
        """Return the path as users write it."""
        root, relative = self.locate(path)
        return root.show(relative)


def detect() -> Roots:
    """Return the roots of the running session.

    In the browser: the home folder, and the notebook's folder on the drive. In plain Python: the
    current folder, and ``litestate-home`` in it for the home folder of a site, because a bundle
    must not write into a real home folder.
    """
    if not IN_BROWSER:
        return plain(Path.cwd())
    home = Root(HOME, Path.home(), "~/")
    if not DRIVE.is_dir():
        return Roots((home, Root(NOTEBOOK, home.path, "~/")))
    from ..browser import drive

    # Checked each time: the mended drive may be taken out of use later.
    mended = None
    if drive.is_mended():
        mended = MendedDrive(
            drive.written, drive.unsaved, drive.has, drive.limit(), drive.writer, drive.read
        )
    since = None if mended else _kernel_started()
    notebook = Root(
        NOTEBOOK, _notebook_folder, "", on_drive=True, mended=mended, modified_since=since
    )
    return Roots((home, notebook))


def plain(folder: Path) -> Roots:
    """Return the roots of a session of plain Python in a folder."""
    return Roots((_home_in(folder), Root(NOTEBOOK, folder, "")))


def below(folder: Path) -> Roots:
    """Return roots that are all inside of one folder."""
    elsewhere = Root(ELSEWHERE, folder / "litestate-elsewhere", "litestate-elsewhere/")
    return Roots((*plain(folder).roots, elsewhere))


def _home_in(folder: Path) -> Root:
    return Root(HOME, folder / "litestate-home", "litestate-home/")


def _relative(path: Path, folder: Path) -> str:
    relative = path.relative_to(folder).as_posix()
    return "" if relative == "." else relative


def _elsewhere() -> Root:
    return Root(ELSEWHERE, Path(Path.cwd().anchor), "/")


def _kernel_started() -> float:
    from ..browser.kernel import started

    return started()


def _folder_at_import() -> Path:
    """Return the notebook's folder: the kernel starts there."""
    folder = Path.cwd()
    return folder if folder.is_relative_to(DRIVE) else DRIVE


_notebook_folder = _folder_at_import() if IN_BROWSER else Path()
