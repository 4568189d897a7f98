"""Which bundles are meant: files, URLs, and folders of them; and what was left aside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..bundle import is_bundle
from ..bundle.format import HEAD
from ..saving import SUFFIX
from ..sources import expanded

_NAMED = 3
"""So many of those that were left aside are named."""

_SIGNATURE = b"PK\x03\x04"
"""First bytes of a ZIP file (APPNOTE.TXT 4.3.7)."""

_FOLDER, _OTHER = "folder", "other file"


@dataclass(frozen=True)
class Found:
    """One bundle to look at, or why there is none.

    Attributes
    ----------
    name : str
        Path or URL, as a person would write it.
    problem : str
        Why it cannot be looked at; empty if it can.
    """

    name: str
    problem: str = ""

    @property
    def size(self) -> int | None:
        """Bytes of the file; None where that is not known."""
        path = expanded(self.name)
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError:
            return None


@dataclass
class Search:
    """What was found.

    Attributes
    ----------
    found : list of Found
        The bundles.
    aside : dict of str to str
        Paths of what was not looked at, each with the reason.
    """

    found: list[Found] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)

    @property
    def aside_text(self) -> str:
        """How many were not looked at, and why; empty if there are none."""
        return _aside_text(self.aside)


def is_folder(source: str | Path) -> bool:
    """Tell whether there is a folder; not if nobody may know."""
    try:
        return expanded(source).is_dir()
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def find(sources: Sequence[str], *, recursive: bool = False) -> Search:
    """Return the bundles that are named, each once, and those in the folders that are named.

    In a folder, what counts is the name, ``*.litestate.zip``, or the first bytes: browsers call a
    second download ``state.litestate (1).zip``.

    Parameters
    ----------
    sources : sequence of str
        Paths and URLs.
    recursive : bool, optional
        Whether to look into folders in folders, too.
    """
    found: dict[str, Found] = {}
    aside: dict[str, str] = {}
    for source in sources:
        path = expanded(source)
        inside = [Found(source)]
        if is_folder(path):
            inside = _in_folder(path, aside, recursive=recursive)
        for one in inside:
            # Two names of one file are one bundle; a link that leads nowhere is a name only.
            place = one.name if one.problem else os.path.realpath(one.name)
            found.setdefault(place, one)
    return Search(list(found.values()), aside)


def _in_folder(folder: Path, aside: dict[str, str], *, recursive: bool) -> list[Found]:
    here: dict[str, str] = {}
    found = sorted(_walk(folder, here, recursive=recursive), key=lambda one: one.name)
    aside |= here
    if found:
        return found
    advice = " Add -r to look into the folders in it." if _FOLDER in here.values() else ""
    return [Found(str(folder), f"There is no bundle in this folder.{advice}")]


def _walk(folder: Path, aside: dict[str, str], *, recursive: bool) -> Iterable[Found]:
    try:
        with os.scandir(folder) as scanned:
            entries = list(scanned)
    except OSError as error:
        yield Found(str(folder), f"This folder cannot be listed: {error.strerror}.")
        return
    for entry in entries:
        path = folder / entry.name
        is_deeper = entry.is_dir(follow_symlinks=False)
        if entry.name.lower().endswith(SUFFIX):
            yield Found(str(path), _why_no_file(path))
        elif reason := _FOLDER if is_deeper else _why_not_meant(path):
            if not (is_deeper and recursive):
                aside[str(path)] = reason
        else:
            yield Found(str(path))
        if is_deeper and recursive:
            yield from _walk(path, aside, recursive=True)


def _why_no_file(path: Path) -> str:
    """Say what has the name of a bundle and is none; empty if it is a file."""
    if _is_file(path):
        return ""
    if is_folder(path):
        return "This is a folder, not a file: a bundle that was unpacked, perhaps."
    return "This link leads to no file." if path.is_symlink() else "This is not a file."


def _why_not_meant(path: Path) -> str:
    if is_folder(path):
        return "a link to a folder"
    if not path.name.lower().endswith(".zip"):
        return _OTHER
    if not _is_file(path):
        return "not a file"
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        # Whether it is one is not known: better to name it than to leave it out in silence.
        return ""
    if is_bundle(head):
        return ""
    return "a ZIP of another kind" if head.startswith(_SIGNATURE) else "not a ZIP file"


def _aside_text(aside: Mapping[str, str]) -> str:
    named = [
        f"{name} ({why})" for name, why in sorted(aside.items()) if why not in (_FOLDER, _OTHER)
    ]
    parts = [", ".join(named[:_NAMED])] if named else []
    if len(named) > _NAMED:
        parts[0] += f", and {len(named) - _NAMED:,} more"
    folders, others = (sum(why == kind for why in aside.values()) for kind in (_FOLDER, _OTHER))
    if folders:
        parts.append("1 folder" if folders == 1 else f"{folders:,} folders")
        parts[-1] += f" (-r looks into {'it' if folders == 1 else 'them'})"
    if others:
        parts.append(
            "1 file of another type" if others == 1 else f"{others:,} files of another type"
        )
    return f"{len(aside):,} not looked at: {'; '.join(parts)}" if parts else ""
