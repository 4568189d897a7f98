"""Find what a restore must not change, because this notebook did not write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from ..errors import CheckpointError
from ..items import Item, parents
from ..manifest import KEPT_KINDS, Kind, Skipped
from .differences import place_of, same_content
from .looking import Look
from .session import Session
from .tree import Checkpoint, Entry

_MOST_NAMED = 100
"""Files that a report names one by one."""

_NEWER = "what is there now differs and stays, because this notebook did not write it"
_IN_THE_WAY = "{} is in its place and stays, because this notebook did not write it"
_ADVICE = "Move that away, then restore again."


@dataclass
class Others:
    """Files and folders that a restore leaves as they are.

    Attributes
    ----------
    extra : list of Item
        What the checkpoint does not have.
    newer : list of Item
        What the checkpoint has in another version.
    skipped : list of Skipped
        What of the checkpoint is not restored for that.
    """

    extra: list[Item] = field(default_factory=list)
    newer: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """Name what the checkpoint does not have and stays."""
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


def find(session: Session, entries: Sequence[Entry], look: Look) -> Others:
    """Find what a restore leaves alone.

    It removes only what this notebook wrote. It replaces what this notebook wrote, and what was
    changed while it was closed, when nothing tells by whom.

    Parameters
    ----------
    session : Session
        Where it is restored.
    entries : sequence of Entry
        What the checkpoint holds.
    look : Look
        What is there, of a thorough look.
    """
    target = {place_of(entry): entry for entry in entries if entry.kind not in KEPT_KINDS}
    writer = session.ownership.writer
    others = Others()
    for item in look.found.items:
        entry = target.get(item.place)
        if entry is None or (entry.kind == "directory") != (item.kind == "directory"):
            if writer(item) != "own":
                others.extra.append(item)
        elif item.kind == "directory" or not _differs(session, item, entry):
            continue
        elif writer(item) == "other":
            others.newer.append(item)
    _find_in_the_way(session, target.values(), others)
    return others


def _differs(session: Session, item: Item, entry: Entry) -> bool:
    if not session.storage.writable:
        # What is known is what another tab has stored.
        return (item.size, item.mtime_ns) != (entry.size, entry.mtime_ns)
    here = session.tree.get(item.place)
    return here is None or not same_content(here, entry)


def _find_in_the_way(session: Session, entries: Iterable[Entry], others: Others) -> None:
    newer = {item.place for item in others.newer}
    blocking = {item.place: item for item in others.extra}
    # A folder cannot go as long as something in it stays.
    for item in (*others.extra, *others.newer):
        for parent in parents(item.relative):
            blocking.setdefault(f"{item.root.name}/{parent}", item)
    for entry in entries:
        place = place_of(entry)
        if place in newer:
            others.skipped.append(_skipped(session, entry, _NEWER))
            continue
        found = blocking.get(place)
        if found is None or (entry.kind == "directory" and _is_above(entry, found)):
            found = _file_above(entry, blocking)
        if found is not None:
            reason = _IN_THE_WAY.format(found.label)
            others.skipped.append(_skipped(session, entry, reason))


def _is_above(entry: Entry, item: Item) -> bool:
    """Tell whether a folder is or can be the one in which this is."""
    return item.kind == "directory" or item.relative.startswith(f"{entry.relative}/")


def _file_above(entry: Entry, blocking: dict[str, Item]) -> Item | None:
    """Return a file that stays where a folder would have to be for this entry."""
    for parent in parents(entry.relative):
        item = blocking.get(f"{entry.root}/{parent}")
        if item is not None and item.relative == parent and item.kind != "directory":
            return item
    return None


def _skipped(session: Session, entry: Entry, reason: str) -> Skipped:
    root = session.looker.places.root(entry.root)
    label = place_of(entry) if root is None else root.show(entry.relative)
    return Skipped(label, reason, _ADVICE, place_of(entry))


def is_all_that_differs(session: Session, checkpoint: Checkpoint) -> bool:
    """Tell whether a restore of this checkpoint would leave everything as it is.

    That is so if something differs from the newest checkpoint, and all of that was written by
    others.
    """
    with suppress(CheckpointError):
        then, now = session.entries(checkpoint), session.tree
        places = [
            place
            for place in then.keys() | now.keys()
            if place not in then or place not in now or not same_content(then[place], now[place])
        ]
        return bool(places) and all(
            _is_by_others(session, then.get(place), now.get(place)) for place in places
        )
    return False


def _is_by_others(session: Session, then: Entry | None, now: Entry | None) -> bool:
    entry = now or then
    assert entry is not None
    root = session.looker.places.root(entry.root)
    if entry.kind in KEPT_KINDS or root is None:
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
