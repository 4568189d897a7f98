"""Scans of the state for what may have changed: files, databases, variables, session, packages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from .. import environment, packages
from ..browser import unrecorded
from ..bundle.manifest import KERNEL_KINDS, Skipped
from ..bundle.variable_members import PACKAGES_MEMBER, SESSION_MEMBER
from ..files.stat_cache import StatCache
from ..files.survey import Paths, starts_of
from ..files.survey_items import Survey
from ..files.walk import Walk
from ..host import roots
from ..host.roots import Root
from ..variables.changes.tracker import VariableScanner, VariablesScan
from ..variables.namespace import Choice
from .store.entries import Entry, Tree

Touched = Callable[[], set[str]]
"""Returns the paths on the drive, below its root, that this kernel wrote since the last call."""


Used = Callable[[], frozenset[str] | None]
"""Returns the names that cells have used since the last call; None if that may be any name."""


_ALONG = ("cells",)
"""Parts of the session that are stored together with other changes, and do not count as a change:
a cell that only shows something is executed, too."""


@dataclass(frozen=True)
class Document:
    """The settings of the session, or the list of installed packages.

    Attributes
    ----------
    kind, name : str
        Kind and last part of the name, of the bundle's member and of the entry.
    data : bytes
        JSON.
    digest : str
        Hash of the parts whose change is worth a checkpoint.
    """

    kind: str
    name: str
    data: bytes
    digest: str


@dataclass(frozen=True)
class KernelScan:
    """The part of a scan that is about the kernel's memory.

    Attributes
    ----------
    variables : VariablesScan
        The variables.
    documents : list of Document
        Session and packages.
    skipped : list of Skipped
        Parts of the documents that cannot be stored.
    """

    variables: VariablesScan
    documents: list[Document] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def with_added(self, added: Iterable[dict[str, Any]]) -> KernelScan:
        """Return a copy that lists more added packages, unless it has their names."""
        return replace(self, documents=[_with_added(each, added) for each in self.documents])


@dataclass(frozen=True)
class Scan:
    """The result of one scan.

    Attributes
    ----------
    found : Survey
        Files, folders, links and databases.
    carried : dict of str to Entry
        Entries of the last scan that were not written since, by place. They were not scanned.
    kernel : KernelScan or None
        Variables and session; None if they do not belong to the state.
    """

    found: Survey
    carried: dict[str, Entry]
    kernel: KernelScan | None = None

    def whole(self) -> Survey:
        """Return a thorough scan as a survey, to be saved into a bundle."""
        if self.kernel is None:
            return self.found
        data = {document.kind: document.data for document in self.kernel.documents}
        return replace(
            self.found,
            taken=self.kernel.variables.taken,
            session=environment.read(data["session"]) if "session" in data else None,
            packages=packages.read(data["packages"]) if "packages" in data else None,
        )


class Scanner:
    """Repeated scans of one state.

    Each access to the drive may be a request to the page, of several milliseconds. So after a cell
    only those files on the drive are scanned that this kernel has written.

    Parameters
    ----------
    paths, exclude
        As for `save_state`.
    touched : callable, optional
        Returns what was written on the drive. Without it every scan is of the whole drive.
    variables : bool, str or sequence of str
        Which variables belong to the state.
    watch : callable, optional
        Returns the names that cells have used. Without it every scan is of all variables.

    Attributes
    ----------
    roots : Roots
        The root folders.
    scope : Scope
        What belongs to the state.
    touched : set of str
        Paths on the drive, below its root, that this kernel had written by the last scan.
    """

    def __init__(
        self,
        paths: Paths = None,
        exclude: Sequence[str] | str = (),
        touched: Touched | None = None,
        variables: Choice = False,
        watch: Used | None = None,
    ) -> None:
        # Once: in plain Python they depend on the current folder.
        self.roots = roots.detect()
        self._starts, self.scope = starts_of(self.roots, paths, exclude)
        self._named = paths is not None
        self._stat_cache = StatCache()
        self._touched = touched
        self._written_paths: set[str] = set()
        self.touched: set[str] = set()
        self._tracker = VariableScanner(variables) if variables is not False else None
        self._watch = watch
        self._used: frozenset[str] | None = frozenset()
        if self._tracker is not None:
            self.scope = replace(self.scope, variables=self._tracker.scope)

    @unrecorded()
    def scan(self, tree: Tree, *, thorough: bool, changed: frozenset[str] | None = None) -> Scan:
        """Scan the state.

        Parameters
        ----------
        tree : dict of str to Entry
            Entries of the last scan, by place.
        thorough : bool
            Whether to scan also what this kernel has not written on the drive, and variables that
            no cell has used.
        changed : frozenset of str, optional
            Names of the only variables that may have changed since the last scan.
        """
        kernel = None
        if self._tracker is not None:
            if any(it.kind in KERNEL_KINDS and not it.content.whole for it in tree.values()):
                # What is damaged in the history can be stored again.
                self.forget()
            if changed is None and not thorough and self._watch is not None:
                changed = self._watch()
            # Names add up until a checkpoint has them.
            self._used = None if self._used is None or changed is None else self._used | changed
            kernel = self._scan_kernel(self._tracker.scan(self._used), thorough=thorough)
        return replace(self.scan_files(tree, thorough=thorough), kernel=kernel)

    def _scan_kernel(self, variables: VariablesScan, *, thorough: bool) -> KernelScan:
        if self.scope.variables is not True:
            return KernelScan(variables)
        session = environment.describe(self.roots, thorough=thorough)
        installed = packages.describe()
        same = {part: content for part, content in session.items() if part not in _ALONG}
        documents = [
            _document(SESSION_MEMBER, environment.dump(session), environment.dump(same)),
            _installed(installed),
        ]
        skipped = [*environment.left_out(session), *packages.left_out(installed)]
        return KernelScan(variables, documents, skipped)

    def forget(self) -> None:
        """Forget the variables: the next scan is of all of them."""
        if self._tracker is not None:
            self._tracker.forget()

    def expect(self, paths: Iterable[Path]) -> None:
        """Add files on the drive to the state that are about to be written for the first time.

        A file that was only read is in no checkpoint, and `undo` must bring it back.
        """
        for root in self.roots.roots:
            if root.on_drive:
                below = (path for path in paths if path.is_relative_to(root.path))
                self._written_paths |= {path.relative_to(root.path).as_posix() for path in below}

    @unrecorded()
    def scan_files(self, tree: Tree, *, thorough: bool) -> Scan:
        """Scan files, folders, links and databases only; see `scan`."""
        drive = next((root for root in self.roots.roots if root.on_drive), None)
        if self._named or drive is None:
            return Scan(self._walk(self._starts), {})
        known = {place: entry for place, entry in tree.items() if entry.root == drive.name}
        self._written_paths |= self._take_touched(drive)
        # What is damaged in the history can be read again.
        self._written_paths |= {it.relative for it in known.values() if not it.content.whole}
        if thorough or self._touched is None:
            also = self._written_paths | {entry.relative for entry in known.values()}
            return Scan(self._walk(self._starts, drive, also), {})
        carried = {
            place: entry
            for place, entry in known.items()
            if self._written_paths.isdisjoint(_and_above(entry.relative))
        }
        near = [(root, relative) for root, relative in self._starts if not root.on_drive]
        return Scan(self._walk(near, drive, self._written_paths), carried)

    def settle(self) -> None:
        """Rely on the last scan: it is in a checkpoint."""
        self._written_paths.clear()
        self._used = frozenset()
        if self._tracker is not None:
            self._tracker.settle()

    def _walk(
        self,
        starts: Iterable[tuple[Root, str]],
        drive: Root | None = None,
        also: Iterable[str] = (),
    ) -> Survey:
        walk = Walk(self.roots, self.scope, self._stat_cache)
        written = [(drive, relative) for relative in sorted(also)] if drive else ()
        return walk.run(starts, named=self._named, also=written)

    def _take_touched(self, drive: Root) -> set[str]:
        if self._touched is None:
            return set()
        taken = drive.below(self._touched())
        self.touched |= taken
        for relative in taken:
            self._stat_cache.forget(os.fspath(drive.target(relative)))
        return taken


def _document(member: str, data: bytes, same: bytes) -> Document:
    kind, _, name = member.partition("/")
    return Document(kind, name, data, blake2b(same, digest_size=16).hexdigest())


def _installed(document: dict[str, Any]) -> Document:
    same = packages.dump({"added": document["added"]})
    return _document(PACKAGES_MEMBER, packages.dump(document), same)


def _with_added(document: Document, added: Iterable[dict[str, Any]]) -> Document:
    if document.kind != "packages":
        return document
    installed = packages.read(document.data)
    by_name = {each["name"]: each for each in (*added, *installed["added"])}
    return _installed({**installed, "added": [by_name[name] for name in sorted(by_name)]})


def _and_above(relative: str) -> list[str]:
    path = PurePosixPath(relative)
    return [relative, *(os.fspath(parent) for parent in path.parents)]
