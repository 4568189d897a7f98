"""Checkpoints, their notes and entries, and the JSON form of these in a commit record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...bundle.manifest import Scope, Skipped
from ...bundle.strict_json import parse
from .chunks import GONE, Chunk, Content, merge, runs_of
from .log_format import ROW

T = TypeVar("T")

VARIABLES = "variables"
"""Root of the entries of variables."""

_MAX_DEPTH = 64
"""Levels of nesting; version 1 has three, and those in the details of an entry."""

_MAX_RUN = 1 << 22
"""Chunks in a row (256 GiB): a bound for what reading a few bytes may allocate."""


@dataclass(frozen=True)
class Entry:
    """One saved thing: a file, folder, link, database, a part of a group of variables, and so on.

    Attributes
    ----------
    kind : str
        A ``Kind`` of the manifest; there may be more kinds later.
    root, relative : str
        Name of the root folder, and path below it with ``/``.
    size, mode, mtime_ns : int
        Bytes, permission bits, nanoseconds since 1970, at the time of the capture.
    content : Content
        The content; empty for a folder or a link.
    details : dict
        Details of this kind, as JSON: ``target`` of a symlink, ``journal_mode`` of a database.
    """

    kind: str
    root: str
    relative: str
    size: int
    mode: int
    mtime_ns: int
    content: Content
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Root and relative path, as of `Item.place`."""
        return f"{self.root}/{self.relative}"


Tree = Mapping[str, Entry]
"""The entries of one state by place."""


@dataclass(frozen=True)
class Note:
    """Reason, time and scope of a checkpoint.

    Attributes
    ----------
    created : float
        Seconds since 1970.
    cause : str
        Such as ``"cell"`` or ``"restored"``.
    label : str or None
        The user's name for it; checkpoints with a label are never dropped.
    cell : int or None
        Execution count of the cell.
    source : int or None
        Number of the checkpoint that was restored.
    scope : Scope
        What belonged to the state.
    skipped : tuple of Skipped
        Items that could not be saved.
    """

    created: float
    cause: str
    label: str | None = None
    cell: int | None = None
    source: int | None = None
    scope: Scope = field(default_factory=Scope)
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """One state that can be restored.

    Attributes
    ----------
    number : int
        Number, from 1; never used again.
    note : Note
        Reason, time and scope.
    written : int
        Bytes that it added to the log.
    """

    number: int
    note: Note
    written: int


@dataclass(frozen=True)
class Table:
    """The first part of a commit record.

    Attributes
    ----------
    note : Note
        Reason, time and scope of the checkpoint.
    kept : tuple of int
        Numbers of the checkpoints that are stored once this one is, itself included.
    live : list of int
        Runs of the chunks that it refers to, merged.
    written : int
        Bytes of all its records when it was made; compaction does not change the number.
    """

    note: Note
    kept: tuple[int, ...]
    live: list[int]
    written: int

    def to_json(self) -> bytes:
        """Return the bytes for the log."""
        note = self.note
        return _dump(
            {
                "created": note.created,
                "cause": note.cause,
                "label": note.label,
                "cell": note.cell,
                "source": note.source,
                "scope": _scope(note.scope),
                "skipped": [[s.path, s.reason, s.advice, s.place] for s in note.skipped],
                "kept": self.kept,
                "live": self.live,
                "written": self.written,
            }
        )

    @classmethod
    def from_json(cls, data: bytes, offset: int) -> Table | None:
        """Read the first part of a record at an offset; None if it is not one."""
        try:
            document = _load(data)
            paths, exclude, *looked = document["scope"]
            note = Note(
                **{key: document[key] for key in ("created", "cause", "label", "cell", "source")},
                scope=Scope(
                    None if paths is None else tuple(paths), tuple(exclude), *map(_looked, looked)
                ),
                skipped=tuple(Skipped(*each) for each in document["skipped"]),
            )
            kept = tuple(int(number) for number in document["kept"])
            live = merge([document["live"]])
            # The tables of these chunks are before this record.
            if live and (live[-2] + live[-1]) * ROW > offset:
                return None
            return cls(note, kept, live, int(document["written"]))
        except (ValueError, TypeError, LookupError):
            return None


def _scope(scope: Scope) -> list[Any]:
    return [scope.paths, scope.exclude, *([scope.variables] if scope.variables else [])]


def _looked(variables: Any) -> bool | tuple[str, ...]:
    return variables if isinstance(variables, bool) else tuple(variables)


def entries_to_json(entries: Iterable[Entry]) -> tuple[bytes, list[int]]:
    """Return the second part of a commit record, and the merged runs of all its chunks."""
    rows: list[list[Any]] = []
    for entry in entries:
        content = entry.content
        row = [entry.kind, entry.root, entry.relative, entry.size, entry.mode, entry.mtime_ns]
        row += (content.size, runs_of([chunk.number for chunk in content.chunks]))
        if entry.details:
            row.append(entry.details)
        rows.append(row)
    return _dump(rows), merge(row[7] for row in rows)


def entries_from_json(data: bytes, chunks: Sequence[Chunk | None]) -> tuple[Entry, ...]:
    """Read the second part of a commit record.

    Parameters
    ----------
    data : bytes
        Result of `entries_to_json`.
    chunks : sequence of Chunk or None
        Chunks of the log by number; None for a damaged one.

    Raises
    ------
    ValueError, TypeError, LookupError
        If the data is not a list of entries.
    """
    return tuple(
        Entry(
            kind,
            root,
            relative,
            size,
            mode,
            mtime_ns,
            Content(length, _chunks(runs, chunks)),
            *more,
        )
        for kind, root, relative, size, mode, mtime_ns, length, runs, *more in _load(data)
    )


def _chunks(runs: list[int], chunks: Sequence[Chunk | None]) -> tuple[Chunk, ...]:
    return tuple(chunk or _missing() for chunk in _expand(runs, chunks, None))


def _expand(runs: list[int], items: Sequence[T], missing: T) -> list[T]:
    """Return the items that runs of their numbers refer to."""
    found: list[T] = []
    for first, count in zip(runs[::2], runs[1::2], strict=True):
        if not 0 < count <= _MAX_RUN or first < GONE:
            raise ValueError(f"no run starts at {first} and has {count} chunks")
        part = [missing] * count if first == GONE else items[first : first + count]
        if len(part) != count:
            raise ValueError(f"there are no chunks {first} to {first + count - 1}")
        found += part
    return found


def _missing() -> Chunk:
    return Chunk(b"", 0, 0, 0, GONE, 0)


def renumbered(data: bytes, numbers: Sequence[int]) -> tuple[bytes, list[int]]:
    """Change the chunk numbers in a list of entries.

    Parameters
    ----------
    data : bytes
        Result of `entries_to_json`.
    numbers : sequence of int
        New numbers by old ones, or `GONE`.

    Returns
    -------
    data, runs
        As from `entries_to_json`.

    Raises
    ------
    ValueError, TypeError, LookupError
        If the data is not a list of entries.
    """
    rows = _load(data)
    for row in rows:
        row[7] = runs_of(_expand(row[7], numbers, GONE))
    return _dump(rows), merge(row[7] for row in rows)


def _load(data: bytes) -> Any:
    return parse(data, _MAX_DEPTH, constants=True)


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
