"""The manifest of a bundle, and the signature over its bytes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["file", "directory", "symlink", "database", "variables", "packages", "session"]

KERNEL_KINDS: frozenset[Kind] = frozenset({"variables", "packages", "session"})
"""State of the kernel instead of files. The first part of such a member's name is its kind."""

FORMAT = "litestate"
VERSION = 2
"""Newest version of the bundle format. It is raised when an older reader could misread the new
form."""

MIMETYPE = "application/vnd.litestate+zip"
MIMETYPE_MEMBER = "mimetype"
MANIFEST_MEMBER = "manifest.json"
SIGNATURE_MEMBER = "signature.json"
"""Optional, directly before the manifest."""

JOURNAL_MODES = ("delete", "wal")
"""The modes that a database file itself stores; the others belong to a connection."""

_SIGNATURE = re.compile(r'\{"key": "([0-9a-f]{32})", "hmac_sha256": "([0-9a-f]{64})"\}')

SIGNATURE_BYTES = len('{"key": "", "hmac_sha256": ""}') + 32 + 64
"""Size of the signature in a bundle: it has one form only."""


@dataclass(frozen=True)
class Member:
    """One member of a bundle: a file, folder, link or database, or a part of the kernel's state.

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
        Hexadecimal CRC-32 of the compressed bytes in the archive: eight digits.
    mode : int
        Permission bits, as in ``stat.S_IMODE``.
    mtime_ns : int
        Time of the last modification, nanoseconds since 1970-01-01 UTC.
    details : dict
        More about some kinds. A database has ``journal_mode`` and ``tables`` (table name to number
        of rows, or to None if they were not counted). The graph of a group of variables has
        ``names`` (name to ``type``, ``text`` and ``size``), and the number of its ``pickles`` and
        ``buffers``.
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
        """Name of the root folder; for state of the kernel its kind."""
        return self.name.split("/", 2)[0 if self.kind in KERNEL_KINDS else 1]

    @property
    def place(self) -> str:
        """Root and relative path."""
        return f"{self.root}/{self.relative}"

    @property
    def relative(self) -> str:
        """Path below the root, with ``/``; empty for the root itself."""
        if self.kind in KERNEL_KINDS:
            return self.name.partition("/")[2]
        return self.name.removesuffix("/").split("/", 2)[2]


@dataclass(frozen=True)
class Skipped:
    """Something that was not saved or not loaded.

    Attributes
    ----------
    path : str
        Path as users write it.
    reason, advice : str
        Why it was skipped, and what to do about it.
    place : str
        ``root/relative``, for programs.
    """

    path: str
    reason: str
    advice: str = ""
    place: str = ""


@dataclass(frozen=True)
class Scope:
    """The paths and variables that a save considered.

    A load with ``clean=True`` removes only what the bundle could have held.

    Attributes
    ----------
    paths : tuple of str or None
        ``root/relative`` of each path that the user named; None for the default.
    exclude : tuple of str
        The user's patterns, in gitignore syntax.
    variables : bool or tuple of str
        Whether all variables of the notebook were considered, or the names of those that were.
    """

    paths: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    variables: bool | tuple[str, ...] = False


@dataclass(frozen=True)
class Manifest:
    """The description of a bundle: its origin, its members and its digest."""

    created: str
    notebook: str | None
    generator: dict[str, str]
    scope: Scope
    members: tuple[Member, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def version(self) -> int:
        """Version of the format that the members need: 1 for files and databases only."""
        return 2 if any(member.kind in KERNEL_KINDS for member in self.members) else 1

    @property
    def content_digest(self) -> str:
        """SHA-256 of the saved state, independent of time and system."""
        return content_digest(self.members)

    def to_json(self) -> bytes:
        """Return the bytes of the manifest in the bundle."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version,
            "content_digest": self.content_digest,
            **asdict(self),
        }
        if not self.scope.variables:
            # Version 1 has no such key.
            del document["scope"]["variables"]
        return json.dumps(document, ensure_ascii=False, indent=1).encode()


def content_digest(members: Iterable[Member]) -> str:
    """Return one digest for a whole state.

    Two states with the same names, kinds and contents have the same digest. Times and permissions
    do not count: the same cells make the same files at other times, and another system has
    another umask. Packages and the session do not count either: they are how the state was made.

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


@dataclass(frozen=True)
class Signature:
    """A signature over the bytes of a manifest.

    Attributes
    ----------
    key : str
        Name of the key: 32 hexadecimal digits, which reveal nothing about the key itself.
    hmac_sha256 : str
        HMAC-SHA-256 of the bytes of the manifest, 64 hexadecimal digits.
    """

    key: str
    hmac_sha256: str

    def to_json(self) -> bytes:
        """Return the bytes of the signature in the bundle.

        Examples
        --------
        >>> len(Signature("0" * 32, "f" * 64).to_json()) == SIGNATURE_BYTES
        True
        """
        return json.dumps({"key": self.key, "hmac_sha256": self.hmac_sha256}).encode()


def read_signature(data: bytes) -> Signature | None:
    """Read the signature of a bundle; return None if the bytes are anything else.

    Examples
    --------
    >>> read_signature(b"{}")
    """
    found = _SIGNATURE.fullmatch(data.decode("ascii", "replace"))
    return Signature(found[1], found[2]) if found else None
