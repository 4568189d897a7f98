"""Turn variables into the entries of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..groups import GRAPH
from ..parts.variables import details_of, notes_of
from ..variables.group import Bytes, Group
from ..variables.tracking import Looked
from .differences import place_of
from .history import History
from .tree import Entry

if TYPE_CHECKING:
    from .capture import Captured

ROOT = "variables"


class _Part(NamedTuple):
    entry: Entry
    prints: tuple[int, ...]


class VariablesCapture:
    """What is known of the variables from one look to the next.

    Parameters
    ----------
    history : History
        Where contents are put.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: dict[str, dict[str, _Part]] = {}
        self._seen: dict[str, dict[str, _Part]] = {}

    def take(self, looked: Looked, captured: Captured) -> None:
        """Add the entries of all variables; new contents are put into the history."""
        self._seen = {key: self._known[key] for key in looked.carried}
        for group in looked.taken.groups:
            self._seen[group.key] = self._put(group)
        for name, data in looked.documents.items():
            self._seen[name] = {name: self._put_document(name, data, looked.state[name])}
        captured.skipped += looked.taken.skipped
        captured.warnings += notes_of(looked.taken)
        for parts in self._seen.values():
            captured.entries.update((place_of(part.entry), part.entry) for part in parts.values())

    def settle(self) -> None:
        """Rely on what was taken last: it is in a checkpoint."""
        self._known = self._seen

    def _put(self, group: Group) -> dict[str, _Part]:
        known = self._known.get(group.key, {})
        return {
            part: self._put_part(group, part, content, known.get(part))
            for part, content in group.members()
        }

    def _put_part(self, group: Group, part: str, content: Bytes, known: _Part | None) -> _Part:
        if known is None:
            stored, prints = self._history.put([content])
        else:
            stored, prints = self._history.put(
                [content], like=known.entry.content, prints=known.prints
            )
        details = details_of(group) if part == GRAPH else {}
        relative = f"{group.key}/{part}"
        entry = Entry("variables", ROOT, relative, stored.size, 0o644, 0, stored, details)
        return _Part(entry, prints)


def without_damaged(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Part entries into what can be used, and what is damaged or needs what is."""
    every = list(entries)
    gone = {_key(entry) for entry in every if not entry.content.whole} - {None}
    bad = [entry for entry in every if not entry.content.whole or _key(entry) in gone]
    out = set(map(id, bad))
    return [entry for entry in every if id(entry) not in out], bad


def _key(entry: Entry) -> str | None:
    return entry.relative.partition("/")[0] if entry.kind == "variables" else None
