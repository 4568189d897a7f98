"""Arguments that name bundles: files, URLs, and folders that are searched for bundles."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..bundle import Limits, is_bundle
from ..bundle.zip_format import HEAD
from ..state.bundle_files import SUFFIX, expanded

_NAMED = 3
"""Ignored files that are named one by one."""

_SIGNATURE = b"PK\x03\x04"
"""First bytes of a ZIP file (APPNOTE.TXT 4.3.7)."""

_FOLDER, _OTHER = "folder", "other file"

_NO_LIMITS = Limits(**{limit.name: sys.maxsize for limit in fields(Limits)})
"""The meaning of ``--no-limits``."""


@dataclass(frozen=True)
class NamedBundle:
    """One bundle to read, or why it cannot be read.

    Attributes
    ----------
    name : str
        Path or URL, as a user would write it.
    problem : str
        Why it cannot be read; empty if it can.
    """

    name: str
    problem: str = ""

    @property
    def size(self) -> int | None:
        """Bytes of the file; None if unknown."""
        path = expanded(self.name)
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError:
            return None


@dataclass
class Selection:
    """The bundles that arguments name, and what else is in the folders.

    Attributes
    ----------
    bundles : list of NamedBundle
        Each once.
    ignored : dict of str to str
        Paths of other files and folders, each with the reason.
    """

    bundles: list[NamedBundle] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)

    @property
    def ignored_text(self) -> str:
        """How many files and folders were ignored, and why; empty if none."""
        return _ignored_text(self.ignored)


def add_bundles(command: argparse.ArgumentParser) -> None:
    """Add the names of bundles and folders to the arguments of a command."""
    command.add_argument(
        "bundles", metavar="BUNDLE", nargs="+", help="paths or URLs of bundles, or folders of them"
    )
    command.add_argument(
        "-r", "--recursive", action="store_true", help="look into folders in folders, too"
    )


def add_no_limits(command: argparse.ArgumentParser) -> None:
    """Add ``--no-limits`` to the arguments of a command."""
    command.add_argument(
        "--no-limits",
        action="store_true",
        help="however large it unpacks: for bundles of people you trust",
    )


def limits_of(options: argparse.Namespace) -> Limits | None:
    """Return the limits that the options ask for; None for the usual ones."""
    return _NO_LIMITS if options.no_limits else None


def is_one_file(sources: Sequence[str]) -> bool:
    """Tell whether the arguments name one bundle, and not a folder."""
    return len(sources) == 1 and not is_folder(sources[0])


def is_folder(source: str | Path) -> bool:
    """Tell whether a path is a folder; False if it may not be read."""
    try:
        return expanded(source).is_dir()
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def find_bundles(sources: Sequence[str], *, recursive: bool = False) -> Selection:
    """Return the bundles that are named, and those in the folders that are named.

    A file in a folder is a bundle by its name, ``*.litestate.zip``, or by its first bytes: browsers
    call a second download ``state.litestate (1).zip``.

    Parameters
    ----------
    sources : sequence of str
        Paths and URLs.
    recursive : bool, optional
        Whether to search folders in folders, too.
    """
    found: dict[str, NamedBundle] = {}
    ignored: dict[str, str] = {}
    for source in sources:
        path = expanded(source)
        inside = [NamedBundle(source)]
        if is_folder(path):
            inside = _in_folder(path, ignored, recursive=recursive)
        for one in inside:
            # Two names of one file are one bundle; a broken link is only a name.
            identity = one.name if one.problem else os.path.realpath(one.name)
            found.setdefault(identity, one)
    return Selection(list(found.values()), ignored)


def _in_folder(folder: Path, ignored: dict[str, str], *, recursive: bool) -> list[NamedBundle]:
    here: dict[str, str] = {}
    found = sorted(_walk(folder, here, recursive=recursive), key=lambda one: one.name)
    ignored |= here
    if found:
        return found
    advice = " Add -r to look into the folders in it." if _FOLDER in here.values() else ""
    return [NamedBundle(str(folder), f"There is no bundle in this folder.{advice}")]


def _walk(folder: Path, ignored: dict[str, str], *, recursive: bool) -> Iterable[NamedBundle]:
    try:
        with os.scandir(folder) as scanned:
            entries = list(scanned)
    except OSError as error:
        yield NamedBundle(str(folder), f"This folder cannot be listed: {error.strerror}.")
        return
    for entry in entries:
        path = folder / entry.name
        is_subfolder = entry.is_dir(follow_symlinks=False)
        if entry.name.lower().endswith(SUFFIX):
            yield NamedBundle(str(path), _why_not_a_file(path))
        elif reason := _FOLDER if is_subfolder else _why_ignored(path):
            if not (is_subfolder and recursive):
                ignored[str(path)] = reason
        else:
            yield NamedBundle(str(path))
        if is_subfolder and recursive:
            yield from _walk(path, ignored, recursive=True)


def _why_not_a_file(path: Path) -> str:
    """Return why a path that is named like a bundle is not a file; empty if it is one."""
    if _is_file(path):
        return ""
    if is_folder(path):
        return "This is a folder, not a file: a bundle that was unpacked, perhaps."
    return "This link leads to no file." if path.is_symlink() else "This is not a file."


def _why_ignored(path: Path) -> str:
    """Return why a path is not a bundle; empty if it is one, or if that is unknown."""
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
        # It may be a bundle: reading it will report the error.
        return ""
    if is_bundle(head):
        return ""
    return "a ZIP of another kind" if head.startswith(_SIGNATURE) else "not a ZIP file"


def _ignored_text(ignored: Mapping[str, str]) -> str:
    named = [
        f"{name} ({why})" for name, why in sorted(ignored.items()) if why not in (_FOLDER, _OTHER)
    ]
    parts = [", ".join(named[:_NAMED])] if named else []
    if len(named) > _NAMED:
        parts[0] += f", and {len(named) - _NAMED:,} more"
    folders, others = (sum(why == kind for why in ignored.values()) for kind in (_FOLDER, _OTHER))
    if folders:
        parts.append("1 folder" if folders == 1 else f"{folders:,} folders")
        parts[-1] += f" (-r looks into {'it' if folders == 1 else 'them'})"
    if others:
        parts.append(
            "1 file of another type" if others == 1 else f"{others:,} files of another type"
        )
    return f"{len(ignored):,} not looked at: {'; '.join(parts)}" if parts else ""
