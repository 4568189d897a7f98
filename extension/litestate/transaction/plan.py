"""The plan of a load: its staged changes, which are committed together or not at all.

Before `Plan.commit`, only staging folders are written.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from .. import sqlite
from ..bundle.manifest import Member
from ..errors import ApplyError, BundleError, UnsafeBundleError
from ..files.survey_items import Item, parents
from ..host.roots import Root
from ..report import Line
from .changes import (
    Batch,
    Change,
    MakeFolder,
    NotUndoneError,
    Overwrite,
    RemoveFolder,
    Replace,
    SetAttributes,
    uninterrupted,
)

Verdict = Literal["added", "changed", "unchanged", "removed"]


@dataclass(frozen=True)
class Target:
    """A member of the bundle, and its root in this session."""

    member: Member
    root: Root

    @cached_property
    def path(self) -> Path:
        """Absolute path."""
        return self.root.target(self.member.relative)

    @property
    def label(self) -> str:
        """Path as users write it."""
        return self.root.show(self.member.relative)


@dataclass
class Plan:
    """The changes that a load would make.

    Attributes
    ----------
    dry_run : bool
        Whether to compare only: nothing is staged, and there is nothing to commit.
    """

    dry_run: bool = False
    _changes: list[Change] = field(default_factory=list)
    _attributes: list[Change] = field(default_factory=list)
    _last: list[Change] = field(default_factory=list)
    _latest: list[Change] = field(default_factory=list)
    _folders: set[Path] = field(default_factory=set)
    _staging: dict[Path, Path] = field(default_factory=dict)
    _checked: set[str] = field(default_factory=set)
    _gone: set[Path] = field(default_factory=set)
    _staged: int = 0
    _batch: Batch | None = None

    def add(self, change: Change) -> None:
        """Append a change."""
        self._changes.append(change)

    def add_last(self, change: Change, *, late: bool = False) -> None:
        """Append a change that comes after all others, and a ``late`` one after these."""
        if not self.dry_run:
            (self._latest if late else self._last).append(change)

    def set_attributes(self, target: Target) -> None:
        """Set mode and time after the other changes; an unmended drive stores neither."""
        if not target.root.is_unmended:
            self._attributes.append(
                SetAttributes(target.path, target.member.mode, target.member.mtime_ns)
            )

    def new_path(self, root: Root, target: Path) -> Path:
        """Return a free path in a staging folder on the file system of the target."""
        self._staged += 1
        return self._staging_folder(root, target) / str(self._staged)

    def replace(self, root: Root, path: Path, staged: Path | None) -> None:
        """Put a staged file at a path, or remove the present file if there is no staged one.

        Raises
        ------
        DatabaseBusyError
            If the present file is a database in use: a replacement would lose uncommitted rows.
        ApplyError
            If the present file is open, on a drive that is not mended.
        """
        check_closed(root, path)
        if _is_database(path) and not root.is_unmended:
            sqlite.check_replaceable(path)
            self.remove_sidecars(root, path)
        self._replace(root, path, staged)

    def remove_sidecars(self, root: Root, path: Path) -> None:
        """Remove log and journal of a database, which SQLite would replay into the next one."""
        for suffix in sqlite.SIDECARS:
            stale = path.with_name(path.name + suffix)
            if stale.exists():
                self._replace(root, stale, None)

    def _replace(self, root: Root, path: Path, staged: Path | None) -> None:
        aside = self.new_path(root, path)
        if root.on_drive:
            self.add(Overwrite(path, staged, aside, attributes=not root.is_unmended))
        else:
            self.add(Replace(path, staged, aside))

    def make_folder(self, root: Root, path: Path) -> None:
        """Create a folder, replacing a file or link of that name."""
        if path in self._folders:
            return
        self._folders.add(path)
        if self.dry_run:
            return
        if os.path.lexists(path):
            self.replace(root, path, None)
        self.add(MakeFolder(path))

    def make_way(self, target: Target) -> None:
        """Create the parent folders of a target, and check that none leads out of the root.

        Raises
        ------
        UnsafeBundleError
            If the target would be written through a link that leads out.
        ApplyError
            If a folder stands where the target belongs.
        """
        for relative in ("", *parents(target.member.relative)):
            if (place := f"{target.root.name}/{relative}") not in self._checked:
                self._checked.add(place)
                self._check_parent(target, target.root.target(relative))
        is_removed = target.path in self._gone
        if target.member.kind != "directory" and _is_folder(target.path) and not is_removed:
            raise ApplyError(
                f"{target.label} is a {target.member.kind} in the bundle and a folder here. "
                "Nothing was changed. "
                "Rename or remove the folder, then load again."
            )

    def remove_all(self, items: Sequence[Item]) -> list[Line]:
        """Remove items; a folder is removed only if that leaves it empty.

        Returns
        -------
        list of Line
            One line for each removed item.

        Raises
        ------
        DatabaseBusyError
            If an item is a database in use: its uncommitted rows would be lost.
        """
        gone = self._gone
        lines = []
        # A survey lists a folder before its content, which must be removed first.
        for item in reversed(items):
            if item.kind == "directory" and not gone.issuperset(item.path.iterdir()):
                continue
            self._remove(item)
            lines.append(Line(item.label, item.kind, item.size, verdict="removed"))
        return lines

    def _remove(self, item: Item) -> None:
        self._gone.add(item.path)
        if item.kind == "database":
            self._gone.update(item.path.with_name(item.path.name + end) for end in sqlite.SIDECARS)
        if self.dry_run:
            return
        if item.kind == "directory":
            self.add(RemoveFolder(item.path))
        else:
            self.replace(item.root, item.path, None)

    def commit(self) -> None:
        """Make all changes or none.

        Raises
        ------
        ApplyError
            If a change failed; the changes before it were undone.
        """
        # Attributes of inner paths first: those of an outer folder may forbid access.
        self._batch = Batch(
            [*self._changes, *reversed(self._attributes), *self._last, *self._latest]
        )
        try:
            self._batch.commit()
        except NotUndoneError as error:
            folders = ", ".join(str(folder) for folder in self._staging.values())
            failed = "; ".join(f"{change}: {why}" for change, why in error.failed)
            raise ApplyError(
                f"Loading failed ({error.__cause__!r}), and {len(error.failed)} of its changes "
                f"could not be undone: {failed}. The previous files are in {folders}."
            ) from error
        except BundleError:
            # From the variables, which are decoded in this step.
            raise
        except Exception as error:
            raise ApplyError(
                f"Loading failed and everything is as it was before: {error}"
            ) from error

    def close(self) -> None:
        """Remove the staging folders, unless they hold the only copy of a previous file."""
        if self._batch is None or self._batch.settled:
            with uninterrupted():
                for folder in self._staging.values():
                    shutil.rmtree(folder, ignore_errors=True)

    def _check_parent(self, target: Target, folder: Path) -> None:
        if folder in self._folders:
            return
        if (
            folder.is_symlink()
            and folder != target.root.path
            and not self._stays_inside(folder, target.root)
        ):
            raise UnsafeBundleError(
                f"{target.label} would be written through the link {folder}, which leads out "
                f"of {target.root.path}. "
                "Nothing was changed. Remove the link, then load again."
            )
        if os.path.lexists(folder) and not folder.is_dir():
            raise ApplyError(
                f"{target.label} belongs in the folder {folder}, which is a file here. "
                "Nothing was changed. Rename or remove the file, then load again."
            )
        for missing in reversed([folder, *folder.parents]):
            if not missing.is_dir() and missing not in self._folders:
                self.make_folder(target.root, missing)

    @staticmethod
    def _stays_inside(folder: Path, root: Root) -> bool:
        return folder.resolve().is_relative_to(root.path.resolve())

    def _staging_folder(self, root: Root, target: Path) -> Path:
        key = _existing(target.parent) if root.is_anywhere else root.path
        if key not in self._staging:
            near = None if root.on_drive else _existing(key)
            self._staging[key] = Path(tempfile.mkdtemp(prefix=".litestate-", dir=near))
        return self._staging[key]


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def check_closed(root: Root, path: Path) -> None:
    """Refuse to change an open file of a drive that is not mended.

    Raises
    ------
    ApplyError
        If it is open: closing it later would store its old content again.
    """
    if root.is_open(path):
        raise ApplyError(
            f"{path} is open, and files of the notebook's folder cannot be changed while they are "
            "open. Nothing was changed. Close the file or the connection, then try again."
        )


def _is_database(path: Path) -> bool:
    return (
        path.is_file() and not path.is_symlink() and sqlite.is_database(path, path.stat().st_size)
    )


def _is_folder(path: Path) -> bool:
    return os.path.lexists(path) and stat.S_ISDIR(path.lstat().st_mode)
