"""Rules for member names, the same for writing and for reading a bundle.

litestate never writes a name that `check` refuses, so a refused bundle was not made by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ..errors import UnsafeBundleError

MAX_NAME_BYTES = 4096
"""Longest member name in bytes of UTF-8 (PATH_MAX of Linux)."""

MAX_PARTS = 128
"""Most parts of a member name: each is a folder to check."""

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, "Naming Conventions"
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}
# https://www.sqlite.org/tempfiles.html, 2
_SIDECARS = ("-wal", "-shm", "-journal")
_WINDOWS_ILLEGAL = frozenset(':*?"<>|')
_DRIVE = re.compile("[A-Za-z]:")


def path_problem(name: str) -> str | None:
    """Return the reason why a member name is not portable or not safe, or None.

    Parameters
    ----------
    name : str
        Member name with ``/`` between its parts; a trailing ``/`` marks a folder.

    Returns
    -------
    str or None
        The reason in a few words, or None for a good name.

    Examples
    --------
    >>> path_problem("files/home/notes.txt")
    >>> path_problem("files/../../etc/passwd")
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
    r"""Return a name that can be printed and stored: bytes that are not UTF-8 are escaped.

    Examples
    --------
    >>> print(readable("bad\udcff"))
    bad\xff
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def windows_problem(name: str) -> str | None:
    """Return the reason why a valid name cannot be created on Windows, or None.

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
    """Return the reason why a symbolic link is not safe to create, or None.

    ``..`` is allowed at the start only. After the name of another link it would lead to the parent
    of that link's target, and so out of the root although the text stays inside.

    Parameters
    ----------
    relative : str
        Path of the link below its root, with ``/``.
    target : str
        Target of the link.

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
        return "has an empty target, or one with a control character"
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    if ".." in parts[up:]:
        return "has a '..' after another part"
    return "leads out of its root folder" if up > relative.count("/") else None


class MemberNames:
    """The member names of one bundle so far, with a check for the next one.

    Writing and reading use the same rules, so that every written bundle can be read.

    Parameters
    ----------
    outer_first : bool, optional
        Whether every folder is added before its content, as in a list that is sorted by the
        number of parts. Then the parent folders of names are not stored: for a stranger's names
        they can take a thousand times the memory of the names.
    """

    def __init__(self, *, outer_first: bool = False) -> None:
        self._kinds: dict[str, tuple[str, str]] = {}
        self._parents: dict[str, str] = {}
        self._outer_first = outer_first

    def problem(self, name: str, kind: str) -> str | None:
        """Return the reason why a member collides with the others, or None.

        Parameters
        ----------
        name : str
            Member name, compared without ``files/`` or ``databases/``.
        kind : str
            A ``Kind`` of the manifest.
        """
        key = _key(name)
        if key in self._kinds:
            return f"collides with {self._kinds[key][0]!r} on case-insensitive file systems"
        if kind != "directory" and key in self._parents:
            return f"is needed as a folder by {self._parents[key]!r}"
        for parent in _parents(key):
            above, kind_above = self._kinds.get(parent, ("", "directory"))
            if kind_above != "directory":
                return f"is below {above!r}, which is a {kind_above}"
        return self._journal_problem(key, kind)

    def add(self, name: str, kind: str) -> None:
        """Record a member."""
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
        Naming the member and the reason.
    """
    if reason := path_problem(name):
        raise UnsafeBundleError(
            f"The bundle was refused before anything was changed: its member {name!r} {reason}. "
            "litestate never writes such a name; do not use this file."
        )


def fold(name: str) -> str:
    """Return a key that is equal for names that differ only in case or Unicode form.

    Examples
    --------
    >>> fold("Results.CSV") == fold("results.csv")
    True
    """
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", name.removesuffix("/")).casefold()
    )
