"""Which bundles are meant: files, URLs, and folders of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..bundle import is_bundle
from ..bundle.format import HEAD
from ..saving import SUFFIX
from ..sources import expanded


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
        return path.stat().st_size if path.is_file() else None


def find(sources: Sequence[str], *, recursive: bool = False) -> list[Found]:
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
    for source in sources:
        path = expanded(source)
        inside = _in_folder(path, recursive=recursive) if path.is_dir() else [Found(source)]
        for one in inside:
            found.setdefault(os.path.realpath(one.name), one)
    return list(found.values())


def _in_folder(folder: Path, *, recursive: bool) -> list[Found]:
    found = sorted(_walk(folder, recursive=recursive), key=lambda one: one.name)
    if found:
        return found
    advice = "" if recursive else " Add -r to look into the folders in it."
    return [Found(str(folder), f"There is no bundle in this folder.{advice}")]


def _walk(folder: Path, *, recursive: bool) -> Iterator[Found]:
    try:
        with os.scandir(folder) as scanned:
            entries = list(scanned)
    except OSError as error:
        yield Found(str(folder), f"This folder cannot be listed: {error.strerror}.")
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _walk(folder / entry.name, recursive=True)
        elif entry.is_file() and _is_meant(folder / entry.name):
            yield Found(str(folder / entry.name))


def _is_meant(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith(SUFFIX) or not name.endswith(".zip"):
        return name.endswith(SUFFIX)
    try:
        with path.open("rb") as file:
            return is_bundle(file.read(HEAD))
    except OSError:
        # Whether it is one is not known: better to name it than to leave it out in silence.
        return True
