"""Find what belongs to the state now, again and again, at little cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from .. import environment, packages, places
from ..browser import unrecorded
from ..groups import PACKAGES_MEMBER, SESSION_MEMBER
from ..items import Survey
from ..manifest import KEPT_KINDS, Skipped
from ..memory import Memory
from ..places import Root
from ..survey import Paths, starts_of
from ..variables.namespace import Choice
from ..variables.tracking import Looked, Tracker
from ..walk import Walk
from .differences import Tree
from .tree import Entry

Touched = Callable[[], set[str]]
"""Returns what this kernel has written on the drive since the last call: paths below its root."""


Used = Callable[[], frozenset[str] | None]
"""Returns the names of the variables that may have changed since the last call; None for any."""


_ALONG = ("cells",)
"""Parts of the session that are stored along with other changes, and are no change themselves: a
cell that only shows something is executed, too."""


@dataclass(frozen=True)
class Document:
    """The session around the variables, or the list of packages.

    Attributes
    ----------
    kind, name : str
        Of the member of a bundle, and of the entry.
    data : bytes
        JSON.
    digest : str
        Equal for equal states, of what is worth a checkpoint of its own.
    """

    kind: str
    name: str
    data: bytes
    digest: str


@dataclass(frozen=True)
class Seen:
    """What was seen of the kernel itself.

    Attributes
    ----------
    variables : Looked
        The variables.
    documents : list of Document
        The rest.
    skipped : list of Skipped
        What of the rest cannot be stored.
    """

    variables: Looked
    documents: list[Document] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def with_added(self, added: Iterable[dict[str, Any]]) -> Seen:
        """Return the same with more packages beyond the site, of other names."""
        return replace(self, documents=[_with_added(each, added) for each in self.documents])


@dataclass(frozen=True)
class Look:
    """The outcome of one look.

    Attributes
    ----------
    found : Survey
        What is there.
    carried : dict of str to Entry
        What was there before and has not been written since, by place: it was not looked at.
    looked : Seen or None
        The variables and the session; None if they do not belong to the state.
    """

    found: Survey
    carried: dict[str, Entry]
    looked: Seen | None = None

    def whole(self) -> Survey:
        """Return all of a thorough look as something to save into a bundle."""
        if self.looked is None:
            return self.found
        data = {document.kind: document.data for document in self.looked.documents}
        return replace(
            self.found,
            taken=self.looked.variables.taken,
            session=environment.read(data["session"]) if "session" in data else None,
            packages=packages.read(data["packages"]) if "packages" in data else None,
        )


class Looker:
    """Looks at one state.

    Every look at the drive may be a request to the page, of several milliseconds. So after a cell
    only those of its files are looked at that this kernel has written.

    Parameters
    ----------
    paths, exclude
        As for `save_state`.
    touched : callable, optional
        What was written on the drive. Without it the whole state on the drive is looked at every
        time.
    variables : bool, str or sequence of str
        Which variables belong to the state.
    watch : callable, optional
        Returns the names that cells have used. Without it all variables are looked at every time.

    Attributes
    ----------
    places : Places
        The root folders.
    scope : Scope
        Where is looked.
    touched : set of str
        All that this kernel has written on the drive, as far as that was asked for: paths below its
        root.
    """

    def __init__(
        self,
        paths: Paths = None,
        exclude: Sequence[str] | str = (),
        touched: Touched | None = None,
        variables: Choice = False,
        watch: Used | None = None,
    ) -> None:
        # As of now: in plain Python they depend on the current folder.
        self.places = places.detect()
        self._starts, self.scope = starts_of(self.places, paths, exclude)
        self._named = paths is not None
        self._memory = Memory()
        self._touched = touched
        self._written: set[str] = set()
        self.touched: set[str] = set()
        self._tracker = Tracker(variables) if variables is not False else None
        self._watch = watch
        self._used: frozenset[str] | None = frozenset()
        if self._tracker is not None:
            self.scope = replace(self.scope, variables=self._tracker.scope)

    @unrecorded()
    def look(self, tree: Tree, *, thorough: bool) -> Look:
        """Look at what is there.

        Parameters
        ----------
        tree : dict of str to Entry
            What was there before, by place.
        thorough : bool
            Whether to look also at what this kernel has not written on the drive, and at variables
            that no cell has used.
        """
        looked = None
        if self._tracker is not None:
            if any(it.kind in KEPT_KINDS and not it.content.whole for it in tree.values()):
                # What is damaged in the history can be taken again here.
                self.forget()
            self._use(None if thorough or self._watch is None else self._watch())
            looked = self._seen(self._tracker.look(self._used), thorough=thorough)
        return replace(self._look_at_files(tree, thorough=thorough), looked=looked)

    def _seen(self, looked: Looked, *, thorough: bool) -> Seen:
        if self.scope.variables is not True:
            return Seen(looked)
        session = environment.describe(self.places, thorough=thorough)
        installed = packages.describe()
        same = {part: content for part, content in session.items() if part not in _ALONG}
        documents = [
            _document(SESSION_MEMBER, environment.dump(session), environment.dump(same)),
            _installed(installed),
        ]
        skipped = [*environment.left_out(session), *packages.left_out(installed)]
        return Seen(looked, documents, skipped)

    def forget(self) -> None:
        """Take it that nothing is known of the variables."""
        if self._tracker is not None:
            self._tracker.forget()

    def expect(self, paths: Iterable[Path]) -> None:
        """Take files of the drive into the state that are about to be written for the first time.

        What was only read is in no checkpoint, and is to come back when the write is undone.
        """
        for root in self.places.roots:
            if root.on_drive:
                below = (path for path in paths if path.is_relative_to(root.path))
                self._written |= {path.relative_to(root.path).as_posix() for path in below}

    def _use(self, names: frozenset[str] | None) -> None:
        # Until it is known that they are in a checkpoint.
        self._used = None if self._used is None or names is None else self._used | names

    def _look_at_files(self, tree: Tree, *, thorough: bool) -> Look:
        drive = next((root for root in self.places.roots if root.on_drive), None)
        if self._named or drive is None:
            return Look(self._walk(self._starts), {})
        known = {place: entry for place, entry in tree.items() if entry.root == drive.name}
        self._written |= self._take(drive)
        # What is damaged in the history can be read again here.
        self._written |= {it.relative for it in known.values() if not it.content.whole}
        if thorough or self._touched is None:
            also = self._written | {entry.relative for entry in known.values()}
            return Look(self._walk(self._starts, drive, also), {})
        carried = {
            place: entry
            for place, entry in known.items()
            if self._written.isdisjoint(_and_above(entry.relative))
        }
        near = [(root, relative) for root, relative in self._starts if not root.on_drive]
        return Look(self._walk(near, drive, self._written), carried)

    def settle(self) -> None:
        """Take it that what was found last is in a checkpoint."""
        self._written.clear()
        self._used = frozenset()
        if self._tracker is not None:
            self._tracker.settle()

    def _walk(
        self,
        starts: Iterable[tuple[Root, str]],
        drive: Root | None = None,
        also: Iterable[str] = (),
    ) -> Survey:
        walk = Walk(self.places, self.scope, self._memory)
        written = [(drive, relative) for relative in sorted(also)] if drive else ()
        return walk.run(starts, named=self._named, also=written)

    def _take(self, drive: Root) -> set[str]:
        if self._touched is None:
            return set()
        taken = drive.below(self._touched())
        self.touched |= taken
        for relative in taken:
            self._memory.forget(os.fspath(drive.target(relative)))
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
