"""The bundle's table of contents: typed, checked on the way in, canonical on the way out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["file", "directory", "symlink", "database", "variables", "packages", "session"]

KEPT_KINDS: frozenset[Kind] = frozenset({"variables", "packages", "session"})
"""Those that are no files: what the kernel itself held. The first part of a member's name is its
kind."""

FORMAT = "litestate"
VERSION = 2
"""Highest version of the bundle format that is known; raised when an older reader could misread
the new form."""

MIMETYPE = "application/vnd.litestate+zip"
MIMETYPE_MEMBER = "mimetype"
MANIFEST_MEMBER = "manifest.json"
SIGNATURE_MEMBER = "signature.json"
"""Stands directly before the manifest, or is not there."""

JOURNAL_MODES = ("delete", "wal")
"""What is stored in a database file itself; the other journal modes belong to a connection."""


@dataclass(frozen=True)
class Member:
    """One saved thing: a file, a folder, a link, a database, or a part of what the kernel held.

    Attributes
    ----------
    name : str
        Name in the ZIP archive, for example ``files/home/notes.txt``.
    kind : {"file", "directory", "symlink", "database", "variables", "packages", "session"}
        What it is. The content of a symlink is its target.
    size : int
        Bytes of content before compression.
    sha256 : str
        Hexadecimal SHA-256 of the content.
    compressed_crc32 : str
        Hexadecimal CRC-32 of the compressed data, as it stands in the archive: eight digits.
    mode : int
        Permission bits, as in ``stat.S_IMODE``.
    mtime_ns : int
        Time of the last modification, nanoseconds since 1970-01-01 UTC.
    details : dict
        More about one kind; for a database ``journal_mode`` and ``tables``
        (table name to number of rows, or to None where they were not counted); for the graph of a
        group of variables ``names`` (name to ``type``, ``text`` and ``size``), ``pickles`` and
        ``buffers`` (how many there are beside it).
    """

    name: str
    kind: Kind
    size: int
    sha256: str
    compressed_crc32: str
    mode: int
    mtime_ns: int
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Name of the root folder that it belongs to; of what is no file its kind."""
        return self.name.split("/", 2)[0 if self.kind in KEPT_KINDS else 1]

    @property
    def place(self) -> str:
        """Root and relative path."""
        return f"{self.root}/{self.relative}"

    @property
    def relative(self) -> str:
        """Path below the root, with ``/``; empty for the root itself."""
        if self.kind in KEPT_KINDS:
            return self.name.partition("/")[2]
        return self.name.removesuffix("/").split("/", 2)[2]


@dataclass(frozen=True)
class Skipped:
    """Something that was not saved or not loaded.

    Attributes
    ----------
    path : str
        Where it is, as a person would write it.
    reason, advice : str
        Why, and what to do about it.
    place : str
        ``root/relative``, for programs.
    """

    path: str
    reason: str
    advice: str = ""
    place: str = ""


@dataclass(frozen=True)
class Scope:
    """What was looked at: ``clean=True`` needs it to know what the bundle could have held.

    Attributes
    ----------
    paths : tuple of str or None
        ``root/relative`` of each path that was named; None for the default.
    exclude : tuple of str
        The user's patterns, in gitignore syntax.
    variables : bool or tuple of str
        Whether all of the notebook's variables were looked at, or only these.
    """

    paths: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    variables: bool | tuple[str, ...] = False


@dataclass(frozen=True)
class Manifest:
    """Everything that a bundle says about itself."""

    created: str
    notebook: str | None
    generator: dict[str, str]
    scope: Scope
    members: tuple[Member, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def version(self) -> int:
        """Version of the format that the members need: 1 for files and databases alone."""
        return 2 if any(member.kind in KEPT_KINDS for member in self.members) else 1

    @property
    def content_digest(self) -> str:
        """SHA-256 over what was saved, whenever and wherever it was saved."""
        return content_digest(self.members)

    def to_json(self) -> bytes:
        """Return the manifest as it stands in the bundle."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version,
            "content_digest": self.content_digest,
            **asdict(self),
        }
        if not self.scope.variables:
            # As it was before there were any.
            del document["scope"]["variables"]
        return json.dumps(document, ensure_ascii=False, indent=1).encode()


def content_digest(members: Iterable[Member]) -> str:
    """Return one digest for a whole state.

    Two states with the same names, kinds and contents have the same digest. Times and permissions
    are left out: the same cells make the same files with other times, and another system has
    another umask. So are the packages and the session: they tell how somebody came there.

    Returns
    -------
    str
        Hexadecimal SHA-256 over one line per member, sorted by name: kind, size, sha256 and name,
        separated by one space and ended by a line feed.
    """
    digest = hashlib.sha256()
    state = (member for member in members if member.kind not in ("packages", "session"))
    for member in sorted(state, key=lambda member: member.name.encode()):
        digest.update(f"{member.kind} {member.size} {member.sha256} {member.name}\n".encode())
    return digest.hexdigest()
