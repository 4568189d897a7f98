"""What a checkpoint says: its note, and one entry for everything that it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..manifest import Scope, Skipped
from ..strict_json import parse
from .chunks import GONE, Chunk, Content, merge, runs_of
from .format import ROW

T = TypeVar("T")

_MAX_DEPTH = 64
"""Levels of nesting; version 1 has three, and what the details of an entry have."""

_MAX_RUN = 1 << 22
"""Chunks in a row (256 GiB): a bound for what reading a few bytes may allocate."""


@dataclass(frozen=True)
class Entry:
    """One saved thing.

    Attributes
    ----------
    kind : str
        A ``Kind`` of the manifest; others may come.
    root, relative : str
        Where it belongs, with ``/`` between the parts.
    size, mode, mtime_ns : int
        Bytes, permission bits, nanoseconds since 1970: as they were found.
    content : Content
        What it holds; of a folder or a link nothing.
    details : dict
        More about one kind: ``target`` of a symlink, ``journal_mode`` of a database. JSON.
    """

    kind: str
    root: str
    relative: str
    size: int
    mode: int
    mtime_ns: int
    content: Content
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """Why a checkpoint was made, and of what.

    Attributes
    ----------
    created : float
        Seconds since 1970.
    cause : str
        Such as ``"cell"`` or ``"restored"``.
    label : str or None
        The user's name for it; what has one is kept.
    cell : int or None
        Execution count of the cell.
    source : int or None
        Number of the checkpoint that was restored.
    scope : Scope
        Where was looked.
    skipped : tuple of Skipped
        What could not be saved.
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
        From 1; never used again.
    note : Note
        Why it was made.
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
        Why the checkpoint was made.
    kept : tuple of int
        Numbers of the checkpoints that are kept as of this one.
    live : list of int
        Runs of the chunks that it refers to, merged.
    written : int
        Bytes that all its records took when it was made; compaction does not change it.
    """

    note: Note
    kept: tuple[int, ...]
    live: list[int]
    written: int

    def to_json(self) -> bytes:
        """Return it as it stands in the log."""
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
        """Read it from a record at an offset; None if it is something else."""
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
            # The tables of these chunks stand before this record.
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
    """Return the second part of a commit record, and the runs of all chunks in it, merged."""
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
        As `entries_to_json` made it.
    chunks : sequence of Chunk or None
        Those of the log by number; None for those that are damaged.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is something else.
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
    """Refer to other chunks.

    Parameters
    ----------
    data : bytes
        As `entries_to_json` made it.
    numbers : sequence of int
        New number by old one, or `GONE`.

    Returns
    -------
    data, runs
        As of `entries_to_json`.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is something else.
    """
    rows = _load(data)
    for row in rows:
        row[7] = runs_of(_expand(row[7], numbers, GONE))
    return _dump(rows), merge(row[7] for row in rows)


def _load(data: bytes) -> Any:
    return parse(data, _MAX_DEPTH, constants=True)


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
