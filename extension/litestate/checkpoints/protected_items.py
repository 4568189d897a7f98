"""Files and variables that a restore must not change, and the reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ..bundle.manifest import KERNEL_KINDS, Kind, Skipped
from ..bundle.variable_members import variables_of
from ..errors import CheckpointError
from ..files.survey_items import Item, parents
from ..parts import LoadRequest
from ..parts.stored_variables import unchanged
from ..parts.variables import reuse_or_take
from ..state.load import load_from
from ..variables.namespace import namespace, own_names
from .checkpoint_session import Session
from .checkpoint_source import CheckpointSource
from .differences import label_of, same_content
from .scan import Scan
from .store.entries import Checkpoint, Entry

_MOST_NAMED = 100
"""Files that a report names one by one."""

_NEWER = "what is there now differs and stays, because this notebook did not write it"
_IN_THE_WAY = "{} is in its place and stays, because this notebook did not write it"
_ADVICE = "Move that away, then restore again."

_NOT_STORED = "what is there now does not belong to the state, so undo() could not bring it back"
_CANNOT = "what is there now cannot be stored ({}), so undo() could not bring it back"
_MOVE = "Move it away, then restore again."
_READER = "what is there now differs, and no checkpoint has it: another tab makes them"
_READER_ADVICE = "restore({}) replaces it, and puts what is there now into a bundle first."


@dataclass
class Foreign:
    """Files and folders that another program wrote, and that a restore leaves as they are.

    Attributes
    ----------
    extra : list of Item
        Items that the checkpoint does not have.
    newer : list of Item
        Items that the checkpoint has in another version.
    skipped : list of Skipped
        Entries of the checkpoint that are not restored because of these items.
    """

    extra: list[Item] = field(default_factory=list)
    newer: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """Name the items that the checkpoint does not have and that stay."""
        labels = [item.label for item in self.extra if item.kind != "directory"]
        if not labels:
            return []
        named = ", ".join(labels[:_MOST_NAMED])
        more = len(labels) - _MOST_NAMED
        if len(labels) == 1:
            return [
                f"{named} differs from the checkpoint and stays: this notebook did not write it."
            ]
        which = f"{named} and {more:,} more" if more > 0 else named
        return [f"{which} differ from the checkpoint and stay: this notebook did not write them."]


def find_foreign(session: Session, entries: Sequence[Entry], scan: Scan) -> Foreign:
    """Find what another program wrote, so that a restore leaves it as it is.

    A restore removes only what this notebook wrote. It replaces what this notebook wrote, and what
    was changed while the notebook was closed, if its writer is unknown.

    Parameters
    ----------
    session : Session
        The session to restore into.
    entries : sequence of Entry
        Entries of the checkpoint.
    scan : Scan
        A thorough scan of the present state.
    """
    target = {entry.place: entry for entry in entries if entry.kind not in KERNEL_KINDS}
    writer = session.ownership.writer
    foreign = Foreign()
    for item in scan.found.items:
        entry = target.get(item.place)
        if entry is None or (entry.kind == "directory") != (item.kind == "directory"):
            if writer(item) != "own":
                foreign.extra.append(item)
        elif item.kind == "directory" or not _differs(session, item, entry):
            continue
        elif writer(item) == "other":
            foreign.newer.append(item)
    _find_in_the_way(session, target.values(), foreign)
    return foreign


def _differs(session: Session, item: Item, entry: Entry) -> bool:
    if not session.storage.writable:
        # The session's tree is what another tab has stored.
        return (item.size, item.mtime_ns) != (entry.size, entry.mtime_ns)
    here = session.tree.get(item.place)
    return here is None or not same_content(here, entry)


def _find_in_the_way(session: Session, entries: Iterable[Entry], foreign: Foreign) -> None:
    newer = {item.place for item in foreign.newer}
    blocking = {item.place: item for item in foreign.extra}
    # A folder cannot be removed as long as something in it stays.
    for item in (*foreign.extra, *foreign.newer):
        for parent in parents(item.relative):
            blocking.setdefault(f"{item.root.name}/{parent}", item)
    for entry in entries:
        if entry.place in newer:
            foreign.skipped.append(_skipped(session, entry, _NEWER))
            continue
        found = blocking.get(entry.place)
        if found is None or (entry.kind == "directory" and _is_above(entry, found)):
            found = _file_above(entry, blocking)
        if found is not None:
            reason = _IN_THE_WAY.format(found.label)
            foreign.skipped.append(_skipped(session, entry, reason))


def _is_above(entry: Entry, item: Item) -> bool:
    """Tell whether a folder contains the item, or is the item."""
    return item.kind == "directory" or item.relative.startswith(f"{entry.relative}/")


def _file_above(entry: Entry, blocking: dict[str, Item]) -> Item | None:
    """Return a file that stays and is where this entry needs a folder."""
    for parent in parents(entry.relative):
        item = blocking.get(f"{entry.root}/{parent}")
        if item is not None and item.relative == parent and item.kind != "directory":
            return item
    return None


def _skipped(session: Session, entry: Entry, reason: str) -> Skipped:
    return Skipped(label_of(entry, session.scanner.roots), reason, _ADVICE, entry.place)


def only_foreign_differs(session: Session, checkpoint: Checkpoint) -> bool:
    """Tell whether this checkpoint differs from the newest one only in what others wrote.

    A restore of such a checkpoint would leave everything as it is.
    """
    with suppress(CheckpointError):
        then, now = session.entries(checkpoint), session.tree
        places = [
            place
            for place in then.keys() | now.keys()
            if place not in then or place not in now or not same_content(then[place], now[place])
        ]
        return bool(places) and all(
            _is_foreign(session, then.get(place), now.get(place)) for place in places
        )
    return False


def _is_foreign(session: Session, then: Entry | None, now: Entry | None) -> bool:
    entry = now or then
    assert entry is not None
    root = session.scanner.roots.root(entry.root)
    if entry.kind in KERNEL_KINDS or root is None:
        return False
    if now is None:
        return root.on_drive and not session.ownership.has_touched(entry.relative)
    item = Item(
        root,
        now.relative,
        root.target(now.relative),
        cast("Kind", now.kind),
        now.size,
        now.mode,
        now.mtime_ns,
    )
    by = session.ownership.writer(item)
    return by != "own" if then is None else by == "other"


class Unstored:
    """The part of the present state that a restore would lose for good.

    Parameters
    ----------
    session, checkpoint
        The session, and the checkpoint to restore.
    scan : Scan
        A scan of the present state.
    is_stored : bool
        Whether the scan is in a checkpoint or in a bundle by now.
    """

    def __init__(
        self, session: Session, checkpoint: Checkpoint, scan: Scan, *, is_stored: bool
    ) -> None:
        self._session = session
        self._checkpoint = checkpoint
        self._scan = scan
        self._is_stored = is_stored

    def files(self, entries: Sequence[Entry], paths: Sequence[Path] | None) -> list[Skipped]:
        """Return the entries that would overwrite files which are not stored.

        Either nothing is stored now, or a rule excludes the file: a bundle, for example, or a file
        outside of ``paths=``.
        """
        known = {item.place for item in self._scan.found.items} if self._is_stored else set()
        doubtful = [
            entry for entry in entries if entry.place not in known and self._is_in_the_way(entry)
        ]
        if not doubtful:
            return []
        session = self._session
        source = CheckpointSource(session.history, self._checkpoint, doubtful)
        compared = load_from(source, "", session.scanner.roots, LoadRequest(paths, dry_run=True))
        differing = {line.label for line in compared.lines("changed")}
        reason, advice = (_NOT_STORED, _MOVE) if self._is_stored else self._in_a_reader()
        return [
            Skipped(label, reason, advice, entry.place)
            for entry in doubtful
            if (label := label_of(entry, session.scanner.roots)) in differing
        ]

    def variables(self, source: CheckpointSource) -> tuple[frozenset[str], list[Skipped]]:
        """Return the names to protect, and those of them that `source` has with other values."""
        current, kernel = namespace(), self._scan.kernel
        is_known = kernel is not None and self._is_stored
        stored = kernel.variables.names if kernel is not None and is_known else frozenset()
        protected = own_names(current) - stored
        coming = protected & variables_of(source.manifest.members).keys()
        if coming:
            here = kernel.variables.taken if kernel is not None else None
            coming -= unchanged(source, reuse_or_take(current, coming, here))
        return frozenset(protected), [self._variable(name) for name in sorted(coming)]

    def _variable(self, name: str) -> Skipped:
        reason, advice = self._in_a_reader()
        if self._is_stored:
            reason = self._reason(name)
            advice = f"Give it another name and `del {name}`, then restore again."
        return Skipped(name, reason, advice, f"variables/{name}")

    def _reason(self, name: str) -> str:
        kernel = self._scan.kernel
        skipped = kernel.variables.taken.skipped if kernel is not None else []
        reasons = [each.reason for each in skipped if each.path == name]
        return _CANNOT.format(reasons[0]) if reasons else _NOT_STORED

    def _in_a_reader(self) -> tuple[str, str]:
        return _READER, _READER_ADVICE.format(self._checkpoint.number)

    def _is_in_the_way(self, entry: Entry) -> bool:
        root = self._session.scanner.roots.root(entry.root)
        path = None if root is None else root.target(entry.relative)
        if path is None or not os.path.lexists(path):
            return False
        return entry.kind != "directory" or path.is_symlink() or not path.is_dir()
