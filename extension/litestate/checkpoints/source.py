"""A checkpoint as something to load, or to save as a bundle."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import cast

from ..errors import DamagedCheckpointError
from ..items import Item, Survey, member_name
from ..manifest import Kind, Manifest, Member
from ..parts.stored_variables import documents, stored
from ..places import Places
from ..sqlite import set_journal_mode
from ..trust import RESTRICTED
from .chunks import Content, digest_of, split
from .history import History
from .tree import Checkpoint, Entry

_DETAILS = ("journal_mode", "names", "pickles", "buffers")
"""What a bundle says of a member, too."""


class CheckpointSource:
    """What one checkpoint holds, or a part of it.

    Parameters
    ----------
    history : History
        Where it is.
    checkpoint : Checkpoint
        Which one.
    entries : iterable of Entry
        What of it to load.

    Attributes
    ----------
    what, verb : str
        What this is, and what was done with it when it was applied.
    manifest : Manifest
        The same in the words of a bundle, without the hashes of whole files.
    advance : callable
        Called with the number of bytes of content that were read since the last call.
    trusted : bool
        Whether it may run code: only this computer writes there.
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
        """Yield the content of one member; each piece was compared with its hash."""
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
        """Return the whole content of a member that is known to be small."""
        return b"".join(self.chunks(member))

    def matches(self, member: Member, pieces: Iterable[bytes]) -> bool:
        """Tell whether this content, of the same size, is the member's."""
        return _same(self._entries[member.name].content, pieces)


def as_survey(source: CheckpointSource, places: Places, folder: Path) -> Survey:
    """Put what a checkpoint holds into a folder, to be saved from there as if it were found.

    Parameters
    ----------
    source : CheckpointSource
        What to save.
    places : Places
        The root folders.
    folder : pathlib.Path
        An empty folder; it must be there until all is saved.
    """
    found = Survey(source.manifest.scope, skipped=list(source.manifest.skipped))
    if found.scope.variables:
        found.taken = stored(source)
        found.session, found.packages = documents(source)
    for number, member in enumerate(source.manifest.members):
        root = places.root(member.root)
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
