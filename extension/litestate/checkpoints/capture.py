"""Turn what is there into the entries of a checkpoint, reading only what may have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import sqlite
from ..bundle import CHUNK as PIECE
from ..errors import DatabaseBusyError
from ..items import Item, Survey
from ..manifest import Skipped
from ..parts.databases import LOCKED, LOCKED_ADVICE, OPEN_TRANSACTION, capture_one
from .chunks import EMPTY, Content
from .differences import place_of
from .history import History
from .looking import Seen
from .tree import Entry
from .variables import VariablesCapture

Details = Callable[[Item], Mapping[str, Any]]


@dataclass(frozen=True)
class _Known:
    """What stood behind an item when it was read last.

    The item is the very object that the walk found then: it finds the same one again as long as
    nothing has changed.
    """

    item: Item | None
    entries: tuple[Entry, ...]
    prints: tuple[int, ...] = ()

    def with_details(self, details: Mapping[str, Any]) -> _Known:
        entries = (replace(each, details={**each.details, **details}) for each in self.entries)
        return replace(self, entries=tuple(entries))


_UNKNOWN = _Known(None, ())


@dataclass
class Captured:
    """The outcome of looking at a state.

    Attributes
    ----------
    entries : dict of str to Entry
        All that belongs to it, by place.
    skipped : list of Skipped
        What would belong to it and could not be read. What is known of it from before stays among
        the entries.
    warnings : list of str
        What is not as a person might think.
    unread : list of str
        Places of which nobody can say what is there now; what is below them belongs to them.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class Capture:
    """What is known of a state from one look to the next.

    Parameters
    ----------
    history : History
        Where contents are put.
    details : callable, optional
        Returns what else is to be noted of an item.
    """

    def __init__(self, history: History, details: Details = lambda item: {}) -> None:
        self._history = history
        self._details = details
        self._variables = VariablesCapture(history)
        self._known: dict[str, _Known] = {}
        self._seen: dict[str, _Known] = {}

    def take(
        self, found: Survey, carried: Iterable[str] = (), looked: Seen | None = None
    ) -> Captured:
        """Return the entries of everything that was found; new contents are put into the history.

        Of the places in `carried`, which were not looked at, what is known stays known.
        Nothing is committed, and nothing is known better before `settle`.
        """
        self._seen = {place: self._known[place] for place in carried if place in self._known}
        captured = Captured(skipped=list(found.skipped), unread=list(found.unread))
        for item in found.items:
            known = self._known.get(item.place, _UNKNOWN)
            if known.item is not item:
                details = self._details(item)
                known = self._read(item, known, captured)
                if known.item is item and details:
                    known = known.with_details(details)
            self._seen[item.place] = known
            captured.entries.update((place_of(entry), entry) for entry in known.entries)
        if looked is not None:
            self._variables.take(looked, captured)
        return captured

    def settle(self) -> None:
        """Rely on what was taken last: it is in a checkpoint."""
        self._known = self._seen
        self._variables.settle()

    def adopt(self, item: Item, entry: Entry) -> None:
        """Take it that this item, which has just been restored, is what the entry says."""
        self._known[item.place] = _Known(item, (entry,))

    def _read(self, item: Item, known: _Known, captured: Captured) -> _Known:
        try:
            if item.kind == "database":
                return self._database(item, known, captured)
            if item.kind != "file":
                return _Known(item, (_entry(item, item.kind, EMPTY),))
            content, prints = self._put(_pieces(item), known)
            return _Known(item, (_entry(item, "file", content),), prints)
        except DatabaseBusyError:
            captured.skipped.append(_skipped(item, LOCKED, LOCKED_ADVICE))
        except OSError as error:
            reason = f"it cannot be read ({error.strerror})"
            captured.skipped.append(_skipped(item, reason, "Check its permissions."))
        captured.unread.append(item.place)
        # What is known of it is better than nothing; and it is tried again next time.
        return _Known(None, known.entries, known.prints)

    def _database(self, item: Item, known: _Known, captured: Captured) -> _Known:
        with sqlite.scratch() as folder:
            if item.size % sqlite.MIN_PAGE and not any(sqlite.sidecars(item.path)):
                # Cut off: SQLite would read the whole pages, and the rest may be all there is.
                return _Known(item, tuple(self._as_files(item, folder)))
            try:
                image = capture_one(item.root, item.path, folder, quick=True)
            except sqlite.NotADatabaseError:
                return _Known(item, tuple(self._as_files(item, folder)))
            content, prints = self._put(image.chunks(), known)
        if image.open_transaction is not False:
            captured.warnings.append(OPEN_TRANSACTION.format(item.label, "in the checkpoint"))
        if not image.size:
            # All that was ever written to it was rolled back.
            return _Known(item, (_entry(item, "file", content),))
        entry = _entry(item, "database", content, {"journal_mode": image.journal_mode})
        return _Known(item, (entry,), prints)

    def _as_files(self, item: Item, folder: Path) -> Iterator[Entry]:
        """Yield what SQLite cannot read, and what may be a part of it beside it, byte by byte."""
        beside = () if item.root.is_unmended else sqlite.sidecars(item.path)
        for suffix, path in [("", item.path), *beside]:
            copy = folder / f"copy{suffix}"
            sqlite.copy_aside(path, copy)
            content, _ = self._history.put(_in_pieces(copy))
            yield _entry(item, "file", content, suffix=suffix)

    def _put(self, pieces: Iterator[bytes], known: _Known) -> tuple[Content, tuple[int, ...]]:
        if not known.prints:
            return self._history.put(pieces)
        return self._history.put(pieces, like=known.entries[0].content, prints=known.prints)


def _pieces(item: Item) -> Iterator[bytes]:
    # Opening an empty file that is a database by now would drop its locks (sqlite/connections.py).
    return _in_pieces(item.path) if item.size or item.root.is_unmended else iter(())


def _in_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(PIECE), b"")


def _entry(
    item: Item,
    kind: str,
    content: Content,
    details: dict[str, object] | None = None,
    *,
    suffix: str = "",
) -> Entry:
    if item.target:
        details = {"target": item.target}
    return Entry(
        kind,
        item.root.name,
        item.relative + suffix,
        content.size,
        item.mode,
        item.mtime_ns,
        content,
        details or {},
    )


def _skipped(item: Item, reason: str, advice: str) -> Skipped:
    return Skipped(item.label, reason, advice, item.place)
