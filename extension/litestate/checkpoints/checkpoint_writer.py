"""Capture of the present state as entries of a checkpoint, reading only what may have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from .. import sqlite
from ..bundle import CHUNK as PIECE
from ..bundle.manifest import Skipped
from ..bundle.variable_members import GRAPH
from ..errors import DatabaseBusyError
from ..files.survey_items import Item, Survey
from ..parts.databases import LOCKED, LOCKED_ADVICE, OPEN_TRANSACTION, capture_one
from ..parts.variables import details_of, notes_of
from ..variables.group import Bytes, Group
from .scan import Document, KernelScan
from .store.chunks import EMPTY, Content
from .store.entries import VARIABLES, Entry
from .store.history import History

Details = Callable[[Item], Mapping[str, Any]]


@dataclass
class Captured:
    """The result of a capture.

    Attributes
    ----------
    entries : dict of str to Entry
        The whole state, by place.
    skipped : list of Skipped
        Items that could not be read. What was known of them before is still among the entries.
    warnings : list of str
        Caveats.
    unread : list of str
        Paths whose present content is unknown, with everything below them.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class Capture:
    """Memory of a state from one scan to the next, so that unchanged files are not read again.

    Parameters
    ----------
    history : History
        Receives the contents.
    details : callable, optional
        Returns more details for the entry of an item.
    """

    def __init__(self, history: History, details: Details = lambda item: {}) -> None:
        self._history = history
        self._details = details
        self._variables = _VariablesCapture(history)
        self._known: dict[str, _Known] = {}
        self._seen: dict[str, _Known] = {}

    def take(
        self, found: Survey, carried: Iterable[str] = (), kernel: KernelScan | None = None
    ) -> Captured:
        """Return the entries of everything that was found, and put new contents into the history.

        The places in `carried` were not scanned: what is known of them stays known.
        Nothing is committed, and the next capture relies on this one only after `settle`.
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
            captured.entries.update((entry.place, entry) for entry in known.entries)
        if kernel is not None:
            self._variables.take(kernel, captured)
        return captured

    def settle(self) -> None:
        """Rely on the last capture: it is in a checkpoint."""
        self._known = self._seen
        self._variables.settle()

    def adopt(self, item: Item, entry: Entry) -> None:
        """Assume that an item, which has just been restored, is what the entry describes."""
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
        # Old content is better than none; the next capture tries again.
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
            # Everything that was ever written to it was rolled back.
            return _Known(item, (_entry(item, "file", content),))
        entry = _entry(item, "database", content, {"journal_mode": image.journal_mode})
        return _Known(item, (entry,), prints)

    def _as_files(self, item: Item, folder: Path) -> Iterator[Entry]:
        """Yield the bytes of a file that SQLite cannot read, and of its sidecar files."""
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


@dataclass(frozen=True)
class _Known:
    """The entries of an item as it was last read.

    The item is the object of that walk: a walk returns the same object again as long as nothing
    has changed.
    """

    item: Item | None
    entries: tuple[Entry, ...]
    prints: tuple[int, ...] = ()

    def with_details(self, details: Mapping[str, Any]) -> _Known:
        entries = (replace(each, details={**each.details, **details}) for each in self.entries)
        return replace(self, entries=tuple(entries))


_UNKNOWN = _Known(None, ())


class _Part(NamedTuple):
    entry: Entry
    prints: tuple[int, ...]


class _VariablesCapture:
    """Memory of the variables and documents from one scan to the next."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: dict[str, dict[str, _Part]] = {}
        self._seen: dict[str, dict[str, _Part]] = {}

    def take(self, kernel: KernelScan, captured: Captured) -> None:
        """Add the entries of all variables, and put new contents into the history."""
        self._seen = {key: self._known[key] for key in kernel.variables.carried}
        for group in kernel.variables.taken.groups:
            self._seen[group.key] = self._put(group)
        for document in kernel.documents:
            self._seen[document.kind] = {document.name: self._put_document(document)}
        captured.skipped += [*kernel.variables.taken.skipped, *kernel.skipped]
        captured.warnings += notes_of(kernel.variables.taken)
        for parts in self._seen.values():
            captured.entries.update((part.entry.place, part.entry) for part in parts.values())

    def settle(self) -> None:
        """Rely on the last capture: it is in a checkpoint."""
        self._known = self._seen

    def _put_document(self, document: Document) -> _Part:
        known = self._known.get(document.kind, {}).get(document.name)
        stored, prints = self._stored(document.data, known)
        details = {"digest": document.digest}
        entry = Entry(
            document.kind, document.kind, document.name, stored.size, 0o644, 0, stored, details
        )
        return _Part(entry, prints)

    def _stored(self, content: Bytes, known: _Part | None) -> tuple[Content, tuple[int, ...]]:
        if known is None:
            return self._history.put([content])
        return self._history.put([content], like=known.entry.content, prints=known.prints)

    def _put(self, group: Group) -> dict[str, _Part]:
        known = self._known.get(group.key, {})
        return {
            part: self._put_part(group, part, content, known.get(part))
            for part, content in group.members()
        }

    def _put_part(self, group: Group, part: str, content: Bytes, known: _Part | None) -> _Part:
        stored, prints = self._stored(content, known)
        details = details_of(group) if part == GRAPH else {}
        relative = f"{group.key}/{part}"
        entry = Entry("variables", VARIABLES, relative, stored.size, 0o644, 0, stored, details)
        return _Part(entry, prints)


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
