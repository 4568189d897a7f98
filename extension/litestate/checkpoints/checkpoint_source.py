"""Adapter that presents a checkpoint as a load source or a survey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import cast

from ..bundle.manifest import Kind, Manifest, Member
from ..errors import DamagedCheckpointError
from ..files.survey_items import Item, Survey, member_name
from ..host.roots import Roots
from ..parts.stored_variables import documents, stored
from ..sqlite import set_journal_mode
from ..trust import RESTRICTED
from .store.chunks import Content, digest_of, split
from .store.entries import Checkpoint, Entry
from .store.history import History

_DETAILS = ("journal_mode", "names", "pickles", "buffers")
"""Details of an entry that the member of a bundle has, too."""


class CheckpointSource:
    """Entries of one checkpoint, to be loaded like a bundle.

    Parameters
    ----------
    history : History
        History of the checkpoint.
    checkpoint : Checkpoint
        The checkpoint.
    entries : iterable of Entry
        The entries to load.

    Attributes
    ----------
    what, verb : str
        Words for reports: the kind of source, and what a load of it is called.
    manifest : Manifest
        The entries as members of a bundle, without the hashes of whole files.
    advance : callable
        Called with the number of bytes of content that were read since the last call.
    trusted : bool
        Whether it may run code: only this computer writes checkpoints.
    """

    what, verb = "checkpoint", "Restored"
    trusted = not RESTRICTED

    def __init__(self, history: History, checkpoint: Checkpoint, entries: Iterable[Entry]) -> None:
        self._history = history
        self._entries = {_name(entry): entry for entry in entries}
        self.advance: Callable[[int], object] = lambda count: None
        self.manifest = Manifest(
            created=datetime.fromtimestamp(checkpoint.note.created, UTC).isoformat(),
            notebook=history.name,
            generator={},
            scope=checkpoint.note.scope,
            members=tuple(_member(name, entry) for name, entry in self._entries.items()),
            skipped=checkpoint.note.skipped,
        )

    @property
    def total(self) -> int:
        """Bytes of content."""
        return sum(member.size for member in self.manifest.members)

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of one member in pieces that match their hashes."""
        entry = self._entries[member.name]
        if entry.kind == "symlink":
            yield entry.details["target"].encode()
            return
        try:
            for piece in self._history.read(entry.content):
                yield piece
                self.advance(len(piece))
        except DamagedCheckpointError as error:
            raise DamagedCheckpointError(
                f"{member.place}: {error} Nothing was changed. Try again to have the rest without "
                "it."
            ) from None

    def content(self, member: Member) -> bytes:
        """Return the whole content of a small member."""
        return b"".join(self.chunks(member))

    def matches(self, member: Member, pieces: Iterable[bytes]) -> bool:
        """Tell whether content of the same size is that of the member."""
        return _same(self._entries[member.name].content, pieces)


def as_survey(source: CheckpointSource, roots: Roots, folder: Path) -> Survey:
    """Unpack a checkpoint into a folder, as a survey to be saved into a bundle.

    Parameters
    ----------
    source : CheckpointSource
        The checkpoint.
    roots : Roots
        The root folders.
    folder : pathlib.Path
        An empty folder, which must exist until the survey is saved.
    """
    found = Survey(source.manifest.scope, skipped=list(source.manifest.skipped))
    if found.scope.variables:
        found.taken = stored(source)
        found.session, found.packages = documents(source)
    for number, member in enumerate(source.manifest.members):
        root = roots.root(member.root)
        if root is None:
            continue
        path = folder / str(number)
        target = source.content(member).decode() if member.kind == "symlink" else ""
        if member.kind in ("file", "database"):
            with path.open("xb") as file:
                file.writelines(source.chunks(member))
            if member.details.get("journal_mode") == "wal":
                set_journal_mode(path, "wal")
            os.utime(path, ns=(member.mtime_ns, member.mtime_ns))
        found.items.append(
            Item(
                root,
                member.relative,
                path,
                member.kind,
                member.size,
                member.mode,
                member.mtime_ns,
                target,
            )
        )
    return found


def _same(content: Content, pieces: Iterable[bytes]) -> bool:
    found = (digest_of(data) for data in split(pieces))
    return all(
        chunk is not None and chunk.digest == digest
        for chunk, digest in zip_longest(content.chunks, found)
    )


def _name(entry: Entry) -> str:
    return member_name(cast("Kind", entry.kind), entry.root, entry.relative)


def _member(name: str, entry: Entry) -> Member:
    size = len(entry.details["target"].encode()) if entry.kind == "symlink" else entry.size
    details = {key: entry.details[key] for key in _DETAILS if key in entry.details}
    return Member(
        name, cast("Kind", entry.kind), size, "", "", entry.mode, entry.mtime_ns, details=details
    )
