"""Walk the roots, apply the rules, and tell files from databases.

Nothing is read here but folders and the first bytes of files.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from . import names, sqlite
from .bundle.format import HEAD, is_bundle
from .items import Item, Survey
from .manifest import Kind, Scope, Skipped
from .places import Places, Root
from .rules import EXCLUDED, matcher

_SPECIAL = "it is a device, a pipe or a socket"


class Walk:
    """One survey under way."""

    def __init__(self, places: Places, scope: Scope) -> None:
        self._places = places
        self._patterns = (*EXCLUDED, *scope.exclude)
        self._spec = matcher(self._patterns)
        self._found = Survey(scope)
        self._seen: set[Path] = set()
        self._named = False

    def run(self, starts: Iterable[tuple[Root, str]], *, named: bool) -> Survey:
        """Look at these folders and files; what is `named` is state however old it is."""
        self._named = named
        for root, relative in starts:
            self._start(root, relative)
        self._found.items.sort(
            key=lambda item: (item.root.name, PurePosixPath(item.relative).parts)
        )
        return self._found

    def _start(self, root: Root, relative: str) -> None:
        path = root.target(relative)
        if relative:
            self._visit(root, path, relative, base="")
        elif path.is_dir():
            self._enter(root, path, "", base="")

    def _enter(self, root: Root, folder: Path, relative: str, base: str) -> bool:
        """Visit what is in a folder; say whether anything in it is state."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entry.name for entry in entries)
        except OSError as error:
            self._skip(
                root,
                relative,
                f"the folder cannot be listed ({error.strerror})",
                "Check its permissions.",
            )
            return False
        databases = self._databases_with_sidecars(folder, found)
        visited = [
            self._visit(root, folder / name, _join(relative, name), _join(base, name))
            for name in found
            if not _is_sidecar(name, databases)
        ]
        return any(visited)

    def _visit(self, root: Root, path: Path, relative: str, base: str) -> bool:
        if path in self._seen:
            return True
        try:
            status = path.lstat()
        except OSError as error:
            self._skip(
                root,
                relative,
                f"it cannot be looked at ({error.strerror})",
                "Check its permissions.",
            )
            return False
        is_folder = stat.S_ISDIR(status.st_mode)
        if base and self._excluded(root, relative, base + "/" * is_folder):
            return False
        if self._is_other_root(path, root):
            return False
        self._seen.add(path)
        if is_folder:
            return self._folder(root, path, relative, base, status)
        return self._leaf(root, path, relative, status)

    def _folder(
        self, root: Root, path: Path, relative: str, base: str, status: os.stat_result
    ) -> bool:
        has_state = self._enter(root, path, relative, base)
        wanted = has_state or not self._is_old(root, status)
        if wanted:
            self._add(root, path, relative, "directory", status)
        return wanted

    def _leaf(self, root: Root, path: Path, relative: str, status: os.stat_result) -> bool:
        if self._is_old(root, status):
            self._found.unchanged += 1
            return False
        if stat.S_ISLNK(status.st_mode):
            return self._link(root, path, relative, status)
        if not stat.S_ISREG(status.st_mode):
            self._skip(root, relative, _SPECIAL, "Only files, folders and links are saved.")
            return False
        return self._file(root, path, relative, status)

    def _file(self, root: Root, path: Path, relative: str, status: os.stat_result) -> bool:
        kind: Kind = "file"
        try:
            if sqlite.is_database(path, status.st_size):
                kind = "database"
            elif status.st_size >= HEAD and is_bundle(_head(path)):
                self._found.excluded.setdefault("litestate bundles", []).append(root.show(relative))
                return False
        except OSError as error:
            self._skip(
                root, relative, f"it cannot be read ({error.strerror})", "Check its permissions."
            )
            return False
        self._add(root, path, relative, kind, status)
        return True

    def _link(self, root: Root, path: Path, relative: str, status: os.stat_result) -> bool:
        target = link_target(root, relative, os.fspath(path.readlink()))
        if target is None:
            self._skip(
                root,
                relative,
                "it is a link that leads out of what is saved",
                "Copy what it points to.",
            )
            return False
        self._add(root, path, relative, "symlink", status, target)
        return True

    def _add(
        self,
        root: Root,
        path: Path,
        relative: str,
        kind: Kind,
        status: os.stat_result,
        target: str = "",
    ) -> None:
        mode = stat.S_IMODE(status.st_mode)
        self._found.items.append(
            Item(root, relative, path, kind, status.st_size, mode, status.st_mtime_ns, target)
        )

    def _skip(self, root: Root, relative: str, reason: str, advice: str) -> None:
        self._found.skipped.append(
            Skipped(root.show(relative), reason, advice, f"{root.name}/{relative}")
        )

    def _excluded(self, root: Root, relative: str, name: str) -> bool:
        verdict = self._spec.check_file(name)
        if not verdict.include or verdict.index is None:
            return False
        self._found.excluded.setdefault(self._patterns[verdict.index], []).append(
            root.show(relative)
        )
        return True

    def _is_old(self, root: Root, status: os.stat_result) -> bool:
        since = root.modified_since
        return since is not None and not self._named and status.st_mtime < since

    def _is_other_root(self, path: Path, root: Root) -> bool:
        return any(path == other.path != root.path for other in self._places.roots)

    @staticmethod
    def _databases_with_sidecars(folder: Path, found: Sequence[str]) -> set[str]:
        present = set(found)
        owners = {
            name.removesuffix(suffix)
            for name in found
            for suffix in sqlite.SIDECARS
            if name.endswith(suffix)
        }
        return {name for name in owners & present if _is_database_file(folder / name)}


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


def _is_sidecar(name: str, databases: set[str]) -> bool:
    return any(
        name.endswith(suffix) and name.removesuffix(suffix) in databases
        for suffix in sqlite.SIDECARS
    )


def _is_database_file(path: Path) -> bool:
    try:
        # A database that was never committed is still empty, and its journal is no state either.
        size = path.stat().st_size
        return size == 0 or sqlite.is_database(path, size)
    except OSError:
        return False


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
