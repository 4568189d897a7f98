"""What a restore leaves alone, because nothing could bring it back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..groups import variables_of
from ..loading import Chosen, load_from
from ..manifest import Skipped
from ..parts.stored_variables import unchanged
from ..variables.namespace import namespace, own_names
from ..variables.taking import take
from .differences import place_of
from .looking import Look
from .session import Session
from .source import CheckpointSource
from .tree import Checkpoint, Entry

_UNKEPT = "what is there now does not belong to the state, so undo() could not bring it back"
_CANNOT = "what is there now cannot be kept ({}), so undo() could not bring it back"
_MOVE = "Move it away, then restore again."
_READER = "what is there now differs, and no checkpoint has it: another tab makes them"
_READER_ADVICE = "restore({}) replaces it, and puts what is there now into a bundle first."


class Sparing:
    """Finds what would be lost if a checkpoint was restored.

    Parameters
    ----------
    session, checkpoint
        What goes where.
    look : Look
        What is there, of a thorough look.
    is_kept : bool
        Whether what was found is in a checkpoint or in a bundle by now.
    """

    def __init__(
        self, session: Session, checkpoint: Checkpoint, look: Look, *, is_kept: bool
    ) -> None:
        self._session = session
        self._checkpoint = checkpoint
        self._look = look
        self._is_kept = is_kept

    def files(self, entries: Sequence[Entry], paths: Sequence[Path] | None) -> list[Skipped]:
        """Return what would overwrite something else that is not kept.

        Either nothing can be kept now, or a rule leaves it out, such as a bundle or what is outside
        of ``paths=``.
        """
        known = {item.place for item in self._look.found.items} if self._is_kept else set()
        doubtful = [
            entry
            for entry in entries
            if place_of(entry) not in known and _is_in_the_way(_path(self._session, entry), entry)
        ]
        if not doubtful:
            return []
        session = self._session
        source = CheckpointSource(session.history, self._checkpoint, doubtful)
        compared = load_from(source, "", session.looker.places, Chosen(paths), dry_run=True)
        differing = {line.label for line in compared.lines("changed")}
        reason, advice = (_UNKEPT, _MOVE) if self._is_kept else self._in_a_reader()
        return [
            Skipped(label, reason, advice, place_of(entry))
            for entry in doubtful
            if (label := label_of(session, entry)) in differing
        ]

    def variables(self, source: CheckpointSource) -> tuple[frozenset[str], list[Skipped]]:
        """Return which variables of the session to leave alone, and which of them `source` has.

        Those that it has just so are not in the list.
        """
        current, looked = namespace(), self._look.looked
        kept = looked.variables.names if looked is not None and self._is_kept else frozenset()
        spared = own_names(current) - kept
        coming = spared & variables_of(source.manifest.members).keys()
        if coming:
            coming -= unchanged(source, take(current, sorted(coming)))
        return frozenset(spared), [self._variable(name) for name in sorted(coming)]

    def _variable(self, name: str) -> Skipped:
        reason, advice = self._in_a_reader()
        if self._is_kept:
            reason = self._unkept(name)
            advice = f"Give it another name and `del {name}`, then restore again."
        return Skipped(name, reason, advice, f"variables/{name}")

    def _unkept(self, name: str) -> str:
        looked = self._look.looked
        skipped = looked.variables.taken.skipped if looked is not None else []
        reasons = [each.reason for each in skipped if each.path == name]
        return _CANNOT.format(reasons[0]) if reasons else _UNKEPT

    def _in_a_reader(self) -> tuple[str, str]:
        return _READER, _READER_ADVICE.format(self._checkpoint.number)


def label_of(session: Session, entry: Entry) -> str:
    """Return what to call an entry in a report."""
    root = session.looker.places.root(entry.root)
    return place_of(entry) if root is None else root.show(entry.relative)


def _is_in_the_way(path: Path | None, entry: Entry) -> bool:
    if path is None or not os.path.lexists(path):
        return False
    return entry.kind != "directory" or path.is_symlink() or not path.is_dir()


def _path(session: Session, entry: Entry) -> Path | None:
    root = session.looker.places.root(entry.root)
    return None if root is None else root.target(entry.relative)
