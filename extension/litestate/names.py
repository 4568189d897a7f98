"""Which member names a bundle may hold: one rule, for the writer and for the reader.

What `check` refuses can never be written by litestate either, so a refused bundle was not made by
it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .errors import UnsafeBundleError

MAX_NAME_BYTES = 4096
"""Longest member name in bytes of UTF-8 (PATH_MAX of Linux)."""

MAX_PARTS = 128
"""Parts that a member name may have: each is a folder to look at."""

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, "Naming Conventions"
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}
# https://www.sqlite.org/tempfiles.html, 2
_SIDECARS = ("-wal", "-shm", "-journal")
_WINDOWS_ILLEGAL = frozenset(':*?"<>|')
_DRIVE = re.compile("[A-Za-z]:")


def problem(name: str) -> str | None:
    """Say why a member name is not portable or not safe.

    Parameters
    ----------
    name : str
        A member name with ``/`` between its parts; a trailing ``/`` marks a folder.

    Returns
    -------
    str or None
        The reason in a few words, or None for a good name.

    Examples
    --------
    >>> problem("files/home/notes.txt")
    >>> problem("files/../../etc/passwd")
    "has a '..' part"
    """
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if len(encoded) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    if name.startswith("/"):
        return "is an absolute path"
    parts = name.removesuffix("/").split("/")
    if len(parts) > MAX_PARTS:
        return f"has more than {MAX_PARTS} parts"
    return next((reason for part in parts if (reason := _part_problem(part))), None)


def _part_problem(part: str) -> str | None:
    if part == "":
        return "has an empty part"
    if part in (".", ".."):
        return f"has a '{part}' part"
    if any(unicodedata.category(character) == "Cc" for character in part):
        return "has a control character"
    if "\\" in part:
        return "has a backslash"
    if _DRIVE.match(part):
        return "has a Windows drive letter"
    if part.partition(".")[0].rstrip().lower() in _DEVICES:
        return f"has the part '{part}', a device name on Windows"
    return None


def readable(name: str) -> str:
    r"""Return a name that can be printed and stored: bytes that are no UTF-8 are spelled out.

    Examples
    --------
    >>> print(readable("bad\udcff"))
    bad\xff
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def windows_problem(name: str) -> str | None:
    """Say why a name that is good elsewhere cannot be created on Windows, or return None.

    Examples
    --------
    >>> windows_problem("files/home/what?.txt")
    "has the character '?', which Windows does not allow"
    """
    if illegal := sorted(_WINDOWS_ILLEGAL.intersection(name)):
        return f"has the character '{illegal[0]}', which Windows does not allow"
    if any(part.endswith((" ", ".")) for part in name.split("/")):
        return "has a part that ends in a space or a dot, which Windows drops"
    return None


def link_problem(relative: str, target: str) -> str | None:
    """Say why a symbolic link is not safe to create.

    ``..`` may stand at the start only: after another link's name it would lead to that link's
    parent, and a link through a link could then leave the root although the text stays inside.

    Parameters
    ----------
    relative : str
        Path of the link below its root, with ``/``.
    target : str
        What it points to.

    Examples
    --------
    >>> link_problem("data/latest", "2026/results.csv")
    >>> link_problem("data/latest", "../../secret")
    'leads out of its root folder'
    """
    parts = target.split("/")
    if target.startswith("/") or "\\" in target or _DRIVE.match(target):
        return "is absolute"
    if not target or any(unicodedata.category(character) in ("Cc", "Cs") for character in target):
        return "has a target with a control character, or none"
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    if ".." in parts[up:]:
        return "has a '..' after another part"
    return "leads out of its root folder" if up > relative.count("/") else None


class Taken:
    """The names of one bundle so far, to tell what cannot be added to them.

    The same rules hold for who writes a bundle and for who reads one, so that all that is written
    can be read.

    Parameters
    ----------
    outer_first : bool, optional
        Whether no member comes before one that it stands below, as where they are sorted by their
        number of parts. Then the folders that names need have not to be remembered: a stranger's
        names can need a thousand times their own size.
    """

    def __init__(self, *, outer_first: bool = False) -> None:
        self._kinds: dict[str, tuple[str, str]] = {}
        self._parents: dict[str, str] = {}
        self._outer_first = outer_first

    def problem(self, name: str, kind: str) -> str | None:
        """Say why a member cannot stand beside the others, or return None.

        Parameters
        ----------
        name : str
            Member name; what counts is what comes after ``files/`` or ``databases/``.
        kind : str
            What it is: a ``Kind`` of the manifest.
        """
        key = _key(name)
        if key in self._kinds:
            return f"would be one file with {self._kinds[key][0]!r} on some systems"
        if kind != "directory" and key in self._parents:
            return f"stands where {self._parents[key]!r} needs a folder"
        for parent in _parents(key):
            above, kind_above = self._kinds.get(parent, ("", "directory"))
            if kind_above != "directory":
                return f"stands below {above!r}, which is a {kind_above}"
        return self._journal_problem(key, kind)

    def add(self, name: str, kind: str) -> None:
        """Remember a member."""
        key = _key(name)
        self._kinds[key] = name, kind
        for parent in () if self._outer_first else _parents(key):
            self._parents.setdefault(parent, name)

    def _journal_problem(self, key: str, kind: str) -> str | None:
        for suffix in _SIDECARS:
            owner, owner_kind = self._kinds.get(key.removesuffix(suffix), ("", ""))
            if key.endswith(suffix) and owner_kind == "database":
                return f"would be replayed into {owner!r}"
            if kind == "database" and key + suffix in self._kinds:
                return f"would have {self._kinds[key + suffix][0]!r} replayed into it"
        return None


def _parents(key: str) -> Iterator[str]:
    while key := key.rpartition("/")[0]:
        yield key


def _key(name: str) -> str:
    folder, _, place = name.partition("/")
    return fold(place if folder in ("files", "databases") else name)


def check(name: str) -> None:
    """Refuse a member name that is not portable or not safe.

    Raises
    ------
    UnsafeBundleError
        With the name and the reason.
    """
    if reason := problem(name):
        raise UnsafeBundleError(
            f"The bundle was refused before anything was changed: its member {name!r} {reason}. "
            "litestate never writes such a name; do not use this file."
        )


def fold(name: str) -> str:
    """Return the key under which names collide where case or Unicode form does not count.

    Examples
    --------
    >>> fold("Results.CSV") == fold("results.csv")
    True
    """
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", name.removesuffix("/")).casefold()
    )
